"""Staggered fan-out: agents of one kind that start together wait until the first has filled the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mcp_lean.costs.prices import canonical
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case

TOGETHER_S = 10.0
"""Agents whose first answers began within this time were started before any of them could have filled the cache."""
SHARED = 0.75
"""Of the smaller base: two agents of one type could read 76 % of each other's first request (bytes compared, client
2.1.330); what differs are the task and the environment."""
WAITED_S = 5.0
"""Until the first answer of the first agent begins; as long as the client itself holds workflow agents back."""

INFO = PolicyInfo(
    "stagger",
    "Agents that start together, one before the others",
    ("upper",),
    (
        (
            "Subagents of one type and model whose first answers began within ten seconds share 75 % of the smallest "
            "base; all but the first read it from the cache."
        ),
        "The others start five seconds later.",
        "Nothing of ours does this: a held call helps only where the first agent's answer begins within a second.",
    ),
    "never in money by this arithmetic; it costs five seconds for each group",
)


def apply(work: Work, case: Case) -> Applied:
    """Later starts for all agents of a group but its first."""
    later: dict[str, float] = {}
    count = 0
    seconds = 0.0
    for group in _groups(work.actors):
        shared = SHARED * min(actor.base_tokens for actor in group)
        gains = [actor for actor in group[1:] if _read(actor.turns[0]) < shared]
        later.update({actor.agent.id: shared for actor in gains})
        count += len(gains)
        seconds -= WAITED_S if gains else 0.0
    actors = tuple(
        _warmed(actor, later[actor.agent.id]) if actor.agent.id in later and not actor.is_lean else actor
        for actor in work.actors
    )
    return Applied(replace(work, actors=actors), count, seconds)


def _read(turn: Turn) -> float:
    return turn.fresh_hit * turn.fresh_tokens


def _groups(actors: Sequence[Actor]) -> Iterator[list[Actor]]:
    """Agents of one type and model, each within ten seconds of the first of its group."""
    kinds: dict[tuple[str, str], list[Actor]] = {}
    for actor in actors:
        request = actor.turns[0].request
        if actor.is_subagent and not actor.is_lean and actor.agent.agent_type and request.started_s is not None:
            kinds.setdefault((actor.agent.agent_type, canonical(request.model)), []).append(actor)
    for same in kinds.values():
        same.sort(key=lambda actor: (actor.turns[0].request.started_s or 0.0, actor.agent.id))
        group: list[Actor] = []
        for actor in same:
            if group and _start(actor) - _start(group[0]) > TOGETHER_S:
                yield group
                group = []
            group.append(actor)
        yield group


def _start(actor: Actor) -> float:
    return actor.turns[0].request.started_s or 0.0


def _warmed(actor: Actor, shared_tokens: float) -> Actor:
    first = actor.turns[0]
    hit = min(1.0, shared_tokens / first.fresh_tokens) if first.fresh_tokens else 0.0
    return replace(actor, turns=(replace(first, fresh_hit=max(first.fresh_hit, hit)), *actor.turns[1:]))
