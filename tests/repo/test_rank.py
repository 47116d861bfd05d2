"""PageRank over references: what leads, what tells nothing, and the laws."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.repo import rank as ranking
from mcp_lean.repo.rank import page_rank, rank, reference_graph
from mcp_lean.repo.tags import Tags, number_of


def tags(path: str, defines: str = "", uses: str = "") -> Tags:
    def numbers(names: str) -> array[int]:
        return array("I", sorted({number_of(name.encode()) for name in names.split()}))

    return Tags(path, 1, True, numbers(defines), numbers(uses), array("I"), b"")


def order(*files: Tags, restart: dict[str, float] | None = None) -> list[str]:
    ranks = rank(files, restart).ranks
    return sorted(ranks, key=lambda path: (-round(ranks[path], 9), path))


def test_a_file_that_more_others_use_comes_first() -> None:
    found = order(
        *(tags(f"{name}.py", "", "open_it close_it") for name in "abc"),
        *(tags(f"{name}.py", "", "open_it") for name in "de"),
        tags("open.py", "open_it"),
        tags("rest.py", "close_it"),
    )

    assert found == ["open.py", "rest.py", "a.py", "b.py", "c.py", "d.py", "e.py"]


def test_a_file_where_much_comes_together_ranks_above_one_that_stands_alone() -> None:
    """The walk goes from a definition to its users as well, else an application would rank like an unused script."""
    found = order(
        tags("app.py", "main_app", "get_x get_y"), tags("alone.py"), tags("x.py", "get_x"), tags("y.py", "get_y")
    )

    assert found == ["app.py", "x.py", "y.py", "alone.py"]


def test_references_count_the_files_that_use_a_name_and_do_not_define_it() -> None:
    files = [tags("a.py", "open_it", "open_it"), tags("b.py", "", "open_it"), tags("c.py", "", "open_it")]

    assert rank(files).references == {number_of(b"open_it"): 2}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            [tags(f"{n}.py", "get_it", "") for n in "abc"] + [tags("user.py", "", "get_it")], id="defined-thrice"
        ),
        pytest.param([tags("a/b.py", "kubernetes"), tags("kubernetes/c.py", "", "kubernetes")], id="word-of-a-path"),
        pytest.param([tags("a.py", "get_it", "get_it"), tags("b.py")], id="used-where-it-is-defined"),
        pytest.param([tags("a.py"), tags("b.py", "", "get_it")], id="defined-nowhere"),
    ],
)
def test_a_name_that_does_not_tell_one_file_from_another_leads_nowhere(files: list[Tags]) -> None:
    assert set(map(len, reference_graph(files).edges)) == {0}


def test_a_name_that_very_many_files_use_leads_nowhere() -> None:
    def users(count: int) -> list[Tags]:
        return [tags("log.py", "log_it"), *(tags(f"user{i}.py", "", "log_it") for i in range(count))]

    assert any(reference_graph(users(ranking.COMMON_FLOOR)).edges)
    assert not any(reference_graph(users(ranking.COMMON_FLOOR + 1)).edges)


def test_a_restart_pulls_the_files_around_it_up() -> None:
    files = [
        tags("a.py", "get_a", "get_shared"),
        tags("b.py", "get_b", "get_shared"),
        tags("near_a.py", "get_near_a", "get_a"),
        tags("near_b.py", "get_near_b", "get_b"),
        tags("shared.py", "get_shared"),
    ]

    assert order(*files, restart={"a.py": 1.0}) == ["a.py", "shared.py", "near_a.py", "b.py", "near_b.py"]
    assert order(*files, restart={"b.py": 1.0}) == ["b.py", "shared.py", "near_b.py", "a.py", "near_a.py"]
    assert order(*files, restart={"a.py": 0.0}) == order(*files)


def test_nothing_is_ranked_where_there_is_nothing() -> None:
    assert rank([]).ranks == {}
    assert page_rank([]) == []


names = st.sampled_from(["get_a", "get_b", "get_c", "get_d", "get_e", "get_f"])
some_names = st.lists(names, max_size=6).map(" ".join)
some_files = st.lists(st.tuples(some_names, some_names), min_size=1, max_size=12).map(
    lambda rows: [tags(f"f{i}.py", defines, uses) for i, (defines, uses) in enumerate(rows)]
)
restarts = st.none() | st.dictionaries(st.sampled_from([f"f{i}.py" for i in range(12)]), st.floats(0, 1e6))


@settings(max_examples=50)
@given(some_files, restarts)
def test_ranks_are_shares_of_one(files: list[Tags], restart: dict[str, float] | None) -> None:
    ranks = rank(files, restart).ranks

    assert all(value >= 0 for value in ranks.values())
    assert math.isclose(sum(ranks.values()), 1, abs_tol=1e-9)


@settings(max_examples=50)
@given(some_files, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(files: list[Tags], random: object) -> None:
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert rank(shuffled) == rank(files)


@settings(max_examples=50)
@given(some_files)
def test_the_steps_from_a_file_are_shares_of_one_and_never_lead_to_itself(files: list[Tags]) -> None:
    for i, targets in enumerate(reference_graph(files).edges):
        assert i not in targets
        assert not targets or math.isclose(sum(targets.values()), 1, abs_tol=1e-9)


@settings(max_examples=50)
@given(some_files)
def test_ten_times_the_rounds_change_no_rank_by_much(files: list[Tags]) -> None:
    """Damped walks converge: what is cut off after the last round is 0.85 to its power."""
    edges = reference_graph(files).edges
    soon, rounds = page_rank(edges), ranking.ROUNDS
    try:
        ranking.ROUNDS = 10 * rounds  # type: ignore[misc]
        late = page_rank(edges)
    finally:
        ranking.ROUNDS = rounds  # type: ignore[misc]

    assert sum(abs(a - b) for a, b in zip(soon, late, strict=True)) < 2 * ranking.DAMPING**rounds
