"""The limits that a session began with: they stay its limits, whatever is written into a settings file later.

In:  the settings of this process; what the ledger kept of a session's beginning.
Out: the settings that hold for a session; a line for the person where a file now says something else.
Not here: keeping (`ledger`), lifting (`cli/budget`).

An agent can write files. So limits are kept with the first event of a session that has some; what is written later
counts from the next session on, and the person reads of the change when that one begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from mcp_lean.config import Budget, Limits
from mcp_lean.guard.budget import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_lean.config import Config
    from mcp_lean.guard.event import Event

MOST_NAMED = 4


class Keeper(Protocol):
    """What this needs of the ledger."""

    def begin(self, session_id: str, limits: str) -> str: ...
    def began_with(self, session_id: str) -> str: ...
    def limits_before(self, session_id: str, cwd: str) -> str: ...
    def told(self, session_id: str, agent_id: str, what: str) -> bool: ...


class Beginnings:
    """The settings that hold for each session.

    Args:
        config: as this process has read it.
        problem: why it could not be read; then `config` switches the guard off, and no session begins with that.
    """

    def __init__(self, config: Config, problem: str = "") -> None:
        self._config = config
        self._problem = problem
        self._held: dict[str, Config] = {}

    def settings(self, keeper: Keeper, session_id: str) -> Config:
        """With the limits that the session began with. A guard that it had is not switched off by a file."""
        held = self._held.get(session_id)
        if held is None:
            own = to_text(self._config.budget)
            text = keeper.begin(session_id, own) if self._config.guard.enabled else keeper.began_with(session_id)
            held = self._config
            if text and text != own:
                held = held._replace(guard=held.guard._replace(enabled=True), budget=from_text(text))
            elif text:
                held = held._replace(guard=held.guard._replace(enabled=True))
            self._held[session_id] = held
        return held

    def line(self, keeper: Keeper, event: Event) -> str:
        """What the person is to know at a prompt; each line once in a session."""
        held = self.settings(keeper, event.session_id)
        said = self._line(keeper, event, held)
        return said if said and keeper.told(event.session_id, "", f"limits: {said}") else ""

    def _line(self, keeper: Keeper, event: Event, held: Config) -> str:
        if self._problem:
            return words.kept_for(self._problem) if held.guard.enabled else words.off_for(self._problem)
        if held.guard.enabled and not self._config.guard.enabled:
            return words.kept("the guard off")
        if held.guard.enabled and (changed := difference(held.budget, self._config.budget)):
            return words.kept(changed)
        if not held.guard.enabled:
            keeper.begin(event.session_id, "")
        before = keeper.limits_before(event.session_id, event.cwd)
        if not before:
            return ""
        if not held.guard.enabled:
            return words.OFF_NOW
        changed = difference(from_text(before), held.budget)
        return words.changed(changed) if changed else ""


def to_text(budget: Budget) -> str:
    """The same limits, the same text."""
    types = {name: limits._asdict() for name, limits in budget.types.items()}
    return json.dumps({**budget._asdict(), "types": types}, sort_keys=True)


def from_text(text: str) -> Budget:
    """Limits as they were kept; keys of another version are left out. Raises ValueError for no such text."""
    held = json.loads(text)
    types = {str(name): Limits(**_known(Limits, limits)) for name, limits in held.pop("types", {}).items()}
    return Budget(**_known(Budget, held), types=types)


def _known(kind: type[Limits | Budget], held: Mapping[str, float]) -> Mapping[str, int]:
    names = {*kind._fields} - {"types"}
    return {name: value for name, value in held.items() if name in names}  # type: ignore[misc]


def difference(before: Budget, now: Budget) -> str:
    """For example "run_usd 25 -> 0, scout agent_usd 1 -> 3"; empty where the limits are the same."""
    found = list(_differences(before, now))
    more = len(found) - MOST_NAMED
    return ", ".join(found[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _differences(before: Budget, now: Budget) -> Iterator[str]:
    for name in sorted({*Budget._fields} - {"types"}):
        if getattr(before, name) != getattr(now, name):
            yield f"{name} {getattr(before, name):g} -> {getattr(now, name):g}"
    for agent_type in sorted({*before.types, *now.types}):
        was, is_now = before.of_agent(agent_type), now.of_agent(agent_type)
        for name in sorted(Limits._fields):
            if getattr(was, name) != getattr(is_now, name):
                yield f"{agent_type} {name} {getattr(was, name):g} -> {getattr(is_now, name):g}"
