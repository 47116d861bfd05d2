"""Hook calls that come in before the SDK is loaded: the first prompt of a session waits for one.

In:  the arguments of a call of the hidden tool.
Out: the hook's output, in time; the guard, for the server that takes over.
Not here: the protocol (`front`), the same door with the SDK (`hook_tool`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mcp_lean.server.hook_socket import DEADLINE_SECONDS

if TYPE_CHECKING:
    from mcp_lean.guard.start import Started


class EarlyHooks:
    """For one thread, and for `started` another one after it. An answer that fails or is late is nothing to say."""

    def __init__(self, make: Callable[[], Started], deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._make = make
        self._deadline_seconds = deadline_seconds
        self._started: Started | None = None
        self._worker: threading.Thread | None = None

    def answer(self, arguments: Mapping[str, object]) -> str:
        """The hook's output. While a late answer is still at work, nothing more is asked."""
        said: list[str] = []
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._work, args=(arguments, said), daemon=True)
            self._worker.start()
            self._worker.join(self._deadline_seconds)
        nothing = "" if "PreCompact" in (arguments.get("event"), arguments.get("hook_event_name")) else "{}"
        return said[0] if said else nothing

    def started(self) -> Started:
        """The guard, made now if no hook has asked for it; waits for a late answer."""
        if self._worker is not None:
            self._worker.join()
        if self._started is None:
            self._started = self._make()
        return self._started

    def _work(self, arguments: Mapping[str, object], said: list[str]) -> None:
        try:
            if self._started is None:
                self._started = self._make()
            said.append(self._started.guard.answer(arguments))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not hold up the agent
            if sys.stderr is not None:
                name = type(error).__name__
                print(f"mcp-lean: the guard failed ({name}: {error}); work goes on without it", file=sys.stderr)


def guard_of(project: str, say: Callable[[str], None] | None = None) -> Callable[[], Started]:
    """Gives the guard of a project: made for the first that asks, in whatever thread, and then always the same."""
    lock = threading.Lock()
    made: list[Started] = []

    def give() -> Started:
        with lock:
            if not made:
                from mcp_lean.guard.start import start

                made.append(start(project, os.environ, say=say))
            return made[0]

    return give
