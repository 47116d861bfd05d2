"""The replay's model of the cache against the fake API's, request by request, on runs of the real client."""

import pytest

from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.predict import usage_of
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.simulate import picousd
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import Run as Recorded
from mcp_lean.transcripts.read import load_runs

from .client import Claude
from .records import Run
from .script import spawn, use

pytestmark = pytest.mark.e2e

FILES = {"a.txt": "alpha\n" * 400, "b.txt": "beta\n" * 400}


def recorded(run: Run) -> Recorded:
    [found] = load_runs([str(run.place.config / "projects")], with_text=True).runs
    return found


def scripted(claude: Claude) -> Recorded:
    return recorded(
        claude(
            files=FILES,
            turns=[
                use("Read", file_path="a.txt"),
                use("Grep", pattern="beta"),
                spawn("scout"),
                use("Read", file_path="b.txt"),
                "done",
            ],
            subagents={"scout": [use("Read", file_path="b.txt"), use("Glob", pattern="*.txt"), "found"]},
        )
    )


def test_the_model_of_the_cache_gives_what_a_prefix_cache_has_billed(claude: Claude) -> None:
    run = scripted(claude)
    work = work_of(run, World("recorded", list_prices()))

    billed = [
        [(r.usage.cache_read_tokens, r.usage.cache_write_tokens + r.usage.input_tokens) for r in actor.agent.requests]
        for actor in work.actors
    ]
    said = [[(round(p.read_tokens), round(p.written_tokens)) for p in usage_of(actor)] for actor in work.actors]

    assert said == billed
    assert sorted(map(len, billed)) == [3, 5]


def test_the_simulator_gives_the_bill_of_a_run_of_the_real_client(claude: Claude) -> None:
    run = scripted(claude)

    assert picousd(work_of(run, World("recorded", list_prices()))) == pytest.approx(
        run.cost_states[-1].cost_usd * 10**12, rel=1e-9
    )
