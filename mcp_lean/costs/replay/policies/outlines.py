"""Outlines: the structure of a large file in place of the file, and the part that is needed afterwards."""

from __future__ import annotations

from mcp_lean.costs.replay.facts import LONG_READ_LINES
from mcp_lean.costs.replay.model import Actor, Piece, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, Shrunk, mapped, shrink_results
from mcp_lean.transcripts.model import ToolCall

OUTLINE_SHARE, OUTLINE_TOKENS = 0.12, 60
SMALLEST_TOKENS = 4_000
"""Strict: smaller files are read as they are."""
CHANCE = {"strict": 0.15, "upper": 0.30}
PART = {"strict": 0.5, "upper": 0.4}

INFO = PolicyInfo(
    "outlines",
    "Outlines of large files in place of the files",
    ("strict", "upper"),
    (
        "Whole-file Reads of more than 150 lines come in as an outline: 12 % of the tokens and 60 more.",
        (
            "Strict: files above 4,000 tokens; half of the file follows in a turn of its own, certainly where the "
            "agent later edits it or writes a word that it brought in, in 15 % of the cases elsewhere."
        ),
        "Upper: files of any size; 40 % of the file follows, certainly where it is edited, else in 30 % of the cases.",
        "Our definitions are in every agent.",
    ),
    "the files that were read whole are the ones that are edited afterwards",
)


def apply(work: Work, case: Case) -> Applied:
    """Outlines in every agent."""
    changed, count = mapped(work, lambda actor: _outlined(actor, case))
    return Applied(changed, count, needs_tools=True)


def _outlined(actor: Actor, case: Case) -> tuple[Actor, int]:
    is_strict = case.bound != "upper"
    bound = "strict" if is_strict else "upper"

    def decide(call: ToolCall, piece: Piece, index: int) -> Shrunk | None:
        if not is_whole_read(call) or (is_strict and piece.tokens <= SMALLEST_TOKENS):
            return None
        facts = actor.facts.of(call.id)
        is_needed = facts.edited_at >= index or (is_strict and facts.last_use >= index)
        return Shrunk(
            OUTLINE_SHARE * piece.tokens + OUTLINE_TOKENS,
            1.0 if is_needed else CHANCE[bound],
            PART[bound] * piece.tokens,
        )

    return shrink_results(actor, decide)


def is_whole_read(call: ToolCall) -> bool:
    """A Read of a whole text file of more than 150 lines."""
    result = call.result
    return (
        call.name == "Read"
        and not call.is_partial_read
        and result is not None
        and not (result.is_error or result.is_persisted or result.images)
        and result.lines > LONG_READ_LINES
    )
