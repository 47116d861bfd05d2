"""The waiting that round trips cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costs.runs import START_S, agent, call, request, result
from mcp_lean.costs.replay.model import Actor, Sent, Work
from mcp_lean.costs.replay.policies import batching, lean_agents, native_parallel, outlines, scout
from mcp_lean.costs.replay.policy import Policy
from mcp_lean.costs.replay.seconds import seconds_saved, waits_s
from mcp_lean.transcripts.model import Agent

from .made import KNOWN, Step, made, reads, under
from .test_policies import chain, large_read


def waiting(*waits: float | None) -> Agent:
    """An agent that waited so long for each answer after a result; `None`: the result has no time."""
    at_s = START_S
    requests = [request(0, at_s=at_s, calls=[call("r0")])]
    for number, wait in enumerate(waits, 1):
        at_s += 100
        returned = replace(result(90), at_s=None if wait is None else at_s - wait)
        before = requests[-1]
        requests[-1] = replace(before, calls=(replace(before.calls[0], result=returned),))
        requests.append(request(number, at_s=at_s, calls=[call(f"r{number}")], results=[f"r{number - 1}"]))
    return agent(requests)


@pytest.mark.parametrize(
    ("waits", "found"),
    [
        ((2.0, 3.0, 40.0, 5.0, 6.0), {1: 2.0, 2: 3.0, 3: 3.0, 4: 3.0, 5: 3.0}),
        ((7.0,), {1: 7.0}),
        ((None, 4.0), {2: 4.0}),
        ((-1.0,), {}),
        ((), {}),
    ],
)
def test_a_round_trip_is_worth_no_more_than_the_quick_quarter(
    waits: tuple[float | None, ...], found: dict[int, float]
) -> None:
    """A result that is dated after the answer (clocks jump) says nothing."""
    assert waits_s(waiting(*waits)) == pytest.approx(found)


def test_the_request_after_a_compaction_is_no_round_trip() -> None:
    """The result that came before went to the compaction."""
    waited = waiting(2.0, 90.0)
    [first, second, third] = waited.requests
    after = replace(waited, requests=(first, second, replace(third, reset="compaction")))

    assert waits_s(after) == {1: 2.0}


def timed(actor: Actor) -> Actor:
    """Each answer begins three seconds after the last result."""
    requests = actor.agent.requests
    changed = []
    for number, asked in enumerate(requests):
        after = requests[number + 1].started_s if number + 1 < len(requests) else None
        calls = tuple(
            replace(call, result=replace(call.result, at_s=None if after is None else after - 3))
            for call in asked.calls
            if call.result is not None
        )
        changed.append(replace(asked, calls=calls))
    return replace(actor, agent=replace(actor.agent, requests=tuple(changed)))


@pytest.mark.parametrize(
    ("policy", "actor", "seconds"),
    [
        (native_parallel, made(chain(3), facts={f"s{n}": KNOWN for n in range(3)}), 6.0),
        (batching, made(chain(3), facts={f"s{n}": KNOWN for n in range(3)}), 6.0),
        (outlines, made(large_read(), facts={"f": replace(KNOWN, edited_at=9)}), -3.0),
        (scout, made(chain(3)), 0.85 * 6 - 0.15 * 3 - 1.5 * 12),
    ],
)
def test_turns_that_go_away_save_waiting_and_turns_that_are_added_cost_it(
    policy: Policy, actor: Actor, seconds: float
) -> None:
    """A scout's four turns count one and a half times; of the three in the main conversation 85 % go away, but the one
    that takes in its answer stays, and 15 % of the first come again behind it."""
    before = Work((timed(actor),))

    found = seconds_saved(before, under(policy, before).work)

    assert found == pytest.approx(seconds)


def test_an_agent_whose_work_is_done_again_is_waited_for_again() -> None:
    """One that our router took for a reader, and that then edited: all of its two round trips."""
    edit = call("e", "Edit", returned=result(90))
    steps = [
        Step((("base", 20_000),), (edit,)),
        Step((("result", 9, "e"),), (reads("f"),)),
        Step((("result", 9, "f"),)),
    ]
    before = Work((timed(made(steps, "subagent", agent_id="sub")),), sent={"sub": Sent("scout", is_cheap=True)})

    assert seconds_saved(before, under(lean_agents, before).work) == pytest.approx(-6.0)
