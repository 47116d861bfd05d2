"""One block: the lines of the format, where rows are cut, and what names the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.packing import render
from mcp_lean.packing.render import CEILING_CHARS, ROW_CHARS, Block, Scale, Shown, fit, overhead
from mcp_lean.packing.tokens import cost

SCALE = Scale.of(8_000)
PLENTY = 10**6


def file_block(rows: list[str], first: int = 1, **more: object) -> Block:
    total = first + len(rows) - 1

    def heading(first: int, last: int) -> str:
        if (first, last) == (1, total):
            return render.whole("a.py", f"{total} lines")
        return render.part("a.py:", first, last, total)

    return Block(
        heading=heading,
        rows=rows,
        first=first,
        resume=lambda row: f"a.py:{row}-{total}",
        resume_within=lambda row, chars: f"a.py:{row}+{chars}",
        **more,  # type: ignore[arg-type]
    )


def list_block(rows: list[str]) -> Block:
    return Block(
        heading=lambda first, last: render.part("src/@", first, last, len(rows)),
        rows=rows,
        resume=lambda row: f"src/@{row}-",
        numbered=False,
    )


def lines(shown: Shown) -> list[str]:
    return shown.text.split("\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (render.whole("a.py", "1 line"), "== a.py (1 line)"),
        (render.whole("a.py", "3 lines", "CRLF", ""), "== a.py (3 lines, CRLF)"),
        (render.whole("a.py", "3 lines", "#f (g) (h)"), "== a.py (3 lines, #f(g)(h))"),
        (render.part("a.py:", 2, 9, 40), "== a.py:2-9 of 40"),
        (render.part("a.py:", 2, 9, None, "CRLF", "#f  (x"), "== a.py:2-9 (CRLF, #f(x)"),
        (render.part("src/@", 2, 9, 40, "x"), "== src/@2-9 of 40 (x)"),
        (render.rest("a.py", 7, 2_000), "== a.py:7+2000"),
        (render.rest("a.py", 7, 2_000, "CRLF"), "== a.py:7+2000 (CRLF)"),
        (render.error("a\nb.py: no such file"), "error: a\\nb.py: no such file"),
        (render.note("a.py is already in this answer"), "note: a.py is already in this answer"),
        (render.more("a\r.py:3-"), "more: a\\r.py:3-"),
    ],
)
def test_the_lines_of_an_answer(line: str, expected: str) -> None:
    assert line == expected


def test_a_block_that_fits_is_whole_with_every_tenth_line_numbered() -> None:
    shown = fit(file_block([f"row {i}" for i in range(1, 22)]), PLENTY, SCALE)

    assert lines(shown)[0] == "== a.py (21 lines)"
    assert lines(shown)[9:12] == ["row 9", "10\trow 10", "row 11"]
    assert (lines(shown)[20], lines(shown)[-1]) == ("20\trow 20", "row 21")
    assert shown.is_whole


def test_numbers_go_on_from_the_first_row_asked() -> None:
    shown = fit(file_block(["a", "b", "c"], first=99), PLENTY, SCALE)
    assert lines(shown) == ["== a.py:99-101 of 101", "a", "100\tb", "c"]


def test_a_block_is_cut_between_rows_and_names_the_rest() -> None:
    block = file_block([f"value = {i}" for i in range(1, 101)])

    shown = fit(block, 150, SCALE)

    *rows, more = lines(shown)[1:]
    assert len(rows) == 20
    assert lines(shown)[0] == f"== a.py:1-{len(rows)} of 100"
    assert more == f"more: a.py:{len(rows) + 1}-100"
    assert not shown.is_whole


def test_as_many_rows_are_shown_as_the_grant_holds() -> None:
    block = file_block([f"value = {i}" + " x" * (i % 7) for i in range(1, 301)])
    for grant in range(60, 1_500, 35):
        shown = fit(block, grant, SCALE)
        count = len(lines(shown)) - 2
        next_row = render.number(block.rows[count], count + 1)
        # Heading and resume item are reserved with the last row's numbers, which may weigh more than those shown.
        assert shown.weight <= grant < shown.weight + SCALE.weigh(next_row) + 6


def test_the_last_row_may_take_the_place_of_the_resume_item_that_it_makes_needless() -> None:
    block = file_block([f"value = {i}" for i in range(1, 31)])
    whole = fit(block, PLENTY, SCALE)

    assert fit(block, whole.weight + 3, SCALE) == whole
    assert not fit(block, whole.weight - 3, SCALE).is_whole


def test_a_long_row_is_cut_at_2000_characters_and_resumed_by_an_item_of_its_own() -> None:
    block = file_block(["short", "x" * 5_000, "y" * 2_001, "z" * 2_000])

    shown = fit(block, PLENTY, SCALE)

    assert lines(shown) == [
        "== a.py (4 lines)",
        "short",
        "x" * ROW_CHARS,
        "y" * ROW_CHARS,
        "z" * 2_000,
        "more: a.py:2+2000",
        "more: a.py:3+2000",
    ]
    assert not shown.is_whole


def test_of_a_first_row_that_does_not_fit_a_piece_is_shown() -> None:
    shown = fit(file_block(["word " * 300, "second"]), 100, SCALE)

    heading, row, within, rest = lines(shown)
    assert heading == "== a.py:1-1 of 2"
    assert ("word " * 300).startswith(row)
    assert len(row) > 50
    assert (within, rest) == (f"more: a.py:1+{len(row)}", "more: a.py:2-2")
    assert shown.weight <= 100


def test_a_first_row_that_cannot_be_cut_is_shown_whole_so_that_the_call_advances() -> None:
    shown = fit(list_block(["word " * 100, "b"]), 10, SCALE)
    assert lines(shown) == ["== src/@1-1 of 2", "word " * 100, "more: src/@2-"]
    assert overhead(list_block(["word " * 100, "b"]), SCALE) >= shown.weight


def test_rows_that_were_not_read_are_named() -> None:
    shown = fit(file_block(["a", "b"], open_ended=True), PLENTY, SCALE)
    assert lines(shown) == ["== a.py (2 lines)", "a", "b", "more: a.py:3-2"]
    assert not shown.is_whole


def test_what_belongs_to_a_block_beyond_its_rows_is_named_last() -> None:
    shown = fit(file_block(["a"], also="a.py#f@2-"), PLENTY, SCALE)
    assert lines(shown) == ["== a.py (1 lines)", "a", "more: a.py#f@2-"]
    assert not shown.is_whole


@pytest.mark.parametrize("rows", [[], [""], ["", ""], ["\r", "\x0c"]])
def test_empty_rows_are_rows(rows: list[str]) -> None:
    shown = fit(file_block(rows), PLENTY, SCALE)
    assert shown.text == "\n".join([f"== a.py ({len(rows)} lines)" if rows else "== a.py (0 lines)", *rows])
    assert shown.is_whole


def test_a_text_weighs_its_tokens_or_its_share_of_the_character_ceiling() -> None:
    """20,000 tokens may have 45,000 characters: plain words are bound by the latter, punctuation by the former."""
    scale = Scale.of(20_000)
    assert scale.weigh("internationalisation " * 100) == pytest.approx(cost("internationalisation " * 100 + "\n"))
    assert scale.weigh(" " * 4_499) == pytest.approx(4_500 * 20_000 / CEILING_CHARS)
    assert scale.weigh("\N{ROCKET}" * 100) == pytest.approx(cost("\N{ROCKET}" * 100 + "\n"))


def test_characters_beyond_the_basic_plane_count_twice_against_the_ceiling() -> None:
    """The client's limit is in UTF-16 units."""
    heavy = Scale(tokens_per_char=10)
    assert heavy.weigh("\N{ROCKET}a") == 40
    assert heavy.weigh("\ud800a") == 30  # half a character, as it stands in a file name, is one unit


ROW = st.text(st.characters(codec="utf-8", exclude_characters="\n") | st.sampled_from("ab19 \t._"), max_size=60)
LONG = st.builds(lambda text, count: text * count, ROW, st.integers(0, 120))


@given(st.lists(ROW | LONG, max_size=40), st.integers(1, 500), st.floats(60, 3_000), st.floats(200, 20_000))
def test_a_block_never_weighs_more_than_its_grant_and_shows_rows_as_they_are(
    rows: list[str], first: int, grant: float, budget: float
) -> None:
    block, scale = file_block(rows, first), Scale.of(budget)
    grant += overhead(block, scale)

    shown = fit(block, grant, scale)

    assert scale.weigh(shown.text) <= shown.weight + 1e-6
    assert shown.weight <= grant + 1e-6
    for at, line in enumerate(line for line in lines(shown)[1:] if not line.startswith("more: a.py:")):
        row = rows[at]
        expected = render.number(row, first + at)
        assert line == expected or expected.startswith(line)
