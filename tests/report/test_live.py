"""The running session: totals by changes alone, and what the picture says."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from mcp_lean.config import Budget, Limits
from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.prices import list_prices
from mcp_lean.guard.budget.limits import Raised
from mcp_lean.report.live import Held, Tally, view
from mcp_lean.report.tables import Look
from mcp_lean.report.terminal import console
from mcp_lean.transcripts.follow import Change, SessionFollower
from mcp_lean.transcripts.model import Run

from .made import example

NOTHING = Raised()


def shown(tally: Tally, run: Run | None, budget: Budget, width: int = 120, raised: Raised = NOTHING) -> str:
    out = io.StringIO()
    page = console(out)
    page.width = width
    now_s = max((spent.last.ended_s or 0 for spent in tally.agents.values() if spent.last), default=0) + 7
    page.print(view(tally, run, Held(budget, raised), now_s, Look(width), {"x.jsonl": "permission denied"}))
    return out.getvalue()


def followed(folder: Path) -> tuple[Tally, SessionFollower]:
    follower = SessionFollower(str(example().write_run(folder)))
    tally = Tally(list_prices())
    tally.apply(follower.poll())
    return tally, follower


def test_the_running_total_is_the_bill_of_a_full_reading(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    run = follower.run()
    assert run is not None
    assert tally.picousd == break_down(run).bill.picousd
    assert {agent: spent.requests for agent, spent in tally.agents.items()} == {"main": 11, "a1b2c3": 5, "d4e5f6": 4}


def test_a_file_that_grows_line_by_line_gives_the_same_total(tmp_path: Path) -> None:
    whole = example().write_run(tmp_path / "whole")
    lines = whole.read_bytes().splitlines(keepends=True)
    growing = tmp_path / "growing" / whole.name
    growing.parent.mkdir()
    follower = SessionFollower(str(growing))
    tally = Tally(list_prices())
    for number, line in enumerate(lines):
        half = len(line) // 2
        with growing.open("ab") as file:
            file.write(line[:half])
            file.flush()
            if number % 3 == 0:
                tally.apply(follower.poll())
            file.write(line[half:])
        tally.apply(follower.poll())
    full, _ = followed(tmp_path / "again")
    assert tally.agents["main"].picousd == full.agents["main"].picousd


def test_a_request_that_is_known_better_replaces_what_was_counted(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    before = tally.picousd
    _, request = follower.requests["msg_main_1"]
    more = replace(request, usage=replace(request.usage, output_estimated_tokens=request.usage.output_tokens + 1_000))
    tally.apply([Change("main", more, request)])
    assert tally.picousd - before == 1_000 * 20_000_000
    assert tally.agents["main"].requests == 11


def test_the_picture_names_agents_context_dollars_and_limits(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    budget = Budget(run_usd=1.0, types={"main": Limits(agent_usd=0.5), "scout": Limits(agent_usd=0.01)})
    text = shown(tally, follower.run(), budget)
    assert "$0.6655 in 20 requests, 66 % of $1.00 for the run" in text
    [main] = [line for line in text.splitlines() if line.startswith("orchestrator")]
    assert main.split()[1:] == ["opus-5-5", "11", "22.2k", "2", "%", "82", "%", "7", "s", "ago", "$0.4595", "91", "%"]
    [scout] = [line for line in text.splitlines() if line.startswith("scout: list the tests   d4e5f6")]
    assert scout.split()[-2:] == ["42", "%"]
    assert "lower bound: 1 compaction request in no file" in text
    assert "not read: x.jsonl: permission denied" in text


def test_without_limits_there_is_no_share(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    text = shown(tally, follower.run(), Budget(agent_usd=0, run_usd=0))
    assert "for the run" not in text
    [main] = [line for line in text.splitlines() if line.startswith("orchestrator")]
    assert main.split()[-1] == "-"


def test_the_orchestrator_has_no_limit_that_is_meant_for_subagents(tmp_path: Path) -> None:
    """As in the guard: it is held by the run's, and was shown in red at twice a limit that nobody keeps."""
    tally, follower = followed(tmp_path)
    lines = shown(tally, follower.run(), Budget(agent_usd=0.1)).splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("orchestrator")] == ["-"]
    assert [line.split()[-2:] for line in lines if line.startswith("scout")] == [["4", "%"]]


def test_agents_go_by_their_ids_until_they_are_known(tmp_path: Path) -> None:
    tally, _ = followed(tmp_path)
    text = shown(tally, None, Budget())
    assert [line.split()[:2] for line in text.splitlines()[4:7]] == [
        ["orchestrator", "opus-5-5"], ["agent", "a1b2c3"], ["agent", "d4e5f6"],
    ]  # fmt: skip


def test_what_a_person_has_added_counts_for_the_run_and_for_each_agent(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    text = shown(tally, follower.run(), Budget(run_usd=0.5, agent_usd=0.1), raised=Raised(usd=0.5))

    assert "66 % of $1.00 for the run" in text
    assert [line.split()[-2:] for line in text.splitlines() if line.startswith("Explore")] == [["33", "%"]]


def test_a_narrow_terminal_keeps_dollars_and_limits(tmp_path: Path) -> None:
    tally, follower = followed(tmp_path)
    text = shown(tally, follower.run(), Budget(), width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    [main] = [line for line in text.splitlines() if line.startswith("orchestrator")]
    assert main.split()[-2:] == ["$0.4595", "-"]


def test_an_empty_session_is_nothing_spent(tmp_path: Path) -> None:
    assert "$0 in 0 requests" in shown(Tally(list_prices()), None, Budget())
