"""The server without a process: the client of the SDK speaks to it in memory, in both eras."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp_types import TextContent

from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.app import MOST_CHARS, LeanServer, definition, reply
from mcp_lean.server.registry import TOOLS
from mcp_lean.server.stdio import _is_gone_client
from mcp_lean.tools.base import Arguments, Context, Tool


class Nothing(Arguments):
    pass


def server(tmp_path: Path, **tools: Callable[[Nothing, Context], str]) -> LeanServer:
    made = tuple(Tool(name, name, Nothing, run) for name, run in tools.items())
    return LeanServer(Workspace(str(tmp_path), {"HOME": str(tmp_path)}), made or TOOLS)


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_tools_of_the_registry_are_listed_in_its_order(tmp_path: Path, mode: str) -> None:
    async with Client(server(tmp_path).protocol, mode=mode) as client:
        listed = (await client.list_tools()).tools

    assert [tool.name for tool in listed] == [tool.name for tool in TOOLS]
    assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in listed)


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_call_has_the_workspace_and_its_own_stop_sign(tmp_path: Path, mode: str) -> None:
    seen: list[Context] = []

    def look(args: Nothing, ctx: Context) -> str:
        assert not ctx.stop.is_set()
        seen.append(ctx)
        return ctx.workspace.root

    async with Client(server(tmp_path, look=look).protocol, mode=mode) as client:
        for _ in range(2):
            [content] = (await client.call_tool("look", {})).content
            assert isinstance(content, TextContent)
            assert content.text == str(tmp_path)

    first, second = seen
    assert first.workspace is second.workspace
    assert first.stop is not second.stop
    assert first.stop.is_set(), "what a tool left running is told that nobody waits"


@pytest.mark.asyncio
async def test_a_tool_runs_in_a_thread_of_its_own(tmp_path: Path) -> None:
    def which(args: Nothing, ctx: Context) -> str:
        return str(threading.current_thread() is threading.main_thread())

    async with Client(server(tmp_path, which=which).protocol) as client:
        [content] = (await client.call_tool("which", {})).content
        assert isinstance(content, TextContent)
        assert content.text == "False"


def test_a_server_without_calls_is_drained_at_once(tmp_path: Path) -> None:
    assert server(tmp_path).drained(0)


@pytest.mark.asyncio
async def test_a_call_at_work_is_waited_for_so_long_and_no_longer(tmp_path: Path) -> None:
    goes_on = threading.Event()
    begun = threading.Event()

    def slow(args: Nothing, ctx: Context) -> str:
        begun.set()
        goes_on.wait(20)
        return ""

    lean = server(tmp_path, slow=slow)
    found: list[bool] = []

    def ask() -> None:
        begun.wait(20)
        found.append(lean.drained(0.05))
        goes_on.set()
        found.append(lean.drained(20))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    async with Client(lean.protocol) as client:
        await client.call_tool("slow", {})
    asking.join()

    assert found == [False, True]


@settings(deadline=None)  # the machine may be busy
@given(st.text(st.characters() | st.characters(categories=["Cs"])))
def test_any_text_can_be_sent_and_only_halves_of_characters_are_replaced(text: str) -> None:
    [content] = reply(text).content
    assert isinstance(content, TextContent)

    sent = content.text.encode().decode()
    assert len(sent) == len(text)
    assert all(a == b or (a == "\ufffd" and "\ud800" <= b <= "\udfff") for a, b in zip(sent, text, strict=True))


@pytest.mark.parametrize("length", [0, 1, MOST_CHARS, MOST_CHARS + 1, 10 * MOST_CHARS])
def test_no_answer_is_longer_than_the_client_takes(length: int) -> None:
    [content] = reply("x" * length).content
    assert isinstance(content, TextContent)

    assert len(content.text) < 50_000
    assert content.text.startswith("x" * min(length, MOST_CHARS))
    assert ("[cut: " in content.text) == (length > MOST_CHARS)


def test_a_tool_is_hidden_or_loaded_only_by_what_it_says() -> None:
    def unused(args: Nothing, ctx: Context) -> str:
        raise NotImplementedError

    plain, always = (definition(Tool("t", "d", Nothing, unused, always_load=flag)) for flag in (False, True))

    assert plain.meta is None
    assert always.meta == {"anthropic/alwaysLoad": True}
    assert plain.title is None
    assert plain.output_schema is None


@pytest.mark.parametrize(
    ("error", "is_gone"),
    [
        (BrokenPipeError(), True),
        (ConnectionResetError(), True),
        (ExceptionGroup("", [BrokenPipeError(), ExceptionGroup("", [BrokenPipeError()])]), True),
        (ExceptionGroup("", [BrokenPipeError(), ValueError()]), False),
        (ValueError(), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_a_client_that_has_gone_is_told_from_a_failure(error: BaseException, is_gone: bool) -> None:
    assert _is_gone_client(error) == is_gone


@pytest.mark.asyncio
async def test_a_cancelled_call_frees_its_place(tmp_path: Path) -> None:
    """The scope that the SDK cancels is left at once, though the thread needs a moment to notice."""
    begun, ended = threading.Event(), threading.Event()

    def wait(args: Nothing, ctx: Context) -> str:
        begun.set()
        try:
            while True:
                ctx.check()
                time.sleep(0.005)
        finally:
            ended.set()

    async with Client(server(tmp_path, wait=wait).protocol) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "wait", {})
            assert await anyio.to_thread.run_sync(begun.wait, 20)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(ended.wait, 20)
