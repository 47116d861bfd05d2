"""Repeated reads: lines that the context already holds come in as a note."""

from __future__ import annotations

from math import inf

from mcp_lean.costs.replay.model import Actor, Piece, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, Shrunk, mapped, shrink_results
from mcp_lean.costs.replay.simulate import walk
from mcp_lean.transcripts.model import ToolCall

NOTE_TOKENS = 40
LEAST_SHARE = 0.3
LEAST_CHARS, RECENT_TOKENS = 1_000, 40_000
"""Of the server's own rule (`guard/unchanged`): shorter texts, and those further back, come in full."""
ASKED_AGAIN = 1 / 3
"""More than this, and the rule loses (`guard/unchanged`)."""

INFO = PolicyInfo(
    "repeats",
    "No line twice",
    ("strict", "upper"),
    (
        (
            "Strict: the server's own rule. A Read that asks for the same again and gets the same text, at most 40,000 "
            "tokens behind the first one, becomes a note of 40 tokens where it has 1,000 characters and more; every "
            "third one is asked for again."
        ),
        (
            "Upper: of every Read of which 30 % or more of the lines (same number, same text) stand in the same "
            "context, however far back, that part becomes the note, and nobody asks again."
        ),
        (
            "In a bundle: only lines that stand there whole, in no outline, in no scout's context, and behind the last "
            "fresh start. Texts that a compaction has removed count as new."
        ),
        "Our definitions are in every agent.",
    ),
    "few files are read twice: our definitions then cost more; or the agent asks for the text again",
)


def apply(work: Work, case: Case) -> Applied:
    """Notes in every agent."""
    changed, count = mapped(work, lambda actor: _noted(actor, is_upper=case.bound == "upper"))
    return Applied(changed, count, needs_tools=True)


def _noted(actor: Actor, *, is_upper: bool) -> tuple[Actor, int]:
    shares = _held_shares(actor, is_upper=is_upper)

    def decide(call: ToolCall, piece: Piece, index: int) -> Shrunk | None:
        share = shares.get(call.id, 0.0)
        if piece.is_cut or call.result is None:
            return None
        if is_upper:
            return Shrunk((1 - share) * piece.tokens + NOTE_TOKENS, is_held=True) if share >= LEAST_SHARE else None
        if round(share, 6) < 1 or call.result.result_chars < LEAST_CHARS:
            return None
        return Shrunk(NOTE_TOKENS, ASKED_AGAIN, piece.tokens, is_held=True)

    return shrink_results(actor, decide)


def _held_shares(actor: Actor, *, is_upper: bool) -> dict[str, float]:
    """By call: part of its lines that stand in the context as the policies before this one have left it.

    How far back counts from the request that made the one call to the request that made the other.
    """
    asked = {call.id: call.input_digest for request in actor.agent.requests for call in request.calls}
    held: dict[str, float] = {}
    found: dict[str, float] = {}
    calling_tokens = 0.0
    for step in walk(actor):
        if step.turn.is_reset or step.turn.keeps_tokens < inf:
            held.clear()
        for piece in step.turn.pieces:
            if piece.kind != "result" or not piece.call_id:
                continue
            sources = held
            if not is_upper:
                least = calling_tokens - RECENT_TOKENS
                same = asked.get(piece.call_id)
                sources = {call: at for call, at in held.items() if at >= least and asked.get(call) == same}
            repeats = actor.facts.of(piece.call_id).repeats
            found[piece.call_id] = sum(share for source, share in repeats if source in sources)
            if not piece.is_cut:
                held[piece.call_id] = calling_tokens
        calling_tokens = step.context_tokens
    return found
