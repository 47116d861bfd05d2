"""Rules that decide while a run goes on know nothing of what comes: a run cut short decides the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costs.runs import agent, call, request, result, run
from mcp_lean.costs.origins import Kind
from mcp_lean.costs.replay.model import Actor, Sent
from mcp_lean.costs.replay.policies import cache_lifetime, clear
from mcp_lean.costs.replay.policies.loops import Watch
from mcp_lean.costs.replay.policies.merging import groups, known_before
from mcp_lean.costs.replay.record import work_of
from mcp_lean.transcripts.model import Run

from .made import WORLD, Step, made
from .test_laws import runs
from .test_policies import again


def cut(run: Run, requests: int) -> Run:
    """The run as it stood after so many requests of each agent."""
    agents = tuple(replace(agent, requests=agent.requests[:requests]) for agent in run.agents)
    return replace(run, agents=agents)


def main(run: Run) -> Actor:
    return work_of(run, WORLD).actors[0]


def lifetimes(actor: Actor) -> list[tuple[float, float, float]]:
    return [(turn.hit, turn.write_5m, turn.write_1h) for turn in cache_lifetime.online(actor).turns]


def prompts(size: float) -> list[Step]:
    """A conversation that grows by much, with a prompt in every seventh turn and a pause in every fifteenth."""
    steps = [Step((("base", 20_000),))]
    for n in range(1, 90):
        asked = n % 7 == 0
        kind: Kind = "prompt" if asked else "result"
        steps.append(Step(((kind, size, ""),), prompt_chars=900 if asked else 0, after_s=5_000 if n % 15 == 0 else 9))
    return steps


@pytest.mark.parametrize("size", [800, 2_000, 6_000])
def test_fresh_starts_are_decided_by_the_past(size: float) -> None:
    whole = made(prompts(size))
    all_clears = clear.clears(whole, 3_000, WORLD)

    assert all_clears
    for end in range(1, 91):
        short = replace(whole, turns=whole.turns[:end], agent=replace(whole.agent, requests=whole.agent.requests[:end]))
        assert clear.clears(short, 3_000, WORLD) == tuple(index for index in all_clears if index < end)


def test_nobody_clears_while_a_result_is_on_its_way() -> None:
    """A prompt that was typed while the agent worked comes in beside the result of a call."""
    steps = [Step((("base", 20_000),)), Step((("result", 90_000, "a"),)), *[Step()] * 60]
    told = Step((("prompt", 500),), prompt_chars=900)
    beside = replace(told, new=(("result", 50, "b"), ("prompt", 500)))

    assert clear.clears(made([*steps, told]), 3_000, WORLD) == (62,)
    assert clear.clears(made([*steps, beside]), 3_000, WORLD, any_prompt=True) == ()


@settings(max_examples=15, deadline=None)
@given(runs(), st.integers(1, 13))
def test_on_any_run_a_cut_changes_no_decision_before_it(run: Run, end: int) -> None:
    whole, short = main(run), main(cut(run, end))

    assert clear.clears(short, 3_000, WORLD, any_prompt=True) == tuple(
        index for index in clear.clears(whole, 3_000, WORLD, any_prompt=True) if index < end
    )
    assert lifetimes(short) == lifetimes(whole)[:end]


@settings(max_examples=15, deadline=None)
@given(runs(), st.integers(1, 13))
def test_what_was_known_before_a_call_does_not_depend_on_what_follows(run: Run, end: int) -> None:
    whole, short = main(run), main(cut(run, end))
    calls = [call.id for turn in short.turns for call in turn.request.calls]

    def known(actor: Actor) -> list[tuple[int, bool]]:
        return [(actor.facts.of(call_id).known_from, actor.facts.of(call_id).reads_on) for call_id in calls]

    def gone(actor: Actor) -> list[int]:
        joined = groups(actor, lambda group, turn: known_before(actor, group, turn))
        return [turn.index for group in joined for turn in group.gone if turn.index < end]

    assert known(short) == known(whole)
    assert gone(short) == gone(whole)


def test_a_router_decides_from_the_call_alone() -> None:
    """The agent's own requests, and all that came after the call, change nothing."""
    asked = replace(call("s", "Agent", returned=result(90)), input_json='{"prompt": "find it"}')
    parent = agent([request(0, write_5m=20_000, calls=[asked]), request(1, read=20_000, write_5m=100, results=["s"])])
    edit = call("e", "Edit", returned=result(90))
    child = replace(agent([request(0, write_5m=9_000, calls=[edit]), request(1, read=9_000)], "sub", "subagent"))
    whole = run([parent, replace(child, spawn_call_id="s")])
    seen: list[dict[str, object]] = []

    def router(said: dict[str, object], cwd: str) -> Sent:
        seen.append(said)
        return Sent("scout", is_cheap=True)

    works = [work_of(one, WORLD, router=router) for one in (whole, cut(whole, 1))]

    assert [dict(work.sent) for work in works] == [{"sub": Sent("scout", is_cheap=True)}] * 2
    assert seen == [{"prompt": "find it"}] * 2
    assert work_of(whole, WORLD).sent == {}


def test_a_loop_is_seen_when_it_happens() -> None:
    requests = made(again(8)).agent.requests
    watch = Watch()

    assert [watch.see(request) for request in requests] == [1, 2, 3, 4, 5, 6, 7, 8, 0]
