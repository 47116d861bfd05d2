"""Lean agents: subagents that start with little."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.read_only import changes_nothing, only_looks
from mcp_lean.costs.replay.model import Actor, Piece, Sent, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case

STRICT_BASE_TOKENS = 3_000
BASE_TOKENS = 2_500
WRITING_TOKENS = 2_500
"""Tools to change files with."""

MOST_TURNS = {"scout": 12, "runner": 8, "reviewer": 20}
"""After which the client stops our agents (`claude_code/agents`)."""

INFO = PolicyInfo(
    "lean_agents",
    "Subagents with a small base prompt",
    ("strict", "expected"),
    (
        (
            "Strict: subagents that our router would send to an agent of ours, decided from the call that started "
            "them, begin with 3,000 tokens in place of their own base, written cold: no other agent has left it in the "
            "cache. One that then did what ours cannot, or took more turns than ours may, is paid again, in full, as "
            "recorded."
        ),
        "Expected: every subagent, with 2,500 tokens, and 2,500 more where it changes files (seen from the whole run).",
        "Definitions of our tools are in these tokens; the main conversation carries our agents' names, 200 tokens.",
    ),
    "the agents' own base is small, or was read from the cache; or the router took the work for something else",
)


def apply(work: Work, case: Case) -> Applied:
    """A small base for subagents."""
    actors: list[Actor] = []
    count = 0
    for actor in work.actors:
        base = _base_tokens(actor, work, case)
        if base is None:
            actors.append(actor)
            continue
        count += 1
        actors.append(replace(with_base(actor, base), is_lean=True))
        if case.bound == "strict" and not can_do(actor, work):
            actors.append(replace(actor, is_repeat=True))
    return Applied(replace(work, actors=tuple(actors)), count, needs_agents=True)


def _base_tokens(actor: Actor, work: Work, case: Case) -> float | None:
    if not actor.is_subagent or actor.is_scout or actor.is_lean:
        return None
    if case.bound == "strict":
        return STRICT_BASE_TOKENS if work.sent.get(actor.agent.id, Sent()).agent else None
    return BASE_TOKENS + (0 if only_reads(actor) else WRITING_TOKENS)


def can_do(actor: Actor, work: Work) -> bool:
    """Whether the agent that the router would have chosen has the tools and the turns for what was done."""
    agent = work.sent.get(actor.agent.id, Sent()).agent
    requests = actor.agent.requests
    if len(requests) > MOST_TURNS.get(agent, len(requests)):
        return False
    has_shell = agent != "scout"
    calls = [call for request in requests for call in request.calls]
    return not agent or all(only_looks(call) or (has_shell and call.name == "Bash") for call in calls)


def with_base(actor: Actor, tokens: float) -> Actor:
    """The agent with that base, written to the cache wherever it enters."""
    turns = tuple(_rebased(turn, tokens) for turn in actor.turns)
    return replace(actor, turns=turns, base_tokens=tokens)


def _rebased(turn: Turn, tokens: float) -> Turn:
    if not turn.is_reset:
        return turn
    others = tuple(piece for piece in turn.pieces if piece.kind != "base")
    return replace(turn, pieces=(Piece("base", tokens), *others), fresh_hit=0.0)


def only_reads(actor: Actor) -> bool:
    """Every call of the agent only looks, or keeps lists; and it made at least one."""
    calls = [call for request in actor.agent.requests for call in request.calls]
    return bool(calls) and all(map(changes_nothing, calls))
