"""Waiting for a bill: the transcript has it a moment after the event that tells of the request's end.

In:  the end of a batch of calls, close to a limit.
Out: whether the bill of the request that asked for them is written.
Not here: whether a limit is close (`budget`), reading (`ledger`).

Up to 0.2 s were seen on Claude Code 2.1.330. Far from a limit an estimate does meanwhile; close to one it could let a
second request leave after the one that has passed the limit. Commands and servers have a second for an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LOOKS, PAUSE_SECONDS = 12, 0.02

MOST_SECONDS = 0.4
"""A look takes some 0.1 s while a long transcript is still being read; a wait cut short says nothing about bills."""

MOST_IN_VAIN = 3
"""In a row, for one session; then its bills are not waited for any more: they are somewhere else, or come late."""


class Settling:
    """Counts, by session, how often a wait was in vain."""

    def __init__(self) -> None:
        self._in_vain: dict[str, int] = {}

    def wait(self, session_id: str, is_written: Callable[[], bool]) -> bool:
        """Whether the bill is written, after a short wait if need be.

        Args:
            is_written: looks.
        """
        if self._in_vain.get(session_id, 0) >= MOST_IN_VAIN:
            return False
        end = time.monotonic() + MOST_SECONDS
        for number in range(LOOKS):
            if is_written():
                self._in_vain.pop(session_id, None)
                return True
            if time.monotonic() > end:
                return False
            if number < LOOKS - 1:
                time.sleep(PAUSE_SECONDS)
        self._in_vain[session_id] = self._in_vain.get(session_id, 0) + 1
        return False
