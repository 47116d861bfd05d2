"""What holds for every run: nothing for nothing, never more than what was removed, never more than the run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costs.runs import START_S, agent, call, request, result, run
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.catalog import MODULES, POLICIES, members
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import Bound, PolicyInfo
from mcp_lean.costs.replay.policy import Case
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.run import applied, replay_run
from mcp_lean.costs.replay.simulate import picousd, turn_picousd, walk
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import Agent, Entered, Run, ToolCall

NAMES = ("Read", "Read", "Grep", "Bash", "Edit", "mcp__lean__read_many")
MODELS = ("claude-opus-5-5", "claude-opus-4-6", "claude-haiku-5-5", "claude-sonnet-5-5")
WORLD = World("recorded", list_prices())


@st.composite
def agents(draw: st.DrawFn, agent_id: str, kind: str) -> Agent:
    """An agent whose requests ask, read, search, edit, pause, are compacted, and find more or less in the cache."""
    requests = []
    context, at_s = 0, START_S
    waiting: list[ToolCall] = []
    model, is_1h = draw(st.sampled_from(MODELS)), draw(st.booleans())
    for number in range(draw(st.integers(1, 14))):
        at_s += draw(st.sampled_from([3, 8, 20, 400, 5_000]))
        is_reset = number > 0 and draw(st.integers(0, 12)) == 0
        shrinks = draw(st.integers(0, 9)) == 0
        came_in = draw(st.integers(50, 30_000))
        context = max(came_in, 1_000) if is_reset else max(context + (-came_in if shrinks else came_in), 500)
        read = round(context * draw(st.sampled_from([0.0, 0.2, 0.9, 0.97])))
        calls = []
        for n in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            name = draw(st.sampled_from(NAMES))
            size = draw(st.sampled_from([200, 4_000, 60_000]))
            words = draw(st.sampled_from(["order_total", "parseItem checkout_page", "src app"]))
            text = "\n".join(f"{line}\t{words} line" for line in range(size // 40))
            returned = replace(result(len(text)), lines=size // 40, text=text, at_s=at_s + 1)
            made = call(f"{agent_id}-{number}-{n}", name, subject="src/app.py", returned=returned)
            calls.append(replace(made, input_json='{"file_path":"src/app.py","pattern":"order_total"}'))
        asked = request(
            number,
            read=read,
            write_5m=0 if is_1h else context - read,
            write_1h=context - read if is_1h else 0,
            output=draw(st.integers(1, 3_000)),
            at_s=at_s,
            calls=calls,
            model=model,
            reset="compaction" if is_reset else "none",
            text_chars=200,
        )
        prompt = draw(st.sampled_from([0, 0, 20, 400])) if waiting else 300
        entered = Entered(
            prompt_chars=prompt,
            results=tuple(call.id for call in waiting),
            result_chars=sum(call.result.result_chars for call in waiting if call.result),
            prompts=("please look at order_total",) if prompt else (),
        )
        requests.append(replace(asked, id=f"{agent_id}-{number}", entered=entered, text="then parseItem"))
        waiting = calls
    return agent(requests, agent_id, kind, agent_type="Explore")  # type: ignore[arg-type]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    others = [draw(agents(f"sub{n}", "subagent")) for n in range(draw(st.integers(0, 2)))]
    return run([draw(agents("main", "main")), *others])


CASES = [(module, bound) for module in MODULES for bound in module.INFO.bounds]


def removed(before: Work, after: Work) -> float:
    """What everything cost that the change has touched: each piece, turn, answer or rate that became less, in whole."""
    changed = {actor.agent.id: actor for actor in after.actors if actor.weight == 1 and not actor.is_scout}
    return sum(_removed(actor, changed.get(actor.agent.id)) for actor in before.actors)


def _removed(before: Actor, after: Actor | None) -> float:
    if after is None or any(t.tariff is not u.tariff for t, u in zip(before.turns, after.turns, strict=False)):
        return sum(step.picousd for step in walk(before))
    recorded = {turn.index: turn for turn in after.turns if not turn.is_added}
    left = replace(before, turns=tuple(_left(turn, recorded[turn.index]) for turn in before.turns))
    total = sum(step.picousd for step in walk(before))
    return total - sum(_cheapest(step.turn, recorded[step.turn.index], step.prefix_tokens) for step in walk(left))


def _left(before: Turn, after: Turn) -> Turn:
    """The turn without the pieces that became less."""
    sizes: dict[tuple[str, str], float] = {}
    for piece in after.pieces:
        key = (piece.kind, piece.call_id)
        sizes[key] = sizes.get(key, 0.0) + (0 if piece.own else piece.tokens)
    pieces = tuple(p for p in before.pieces if sizes.get((p.kind, p.call_id), 0.0) >= p.tokens)
    output = before.output_tokens if after.output_tokens >= before.output_tokens else 0.0
    times = before.times if after.times >= before.times else 0.0
    keeps = min(before.keeps_tokens, 0 if after.keeps_tokens < before.keeps_tokens else before.keeps_tokens)
    return replace(before, pieces=pieces, output_tokens=output, times=times, keeps_tokens=keeps)


def _cheapest(left: Turn, after: Turn, prefix: float) -> float:
    """The rest at the lower of both rates: what was read and how it was written before, and after."""
    ways = [
        replace(left, hit=max(left.hit, after.hit), fresh_hit=max(left.fresh_hit, after.fresh_hit)),
    ]
    ways.append(replace(ways[0], write_5m=after.write_5m, write_1h=after.write_1h))
    return min(turn_picousd(way, prefix) for way in ways)


@settings(max_examples=15, deadline=None)
@given(runs())
def test_no_policy_saves_more_than_the_parts_that_it_removes_cost(one: Run) -> None:
    work = work_of(one, WORLD)
    for module, bound in CASES:
        if module.INFO.name in ("routing", "lean_agents"):
            continue  # they replace whole agents: the law below holds them
        after = applied((module,), work, Case(bound, WORLD, is_charged=False)).work
        saved = picousd(work) - picousd(after)
        assert saved <= removed(work, after) + 1e3, (module.INFO.name, bound)


@settings(max_examples=15, deadline=None)
@given(runs())
def test_nothing_saves_more_than_the_run_and_our_overhead_is_never_a_gain(one: Run) -> None:
    if replay_run(one).left_out:
        return
    for world in ("recorded", "current"):
        found = replay_run(one, world)
        assert len(found.outcomes) == sum(len(policy.bounds) for policy in POLICIES)
        for outcome in found.outcomes:
            assert outcome.saved_picousd <= found.baseline_picousd
            if outcome.policy not in ("clear", "together", "without_server", "scout"):
                assert outcome.own_picousd >= 0, outcome


@settings(max_examples=15, deadline=None)
@given(runs(), st.sampled_from(["strict", "expected", "upper"]), st.booleans())
def test_no_policies_together_save_exactly_nothing(one: Run, bound: Bound, is_charged: bool) -> None:
    work = work_of(one, WORLD)

    after = applied((), work, Case(bound, WORLD, is_charged)).work

    assert picousd(work) - picousd(after) == 0


NEVER_LOSE = ("native_parallel", "stagger", "lean_base", "steady_prefix", "effort")


@settings(max_examples=15, deadline=None)
@given(runs())
def test_policies_that_only_take_away_never_lose_before_our_overhead(one: Run) -> None:
    work = work_of(one, WORLD)
    for module, bound in CASES:
        if module.INFO.name in NEVER_LOSE or (module.INFO.name, bound) in (
            ("cache_lifetime", "upper"),
            ("scout", "upper"),
            ("clear", "upper"),
        ):
            after = applied((module,), work, Case(bound, WORLD, is_charged=False)).work
            assert picousd(after) <= picousd(work) * (1 + 1e-12), (module.INFO.name, bound)


@pytest.mark.parametrize("info", POLICIES, ids=lambda info: info.name)
def test_every_policy_says_what_it_assumes_and_when_it_loses(info: PolicyInfo) -> None:
    assert info.assumptions
    assert info.loses_when
    assert all(members(info.name, bound) for bound in info.bounds)
