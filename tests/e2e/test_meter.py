"""Our bill against the client's own account of the same run (`cost-state`), on the real client."""

import pytest

from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.transcripts.read import load_runs

from .client import Claude
from .records import Run
from .script import spawn, use

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
