"""The hidden tool that `mcp_tool` hooks of Claude Code call: the guard's door in the server.

In:  the arguments of a call, as they came; the `_meta` of tool calls.
Out: the hook's output, in time; what the guard knows about a call. What is late or fails is as if it were not there.
Not here: what is decided (`guard/hooks`), the protocol (`app`).

The guard is made at the first call. While it is busy past its deadline, nobody waits for it again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from mcp_types import Tool as ToolDefinition

from mcp_lean.guard.unchanged.deliveries import Deliveries, Delivery
from mcp_lean.server.hook_socket import DEADLINE_SECONDS

if TYPE_CHECKING:
    from mcp_lean.config import Budget
    from mcp_lean.guard.identity import Caller
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.guard.loops.detector import Loops
    from mcp_lean.guard.start import Started

log = logging.getLogger(__name__)
T = TypeVar("T")

NAME = "hook"
DEFINITION = ToolDefinition(
    name=NAME,
    description="for hooks",
    input_schema={"type": "object"},
    _meta={"ui": {"visibility": ["app"]}},
)
"""Claude Code 2.1.330 neither shows such a tool to a model nor lets one call it (tests/e2e/test_guard.py)."""

TOOL_USE_ID = "claudecode/toolUseId"

AT_ONCE = 16
"""Threads that ask the guard. They do so one after the other, but for waits that hold up nobody else."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the guard knows about a tool call. `caller` is None where no hook has told of it; then so is `delivery`."""

    caller: Caller | None = None
    ledger: Ledger | None = None
    limits: Budget | None = None
    loops: Loops | None = None
    delivery: Delivery | None = None


NOTHING_KNOWN = Known()


@dataclass(slots=True)
class _Work:
    is_running: bool = False


class HookDoor:
    """One per server. Its coroutines are for the event loop of one thread.

    Args:
        make: makes the guard; called in a worker thread, once, unless it fails.
    """

    def __init__(self, make: Callable[[], Started], deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._make = make
        self._started: Started | None = None
        self._making = threading.Lock()
        self._deadline_seconds = deadline_seconds
        self._limit: anyio.CapacityLimiter | None = None
        self._late: list[_Work] = []
        self._said: set[str] = set()
        self._deliveries = Deliveries(self._say_once)

    async def answer(self, arguments: Mapping[str, object]) -> str:
        """The hook's output; nothing to say if the guard fails or is late."""
        from mcp_lean.guard.decision import PASS, render

        name = arguments.get("event") or arguments.get("hook_event_name")
        nothing = render(PASS, name if isinstance(name, str) else "")
        return await self._in_time(lambda: self._opened().guard.answer(arguments), nothing)

    async def known(self, meta: object) -> Known:
        """What is known about the call that this `_meta` came with; nothing for clients other than Claude Code."""
        tool_use_id = meta.get(TOOL_USE_ID) if isinstance(meta, Mapping) else None
        if not isinstance(tool_use_id, str) or not tool_use_id:
            return NOTHING_KNOWN
        return await self._in_time(lambda: self._look_up(tool_use_id), NOTHING_KNOWN)

    def _look_up(self, tool_use_id: str) -> Known:
        started = self._opened()
        caller, settings = started.guard.identify(tool_use_id), started.config.guard
        may_answer_unchanged = caller is not None and settings.enabled and settings.unchanged
        delivery = self._deliveries.to(caller, tool_use_id) if caller and may_answer_unchanged else None
        limits = started.guard.settings(caller.session_id).budget if caller else started.config.budget
        return Known(caller, started.ledger, limits, started.loops, delivery)

    def _opened(self) -> Started:
        with self._making:
            if self._started is None:
                self._started = self._make()
            return self._started

    async def _in_time(self, ask: Callable[[], T], otherwise: T) -> T:
        self._late = [work for work in self._late if work.is_running]
        if self._late:
            return otherwise
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(AT_ONCE)  # needs a running event loop
        work = _Work()
        with anyio.move_on_after(self._deadline_seconds):
            return await anyio.to_thread.run_sync(
                partial(self._asked, work, ask, otherwise), abandon_on_cancel=True, limiter=self._limit
            )
        if work.is_running:
            self._late.append(work)
        self._say_once(f"the guard took more than {self._deadline_seconds:g} s for an event; work goes on without it")
        return otherwise

    def _asked(self, work: _Work, ask: Callable[[], T], otherwise: T) -> T:
        work.is_running = True
        try:
            return ask()
        except BaseException as error:  # noqa: BLE001 - whatever it is; a SystemExit would end the server
            self._say_once(f"the guard failed ({type(error).__name__}: {error}); work goes on without it")
            return otherwise
        finally:
            work.is_running = False

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            log.warning(line)
