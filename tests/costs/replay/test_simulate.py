"""The arithmetic of the replay, worked out on paper, and against recorded bills."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costs.runs import HAIKU, OPUS, agent, request, run
from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.facts import CallFacts, Need
from mcp_lean.costs.replay.model import Sent, Work
from mcp_lean.costs.replay.policies import (
    batching,
    clear,
    outlines,
    routing,
    scout,
)
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.simulate import picousd, walk
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import Run, Spawn
from mcp_lean.transcripts.read import load_runs

from .made import OUT, READ, WRITE, Step, made, reads, saved

RECORDED = World("recorded", list_prices())

TWO_TURNS = [
    Step((("base", 10_000), ("prompt", 1_000)), (reads("a"),), output=200),
    Step((("arguments", 200, "a"), ("result", 5_800, "a")), output=300),
]


def test_a_baseline_worked_out_on_paper() -> None:
    """11,000 written; then 11,000 read and 6,000 written; 500 tokens answered."""
    assert picousd(Work((made(TWO_TURNS),))) == 11_000 * WRITE + 11_000 * READ + 6_000 * WRITE + 500 * OUT


def test_an_outline_whose_follow_up_is_not_needed_worked_out_on_paper() -> None:
    """5,800 tokens become 0.12 x 5,800 + 60; in 15 % of the cases half of the file follows, in a turn of its own."""
    expected = 5_800 - (0.12 * 5_800 + 60)
    follow_up = 0.15 * ((11_200 + 0.12 * 5_800 + 60) * READ + 80 * OUT) + 0.15 * (0.5 * 5_800 + 80) * WRITE

    found = saved(outlines, made(TWO_TURNS, facts={"a": CallFacts(-1)}))

    assert found == pytest.approx(expected * WRITE - follow_up)


def test_a_delegation_with_one_read_again_worked_out_on_paper() -> None:
    """Three reading turns of 100 tokens each and 1,000 back; the second file is used by the turn behind them."""
    steps = [
        Step((("base", 20_000),), (reads("a"),)),
        Step((("arguments", 100, "a"), ("result", 1_000, "a")), (reads("b", lines=240),)),
        Step((("arguments", 100, "b"), ("result", 1_000, "b")), (reads("c"),)),
        Step((("arguments", 100, "c"), ("result", 1_000, "c"))),
    ]
    facts = {"b": CallFacts(-1, last_use=3)}

    found = saved(scout, made(steps, facts=facts), "expected")

    before = (20_000 + 3_300) * WRITE + (20_000 + 21_100 + 22_200) * READ + 400 * OUT
    again = 1_000 * 120 / 240 + 40
    written = 20_000 + 0.15 * 3_300 + 250 + 660 + 80 + again
    prompts = 0.15 * (20_000 + 20_910 + 21_075) + 21_240 + 21_240
    output = 100 + 250 + 3 * 15 + 80 + 100
    cheap = {"write": 0.125e6, "read": 0.01e6, "out": 0.5e6}
    scouts = (2_800 + 3_300) * cheap["write"] + (2_800 + 3_900 + 5_000) * cheap["read"] + 900 * cheap["out"]
    assert found == pytest.approx(before - (written * WRITE + prompts * READ + output * OUT) - 1.5 * scouts)


def test_a_clear_with_one_read_again_worked_out_on_paper() -> None:
    """80,000 tokens behind a base of 20,000 go at a long prompt; one file of 240 lines is read again, for all that is
    known in a turn of its own. The upper bound charges just that."""
    read = reads("big", lines=240)
    steps = [
        Step((("base", 20_000),), (read,)),
        Step((("result", 79_900, "big"),)),
        *[Step((("result", 0, ""),)) for _ in range(40)],
        Step((("answer", 100), ("prompt", 500)), prompt_chars=1_750),
        Step(),
        Step(),
    ]
    looked_up = 240 * 30 / (3.05 * 0.77) + 36
    again = round(looked_up) * 0.5 + 40

    found = saved(clear, made(steps, needs=[Need(1, 43, "big")]), "upper")

    dropped = 79_900 + 100
    kept = dropped * 3 * READ - 100 * READ + 100 * WRITE
    checkpoint = 1_500 * (WRITE + 2 * READ)
    extra = 22_000 * READ + 80 * OUT + (80 + again) * (WRITE + READ)
    assert found == pytest.approx(kept - checkpoint - extra)


def test_routing_with_a_repeated_part_worked_out_on_paper() -> None:
    """On Haiku 5.5 the agent costs a fortieth to a twentieth; 15 % of it is done again on Opus."""
    spawn = Spawn("Explore", "find it", "", 40, "", "completed", "sub")
    main = made([Step((("base", 100),), (replace(reads("s"), name="Agent", spawn=spawn),))])
    steps = [Step((("base", 10_000),), (reads("a"),)), Step((("result", 2_000, "a"),))]
    reader = made(steps, "subagent", agent_id="sub", agent_type="Explore")
    old = 12_000 * WRITE + 10_000 * READ + 200 * OUT
    new = 12_000 * 0.125e6 + 10_000 * 0.01e6 + 200 * 0.5e6

    found = saved(routing, [main, reader], "expected", sent={"sub": Sent("scout", is_cheap=True)})

    assert found == pytest.approx(old - new - 0.15 * old)


def test_the_five_times_dearer_step_of_a_long_prompt_is_kept() -> None:
    """Haiku 5.5 charges every token of a request above 100,000 tokens five times, its answer included."""
    below, above = (agent([request(0, write_5m=tokens, output=100, model=HAIKU)]) for tokens in (100_000, 100_001))

    costs = [picousd(work_of(run([only]), RECORDED)) for only in (below, above)]

    assert costs == [100_000 * 0.125e6 + 100 * 0.5e6, pytest.approx(100_001 * 0.625e6 + 100 * 2.5e6)]


USAGES = st.lists(
    st.tuples(
        st.integers(0, 60_000), st.integers(0, 30_000), st.integers(0, 30_000), st.integers(0, 90), st.integers(0, 900)
    ),
    min_size=1,
    max_size=12,
)


@given(USAGES, st.sampled_from([OPUS, HAIKU, "claude-sonnet-4-5", "claude-unheard-of"]))
def test_with_nothing_changed_it_is_the_recorded_bill(usages: list[tuple[int, ...]], model: str) -> None:
    recorded = agent(
        [
            request(n, read=read, write_5m=w5, write_1h=w1h, fresh=fresh, output=output, model=model, prompt_chars=40)
            for n, (read, w5, w1h, fresh, output) in enumerate(usages)
        ]
    )
    bill = sum(found.picousd for found in break_down(run([recorded])).agents)

    assert picousd(work_of(run([recorded]), RECORDED)) == pytest.approx(bill, rel=1e-9)


@given(USAGES)
def test_every_context_has_the_size_that_was_recorded(usages: list[tuple[int, ...]]) -> None:
    recorded = agent([request(n, read=r, write_5m=w, output=100) for n, (r, w, *_) in enumerate(usages)])
    [actor] = work_of(run([recorded]), RECORDED).actors

    assert [step.context_tokens for step in walk(actor)] == pytest.approx([r + w for r, w, *_ in usages])


def test_the_current_world_takes_more_tokens_at_todays_prices() -> None:
    """Opus 4.6 had the older tokenizer: 1.3 tokens for one, at 5 (written) and 20 (answered) dollars."""
    recorded = agent([request(0, write_5m=10_000, output=100, model="claude-opus-4-6")])

    assert picousd(work_of(run([recorded]), World("current", list_prices()))) == pytest.approx(
        13_000 * WRITE + 130 * OUT
    )


def test_in_the_current_world_a_subagent_loses_its_cache_in_pauses_that_an_hour_has_bridged() -> None:
    requests = [request(0, write_1h=10_000, at_s=0.0), request(1, read=10_000, at_s=1_000.0)]

    costs = {
        kind: picousd(work_of(run([agent(requests, "a", kind)]), World("current", list_prices())))
        for kind in ("main", "subagent")
    }

    assert costs == {
        "main": pytest.approx(10_000 * 8e6 + 10_000 * READ),
        "subagent": pytest.approx(10_000 * WRITE + 1_000 * READ + 9_000 * WRITE),
    }


@pytest.mark.skipif("MCP_LEAN_SPOTTER" not in os.environ, reason="needs the recorded sessions (MCP_LEAN_SPOTTER)")
def test_recorded_sessions_cost_what_was_billed() -> None:
    runs: tuple[Run, ...] = load_runs([str(Path(os.environ["MCP_LEAN_SPOTTER"]))]).runs
    bills = [sum(found.picousd for found in break_down(one).agents) for one in runs]

    assert [picousd(work_of(one, RECORDED)) for one in runs] == pytest.approx(bills, rel=1e-9)


def test_doing_nothing_saves_exactly_nothing() -> None:
    work = Work((made([replace(step, hit=0.37) for step in TWO_TURNS]),))

    assert saved(batching, work.actors) == 0
