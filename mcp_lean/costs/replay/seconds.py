"""The waiting that goes away with round trips, or is added with them.

In:  a run before and after a change.
Out: seconds, from the recorded times.
Not here: money.

A round trip is worth the time from an agent's last result to the beginning of its next answer, and no more than that of
the quickest quarter of the agent's own: the writing of a long answer is not saved.
"""

from __future__ import annotations

from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.transcripts.model import Agent


def seconds_saved(before: Work, after: Work) -> float:
    """Waiting in `before` less waiting in `after`; scouts wait as long as the agent that they work for.

    An agent's second appearance is its work done again, in full or in part.
    """
    recorded = {actor.agent.id: actor for actor in before.actors}
    quick = {actor.agent.id: waits_s(actor.agent) for actor in before.actors}
    seen: set[str] = set()
    saved = 0.0
    for actor in after.actors:
        if actor.is_scout:
            waits = next((quick[main.agent.id] for main in before.actors if main.is_main), {})
            saved -= actor.weight * len(actor.turns) * max(waits.values(), default=0.0)
        elif actor.agent.id in seen:
            saved -= actor.weight * sum(quick[actor.agent.id].values())
        elif actor.agent.id in recorded:
            saved += _of_agent(recorded[actor.agent.id], actor, quick[actor.agent.id])
        seen.add(actor.agent.id)
    return saved


def _of_agent(before: Actor, after: Actor, waits: dict[int, float]) -> float:
    typical = max(waits.values(), default=0.0)
    times = {turn.index: turn.times for turn in before.turns if not turn.is_added}
    saved = 0.0
    for turn in after.turns:
        if turn.is_added:
            saved -= turn.times * typical
        else:
            saved += (times[turn.index] - turn.times) * waits.get(turn.index, 0.0)
    return saved


def waits_s(agent: Agent) -> dict[int, float]:
    """What the round trip before each request is worth, by its index; only where both times are known."""
    found: dict[int, float] = {}
    calls = {call.id: call for request in agent.requests for call in request.calls}
    for index, request in enumerate(agent.requests):
        if request.is_after_reset:
            continue  # what came before went to the compaction
        results = (calls[call_id].result for call_id in request.entered.results if call_id in calls)
        times = [result.at_s for result in results if result is not None and result.at_s is not None]
        if times and request.started_s is not None and request.started_s >= max(times):
            found[index] = request.started_s - max(times)
    if not found:
        return {}
    waits = sorted(found.values())
    quick = waits[(len(waits) - 1) // 4]
    return {index: min(wait, quick) for index, wait in found.items()}
