"""The bill as text: its parts, in a wide pipe and on a narrow terminal, and everything that is not known."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.text import Text

from mcp_lean.costs.breakdown import Account, Line, RunCost
from mcp_lean.costs.contract import parse_contract
from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.report.figures import money, share
from mcp_lean.report.groups import By
from mcp_lean.report.show import as_text, loading
from mcp_lean.report.tables import Look, runs_table
from mcp_lean.report.terminal import bill, console
from mcp_lean.transcripts.model import Skipped

from .made import cost

NOTHING_SKIPPED = Skipped()


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def text(
    *costs: RunCost,
    table: PriceTable | None = None,
    skipped: Skipped = NOTHING_SKIPPED,
    by: By | None = None,
) -> str:
    out = io.StringIO()
    as_text(costs, table or list_prices(), skipped, out, by=by)
    return out.getvalue()


def test_a_pipe_gets_plain_text_without_escapes_or_trailing_blanks(tmp_path: Path) -> None:
    shown = text(cost(tmp_path))
    assert "\x1b" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())
    assert max(len(line) for line in shown.splitlines()) <= 120


def test_the_tree_names_type_id_model_and_description(tmp_path: Path) -> None:
    lines = text(cost(tmp_path)).splitlines()
    assert any("Explore a1b2c3 (opus-5-5): find rounding" in line and "$0.2018" in line for line in lines)
    assert any("scout d4e5f6 (haiku-5-5): list the tests" in line and "$0.0043" in line for line in lines)
    assert any("orchestrator (opus-5-5)" in line and "67 %" in line for line in lines)


def test_an_ascii_stream_gets_ascii(tmp_path: Path) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    as_text([cost(tmp_path)], list_prices(), Skipped(), out)
    out.seek(0)
    assert "####" in out.read()


def test_a_narrow_terminal_shows_every_dollar(tmp_path: Path) -> None:
    out = io.StringIO()
    page = console(out)
    page.width = 80
    for part in bill([cost(tmp_path)], list_prices(), Skipped(), Look(80)):
        page.print(part)
    shown = out.getvalue()
    assert max(len(line) for line in shown.splitlines()) <= 80
    for amount in ("$0.6900", "$0.4595", "$0.2018", "$0.0043", "$0.3169"):
        assert amount in shown
    assert "…" not in shown


def test_a_narrow_terminal_shows_the_id_and_the_dollars_of_each_run(tmp_path: Path) -> None:
    """An id that is cut cannot be asked for, and an amount that is cut is another amount."""
    made = cost(tmp_path)
    run = replace(made.run, project="-home-ann-projects-a-project-with-a-long-name")
    dear = replace(made, run=run, gaps=("1 compaction request in no file",))
    out = io.StringIO()
    page = console(out)
    page.width = 80
    page.print(runs_table([dear, dear], Look(80)))
    assert "…" not in out.getvalue()
    assert "5e551011  " in out.getvalue()
    assert "≥ $0.6900" in out.getvalue()


def test_several_runs_are_listed_and_their_agents_merged_by_type(tmp_path: Path) -> None:
    made = cost(tmp_path)
    shown = text(made, replace(made, gaps=("1 compaction request in no file",)))
    assert "at least $1.38 in 40 requests" in shown
    assert "≥ $0.6900" in shown
    assert "Explore  " in shown
    assert "a1b2c3" not in shown
    assert "5e551011: lower bound: 1 compaction request in no file" in shown


def test_many_runs_are_cut_with_their_sum(tmp_path: Path) -> None:
    made = cost(tmp_path)
    table = runs_table([made] * 20, Look(120))
    assert table.row_count == 16
    assert list(table.columns[0].cells)[-1] == Text("5 more")
    assert list(table.columns[-1].cells)[-1] == Text("$3.45")


def test_one_table_by_something_takes_the_place_of_three(tmp_path: Path) -> None:
    shown = text(cost(tmp_path), by="model")
    assert "claude-opus-5-5" in shown
    assert "what for" not in shown
    assert "carrying" not in shown


def test_by_tool_shares_are_of_the_bill_and_the_loop_says_how_much_of_it_tools_are(tmp_path: Path) -> None:
    made = cost(tmp_path)
    shown = text(made, by="tool")
    tools = sorted(made.tools, key=lambda tool: (-tool.picousd, tool.name))
    assert [line.split()[0] for line in shown.splitlines() if line.startswith(tuple(tool.name for tool in tools))] == [
        tool.name for tool in tools
    ]
    for tool in tools:
        line = next(line for line in shown.splitlines() if line.startswith(tool.name))
        assert f" {share(tool.picousd, made.picousd)} " in line
    part = share(made.tool_loop_picousd, made.picousd)
    assert f"tool loop: {money(made.tool_loop_picousd)}, {part} of the bill" in shown


def test_everything_that_is_not_known_is_said(tmp_path: Path) -> None:
    made = replace(
        cost(tmp_path), gaps=("2 subagents without any record of their requests",), assumptions=("x: no price",)
    )
    skipped = Skipped(
        files=(("a.jsonl", "permission denied"),),
        bad_lines=1,
        wrong_types=2,
        unknown_types=(("new-kind", 3),),
        copied_requests=4,
        notes=("the cache folder cannot be written",),
    )
    contract = parse_contract({"overrides": 7}, "managed.json", list_prices())
    shown = text(made, table=list_prices().with_contract(contract), skipped=skipped)
    for line in (
        "lower bound: 2 subagents without any record of their requests",
        "$0.0245 of Claude Code's own account is in no transcript; included",
        "price assumed: x: no price",
        "managed.json: modelPricing.overrides is not an object; list prices used",
        "prices at your organization's rates (managed.json)",
        "not read: a.jsonl: permission denied",
        "left out: 1 line that are no JSON records",
        "left out: 2 records without a usable message",
        "counted once: 4 requests found in more than one file",
        "left out: records of unknown types: new-kind (3)",
        "the cache folder cannot be written",
    ):
        assert line in shown


def test_an_account_far_below_ours_is_said(tmp_path: Path) -> None:
    """As after a cap: the client closed its account before the last request of a subagent had ended."""
    made = replace(cost(tmp_path), account=Account(10 * 10**10, 20 * 10**10, covers_all=True))
    assert "Claude Code's own account of these requests says $0.1000; the transcripts hold $0.2000" in text(made)


def test_reading_is_quiet_in_a_pipe() -> None:
    out = io.StringIO()
    with loading(out) as progress:
        assert progress is None
    assert out.getvalue() == ""


def test_texts_of_our_hooks_are_charged_also_where_no_tool_was_called(tmp_path: Path) -> None:
    bare = replace(cost(tmp_path), tools=(), lines=(Line("base", False, 10, 0, 690_000_000_000),))
    told = replace(bare, lines=(*bare.lines, Line("reminder", True, 10, 0, 6_900_000_000)))

    words = "mcp_lean itself: $0.0069, 1 % of the bill (texts of its hooks; none of its tools was called)"
    assert words in text(told)
    assert "mcp_lean: hook texts" in text(told)
    assert "mcp_lean itself: $0, none of its tools was called" in text(bare)
