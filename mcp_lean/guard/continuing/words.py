"""What a person reads about clearing, and how a checkpoint is introduced to the model.

In:  a situation and its verdict; a session.
Out: one line each.
Not here: when they are said (`watcher`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.costs.clearing import Situation, Verdict
    from mcp_lean.guard.continuing.seams import Session

OPENING = (
    "this conversation goes on from one that its person has cleared; nothing of that is here but this checkpoint of it."
)
"""For the model."""

HELD = "The prompt was held back once: Return sends it as it is; Ctrl+S, /clear, Return sends it after the clear."

GOES_ON = "/clear goes on from a checkpoint (a second /clear starts empty); nothing is lost, /resume has it all."
STARTS_EMPTY = "/clear starts empty; /resume has this conversation."

OFFER = (
    "mcp-lean: this conversation starts empty. To go on from a checkpoint of the one before: /lean:continue, "
    "or !mcp-lean compact --previous"
)


def advice(situation: Situation, verdict: Verdict, *, goes_on: bool) -> str:
    """Both prices, and how."""
    size = f"{round(situation.context_tokens, -3) // 1_000}k tokens"
    on, fresh = _usd(verdict.prompt_going_on_picousd), _usd(verdict.prompt_clearing_picousd)
    all_on, all_fresh = _usd(verdict.going_on_picousd), _usd(verdict.clearing_picousd)
    if situation.is_cold:
        why = f"the cache has expired, so this prompt pays for all {size} anew: {on}, after a /clear {fresh}"
    else:
        why = f"this looks like a new task, and each request reads {size} of the old one: {on}, after a /clear {fresh}"
    more = f"Over the next {_requests(situation.expected_requests)}: {all_on} or {all_fresh}"
    return f"mcp-lean: {why}. {more}. {GOES_ON if goes_on else STARTS_EMPTY}"


def continued(before: Session, tokens: int) -> str:
    """After a clear that went on."""
    return (
        f"mcp-lean: goes on from a checkpoint ({tokens:,} tokens) of session {before.id}, which is untouched: "
        f"/resume, or {before.transcript}. For an empty start, /clear once more."
    )


def no_checkpoint(before: Session, reason: str) -> str:
    """After a clear that was to go on, and could not."""
    return f"mcp-lean: starts empty, for session {before.id} has no checkpoint ({reason}); /resume has it all."


def _usd(picousd: int) -> str:
    from mcp_lean.costs.money import to_usd

    return f"${to_usd(picousd):.2f}"


def _requests(number: int) -> str:
    """Half as many as so far are expected."""
    return "request" if number == 1 else f"{number} requests, half as many as so far"
