"""Definitions: of a large file only what stands around the lines that were used later."""

from __future__ import annotations

from mcp_lean.costs.replay.facts import windows
from mcp_lean.costs.replay.model import Actor, Piece, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.outlines import OUTLINE_SHARE, OUTLINE_TOKENS, is_whole_read
from mcp_lean.costs.replay.policy import Applied, Case, Shrunk, mapped, shrink_results
from mcp_lean.transcripts.model import ToolCall

AROUND_LINES = {"expected": 40, "upper": 20}
"""Before and behind a used line: about two screens, and about one definition."""
MISSED_CHANCE, MISSED_SHARE = 0.30, 0.25

INFO = PolicyInfo(
    "definitions",
    "Definitions in place of whole files",
    ("expected", "upper"),
    (
        (
            "Of whole-file Reads of more than 150 lines come in an outline and the lines around those whose words the "
            "agent wrote later."
        ),
        (
            "Expected: 40 lines on each side; in 30 % of the cases a quarter of the file follows in a turn of its own; "
            "a file of which nothing was used gives its outline."
        ),
        "Upper: 20 lines on each side, and nothing follows: the definitions were known beforehand.",
        "Our definitions are in every agent.",
    ),
    "most of the file is used: outline and definitions then are more than the file",
)


def apply(work: Work, case: Case) -> Applied:
    """Definitions in every agent that was read with its texts."""
    changed, count = mapped(work, lambda actor: _cut(actor, case))
    return Applied(changed, count, needs_tools=True)


def _cut(actor: Actor, case: Case) -> tuple[Actor, int]:
    around = AROUND_LINES["upper" if case.bound == "upper" else "expected"]

    def decide(call: ToolCall, piece: Piece, index: int) -> Shrunk | None:
        if not (actor.facts.has_texts and is_whole_read(call)) or call.result is None:
            return None
        lines = call.result.lines
        share = windows(actor.facts.of(call.id).used_lines, around, lines) / lines
        tokens = (OUTLINE_SHARE + share) * piece.tokens + OUTLINE_TOKENS
        if case.bound == "upper":
            return Shrunk(min(tokens, piece.tokens))
        return Shrunk(tokens, MISSED_CHANCE, MISSED_SHARE * piece.tokens)

    return shrink_results(actor, decide)
