"""Routing: subagents that only read run on the cheapest model."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.prices import canonical
from mcp_lean.costs.read_only import only_looks
from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.lean_agents import GENERAL_TYPES, only_reads
from mcp_lean.costs.replay.policy import Applied, Case, scaled
from mcp_lean.costs.replay.worlds import World

CHEAP = {"strict": "claude-haiku-4-5", "expected": "claude-haiku-5-5"}
REPEATED_SHARE = 0.15

INFO = PolicyInfo(
    "routing",
    "Reading subagents on the cheapest model",
    ("strict", "expected"),
    (
        (
            "Subagents whose every call only looks at files, of a general type (Explore, general-purpose) and without "
            "a model in the call that started them, run on Haiku: 4.5 (strict) or 5.5 (expected, five times the price "
            "for prompts above 100,000 tokens); 1.3 tokens for one where the tokenizer is newer. Others the router "
            "leaves alone."
        ),
        "15 % of the work is done again, in full, by the old model.",
        (
            "Agents that ran on Haiku anyway stay. Which agents only look is seen from the whole run; a router has "
            "to tell it from the task."
        ),
    ),
    "the old model is hardly dearer, so that the repeated work costs more than the difference",
)


def apply(work: Work, case: Case) -> Applied:
    """A cheaper model for subagents that only read."""
    actors: list[Actor] = []
    count = 0
    open_calls = _left_open(work)
    for actor in work.actors:
        is_open = not open_calls.isdisjoint((actor.agent.id, actor.agent.spawn_call_id))
        if not (is_open and actor.is_subagent and looks_only(actor)) or actor.is_scout or runs_on_haiku(actor):
            actors.append(actor)
            continue
        count += 1
        actors.append(on_model(actor, CHEAP["strict" if case.bound == "strict" else "expected"], case.world))
        actors.append(replace(actor, weight=actor.weight * REPEATED_SHARE))
    return Applied(replace(work, actors=tuple(actors)), count, needs_agents=True)


def _left_open(work: Work) -> frozenset[str]:
    """Ids of calls, and of the agents that they started, which name neither a model nor an agent of their own."""
    calls = [call for actor in work.actors for request in actor.agent.requests for call in request.calls]
    found = {
        name
        for call in calls
        if call.spawn is not None and call.spawn.agent_type in GENERAL_TYPES and not call.spawn.model
        for name in (call.id, call.spawn.agent_id)
    }
    return frozenset(found - {""})


def looks_only(actor: Actor) -> bool:
    """Every call is a look at files; not at the web, which our agents cannot reach."""
    return only_reads(actor) and all(only_looks(call) for request in actor.agent.requests for call in request.calls)


def runs_on_haiku(actor: Actor) -> bool:
    """Every request of the agent."""
    return all("haiku" in canonical(request.model) for request in actor.agent.requests)


def on_model(actor: Actor, model: str, world: World) -> Actor:
    """The same agent on another model, with the tokens that this needs."""
    turns = []
    for turn in actor.turns:
        tariff, factor = world.cheap(turn.request, model)
        turns.append(replace(scaled(turn, factor), tariff=tariff))
    return replace(actor, turns=tuple(turns))
