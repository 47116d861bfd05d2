"""A lighter base: less in front of the first prompt of the main conversation."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, mapped
from mcp_lean.costs.savings_context import BASE_FLOOR_TOKENS

SHARE = {"strict": 0.2, "upper": 0.4}

INFO = PolicyInfo(
    "lean_base",
    "Fewer servers, plugins and memory files",
    ("strict", "upper"),
    (
        "A fifth (upper: two fifths) of what the main conversation's base holds above 15,000 tokens goes away.",
        "Nobody misses it.",
    ),
    "never by this arithmetic; in practice where what was taken away is missed",
)


def apply(work: Work, case: Case) -> Applied:
    """A smaller base for the main conversation."""
    share = SHARE["upper" if case.bound == "upper" else "strict"]
    changed, count = mapped(work, lambda actor: _lighter(actor, share))
    return Applied(changed, count)


def _lighter(actor: Actor, share: float) -> tuple[Actor, int]:
    removed = share * (actor.base_tokens - BASE_FLOOR_TOKENS)
    if not actor.is_main or removed <= 0:
        return actor, 0
    turns = tuple(_less(turn, removed) for turn in actor.turns)
    return replace(actor, turns=turns, base_tokens=actor.base_tokens - removed), 1


def _less(turn: Turn, removed: float) -> Turn:
    if not turn.is_reset:
        return turn
    pieces = tuple(
        replace(piece, tokens=max(piece.tokens - removed, 0.0)) if piece.kind == "base" and not piece.own else piece
        for piece in turn.pieces
    )
    return replace(turn, pieces=pieces)
