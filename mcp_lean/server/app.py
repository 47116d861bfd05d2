"""The MCP server: tools as protocol, in both protocol eras.

In:  requests that the SDK has read and parsed.
Out: the constant list of tools; the result of a call, which is one text, also when the tool failed.
Not here: the process around it (`stdio.py`), what a tool does (`tools/`), which tools there are (`registry.py`).

What the SDK leaves to us, and where it is done:
    wrong or unknown arguments become one line that says what was expected     explain.py
    a lone surrogate in a result would stop the SDK's writer for good          reply()
    an exception would be a JSON-RPC error, which a model cannot act on        _answer()
    hooks must not wait behind tools, nor for a guard that is late             hook_tool.py
    SystemExit and its like in a worker would end the server                   _answer()
    a cancelled call's thread would run on                                     Context.stop
    a running call would hold back the end of the process                      abandon_on_cancel, drained()
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from threading import Condition
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolDefinition
from pydantic import ValidationError

from mcp_lean import __version__
from mcp_lean.errors import Cancelled, LeanError
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server import hook_tool
from mcp_lean.server.explain import explain, short
from mcp_lean.server.registry import HIDDEN, TOOLS
from mcp_lean.server.schema import slim
from mcp_lean.tools.base import Context, Tool

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 4
"""More threads would only wait for one another: file reading here is bound by two to four cores and the GIL.

A withdrawn call gives its place back at once, though its thread needs a moment to notice: a deaf one must not keep
others out."""

LIST_TTL_MS = 3_600_000
"""How long a client may keep the tool list (2026-07-28 era); it is a constant for the life of the process."""

MOST_CHARS = 49_000
"""The last guard: tools keep to less. Claude Code 2.1.330 swaps a result of more than 50,000 characters for a file."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def definition(tool: Tool) -> ToolDefinition:
    """A tool as `tools/list` shows it."""
    return ToolDefinition(
        name=tool.name,
        description=tool.description,
        input_schema=slim(tool.arguments),
        annotations=ToolAnnotations(read_only_hint=True),
        _meta={"anthropic/alwaysLoad": True} if tool.always_load else None,
    )


def reply(text: str, *, is_error: bool = False) -> CallToolResult:
    """The only place that builds a result."""
    if len(text) > MOST_CHARS:
        log.warning("an answer of %d characters was cut", len(text))
        text = f"{text[:MOST_CHARS]}\n[cut: {len(text) - MOST_CHARS} more characters; ask for less]"
    scrubbed = LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return CallToolResult(content=[TextContent(type="text", text=scrubbed)], is_error=is_error)


class LeanServer:
    """Answers `tools/list` and `tools/call` for one workspace.

    Args:
        door: the guard's; without one there is no hidden tool, and no caller is known.
    """

    def __init__(
        self, workspace: Workspace, tools: tuple[Tool, ...] = TOOLS, door: hook_tool.HookDoor | None = None
    ) -> None:
        self._workspace = workspace
        self._tools = {tool.name: tool for tool in tools}
        self._door = door
        self._listed = ListToolsResult(tools=[*map(definition, tools), *(HIDDEN if door else ())])
        self._limit: anyio.CapacityLimiter | None = None
        self._running = 0
        self._ended = Condition()
        self.protocol: Server[Any] = Server(
            "lean",
            version=__version__,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            cache_hints={"tools/list": CacheHint(ttl_ms=LIST_TTL_MS, scope="private")},
        )

    def drained(self, timeout_seconds: float) -> bool:
        """Wait for threads of abandoned calls, which kill the programs that they run. False: some are still at work."""
        with self._ended:
            return self._ended.wait_for(lambda: self._running == 0, timeout_seconds)

    async def _list_tools(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return self._listed

    async def _call_tool(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        if self._door and params.name == hook_tool.NAME:
            return reply(await self._door.answer(params.arguments or {}))
        tool = self._tools.get(params.name)
        if tool is None:
            return reply(f"{short(params.name)}: no such tool; there are {', '.join(self._tools)}", is_error=True)
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(CALLS_AT_ONCE)  # needs a running event loop
        known = await self._door.known(params.meta) if self._door else hook_tool.NOTHING_KNOWN
        call = Context(
            self._workspace,
            caller=known.caller,
            ledger=known.ledger,
            limits=known.limits,
            loops=known.loops,
            delivery=known.delivery,
        )
        try:
            return await anyio.to_thread.run_sync(
                self._counted, tool, params.arguments or {}, call, abandon_on_cancel=True, limiter=self._limit
            )
        finally:
            call.stop.set()  # nobody waits for the thread any more, whether it has finished or not

    def _counted(self, tool: Tool, arguments: Mapping[str, object], call: Context) -> CallToolResult:
        with self._ended:
            self._running += 1
        try:
            return self._answer(tool, arguments, call)
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify_all()

    @staticmethod
    def _sent(result: CallToolResult, call: Context) -> CallToolResult:
        """Notes what the calling agent is sent, in the very words."""
        if call.delivery:
            [content] = result.content
            assert isinstance(content, TextContent)
            call.delivery.sent(content.text)
        return result

    def _answer(self, tool: Tool, arguments: Mapping[str, object], call: Context) -> CallToolResult:
        """The call's result; never an exception. Runs in a worker thread."""
        try:
            try:
                parsed = tool.arguments.model_validate(arguments)
            except ValidationError as error:
                return reply(explain(tool, error), is_error=True)
            return self._sent(reply(tool.run(parsed, call)), call)
        except Cancelled:
            return reply("cancelled", is_error=True)
        except LeanError as error:
            return reply(str(error), is_error=True)
        except BaseException as error:  # a SystemExit in a thread would end the server
            log.exception("%s failed", tool.name)
            return reply(
                f"{tool.name} failed ({type(error).__name__}); use the built-in tools for this call", is_error=True
            )
