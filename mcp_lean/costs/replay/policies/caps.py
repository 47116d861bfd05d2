"""Caps: no result above a fixed size; the rest is asked for where it is needed."""

from __future__ import annotations

from mcp_lean.costs.replay.model import Piece, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, Shrunk, mapped, shrink_results
from mcp_lean.transcripts.model import ToolCall

CAP_TOKENS = {"Read": 4_000, "Bash": 2_000, "Grep": 2_000}
CHANCE = {"Read": 0.30, "Bash": 0.20, "Grep": 0.20}
REST_SHARE = 0.5

INFO = PolicyInfo(
    "caps",
    "No result above a fixed size",
    ("expected",),
    (
        "Reads stop at 4,000 tokens, results of Bash and Grep at 2,000.",
        "Half of the rest follows in a turn of its own, in 30 % of the cases for Reads, in 20 % elsewhere.",
        "Our definitions are in every agent.",
    ),
    "what is cut off is little, and asking for it reads a large context again",
)


def apply(work: Work, case: Case) -> Applied:
    """Caps in every agent."""
    changed, count = mapped(work, lambda actor: shrink_results(actor, _capped))
    return Applied(changed, count, needs_tools=True)


def _capped(call: ToolCall, piece: Piece, index: int) -> Shrunk | None:
    cap = CAP_TOKENS.get(call.name)
    if cap is None or piece.tokens <= cap or call.result is None or call.result.images:
        return None
    return Shrunk(cap, CHANCE[call.name], REST_SHARE * (piece.tokens - cap))
