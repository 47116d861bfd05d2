"""The bundle, the current world and the seconds against a second computation from the words of docs/replay.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from mcp_lean.costs.replay.outcome import RunReplay, WorldName
from mcp_lean.costs.replay.runs import replay_worlds
from mcp_lean.report.replay.router import sent
from mcp_lean.transcripts.read import load_runs

from . import bundle_by_hand as again
from . import by_hand
from .test_by_hand import EXAMPLE

WORLDS: tuple[WorldName, ...] = ("recorded", "current")
BOUNDS = (again.STRICT, again.EXPECTED)


def held(folder: Path) -> list[tuple[RunReplay, float, dict[str, float]]]:
    """Each session in each world: our replay, the other baseline, and what the other bundle saves at each bound."""
    runs = load_runs([str(folder)]).runs
    found = replay_worlds(runs, WORLDS, policies={"together", "own"}, processes=1, router=sent)
    ours = sorted((each for each in found if not each[0].left_out), key=lambda each: each[0].recorded_picousd)
    others = sorted(by_hand.sessions(folder), key=lambda agents: sum(by_hand.cost(one.turns) for one in agents))
    assert len(ours) == len(others) > 0
    made = []
    for worlds, recorded in zip(ours, others, strict=True):
        for simulated, agents in zip(worlds, (recorded, [again.today(one) for one in recorded]), strict=True):
            bill = sum(by_hand.cost(one.turns) for one in agents)
            made.append((simulated, bill, hold(simulated, agents, bill)))
    return made


def hold(simulated: RunReplay, agents: list[by_hand.Agent], bill: float) -> dict[str, float]:
    """Both agree about one session; what the second computation says."""
    about = (simulated.session_id, simulated.world)
    assert simulated.baseline_picousd / 1e12 == pytest.approx(bill), about
    never = simulated.outcome("own", "strict")
    assert never is not None
    assert never.saved_picousd / 1e12 == pytest.approx(by_hand.saved(agents, by_hand.our_weight), rel=0.005), about
    saved = {}
    for bound in BOUNDS:
        ours = simulated.outcome("together", bound.name)  # type: ignore[arg-type]
        assert ours is not None
        gross = bill - sum(one.usd for one in again.together(agents, sent, bound, is_charged=False))
        charged = again.together(agents, sent, bound)
        saved[bound.name] = bill - sum(one.usd for one in charged)
        found = (ours.gross_picousd / 1e12, ours.saved_picousd / 1e12)
        assert found == pytest.approx((gross, saved[bound.name]), rel=0.005, abs=0.0003), (*about, bound.name)
        assert ours.seconds_saved == pytest.approx(again.seconds_saved(charged), abs=0.01), (*about, bound.name)
    return saved


def test_both_save_the_same_together_in_both_worlds(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLE, tmp_path], check=True, stdout=subprocess.DEVNULL)

    assert {simulated.world for simulated, _, _ in held(tmp_path)} == set(WORLDS)


@pytest.mark.skipif("MCP_LEAN_SPOTTER" not in os.environ, reason="needs the recorded sessions (MCP_LEAN_SPOTTER)")
def test_both_come_to_the_headline_of_the_recorded_sessions() -> None:
    """Share of all money and median of seven sessions, by world and bound: the table of the README."""
    found = held(Path(os.environ["MCP_LEAN_SPOTTER"]))

    for world in WORLDS:
        of_world = [(bill, saved, simulated) for simulated, bill, saved in found if simulated.world == world]
        assert len(of_world) == 7
        money = sum(bill for bill, _, _ in of_world)
        for bound in BOUNDS:
            ours = [each.outcome("together", bound.name) for _, _, each in of_world]  # type: ignore[arg-type]
            share = sum(one.saved_picousd for one in ours if one) / 1e12 / money
            shares = [one.saved_picousd / 1e12 / bill for one, (bill, _, _) in zip(ours, of_world, strict=True) if one]
            again_shares = [saved[bound.name] / bill for bill, saved, _ in of_world]
            assert share == pytest.approx(sum(saved[bound.name] for _, saved, _ in of_world) / money, abs=0.0002)
            assert median(shares) == pytest.approx(median(again_shares), abs=0.0002)
