"""What fits a width: columns leave in a fixed order, texts are cut, and no number or id ever is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType
from rich.text import Text

from mcp_lean.config import Budget, Config, Limits
from mcp_lean.costs.prices import list_prices
from mcp_lean.guard.budget.limits import Raised, Spent, Standing
from mcp_lean.guard.budget.status import AgentStatus, RunStatus
from mcp_lean.guard.ledger.ledger import Known
from mcp_lean.report.groups import By
from mcp_lean.report.layout import GAP, Column, fitted, right, shortened
from mcp_lean.report.limits import standing
from mcp_lean.report.live import Held, Tally, view
from mcp_lean.report.replay.summary import summarize
from mcp_lean.report.replay.terminal import replayed as replay_page
from mcp_lean.report.tables import Look
from mcp_lean.report.terminal import bill, console
from mcp_lean.transcripts.follow import SessionFollower
from mcp_lean.transcripts.model import Skipped

from .made import cost, example
from .replay.replays import ALL, BATCH, CHEAP, EXAMPLE, outcome, replayed

Page = Callable[[Look], Iterable[RenderableType]]
WIDEST = 240


def drawn(parts: Iterable[RenderableType], width: int) -> list[str]:
    page = console(io.StringIO())
    page.width = width
    with page.capture() as captured:
        for part in parts:
            page.print(part)
    return captured.get().splitlines()


COLUMNS = (Column("agent", least=8), Column("id"), right("requests", leaves=2), right("share", leaves=1), right("usd"))
WORDS = st.text("abc d", max_size=40)
FIGURES = st.integers(0, 10**9).map(lambda number: f"${number:,}")
ROWS = st.lists(
    st.tuples(WORDS, st.text("0123456789abcdef", min_size=8, max_size=8), FIGURES, FIGURES, FIGURES), max_size=6
)


@given(ROWS, st.integers(40, 120))
def test_figures_are_whole_or_their_column_has_left_and_the_order_is_fixed(
    rows: list[tuple[str, ...]], width: int
) -> None:
    table = fitted(COLUMNS, rows, width)
    lines = drawn([table], width)
    kept = [str(column.header) for column in table.columns]

    assert kept in (
        ["agent", "id", "requests", "share", "usd"],
        ["agent", "id", "share", "usd"],
        ["agent", "id", "usd"],
    )
    assert max(map(len, lines)) <= width
    for row, line in zip(rows, lines[1:], strict=True):
        cells = dict(zip(("id", "requests", "share", "usd"), row[1:], strict=True))
        assert line.split()[-len(kept[1:]) :] == [cells[name] for name in kept[1:]]


@given(ROWS)
def test_a_column_leaves_only_where_it_has_no_room(rows: list[tuple[str, ...]]) -> None:
    needs = [max([len(column.name), *(len(row[at]) for row in rows)]) for at, column in enumerate(COLUMNS)]
    least = sum(min(column.least or need, need) for column, need in zip(COLUMNS, needs, strict=True))
    least += GAP * (len(COLUMNS) - 1)

    assert len(fitted(COLUMNS, rows, least).columns) == 5
    assert len(fitted(COLUMNS, rows, least - 1).columns) < 5


@given(st.text(), st.integers(0, 40), st.booleans())
def test_a_text_is_one_line_of_its_width(text: str, width: int, keeps_end: bool) -> None:
    short = shortened(text, width, keeps_end=keeps_end)

    assert Text(short).cell_len <= width
    assert "\n" not in short
    assert "\x1b" not in short


def bill_page(folder: Path) -> Page:
    made = cost(folder)
    return lambda look: bill([made], list_prices(), Skipped(), look)


def by_page(folder: Path, by: By) -> Page:
    made = cost(folder)
    return lambda look: bill([made], list_prices(), Skipped(), look, by)


def bills_page(folder: Path) -> Page:
    made = cost(folder)
    return lambda look: bill([made, made], list_prices(), Skipped(), look)


def watch_page(folder: Path) -> Page:
    follower = SessionFollower(str(example().write_run(folder)))
    tally = Tally(list_prices())
    tally.apply(follower.poll())
    return lambda look: [view(tally, follower.run(), Held(Budget(), Raised()), 1.8e9, look, {})]


def replay_of(_: Path) -> Page:
    runs = [
        replayed(number, outcome(BATCH, -0.5, own_usd=0.7), outcome(BATCH, 1.0, "upper", examples=[EXAMPLE]),
                 outcome(CHEAP, 4.0, "expected"), outcome(ALL, 1.2, own_usd=0.1), outcome(ALL, 2.5, "expected"))
        for number in (1, 2)
    ]  # fmt: skip
    summary = summarize(runs, [BATCH, CHEAP, ALL], "recorded")
    return lambda look: replay_page(summary, list_prices(), Skipped(), look)


def budget_page(_: Path) -> Page:
    spent = Spent(usd=123.45, requests=1234, context_tokens=123_456)
    near = Standing("usd", 123.45, 150.0)
    agents = tuple(
        AgentStatus(Known(agent_id, "a-type-with-a-long-name", True, spent, "m", 0, 0.9, ""), Limits(150.0, 2000), near)
        for agent_id in ("", "a2898e3b1c2d3e4f5")
    )
    run = RunStatus("5e551011-0000-4000-8000-000000000001", "gone.jsonl", spent, 150.0, Raised(usd=5), near, agents)
    return lambda look: standing([run], {}, Config(), look)


@pytest.mark.parametrize(
    "make",
    [bill_page, bills_page, *(partial(by_page, by=by) for by in get_args(By)), watch_page, replay_of, budget_page],
    ids=lambda make: getattr(make, "__name__", "by_page"),
)
def test_no_page_has_a_number_or_an_id_that_is_not_whole(tmp_path: Path, make: Callable[[Path], Page]) -> None:
    """At every width of a terminal: each word with a digit in it is a word of the widest page."""
    page = make(tmp_path)
    whole = {word for line in drawn(page(Look(WIDEST)), WIDEST) for word in line.replace("):", ")").split()}
    for width in (60, 61, 66, 72, 79, 80, 81, 100, 109, 110, 120, 160, 200):
        lines = drawn(page(Look(width)), width)
        words = {word for line in lines for word in line.replace("):", ")").split()}
        assert max(map(len, lines)) <= width
        assert not any("…" in word for word in words)
        assert {word for word in words - whole if any(letter.isdigit() for letter in word)} == set()
