"""What the guard is put together from, seen from `hooks`: what it asks of each part, and what it does when one fails.

In:  the parts.
Out: protocols, and `Failsafe`.
Not here: the parts themselves (`ledger`, `loops`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from mcp_lean.guard import words
from mcp_lean.guard.budget.limits import Raised, Spent
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.identity import Caller

T = TypeVar("T")

NOTICE, WARNING, STOP = "notice", "warning", "stop"
"""Steps of a `Finding`, the gravest last."""


class Finding(Protocol):
    """What the loop detector says to a call: a step, and words for the agent."""

    @property
    def step(self) -> str: ...
    @property
    def words(self) -> str: ...


class Loops(Protocol):
    """The loop detector. It keeps a history per caller; `at_turn` counts the batches of that agent, from 0."""

    def observe(
        self, caller: Caller, tool_use: ToolUse, response: str, is_error: bool, at_turn: int
    ) -> Finding | None: ...


class Recall(Protocol):
    """Shows the detector what an agent did before this process, up to the calls of now; the turn it is in."""

    def __call__(self, caller: Caller, now: frozenset[str], /) -> int: ...


class Ledger(Protocol):
    """What the guard needs of `ledger.Ledger`."""

    def remember(self, event: Event) -> None: ...
    def spent(self, session_id: str, agent_id: str | None) -> Spent: ...
    def unseen(self, session_id: str, agent_id: str) -> Spent | None: ...
    def is_billed(self, session_id: str, agent_id: str) -> bool: ...
    def raised(self, session_id: str) -> Raised: ...
    def told_so_far(self, session_id: str, agent_id: str) -> frozenset[str]: ...
    def told(self, session_id: str, agent_id: str, what: str) -> bool: ...
    def stop_reason(self, session_id: str, agent_id: str) -> str: ...
    def begin(self, session_id: str, limits: str) -> str: ...
    def began_with(self, session_id: str) -> str: ...
    def limits_before(self, session_id: str, cwd: str) -> str: ...
    def mark_stopped(self, session_id: str, agent_id: str, reason: str, kind: str = "budget") -> None: ...
    def identify(self, tool_use_id: str) -> Caller | None: ...
    def take_notes(self) -> list[str]: ...


class Watcher(Protocol):
    """A part with its own answer to events: it is shown each one that does not stop the agent, in order.

    `name` stands in the line that says that it failed. It sees nothing while the guard is switched off.
    `is_ready`: whether the transcripts have what it will ask them at an event. It is asked before the ledger takes the
    event in, and for a moment again and again.
    """

    name: str

    def is_ready(self, event: Event) -> bool:
        return True

    def see(self, event: Event) -> Decision: ...


class Deferred(Watcher):
    """A watcher that is made when the first event comes that it has an answer to: loading it takes longer than most.

    Args:
        is_wanted: whether it may have an answer; asked until there is one.
    """

    def __init__(self, name: str, make: Callable[[], Watcher], is_wanted: Callable[[Event], bool]) -> None:
        self.name = name
        self._make = make
        self._is_wanted = is_wanted
        self._watcher: Watcher | None = None

    def is_ready(self, event: Event) -> bool:
        return self._watcher is None or self._watcher.is_ready(event)

    def see(self, event: Event) -> Decision:
        if self._watcher is None:
            if not self._is_wanted(event):
                return PASS
            self._watcher = self._make()
        return self._watcher.see(event)


class Failsafe:
    """Runs the parts. One that fails is as if it had nothing to say; that is said once, and work goes on.

    Args:
        say: takes what went wrong, a line each.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say or _to_stderr
        self._said: set[str] = set()

    def run(self, part: str, work: Callable[[], T], otherwise: T) -> T:
        """What `work` gives, or `otherwise`."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the agent
            self.say_once(words.failed(part, error), part)
            return otherwise

    def say_once(self, line: str, key: str = "") -> None:
        """Says a line unless one with the same key was said."""
        if (key or line) not in self._said:
            self._said.add(key or line)
            self._say(line)


def _to_stderr(line: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError):  # a log on a full disk: the answer is worth more than the line
            print(f"mcp-lean: {line}", file=sys.stderr, flush=True)
