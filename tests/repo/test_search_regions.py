"""Which lines of a file are shown, and which of them come first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.repo.choose import Candidate, candidates, choose
from mcp_lean.repo.outline.model import Definition, Outline
from mcp_lean.repo.regions import CONTEXT_LINES, Region, Sought, narrowed, regions, trimmed, whole

SMALL_LINES = 20


def sought(*weights: float, names: tuple[str, ...] = ()) -> list[Sought]:
    return [Sought(weight, names if i == 0 else (), frozenset()) for i, weight in enumerate(weights)]


def function(name: str, start: int, end: int, kind: str = "function") -> Definition:
    return Definition(kind, name.rpartition(".")[2], name, f"def {name}()", start, end)


def outline(*definitions: Definition) -> Outline:
    return Outline(definitions, "tree-sitter")


def spans(found: list[Region]) -> list[tuple[int, int, str, tuple[int, int] | None]]:
    return [(one.first, one.last, one.name, one.around) for one in found]


def test_a_small_definition_is_shown_whole() -> None:
    found = regions(100, outline(function("load", 10, 25)), {12: [0], 20: [0]}, sought(1.0), SMALL_LINES)

    assert spans(found) == [(10, 25, "load", None)]
    assert found[0].counts == {0: 2}


def test_of_a_large_one_the_surroundings_of_the_hits_are_shown_and_close_ones_are_one() -> None:
    found = regions(
        200, outline(function("load", 10, 150)), {12: [0], 50: [0], 55: [0], 149: [0]}, sought(1.0), SMALL_LINES
    )

    assert spans(found) == [
        (10, 12 + CONTEXT_LINES, "load", (10, 150)),
        (50 - CONTEXT_LINES, 55 + CONTEXT_LINES, "load", (10, 150)),
        (149 - CONTEXT_LINES, 150, "load", (10, 150)),
    ]


def test_outside_of_definitions_only_what_is_outside_is_shown() -> None:
    found = regions(100, outline(function("load", 10, 50)), {1: [0], 8: [0], 53: [0]}, sought(1.0), SMALL_LINES)

    assert spans(found) == [(1, 9, "", None), (51, 53 + CONTEXT_LINES, "", None)]


def test_the_innermost_definition_counts_and_a_class_is_shown_around_it() -> None:
    parts = outline(function("Store", 1, 90, "class"), function("Store.load", 30, 40, "method"))

    found = regions(100, parts, {2: [0], 35: [0]}, sought(1.0), SMALL_LINES)

    assert spans(found) == [(1, 2 + CONTEXT_LINES, "Store", (1, 90)), (30, 40, "Store.load", None)]


def test_a_one_line_value_in_a_class_belongs_to_the_class() -> None:
    parts = outline(function("Store", 1, 90, "class"), function("Store.limit", 30, 30, "field"))

    assert spans(regions(100, parts, {30: [0]}, sought(1.0), SMALL_LINES)) == [
        (30 - CONTEXT_LINES, 30 + CONTEXT_LINES, "Store", (1, 90))
    ]


def test_a_definition_that_is_thought_to_go_beyond_the_file_is_cut_to_it() -> None:
    assert spans(regions(12, outline(function("load", 10, 50)), {11: [0]}, sought(1.0), 100)) == [
        (10, 12, "load", (10, 50))
    ]


def test_the_definition_of_the_searched_name_is_worth_more_than_a_use() -> None:
    parts = outline(function("load", 10, 20), function("other", 30, 40))

    definition, use = regions(50, parts, {10: [0], 31: [0], 33: [0]}, sought(2.0, names=("load",)), SMALL_LINES)

    assert definition.score > use.score


def test_a_pattern_that_hits_everywhere_in_the_file_tells_little_there() -> None:
    parts = outline(*(function(f"f{i}", 10 * i, 10 * i + 5) for i in range(1, 10)))
    hits = {10 * i + 1: [0] for i in range(1, 10)} | {51: [0, 1]}

    found = regions(100, parts, hits, sought(1.0, 1.0), SMALL_LINES)

    assert max(found, key=lambda region: region.score).name == "f5"
    assert found[0].score < found[4].score / 3


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=6),
    st.dictionaries(st.integers(1, 60), st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True), min_size=1),
    st.integers(1, 30),
)
def test_every_hit_is_in_exactly_one_region(
    total: int, places: list[tuple[int, int]], hits: dict[int, list[int]], small: int
) -> None:
    hits = {min(line, total): patterns for line, patterns in hits.items()}
    parts = outline(*(function(f"f{i}", start, start + size) for i, (start, size) in enumerate(sorted(places))))

    found = regions(total, parts, hits, sought(1.0, 2.0, 3.0), small)

    assert all(1 <= one.first <= one.best <= one.last <= total for one in found)
    assert all(sum(one.first <= line <= one.last for one in found) >= 1 for line in hits)
    assert sum(sum(one.counts.values()) for one in found) == sum(map(len, hits.values()))


def region(first: int, last: int, score: float = 1.0, best: int | None = None, name: str = "f") -> Region:
    return Region(first, last, name, None, {0: 1}, best or first, score)


def test_narrowing_keeps_the_best_line_and_says_what_the_whole_was() -> None:
    assert narrowed(region(10, 60, best=50), 12) == Region(46, 57, "f", (10, 60), {0: 1}, 50, 1.0)
    assert narrowed(region(10, 60, best=11), 12) == Region(10, 21, "f", (10, 60), {0: 1}, 11, 1.0)
    assert narrowed(region(10, 60, best=60), 12) == Region(49, 60, "f", (10, 60), {0: 1}, 60, 1.0)
    assert narrowed(region(10, 15), 12) == region(10, 15)


def test_trimming_takes_blank_lines_off_the_ends() -> None:
    lines = ["", "a", "", "b", " ", ""]

    assert trimmed(region(1, 6, best=4), lines) == region(2, 4, best=4)


def test_a_whole_file_adds_up_its_regions() -> None:
    assert whole([region(1, 5, 1.0), region(8, 9, 3.0)], 20) == Region(1, 20, "", None, {0: 2}, 8, 3.0)


def rows(one: Candidate) -> float:
    return 10.0 + 4.0 * (one.region.last - one.region.first + 1)


def chosen(files: list[tuple[float, list[Region]]], budget: float) -> list[tuple[int, int, int]]:
    return [(one.file, one.region.first, one.region.last) for one in choose(candidates(files), budget, rows)]


def test_a_noisy_file_leaves_room_for_the_others() -> None:
    noisy = (10.0, [region(20 * i, 20 * i + 9, 5.0) for i in range(1, 30)])
    others = [(4.0, [region(1, 10)]), (3.0, [region(1, 10)])]

    files = {file for file, _, _ in chosen([noisy, *others], 400)}

    assert files == {0, 1, 2}


def test_a_file_that_is_alone_gets_everything() -> None:
    alone = (10.0, [region(20 * i, 20 * i + 9, 5.0) for i in range(1, 9)])

    assert len(chosen([alone], 400)) == 8


def test_what_does_not_fit_whole_is_cut_to_its_best_lines() -> None:
    assert chosen([(1.0, [region(1, 100, best=50)])], 150) == [(0, 42, 65)]


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 50),
            st.lists(st.tuples(st.integers(1, 500), st.integers(0, 60), st.floats(0, 9)), max_size=8),
        ),
        max_size=8,
    ),
    st.floats(0, 3_000),
)
def test_the_choice_stays_within_the_budget_and_takes_nothing_twice(
    files: list[tuple[float, list[tuple[int, int, float]]]], budget: float
) -> None:
    given_files = [(score, [region(first, first + size, s) for first, size, s in parts]) for score, parts in files]

    taken = choose(candidates(given_files), budget, rows)

    assert sum(map(rows, taken)) <= budget
    assert len(taken) <= sum(len(parts) for _, parts in files)
    assert taken == choose(candidates(given_files), budget, rows)
