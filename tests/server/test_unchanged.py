""" "Unchanged since you read it", from the hook to the result: who is told, and who is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from guard.conversation import Conversation, main_of, subagent_of
from mcp import Client
from mcp_types import TextContent

from mcp_lean.guard.start import start
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.app import LeanServer
from mcp_lean.server.hook_tool import NAME, HookDoor

SOURCE = "".join(f"value_{n} = compute({n})\n" for n in range(80))
NOTE = "note: app.py (80 lines) unchanged since you read it; ask again for the text"


class Session:
    """A client whose hooks tell of each call before it is made."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self.project = folder / "project"
        self.project.mkdir()
        (self.project / "app.py").write_text(SOURCE, encoding="utf-8")
        (self.project / ".mcp-lean.toml").write_text(settings, encoding="utf-8")
        environ = {"HOME": str(folder), "CLAUDE_CONFIG_DIR": str(folder / "config")}
        door = HookDoor(lambda: start(str(self.project), environ))
        self.server = LeanServer(Workspace(str(self.project), environ), door=door)
        self.main = main_of(folder / "config/projects/p")

    async def read(self, client: Client, agent: Conversation, *, with_hook: bool = True, item: str = "app.py") -> str:
        [call] = agent.call()
        agent.flush()
        caller = agent.caller
        fields = {"session_id": caller.session_id, "transcript_path": caller.transcript_path}
        fields |= {"agent_id": caller.agent_id, "agent_type": caller.agent_type, "cwd": str(self.project)}
        event = {"event": "PreToolUse", "tool_name": "mcp__lean__read_many", "tool_use_id": call}
        if with_hook:
            await client.call_tool(NAME, {**event, **fields})
        meta = {"claudecode/toolUseId": call}
        result = await client.call_tool("read_many", {"items": json.dumps([item])}, meta=meta)  # type: ignore[arg-type]
        [content] = result.content
        assert isinstance(content, TextContent)
        agent.result(call, content.text)
        return content.text


@pytest.mark.asyncio
async def test_the_same_agent_is_told_once_and_no_other_one(tmp_path: Path) -> None:
    session = Session(tmp_path)
    scouts = [subagent_of(session.main.path.parent, name) for name in ("a1", "a2")]
    async with Client(session.server.protocol) as client:
        text = await session.read(client, session.main)
        told = [await session.read(client, agent) for agent in (session.main, scouts[0], session.main, scouts[1])]
        again = await session.read(client, scouts[0])

    assert text.startswith("== app.py (80 lines)\nvalue_0")
    assert told == [NOTE, text, text, text]
    assert again == NOTE


@pytest.mark.asyncio
async def test_a_call_that_no_hook_told_of_gets_the_text(tmp_path: Path) -> None:
    session = Session(tmp_path)
    async with Client(session.server.protocol) as client:
        first = await session.read(client, session.main)
        told = [await session.read(client, session.main, with_hook=False) for _ in range(3)]

    assert told == [first] * 3


@pytest.mark.asyncio
@pytest.mark.parametrize("settings", ["[guard]\nunchanged = false\n", "[guard]\nenabled = false\n"])
async def test_it_can_be_switched_off(settings: str, tmp_path: Path) -> None:
    session = Session(tmp_path, settings)
    async with Client(session.server.protocol) as client:
        first = await session.read(client, session.main)

        assert [await session.read(client, session.main) for _ in range(2)] == [first] * 2


@pytest.mark.asyncio
async def test_what_counts_is_what_left_the_server(tmp_path: Path) -> None:
    """Half a character in a file's name is replaced at the last moment."""
    session = Session(tmp_path)
    (session.project / os.fsdecode(b"odd\xff.txt")).write_text(SOURCE, encoding="utf-8")
    async with Client(session.server.protocol) as client:
        first, second = [await session.read(client, session.main, item="odd*") for _ in range(2)]

    assert first.startswith("== odd\N{REPLACEMENT CHARACTER}.txt (80 lines)\n")
    assert second == NOTE.replace("app.py", "odd\N{REPLACEMENT CHARACTER}.txt")
