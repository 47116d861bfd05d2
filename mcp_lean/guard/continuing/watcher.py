"""Clear and continue: says once when a fresh start is cheaper than going on, and puts a checkpoint into it.

In:  prompts and clears of the main conversation; its transcript; the clock.
Out: a line for the person with both prices; with `clear = "ask"` the prompt is held back once, before it is paid for.
Not here: whether it pays (`weighing`, `costs/clearing`), what comes after a clear (`after_clear`), compactions
     (`compaction`), the words (`words`).

Recorded on Claude Code 2.1.330: a prompt that a hook holds back is neither sent nor kept in the history, and stands in
the input field again, so that Return sends it; Ctrl+S puts it aside and gives it back after /clear. A `systemMessage`
is in no request. At a `SessionStart` by /clear the server can be asked, and what it adds stands before the first
answer. Whether the cache has expired is not said with a prompt, so it is told from the times in the transcript.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mcp_lean.config import Compact
from mcp_lean.guard.continuing import words
from mcp_lean.guard.continuing.after_clear import AfterClear
from mcp_lean.guard.continuing.checkpoints import Checkpoints
from mcp_lean.guard.continuing.seams import Seams, Session, Shelf
from mcp_lean.guard.decision import PASS, Decision, joined
from mcp_lean.guard.event import NOTIFICATION, Event
from mcp_lean.guard.parts import Watcher

if TYPE_CHECKING:
    from mcp_lean.costs.clearing import Situation
    from mcp_lean.costs.prices import PriceTable

GROWTH = 2
"""The advice is given again when the context is so many times larger than it was."""


class Ledger(Shelf, Protocol):
    """What is needed of `ledger.Ledger`."""

    @property
    def note(self) -> str: ...
    def told(self, session_id: str, agent_id: str, what: str) -> bool: ...
    def told_so_far(self, session_id: str, agent_id: str) -> frozenset[str]: ...
    def running_subagents(self, session_id: str) -> tuple[str, ...]: ...


class Continuing(Watcher):
    """A watcher.

    Args:
        client: the process of Claude Code that is served.
        can_hold: somebody sits at a terminal, who can send a prompt again.
        prices: by default the list, with the organization's contract laid over it.
        now_s: seconds since 1970.
        timer: seconds, from any moment on.
    """

    name = "clear and continue"

    def __init__(
        self,
        settings: Compact,
        ledger: Ledger,
        checkpoints: Checkpoints,
        *,
        client: str,
        can_hold: bool,
        prices: PriceTable | None = None,
        now_s: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._checkpoints = checkpoints
        self._seams = Seams(ledger, client)
        self._can_hold = can_hold
        self._prices = prices
        self._now_s = now_s
        self._after_clear = AfterClear(settings, ledger, checkpoints, self._seams, timer)

    def see(self, event: Event) -> Decision:
        """Answers prompts and clears of the main conversation."""
        if event.agent_id:
            return PASS
        if event.name == "UserPromptSubmit" and NOTIFICATION not in event.prompt:
            session = self._seams.prompt(event.session_id, event.transcript_path, event.cwd)
            return joined([self._after_clear.at_prompt(session), self._advice(event, session)])
        if event.name == "SessionStart" and event.source == "clear":
            return self._after_clear.at_clear(event)
        if event.name == "Stop":
            self._after_clear.prepare(event)
        return PASS

    def _advice(self, event: Event, session: Session) -> Decision:
        if self._settings.clear == "off" or not self._checkpoints.may_read(event.transcript_path):
            return PASS
        from mcp_lean.costs import clearing
        from mcp_lean.guard.continuing.weighing import situation_of
        from mcp_lean.transcripts.ends import read_ends

        try:
            ends = read_ends(event.transcript_path)
        except OSError:  # the first prompt of a session; of a file that may not be read the ledger tells
            return PASS
        situation = situation_of(
            ends,
            self._now_s(),
            self._table(),
            is_new_task=clearing.is_new_task(event.prompt) and not self._ledger.running_subagents(event.session_id),
            is_said_to_be_cold=event.prompt_cache_likely_expired,
        )
        if situation is None:
            return PASS
        verdict = clearing.decide(situation)
        if not verdict.pays or not self._is_due(event.session_id, situation):
            return PASS
        goes_on = self._settings.after_clear != "never"
        is_kept = self._seams.advised(session)
        line = words.advice(situation, verdict, goes_on=goes_on)
        # A prompt that is held back has to go through the second time, whichever process sees that.
        if self._settings.clear == "ask" and self._can_hold and is_kept and not self._ledger.note:
            return Decision(hold=f"{line} {words.HELD}")
        return Decision(person=line)

    def _table(self) -> PriceTable:
        if self._prices is None:
            from mcp_lean.costs.contract import price_table

            self._prices = price_table()
        return self._prices

    def _is_due(self, session_id: str, situation: Situation) -> bool:
        """Whether the person has not heard this yet; from now on it is heard."""
        kind = f"clear.{'cold' if situation.is_cold else 'task'}."
        told = [
            int(what.removeprefix(kind)) for what in self._ledger.told_so_far(session_id, "") if what.startswith(kind)
        ]
        if told and situation.context_tokens < GROWTH * max(told):
            return False
        return self._ledger.told(session_id, "", f"{kind}{situation.context_tokens}")
