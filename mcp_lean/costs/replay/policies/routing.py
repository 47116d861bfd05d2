"""Routing: subagents that only read run on the cheapest model."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.prices import canonical
from mcp_lean.costs.read_only import only_looks
from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.lean_agents import can_do, only_reads
from mcp_lean.costs.replay.policy import Applied, Case, scaled
from mcp_lean.costs.replay.worlds import World

CHEAP = {"strict": "claude-haiku-4-5", "expected": "claude-haiku-5-5", "upper": "claude-haiku-5-5"}
REPEATED_SHARE = 0.15
GENERAL_TYPES = frozenset({"general-purpose", "Explore"})
"""Types of the client that stand for no choice, as in `guard/routing`."""

INFO = PolicyInfo(
    "routing",
    "Reading subagents on the cheapest model",
    ("strict", "expected", "upper"),
    (
        (
            "Strict and expected: subagents that our router would send to Haiku, decided from the call that started "
            "them and from nothing else: a general type (Explore, general-purpose), no model in the call, and words "
            "of work that needs no judgement. Haiku 4.5 (strict) or 5.5 (expected, five times the price for prompts "
            "above 100,000 tokens); 1.3 tokens for one where the tokenizer is newer."
        ),
        (
            "15 % of the work is done again, in full, by the old model; all of it where the agent did what ours has "
            "no tools or no turns for."
        ),
        "Upper: on Haiku 5.5, those of them that only looked at files, known beforehand.",
        "Agents that ran on Haiku anyway stay.",
    ),
    "the router took work that changes something for reading; or the old model is hardly dearer",
)


def apply(work: Work, case: Case) -> Applied:
    """A cheaper model for subagents that only read."""
    actors: list[Actor] = []
    count = 0
    taken = _known_beforehand(work) if case.bound == "upper" else _sent(work)
    repeated = {actor.agent.id for actor in work.actors if actor.is_repeat}
    for actor in work.actors:
        name = actor.agent.id
        if name not in taken or actor.is_repeat or actor.is_scout or not actor.is_subagent or runs_on_haiku(actor):
            actors.append(actor)
            continue
        count += 1
        actors.append(on_model(actor, CHEAP[case.bound], case.world))
        if name not in repeated:
            share = REPEATED_SHARE if case.bound == "upper" or can_do(actor, work) else 1.0
            actors.append(replace(actor, weight=actor.weight * share, is_repeat=True))
    return Applied(replace(work, actors=tuple(actors)), count, needs_agents=True)


def _sent(work: Work) -> frozenset[str]:
    return frozenset(name for name, sent in work.sent.items() if sent.is_cheap)


def _known_beforehand(work: Work) -> frozenset[str]:
    """Agents that only looked, and whose call named neither a model nor an agent of their own."""
    calls = [call for actor in work.actors for request in actor.agent.requests for call in request.calls]
    spawns = {call.id: call.spawn for call in calls if call.spawn is not None}
    left_open = {
        name
        for call_id, spawn in spawns.items()
        if spawn.agent_type in GENERAL_TYPES and not spawn.model
        for name in (call_id, spawn.agent_id)
    } - {""}
    return frozenset(
        actor.agent.id
        for actor in work.actors
        if looks_only(actor) and not left_open.isdisjoint((actor.agent.id, actor.agent.spawn_call_id))
    )


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
