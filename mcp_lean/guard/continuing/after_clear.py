"""What a new conversation gets of the one that it cleared: its checkpoint, an offer, or nothing.

In:  the clear, and the prompts after it.
Out: the checkpoint once, where the person was advised to clear shortly before, or wants it always; elsewhere a line
     that says how to go on, once per process.
Not here: the advice (`watcher`), what a checkpoint says (`checkpoint`).

A checkpoint that takes too long for the hook at the clear comes with the first prompt: by then it is half done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from mcp_lean.config import Compact
from mcp_lean.guard.continuing import words
from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS, Checkpoints
from mcp_lean.guard.continuing.seams import NEVER, Seams, Session, Shelf, find
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import Event

FRESH_PROMPTS = 2
"""A clear up to so many prompts after the advice is taken for an answer to it; a later one for a new beginning."""

OFFERED_FROM_TOKENS = 30_000
"""Where a clear that nobody advised leaves at least this behind, the person hears how to go on."""

LATEST_SECONDS = 0.7
"""A hook's answer is given up after 1 s, and others have their part of it."""

LATER_TRIES = ("1", "2")
"""With the first prompts. A process per event begins anew each time, and must not hold up every prompt."""


class Ledger(Shelf, Protocol):
    """What is needed of `ledger.Ledger`."""

    def told(self, session_id: str, agent_id: str, what: str) -> bool: ...
    def told_so_far(self, session_id: str, agent_id: str) -> frozenset[str]: ...


GIVEN = "continued"


class AfterClear:
    """One per guard. `timer`: seconds, from any moment on."""

    def __init__(
        self,
        settings: Compact,
        ledger: Ledger,
        checkpoints: Checkpoints,
        seams: Seams,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._checkpoints = checkpoints
        self._seams = seams
        self._timer = timer
        self._has_offered = False

    def at_clear(self, event: Event) -> Decision:
        """Answers the first event of a conversation that begins with a clear."""
        before = self._seams.cleared(event.session_id, event.transcript_path, event.cwd)
        if before is None:
            return PASS
        return self._continued(event.session_id, before) if self._is_wanted(before) else self._offered(before)

    def at_prompt(self, session: Session) -> Decision:
        """The checkpoint that could not be given at the clear."""
        told = self._ledger.told_so_far(session.id, "")
        before = find(self._ledger, session.previous_id) if session.previous_id and GIVEN not in told else None
        if before is None or not self._is_wanted(before):
            return PASS
        if not any(self._ledger.told(session.id, "", f"{GIVEN}.try{number}") for number in LATER_TRIES):
            return PASS
        return self._continued(session.id, before)

    def prepare(self, event: Event) -> None:
        """Reads ahead where the next event may be the clear that was advised."""
        now = self._seams.now
        if now and now.id == event.session_id and _is_advised(now) and self._settings.after_clear != "never":
            self._checkpoints.of(event.transcript_path, "", BUDGET_TOKENS)

    def _is_wanted(self, before: Session) -> bool:
        wanted = self._settings.after_clear
        return wanted == "always" or (wanted == "advised" and _is_advised(before))

    def _continued(self, session_id: str, before: Session) -> Decision:
        from mcp_lean.packing.tokens import cost

        began = self._timer()
        room = BUDGET_TOKENS - round(cost(words.OPENING + "\n"))
        context = ""
        try:
            checkpoint = self._checkpoints.of(before.transcript, "", room)
        except OSError as error:
            person = words.no_checkpoint(before, error.strerror or str(error))
        else:
            context = f"{words.OPENING}\n{checkpoint.text}" if checkpoint.text else ""
            person = (
                words.continued(before, checkpoint.tokens)
                if context
                else words.no_checkpoint(before, checkpoint.reason)
            )
        if self._timer() - began > LATEST_SECONDS or not self._ledger.told(session_id, "", GIVEN):
            return PASS
        return Decision(context=context, person=person)

    def _offered(self, before: Session) -> Decision:
        if self._has_offered or self._settings.clear == "off" or not self._checkpoints.may_read(before.transcript):
            return PASS
        from mcp_lean.transcripts.ends import read_ends

        try:
            last = read_ends(before.transcript).last
        except OSError:  # nothing was asked there
            return PASS
        if not last or last[-1].usage.context_tokens < OFFERED_FROM_TOKENS:
            return PASS
        self._has_offered = True
        return Decision(person=words.OFFER)


def _is_advised(session: Session) -> bool:
    return NEVER < session.prompts_since_advice <= FRESH_PROMPTS
