"""The simulator against a second one, written from the words of docs/replay.md: the same dollars in each session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.costs.replay.outcome import Bound, RunReplay
from mcp_lean.costs.replay.runs import replay
from mcp_lean.transcripts.read import load_runs

from . import by_hand

EXAMPLE = Path(__file__).parents[3] / "examples" / "replay" / "make_runs.py"

POLICIES: tuple[tuple[str, Bound, by_hand.Change], ...] = (
    ("own", "strict", by_hand.our_weight),
    ("lean_base", "strict", by_hand.lighter_base),
    ("native_parallel", "upper", by_hand.any_reads_at_once),
    ("caps", "expected", by_hand.with_caps),
    ("repeats", "upper", by_hand.without_repeats),
    ("cache_lifetime", "strict", by_hand.five_minutes_until_a_pause),
    ("effort", "expected", by_hand.less_thought),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[RunReplay, list[by_hand.Agent]]]:
    folder = tmp_path_factory.mktemp("runs")
    subprocess.run([sys.executable, EXAMPLE, folder], check=True, stdout=subprocess.DEVNULL)
    return pairs(folder)


def pairs(folder: Path) -> list[tuple[RunReplay, list[by_hand.Agent]]]:
    names = {name for name, _, _ in POLICIES}
    simulated = [found for found in replay(load_runs([str(folder)]).runs, policies=names) if not found.left_out]
    ours = sorted(simulated, key=lambda found: found.recorded_picousd)
    again = sorted(by_hand.sessions(folder), key=lambda agents: sum(by_hand.cost(one.turns) for one in agents))
    assert len(ours) == len(again) > 0
    return list(zip(ours, again, strict=True))


def hold(simulated: RunReplay, agents: list[by_hand.Agent], name: str, bound: Bound, change: by_hand.Change) -> None:
    outcome = simulated.outcome(name, bound)
    assert outcome is not None
    found = outcome.saved_picousd if name == "own" else outcome.gross_picousd
    assert found / 1e12 == pytest.approx(by_hand.saved(agents, change), rel=0.005, abs=0.0003), simulated.session_id


def test_both_know_the_bill(both: list[tuple[RunReplay, list[by_hand.Agent]]]) -> None:
    for simulated, agents in both:
        bill = sum(by_hand.cost(one.turns) for one in agents)
        assert (simulated.recorded_picousd / 1e12, simulated.baseline_picousd / 1e12) == pytest.approx((bill, bill))


@pytest.mark.parametrize(("name", "bound", "change"), POLICIES, ids=[name for name, _, _ in POLICIES])
def test_both_save_the_same(
    both: list[tuple[RunReplay, list[by_hand.Agent]]], name: str, bound: Bound, change: by_hand.Change
) -> None:
    for simulated, agents in both:
        hold(simulated, agents, name, bound, change)


@pytest.mark.skipif("MCP_LEAN_SPOTTER" not in os.environ, reason="needs the recorded sessions (MCP_LEAN_SPOTTER)")
def test_both_agree_on_recorded_sessions() -> None:
    """Without sessions of which parts are in no file, or in copies only."""
    longest = [pair for pair in pairs(Path(os.environ["MCP_LEAN_SPOTTER"])) if pair[0].length == "long"]

    assert len(longest) == 5
    for simulated, agents in longest:
        for name, bound, change in POLICIES:
            if name != "native_parallel":  # there, shell commands look as well
                hold(simulated, agents, name, bound, change)
