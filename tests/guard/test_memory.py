"""What takes several turns: asked part by part, and not at all where a process sees one event."""

from __future__ import annotations

import pytest

from mcp_lean.config import Config
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.memory import Memory
from mcp_lean.guard.parts import NOTICE, Failsafe, Finding
from mcp_lean.guard.words import READS_TOGETHER


class Found:
    """A finding about every call; or a failure."""

    step, words = NOTICE, "again"

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.seen: list[tuple[str, int]] = []

    def observe(self, caller: Caller, tool_use: ToolUse, response: str, is_error: bool, at_turn: int) -> Finding | None:
        self.seen.append((tool_use.id, at_turn))
        if self.failure:
            raise self.failure
        return self


def batch(number: int, tool: str = "Read") -> Event:
    return Event("PostToolBatch", "S", batch=(ToolUse(f"toolu_{number}", tool, {}, "text"),))


def test_a_detector_that_fails_does_not_take_the_nudge_along() -> None:
    said: list[str] = []
    memory = Memory(Failsafe(said.append), Found(RuntimeError("boom")))
    seen = []
    for number in range(3):
        seen.append(memory.see(batch(number)))
        memory.note_down(batch(number), is_refused=False)

    assert seen == [(("", ""), ""), (("", ""), ""), (("", ""), READS_TOGETHER)]
    assert said == ["the guard's loop detector failed (RuntimeError: boom); work goes on without it"]


def test_a_call_that_was_refused_is_not_looked_at_and_the_next_turn_has_its_own() -> None:
    loops = Found()
    memory = Memory(Failsafe(), loops)
    asked = Event("PreToolUse", "S", tool=ToolUse("toolu_1", "Bash"))
    memory.see(asked)
    memory.note_down(asked, is_refused=True)
    for number in (1, 2):
        memory.see(batch(number))
        memory.note_down(batch(number), is_refused=False)

    assert loops.seen == [("toolu_2", 1)]


@pytest.mark.parametrize(("remembers", "seen"), [(True, [("toolu_1", 0)]), (False, [])])
def test_a_guard_that_ends_after_one_event_has_no_memory(remembers: bool, seen: list[tuple[str, int]]) -> None:
    loops = Found()
    fields = {"event": "PostToolBatch", "session_id": "S"}
    calls = [{"tool_use_id": "toolu_1", "tool_name": "Read", "tool_response": "text"}]
    Guard(Config(), None, loops, remembers=remembers).answer({**fields, "tool_calls": calls})

    assert loops.seen == seen
