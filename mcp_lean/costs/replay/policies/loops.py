"""Loops stopped: the same call with the same result, again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcp_lean.costs.replay.model import Actor, Piece, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, is_waiting, mapped
from mcp_lean.transcripts.model import Request

SAME_BEFORE_STOP = {"strict": 5, "upper": 3}
STOP_TOKENS = 150
"""What the agent is told."""

INFO = PolicyInfo(
    "loops",
    "Loops stopped",
    ("strict", "upper"),
    (
        (
            "Turns of one call that repeat it and its result (digits apart) with no other change of anything between: "
            "after the fifth (upper: third) they are stopped by a text of 150 tokens, and the agent goes on with "
            "what it did next. Waiting for something is no loop."
        ),
        "A simpler rule than the guard's, which also sees cycles and failing edits.",
        "Our hooks put a line into the conversation every 20 turns.",
    ),
    "there is no loop: our lines then cost a little",
)


def apply(work: Work, case: Case) -> Applied:
    """Every agent with its loops cut."""
    allowed = SAME_BEFORE_STOP["upper" if case.bound == "upper" else "strict"]
    changed, count = mapped(work, lambda actor: _stopped(actor, allowed))
    return Applied(changed, count, needs_hooks=True)


@dataclass(slots=True)
class Watch:
    """What was called last; knows only the past."""

    mark: tuple[str, str, str] = ("", "", "")
    same: int = 0

    def see(self, request: Request) -> int:
        """How often this request's call and result have now come in a row; 0 where it can be no loop."""
        if len(request.calls) != 1 or request.is_after_prompt or is_waiting(request.calls[0]):
            self.mark, self.same = ("", "", ""), 0
            return 0
        call = request.calls[0]
        mark = (call.name, call.input_digest, call.result.masked_digest if call.result else "")
        self.same = self.same + 1 if mark == self.mark and call.result is not None else 1
        self.mark = mark
        return self.same


def _stopped(actor: Actor, allowed: int) -> tuple[Actor, int]:
    watch = Watch()
    gone: set[int] = set()
    told: set[int] = set()
    for request_index, request in enumerate(actor.agent.requests):
        same = watch.see(request)
        if same > allowed:
            gone.add(request_index)
        if same == allowed + 1:
            told.add(request_index)
    if not gone:
        return actor, 0
    turns = tuple(_cut(turn, turn.index in gone, turn.index in told, turn.index - 1 in gone) for turn in actor.turns)
    return replace(actor, turns=turns), len(gone)


def _cut(turn: Turn, is_gone: bool, is_told: bool, is_behind: bool) -> Turn:
    """A repeated turn does not happen, and what it brought in never comes."""
    pieces = tuple(
        piece for piece in turn.pieces if not (is_behind and piece.kind in ("result", "arguments", "answer"))
    )
    if is_told:
        pieces = (*pieces, Piece("reminder", STOP_TOKENS, own=True))
    if is_gone and not turn.is_added:
        return replace(turn, pieces=pieces, times=0.0, output_tokens=0.0)
    return replace(turn, pieces=pieces)
