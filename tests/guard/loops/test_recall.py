"""A guard that is started anew knows what its agents did before."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.loops import recall as module
from mcp_lean.guard.loops.detector import Loops
from mcp_lean.guard.loops.recall import recall
from mcp_lean.guard.start import start
from tests.guard.runs import SESSION, Json, Place

COMMAND, ERROR = {"command": "make"}, "Exit code 2\nno such target"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


class Agent:
    """An agent that runs one command again and again: in its transcript, and in events."""

    def __init__(self, place: Place, agent_id: str = "") -> None:
        self.place = place
        self.id = agent_id
        self.count = 0

    def write(self, *messages: Json) -> None:
        lines = [{"sessionId": SESSION, "type": message["role"], "message": message} for message in messages]
        self.place.append(self.id, b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def prompt(self, words: str = "do it") -> None:
        self.write({"role": "user", "content": words})

    def turn(self, *, error: str = ERROR, is_ended: bool = True) -> None:
        """A request with one call, and the call's result."""
        self.count += 1
        call = {"type": "tool_use", "id": f"toolu_{self.id}_{self.count}", "name": "Bash", "input": COMMAND}
        usage = {"input_tokens": 1, "output_tokens": 1}
        said = {"role": "assistant", "id": f"msg_{self.id}_{self.count}", "model": "m", "stop_reason": "tool_use"}
        self.write({**said, "content": [call], "usage": usage})
        if is_ended:
            result = {"type": "tool_result", "tool_use_id": call["id"], "is_error": True, "content": error}
            self.write({"role": "user", "content": [result]})

    def event(self, name: str, **more: object) -> dict[str, object]:
        actor = {"session_id": SESSION, "transcript_path": str(self.place.main), "agent_id": self.id}
        return {"event": name, **actor, **more}

    def tell(self, guard: Guard, error: str = ERROR) -> dict[str, object]:
        """The events of a turn that failed; the answer to the last one."""
        call = {"tool_name": "Bash", "tool_use_id": f"toolu_{self.id}_{self.count}", "tool_input": COMMAND}
        guard.answer(self.event("PostToolUseFailure", **call, error=error))
        batch = json.dumps([{**call, "tool_response": error}])
        answer: dict[str, object] = json.loads(guard.answer(self.event("PostToolBatch", tool_calls=batch)))
        return answer


@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
@pytest.mark.parametrize("is_in_time", [True, False], ids=["written", "not written yet"])
def test_a_loop_goes_on_counting_over_a_restart(place: Place, agent_id: str, is_in_time: bool) -> None:
    """Four rounds before, and the fifth after: the agent is stopped as if nothing had been in between."""
    agent = Agent(place, agent_id)
    agent.prompt()
    for _ in range(4):
        agent.turn()
    guard = start("/", place.environ).guard
    if is_in_time:
        agent.turn()
    else:
        agent.count += 1

    answer = agent.tell(guard)
    assert answer["continue"] is False
    assert "gave the same result 5 times" in str(answer["stopReason"])


def test_the_present_call_is_counted_once_however_much_of_it_is_written(place: Place) -> None:
    agent = Agent(place)
    agent.prompt()
    agent.turn()
    guard = start("/", place.environ).guard
    agent.turn()

    assert agent.tell(guard) == {}
    agent.turn()
    assert "gave the same result 3 times" in str(agent.tell(guard))


@pytest.mark.parametrize(
    "event",
    [{"name": "UserPromptSubmit", "prompt": "go on"}, {"name": "SessionStart"}, {"name": "PostCompact"}],
    ids=str,
)
def test_after_a_beginning_nothing_is_recalled(place: Place, event: dict[str, str]) -> None:
    agent = Agent(place)
    agent.prompt()
    for _ in range(4):
        agent.turn()
    guard = start("/", place.environ).guard
    guard.answer(agent.event(**event))
    agent.turn()

    assert agent.tell(guard) == {}


def test_a_prompt_that_stands_in_the_transcript_ends_what_was_before(place: Place) -> None:
    agent = Agent(place)
    for words in ("do it", "go on"):
        agent.prompt(words)
        for _ in range(2):
            agent.turn()
    guard = start("/", place.environ).guard
    agent.turn()

    assert "gave the same result 3 times" in str(agent.tell(guard))


def test_a_notification_is_no_beginning(place: Place) -> None:
    agent = Agent(place)
    agent.prompt()
    for _ in range(4):
        agent.turn()
    guard = start("/", place.environ).guard
    guard.answer(agent.event("UserPromptSubmit", prompt="<task-notification>...</task-notification>"))
    agent.turn()

    assert agent.tell(guard)["continue"] is False


@pytest.mark.parametrize("name", ["Stop", "SubagentStop"])
def test_an_event_that_tells_of_no_calls_reads_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    agent, asked = Agent(place, "a1"), []
    monkeypatch.setattr(module, "recall", lambda *args: asked.append(args[1].agent_id) or 0)
    guard = start("/", place.environ).guard
    guard.answer(agent.event(name))

    assert asked == []
    agent.turn()
    agent.tell(guard)
    assert asked == ["a1"]


def test_an_agent_is_recalled_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, asked = Agent(place), []
    monkeypatch.setattr(module, "recall", lambda *args: asked.append(args[1].agent_id) or 0)
    guard = start("/", place.environ).guard
    for _ in range(3):
        agent.turn()
        agent.tell(guard)
        guard.answer(agent.event("UserPromptSubmit", prompt="go on"))

    assert asked == [""]


def paths(place: Place) -> dict[str, Callable[[], None]]:
    def outside() -> None:
        place.main.symlink_to("/etc/hostname")

    return {"no such file": lambda: None, "a folder": place.main.mkdir, "a link out of the folder": outside}


def test_a_pipe_in_the_place_of_a_transcript_holds_nobody_up(place: Place) -> None:
    os.mkfifo(place.main)
    raised: list[type[BaseException]] = []

    def work() -> None:
        try:
            recall(Loops(), Caller(SESSION, "", "", str(place.main)), frozenset(), place.environ)
        except OSError as error:
            raised.append(type(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert len(raised) == 1


@pytest.mark.parametrize("kind", ["no such file", "a folder", "a link out of the folder"])
def test_a_transcript_that_cannot_be_read_is_no_memory(place: Place, kind: str) -> None:
    paths(place)[kind]()
    said: list[str] = []
    guard = start("/", place.environ, say=said.append).guard

    assert [Agent(place).tell(guard) for _ in range(2)] == [{}, {}]
    assert not any("Traceback" in line for line in said)


@pytest.mark.parametrize("junk", [b"", b"{", b"\xff\n" * 50, b'{"type": "assistant", "message": 1}\n', b"[]\n" * 9])
def test_damaged_lines_are_passed_over(place: Place, junk: bytes) -> None:
    place.append("", junk)
    agent = Agent(place)
    agent.place.append("", b"\n")
    for _ in range(3):
        agent.turn()
    loops = Loops()

    assert recall(loops, Caller(SESSION, "", "", str(place.main)), frozenset(), place.environ) == 3
    assert "3 times" in loops.state_of(Caller(SESSION))


def test_only_the_end_of_a_long_transcript_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2_000)
    agent = Agent(place)
    for _ in range(30):
        agent.turn()

    assert 0 < recall(Loops(), Caller(SESSION, "", "", str(place.main)), frozenset(), place.environ) < 10
