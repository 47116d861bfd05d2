"""Our bill against the client's own account of the same run (`cost-state`), on the real client."""

import pytest

from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.transcripts.own import START
from mcp_lean.transcripts.read import load_runs

from .client import Claude
from .records import Run
from .script import spawn, use
from .test_guard import GUARDED, once_ready, remarks

pytestmark = pytest.mark.e2e

FILES = {"a.txt": "alpha\n" * 400, "b.txt": "beta\n" * 400}


def bill(run: Run) -> RunCost:
    [found] = load_runs([str(run.place.config / "projects")]).runs
    return break_down(found)


def test_orchestrator_and_subagents_add_up_to_the_clients_own_account(claude: Claude) -> None:
    run = claude(
        files=FILES,
        turns=[use("Read", file_path="a.txt"), spawn("scout"), "done"],
        subagents={"scout": [use("Read", file_path="b.txt"), "found"]},
    )

    cost = bill(run)

    assert cost.account is not None
    assert cost.account.our_picousd == cost.account.client_picousd > 0


def test_a_compaction_that_no_transcript_holds_is_a_line_of_its_own(claude: Claude) -> None:
    run = claude(
        files=FILES,
        prompt="/compact",
        asides={"summary of the conversation": "<summary>alpha was read</summary>"},
        place=claude(files=FILES, turns=[use("Read", file_path="a.txt"), "done"]).place,
        args=["--continue"],
    )

    cost = bill(run)

    assert cost.account is not None
    assert cost.account.unrecorded_picousd > 0
    assert sum(line.picousd for line in cost.lines) == cost.account.client_picousd


def test_what_our_hooks_say_is_charged_to_us_and_not_to_the_client(claude: Claude) -> None:
    """The hook speaks after the third single read; both lines of the bill come out of the transcript."""
    run = claude(
        files={f"{n}.txt": f"{n}\n" for n in range(4)},
        settings=GUARDED,
        turns=[
            once_ready(use("Read", file_path="0.txt")),
            *(use("Read", file_path=f"{n}.txt") for n in (1, 2, 3)),
            "done",
        ],
    )
    told = [text for request in run.requests[-1:] for text in remarks(request)]
    cost = bill(run)
    [line] = [line for line in cost.lines if line.own and line.kind == "reminder"]

    assert any(START in text for text in told)
    assert line.picousd > 0
    assert cost.account is not None
    assert sum(line.picousd for line in cost.lines) == cost.account.client_picousd
