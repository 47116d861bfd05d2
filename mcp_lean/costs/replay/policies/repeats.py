"""Repeated reads: lines that the context already holds come in as a note."""

from __future__ import annotations

from math import inf

from mcp_lean.costs.replay.model import Actor, Piece, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, Shrunk, mapped, shrink_results
from mcp_lean.transcripts.model import ToolCall

LEAST_SHARE = 0.3
STUB_TOKENS = 40

INFO = PolicyInfo(
    "repeats",
    "No line twice",
    ("strict",),
    (
        (
            "Of a Read of which 30 % or more of the lines stand in the same context already (same number, same text), "
            "that part becomes a note of 40 tokens. In a bundle: only lines that stand there whole, in no outline, in "
            "no scout's context, and behind the last fresh start."
        ),
        "Texts that a compaction has removed count as new.",
        "Our definitions are in every agent.",
    ),
    "few files are read twice: our definitions then cost more; or the repeated part is smaller than the note",
)


def apply(work: Work, case: Case) -> Applied:
    """Notes in every agent."""
    changed, count = mapped(work, _noted)
    return Applied(changed, count, needs_tools=True)


def _noted(actor: Actor) -> tuple[Actor, int]:
    shares = _held_shares(actor)

    def decide(call: ToolCall, piece: Piece, index: int) -> Shrunk | None:
        share = shares.get(call.id, 0.0)
        if share < LEAST_SHARE or piece.is_cut:
            return None
        return Shrunk((1 - share) * piece.tokens + STUB_TOKENS, is_held=True)

    return shrink_results(actor, decide)


def _held_shares(actor: Actor) -> dict[str, float]:
    """By call: part of its lines that stand in the context as the policies before this one have left it."""
    held: set[str] = set()
    found: dict[str, float] = {}
    for turn in actor.turns:
        if turn.is_reset or turn.keeps_tokens < inf:
            held.clear()
        for piece in turn.pieces:
            if piece.kind != "result" or not piece.call_id:
                continue
            found[piece.call_id] = sum(
                share for source, share in actor.facts.of(piece.call_id).repeats if source in held
            )
            if not piece.is_cut:
                held.add(piece.call_id)
    return found
