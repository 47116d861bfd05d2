"""Lean agents: subagents that start with little."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.read_only import changes_nothing
from mcp_lean.costs.replay.model import Actor, Piece, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, mapped

STRICT_BASE_TOKENS = 3_000
BASE_TOKENS = 2_500
WRITING_TOKENS = 2_500
"""Tools to change files with."""
GENERAL_TYPES = frozenset({"general-purpose", "Explore"})
"""Types of the client that stand for no choice, as in `guard/routing`."""

INFO = PolicyInfo(
    "lean_agents",
    "Subagents with a small base prompt",
    ("strict", "expected"),
    (
        (
            "Strict: subagents of a general type (Explore, general-purpose) that change nothing start "
            "with 3,000 tokens in place of their own base, written cold: no other agent has left it in the cache."
        ),
        "Expected: every subagent, with 2,500 tokens, and 2,500 more where it changes files.",
        (
            "Definitions of our tools are in these tokens; the main conversation carries our agents' names, 200 "
            "tokens. Which agents change nothing is seen from the whole run."
        ),
    ),
    "the agents' own base is small, or was read from the cache",
)


def apply(work: Work, case: Case) -> Applied:
    """A small base for subagents."""
    changed, count = mapped(work, lambda actor: _lean(actor, case))
    return Applied(changed, count, needs_agents=True)


def _lean(actor: Actor, case: Case) -> tuple[Actor, int]:
    reads_only = only_reads(actor)
    if not actor.is_subagent or actor.is_lean:
        return actor, 0
    if case.bound == "strict" and not (reads_only and actor.agent.agent_type in GENERAL_TYPES):
        return actor, 0
    base = STRICT_BASE_TOKENS if case.bound == "strict" else BASE_TOKENS + (0 if reads_only else WRITING_TOKENS)
    return replace(with_base(actor, base), is_lean=True), 1


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
