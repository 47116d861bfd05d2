"""A lower effort: less thinking and prose. Arithmetic only."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.origins import output_pieces
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, mapped

LESS = 0.30

INFO = PolicyInfo(
    "effort",
    "A lower effort",
    ("expected",),
    (
        "30 % less thinking and prose in every agent; the calls, and their number, stay as they are.",
        "Arithmetic only: whether the work succeeds with less thought has to be measured.",
    ),
    "never by this arithmetic; in practice where less thought needs more turns",
    is_arithmetic=True,
)


def apply(work: Work, case: Case) -> Applied:
    """Shorter answers in every agent."""
    changed, count = mapped(work, _shorter)
    return Applied(changed, count)


def _shorter(actor: Actor) -> tuple[Actor, int]:
    return replace(actor, turns=tuple(map(_less, actor.turns))), len(actor.turns)


def _less(turn: Turn) -> Turn:
    pieces = tuple(piece.times(1 - LESS) if piece.kind == "answer" else piece for piece in turn.pieces)
    if turn.is_added:
        return replace(turn, pieces=pieces)
    sizes = output_pieces(turn.request)
    total = sum(piece.tokens for piece in sizes)
    prose = sum(piece.tokens for piece in sizes if piece.origin.kind == "answer")
    share = LESS * prose / total if total else 0.0
    return replace(turn, pieces=pieces, output_tokens=turn.output_tokens * (1 - share))
