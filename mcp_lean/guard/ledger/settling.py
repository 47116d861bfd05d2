"""Waiting for the transcript: it has a request a moment after the event that tells of its end.

In:  an event that cannot be answered well before: a batch of calls whose bill may have passed a limit, the end of a
     turn whose agents are judged.
Out: whether what it waits for is written.
Not here: what that is (`hooks`, watchers), reading (`ledger`).

Up to 0.09 s were seen on Claude Code 2.1.330 after the end of a batch of short calls, and nothing in half of all cases.
Where no one bill can pass a limit, an estimate does meanwhile. Commands and servers have a second for an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LOOKS, PAUSE_SECONDS = 12, 0.02

MOST_SECONDS = 0.4
"""A look takes some 0.1 s while a long transcript is still being read; a wait cut short says nothing about bills."""

MOST_IN_VAIN = 3
"""In a row, for one agent or for one session; then their bills are not waited for any more: they are somewhere else, or
come late. Both are counted: many agents without bills take turns, and one among others that have theirs makes no row in
its session."""


class Settling:
    """Counts, by session and by agent, how often a wait was in vain."""

    def __init__(self) -> None:
        self._in_vain: dict[tuple[str, ...], int] = {}

    def wait(self, session_id: str, agent_id: str, is_written: Callable[[], bool]) -> bool:
        """Whether the bill is written, after a short wait if need be.

        Args:
            is_written: looks.
        """
        counted = (session_id,), (session_id, agent_id)
        if any(self._in_vain.get(each, 0) >= MOST_IN_VAIN for each in counted):
            return False
        end = time.monotonic() + MOST_SECONDS
        for number in range(LOOKS):
            if is_written():
                for each in counted:
                    self._in_vain.pop(each, None)
                return True
            if time.monotonic() > end:
                return False
            if number < LOOKS - 1:
                time.sleep(PAUSE_SECONDS)
        for each in counted:
            self._in_vain[each] = self._in_vain.get(each, 0) + 1
        return False
