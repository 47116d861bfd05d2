"""A replay as text: what comes first, losses, blanks, everything that is not known."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.contract import parse_contract
from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.costs.replay.outcome import PolicyInfo, RunReplay, WorldName
from mcp_lean.report.replay.show import as_text
from mcp_lean.report.replay.summary import summarize
from mcp_lean.report.replay.terminal import replayed as page
from mcp_lean.report.show import progress_bar
from mcp_lean.report.tables import Look
from mcp_lean.report.terminal import console
from mcp_lean.transcripts.model import Skipped

from .replays import ALL, BASE, BATCH, CHEAP, EXAMPLE, HALF, NATIVE, USD, outcome, replayed, together

POLICIES = [BATCH, BASE, CHEAP, NATIVE, ALL, HALF]
RUN = replayed(
    1,
    outcome(BATCH, -0.5, own_usd=0.7),
    outcome(BATCH, 1.0, "upper", examples=[EXAMPLE]),
    outcome(BASE, 0.0, count=0),
    outcome(CHEAP, 4.0, "expected"),
    outcome(NATIVE, 0.3),
    outcome(ALL, 1.2, own_usd=0.1),
    outcome(ALL, 2.5, "expected", seconds=-90.0),
    outcome(HALF, -0.02),
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def text(
    *runs: RunReplay,
    policies: Sequence[PolicyInfo] = tuple(POLICIES),
    world: WorldName = "recorded",
    found: Sequence[Adoption] = (),
    table: PriceTable | None = None,
    skipped: Skipped = Skipped(),  # noqa: B008
) -> str:
    out = io.StringIO()
    as_text(summarize(runs, policies, world, found), table or list_prices(), skipped, out)
    return out.getvalue()


def line_with(shown: str, words: str) -> str:
    return next(line for line in shown.splitlines() if words in line)


def test_the_verdict_stands_first_and_last_and_is_followed_by_how_good_the_simulator_is() -> None:
    first, second, third, *_, last = text(RUN).splitlines()

    assert first == "1 session, 30 requests, $10.00 recorded"
    assert second == "simulated: everything together saves 12.0 % (strict) or 25.0 % (expected)"
    assert last == second
    assert third.startswith(
        "baseline reproduces the bill within 0.01 % (worst session 0.01 %); with an ideal cache in place of the re"
    )


def test_what_in_the_bundle_is_nothing_of_ours_is_said() -> None:
    """It is much of the strict saving in recorded sessions (docs/figures.md#headline)."""
    said = " ".join(text(RUN).split())

    assert "fewer servers, plugins and memory files in it: that part only you can do." in said
    assert "waiting saved: of all sessions together, below zero there is more of it." in said


def test_the_residual_is_rounded_up() -> None:
    shown = text(replayed(1, usd=10.0, baseline_usd=10.1101), policies=[])

    assert "within 1.2 % (worst session 1.2 %)" in shown


def test_in_another_world_there_is_no_bill_to_reproduce() -> None:
    shown = text(replayed(1, usd=10.0, baseline_usd=7.0), policies=[], world="current")

    assert "with nothing changed these sessions cost $7.00 so" in " ".join(shown.split())
    assert "reproduces" not in shown


def test_each_policy_has_its_bounds_and_a_blank_where_it_has_none() -> None:
    shown = text(RUN)

    assert line_with(shown, "Batching").split() == [
        *("Batching", "-$0.50", "-5.0", "%", "10.0", "%", "-5.0", "%"),
        *("-5.0", "..", "-5.0", "1", "$0.70"),
    ]
    # No strict bound: dollars and spread are of the expected one.
    assert line_with(shown, "A cheaper model *").split()[4:8] == ["$4.00", "40.0", "%", "40.0"]
    assert line_with(shown, "Without us +").split()[:3] == ["Without", "us", "+"]
    assert "nothing to do in these sessions: Less before it" in shown


def test_bundles_have_a_table_of_their_own_with_every_bound() -> None:
    shown = text(RUN)
    start = shown.index("together  ")
    rows = [line.split() for line in shown[start:].splitlines()[1:4]]

    assert rows[0] == [
        *("Everything", "strict", "$1.20", "12.0", "%", "12.0", "%", "12.0", "..", "12.0", "0", "$0.10", "0.0", "min")
    ]
    assert rows[1][:2] == ["expected", "$2.50"]
    assert rows[1][-2:] == ["-1.5", "min"]
    assert rows[2][:5] == ["Settings", "only", "strict", "-$0.02", "-0.2"]


def test_losses_are_red_and_gains_are_not() -> None:
    shown = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=120, highlight=False)
    summary = summarize([RUN], POLICIES, "recorded", [Adoption(runs=1, losing_runs=1, hooks_picousd=USD)])
    with shown.capture() as captured:
        for part in page(summary, list_prices(), Skipped(), Look(120)):
            shown.print(part)
    colored = captured.get()

    assert "\x1b[31m-$0.50\x1b[0m" in colored
    assert "\x1b[31m-5.0 %\x1b[0m" in colored
    assert "\x1b[31m-$1.00\x1b[0m" in colored
    assert "\x1b[31m1 of them lost\x1b[0m" in colored
    assert "\x1b[31m$" not in colored


def test_a_session_that_would_have_gained_has_an_example_of_calls_that_could_have_been_one() -> None:
    shown = text(RUN)
    at, where = shown.index("these sessions would have gained most"), "orchestrator, request 5, upper"

    assert shown[at:].splitlines()[1:4] == [
        "00000001  -home-ann-shop  2026-09-21 14:13  $1.20 of $10.00, 12.0 %",
        f"    for example 2 calls in one turn, $0.1000 less ({where}): Read src/a.py; Read src/b.py",
        "",
    ]


def test_a_session_goes_by_the_folder_that_it_worked_in() -> None:
    summary = summarize([RUN], POLICIES, "recorded", projects={RUN.session_id: "shop"})
    out = io.StringIO()
    as_text(summary, list_prices(), Skipped(), out)

    assert "00000001  shop  2026-09-21 14:13  $1.20 of $10.00" in out.getvalue()


def test_what_a_transcript_holds_cannot_steer_the_terminal_nor_break_a_narrow_encoding() -> None:
    """Escapes and markup of rich, in a tool's arguments; and a stream that takes ASCII alone."""
    hostile = replace(EXAMPLE, calls=(("Bash", "echo \x1b]0;owned\x07 [red]x[/red] \N{SNOWMAN}"), ("Read", "a.py")))
    run = replayed(1, outcome(BATCH, 1.0, examples=[hostile]), outcome(ALL, 1.0))
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    as_text(summarize([run], POLICIES, "recorded"), list_prices(), Skipped(), out)
    out.seek(0)
    shown = " ".join(out.read().split())

    assert "\x1b" not in shown
    assert "Bash echo \\x1b]0;owned\\x07 [red]x[/red] \\u2603" in shown


def test_sessions_that_lose_are_named_the_worst_first() -> None:
    shown = " ".join(text(RUN, *(together(number, -number / 100) for number in range(2, 9))).split())

    assert "would have lost (together, strict): 00000008 -8.0 %, 00000007 -7.0 %, " in shown
    assert "00000004 -4.0 %, and 2 more" in shown


def test_the_text_ends_with_what_the_columns_mean_and_leaves_assumptions_to_page_and_json() -> None:
    shown = text(RUN)

    assert "Words were known." not in shown
    assert (
        shown.splitlines()[-2] == "What each line assumes, and when it loses: --html FILE, --json, or docs/replay.md."
    )


def test_what_was_measured_stands_apart_and_may_be_a_loss() -> None:
    found = Adoption(
        runs=2, losing_runs=1, own_calls=4, own_turns=4, own_looks=9, native_calls=3, native_turns=3, follow_ups=1,
        compared_turns=3, saved_turns=-1.0, saved_picousd=-USD, definitions_picousd=USD, frames_picousd=USD // 2,
    )  # fmt: skip
    shown = text(RUN, found=[found])
    at = shown.index("measured in sessions that used mcp_lean")

    assert shown[at:].splitlines()[1:7] == [
        "adoption: 75 % of 12 looks at files and searches went through us",
        "looks per turn: ours 2.25 in 4 turns; native ones 1.00",
        "turns saved: -1.0, -$1.00 (1 turn with nothing to compare with: none claimed)",
        "asked again: 1 item asked for what we had cut; 0 native Reads of what we had shown; 0 items failed",
        "overhead: $1.50 (definitions $1.00, headings in answers $0.5000)",
        "net: -$2.50 in 2 sessions; 1 of them lost",
    ]


def test_without_any_use_of_us_nothing_is_measured_and_that_is_said() -> None:
    assert "none of these did: nothing is measured yet" in text(RUN)


def test_sessions_left_out_notes_and_what_was_not_read_are_said() -> None:
    other = replayed(2, left_out="subagents missing")
    noted = replayed(3, notes=["the last answer of 1 subagent is in no file"])
    shown = text(RUN, other, noted, skipped=Skipped(files=(("x.jsonl", "no permission"),), bad_lines=2))

    assert "left out: 1 session (subagents missing: 1)" in shown
    assert "1 session: the last answer of 1 subagent is in no file" in shown
    assert "not read: x.jsonl: no permission" in shown
    assert "left out: 2 lines that are no JSON records" in shown


def test_the_organizations_rates_are_named() -> None:
    table = list_prices()
    contract = parse_contract({"multiplier": 0.5}, "managed.json", table)

    assert "prices at your organization's rates (managed.json)" in text(RUN, table=table.with_contract(contract))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_it_fits_its_width_and_keeps_shares_and_losers_on_a_narrow_terminal(width: int) -> None:
    out = io.StringIO()
    shown = console(out)
    shown.width = width
    summary = summarize([RUN, together(2, -0.4)], POLICIES, "recorded")
    with shown.capture() as captured:
        for part in page(summary, list_prices(), Skipped(), Look(width)):
            shown.print(part)
    lines = captured.get().splitlines()

    assert max(map(len, lines)) <= width
    row = next(line for line in lines if "Batching" in line)
    assert "-5.0 %" in row
    assert "10.0 %" in row


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_quiet_in_a_pipe_and_drawn_without_a_thread_on_a_terminal() -> None:
    """Processes are forked only where there is one thread; a bar with its own would halve the speed."""
    pipe, terminal, threads = io.StringIO(), Terminal(), threading.active_count()
    with progress_bar(pipe, "replaying") as step:
        assert step is None
    with progress_bar(terminal, "replaying") as step:
        assert step is not None
        step(1, 2)
        assert threading.active_count() == threads

    assert pipe.getvalue() == ""
    assert "replaying" in terminal.getvalue()
    assert "1/2" in terminal.getvalue()
