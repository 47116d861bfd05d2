"""Hook calls before the SDK is loaded: the same answers, in time, and the same guard afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from wire.driver import ERAS, LEGACY, PATIENT, Wire

from mcp_lean.config import Config
from mcp_lean.guard.event import EVENTS
from mcp_lean.guard.start import Started
from mcp_lean.server.early_hooks import EarlyHooks
from mcp_lean.server.front import META, MODERN, Opening, shipped_answers

ENVELOPE = {META + "protocolVersion": MODERN, META + "clientCapabilities": {}}
WRITE = {"tool_name": "Edit", "tool_use_id": "t", "tool_input": '{"file_path": "/a/.mcp-lean.toml"}'}


class Fake:
    def __init__(self, answer: Any) -> None:
        self.answer = answer


def hooks(answer: Any, deadline_seconds: float = 20.0) -> EarlyHooks:
    return EarlyHooks(lambda: Started(Fake(answer), object(), Config()), deadline_seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", EVENTS)
def test_a_guard_that_fails_has_nothing_to_say(event: str) -> None:
    def fail() -> Started:
        raise OSError("no data folder")

    assert EarlyHooks(fail).answer({"event": event}) == ("" if event == "PreCompact" else "{}")


def test_a_late_guard_is_waited_for_once_and_handed_over_when_it_is_through() -> None:
    goes_on, asked = threading.Event(), []

    def answer(fields: Mapping[str, object]) -> str:
        asked.append(fields["event"])
        goes_on.wait(20)
        return "late"

    early = hooks(answer, deadline_seconds=0.05)
    assert [early.answer({"event": "first"}), early.answer({"event": "second"})] == ["{}", "{}"]
    goes_on.set()
    assert early.started() is early.started()
    assert asked == ["first"]


def opening(era: str, said: str) -> Opening:
    opened = Opening(shipped_answers(), lambda _: said)
    if era == LEGACY:
        client = {"name": "t", "version": "0"}
        opened.answer(line("initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client}))
        opened.answer(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode())
    else:
        opened.answer(line("server/discover", {"_meta": ENVELOPE}))
    return opened


def line(method: str, params: Mapping[str, object]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def hook_call(era: str, **more: object) -> bytes:
    meta = {} if era == LEGACY else {"_meta": ENVELOPE}
    return line("tools/call", {"name": "hook", "arguments": {"event": "Stop"}, **meta, **more})


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("said", ["{}", "", '{"a": "ü \\" \\n"}', "\ud800", '"text":""'])
def test_a_hook_s_output_is_the_text_of_the_result(era: str, said: str) -> None:
    answer = opening(era, said).answer(hook_call(era))

    assert answer
    assert json.loads(answer)["result"]["content"] == [{"type": "text", "text": said}]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "more",
    [{"name": "read_many"}, {"arguments": None}, {"arguments": []}, {"task": 1}, {"_meta": {"progressToken": 3}}],
    ids=str,
)
def test_any_other_call_is_the_sdks(era: str, more: dict[str, object]) -> None:
    assert opening(era, "{}").answer(hook_call(era, **more)) is None


@pytest.mark.parametrize("era", ERAS)
def test_the_same_guard_answers_before_and_after_the_sdk_takes_over(era: str, tmp_path: Path) -> None:
    """Of three reads in a row the front is told of two, and the server of one."""
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with Wire(era, (*PATIENT, "serve"), cwd=tmp_path, env=env) as wire:
        wire.result("tools/list")

        def ask(event: str, **fields: object) -> str:
            return wire.call("hook", event=event, session_id="S", **fields)[0]

        def read(number: int) -> str:
            call = {"tool_name": "Read", "tool_use_id": f"t{number}", "tool_input": {}, "tool_response": "x"}
            return ask("PostToolBatch", tool_calls=json.dumps([call]))

        assert [read(1), read(2)] == ["{}", "{}"]
        assert "permissionDecision" in ask("PreToolUse", **WRITE)
        assert wire.call("read_many", items=["."])
        assert "read_many" in read(3)
