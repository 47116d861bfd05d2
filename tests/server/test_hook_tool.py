"""The guard's door in the server: in time, whatever the guard does; on the wire, in both eras."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent

from mcp_lean.config import Config
from mcp_lean.guard.event import EVENTS
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.start import Started, start
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.app import LeanServer
from mcp_lean.server.hook_tool import AT_ONCE, DEFINITION, NAME, NOTHING_KNOWN, HookDoor
from mcp_lean.server.registry import TOOLS
from mcp_lean.tools.base import Arguments, Context, Tool

CONFIG = Config()
LEDGER = object()
META = {"claudecode/toolUseId": "t"}


class Nothing(Arguments):
    pass


class Fake:
    """In the place of a `Guard`."""

    def __init__(self, answer: Callable[[Mapping[str, object]], str]) -> None:
        self.answer = answer

    def identify(self, tool_use_id: str) -> Caller | None:
        return Caller("S", tool_use_id)

    def settings(self, session_id: str) -> Config:
        return CONFIG


def door_to(answer: Callable[[Mapping[str, object]], str], deadline_seconds: float = 20.0) -> HookDoor:
    return HookDoor(lambda: Started(Fake(answer), LEDGER, CONFIG), deadline_seconds)  # type: ignore[arg-type]


def server(tmp_path: Path, door: HookDoor, tools: tuple[Tool, ...] = TOOLS) -> LeanServer:
    return LeanServer(Workspace(str(tmp_path), {"HOME": str(tmp_path)}), tools, door)


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_hidden_tool_is_listed_last_and_takes_anything(tmp_path: Path, mode: str) -> None:
    seen: list[Mapping[str, object]] = []

    def answer(fields: Mapping[str, object]) -> str:
        seen.append(fields)
        return "{}"

    odd: dict[str, object] = {"event": 1, "x": None, "tool_calls": {"a": [1]}}
    async with Client(server(tmp_path, door_to(answer)).protocol, mode=mode) as client:
        listed = (await client.list_tools()).tools
        result = await client.call_tool(NAME, odd)

    assert [tool.name for tool in listed] == [*(tool.name for tool in TOOLS), NAME]
    assert listed[-1].meta == {"ui": {"visibility": ["app"]}}
    assert len(DEFINITION.description or "") <= 20
    assert (result.content, result.is_error) == ([TextContent(type="text", text="{}")], False)
    assert seen == [odd]


@pytest.mark.asyncio
@pytest.mark.parametrize("event", EVENTS)
async def test_a_guard_that_fails_has_nothing_to_say_and_is_spoken_of_once(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(_: Mapping[str, object]) -> str:
        raise SystemExit(3)

    door = door_to(answer)
    said = [await door.answer({"event": event}) for _ in range(2)]

    assert said == ["" if event == "PreCompact" else "{}"] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "the guard failed (SystemExit: 3); work goes on without it"
    ]


@pytest.mark.asyncio
async def test_a_guard_that_cannot_be_made_holds_up_nobody_and_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> Started:
        tries.append(1)
        raise OSError("no data folder")

    door = HookDoor(make)

    assert [await door.answer({"event": "Stop"}), await door.known(META)] == ["{}", NOTHING_KNOWN]
    assert len(tries) == 2


@pytest.mark.asyncio
async def test_a_late_guard_is_waited_for_once_and_asked_again_when_it_is_through(
    caplog: pytest.LogCaptureFixture,
) -> None:
    goes_on, asked = threading.Event(), []

    def answer(fields: Mapping[str, object]) -> str:
        asked.append(fields["event"])
        if fields["event"] == "slow":
            goes_on.wait(20)
        return '{"a": 1}'

    door = door_to(answer, deadline_seconds=0.5)
    assert await door.answer({"event": "slow"}) == "{}"
    assert await door.answer({"event": "at once"}) == "{}"
    assert await door.known(META) == NOTHING_KNOWN
    assert asked == ["slow"]
    assert len(caplog.records) == 1

    goes_on.set()
    end = time.monotonic() + 20
    while await door.answer({"event": "later"}) != '{"a": 1}':
        assert time.monotonic() < end
        await anyio.sleep(0.01)


@pytest.mark.asyncio
async def test_many_events_at_once_are_all_answered_by_a_few_threads() -> None:
    at_work: list[int] = []
    most: list[int] = []

    def answer(fields: Mapping[str, object]) -> str:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.01)
        at_work.pop()
        return json.dumps({"n": fields["n"]})

    door, said = door_to(answer), {}

    async def ask(number: int) -> None:
        said[number] = await door.answer({"n": number})

    async with anyio.create_task_group() as group:
        for number in range(64):
            group.start_soon(ask, number)

    assert said == {number: json.dumps({"n": number}) for number in range(64)}
    assert 1 < max(most) <= AT_ONCE


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("meta", "agent_id"),
    [
        ({"claudecode/toolUseId": "toolu_1"}, "toolu_1"),
        ({"claudecode/toolUseId": ""}, None),
        ({"claudecode/toolUseId": 7}, None),
        ({}, None),
    ],
)
async def test_a_tool_is_given_the_caller_of_its_call(
    tmp_path: Path, meta: dict[str, object], agent_id: str | None
) -> None:
    def who(_: Nothing, context: Context) -> str:
        assert (context.ledger, context.limits) == ((LEDGER, CONFIG.budget) if agent_id else (None, None))
        return str(context.caller and context.caller.agent_id)

    tools = (Tool("who", "who", Nothing, who),)
    async with Client(server(tmp_path, door_to(lambda _: "{}"), tools).protocol) as client:
        [content] = (await client.call_tool("who", {}, meta=meta)).content  # type: ignore[arg-type]

    assert isinstance(content, TextContent)
    assert content.text == str(agent_id)


@pytest.mark.asyncio
async def test_a_real_guard_names_the_caller_that_a_hook_told_of(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "config")}
    door = HookDoor(lambda: start(str(tmp_path), environ))
    before = {"event": "PreToolUse", "session_id": "S", "agent_id": "a1", "agent_type": "Explore"}
    call = {"tool_name": "mcp__lean__read_many", "tool_use_id": "toolu_1"}

    assert (await door.known({"claudecode/toolUseId": "toolu_1"})).caller is None
    assert await door.answer({**before, **call}) == "{}"
    assert (await door.known({"claudecode/toolUseId": "toolu_1"})).caller == Caller("S", "a1", "Explore")
    assert (await door.known({"claudecode/toolUseId": "toolu_2"})).caller is None
