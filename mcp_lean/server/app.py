"""The MCP server: tools as protocol, over stdio, in both protocol eras.

In:  requests of a client on stdin.
Out: results on stdout; the log on stderr.
Not here: what a tool does (`tools/`), which tools there are (`registry.py`).

What the SDK leaves to us, and where it is done:
    wrong or unknown arguments become one line that says what was expected     explain()
    a lone surrogate in a result would stop the SDK's writer for good          reply()
    SystemExit and its like in a worker would end the server                   work()
    a cancelled call's thread would run on                                     Context.stop
    a running call would hold back the end of the process                      abandon_on_cancel, os._exit in main()
    SIGINT is ignored                                                          main()
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
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
from mcp_lean.server.registry import TOOLS
from mcp_lean.server.schema import slim
from mcp_lean.tools.base import Context, Tool

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 4
"""More threads would only wait for one another: file reading here is bound by two to four cores and the GIL."""

LIST_TTL_MS = 3_600_000
"""How long a client may keep the tool list (2026-07-28 era); it is a constant for the life of the process."""

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
    scrubbed = LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return CallToolResult(content=[TextContent(type="text", text=scrubbed)], is_error=is_error)


def explain(tool: Tool, error: ValidationError) -> str:
    """The first wrong argument in one line: its name, what was expected, what came."""
    fields = tool.arguments.model_fields
    row = error.errors(include_url=False)[0]
    where = ".".join(map(str, row["loc"])) or "arguments"
    if row["type"] == "extra_forbidden":
        return f"{where}: unknown argument; {tool.name} takes {', '.join(fields)}"
    if row["type"] == "missing":
        return f"{where}: required; {tool.name} takes {', '.join(fields)}"
    expected = row["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    came = repr(row["input"])
    return f"{where}: expected {expected}, got {came if len(came) <= 60 else came[:57] + '...'}"


class LeanServer:
    """Answers `tools/list` and `tools/call` for one workspace."""

    def __init__(self, workspace: Workspace, tools: tuple[Tool, ...] = TOOLS) -> None:
        self._workspace = workspace
        self._tools = {tool.name: tool for tool in tools}
        self._listed = ListToolsResult(tools=[definition(tool) for tool in tools])
        self._limit: anyio.CapacityLimiter | None = None
        self.protocol: Server[Any] = Server(
            "lean",
            version=__version__,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            cache_hints={"tools/list": CacheHint(ttl_ms=LIST_TTL_MS, scope="private")},
        )

    async def run_stdio(self) -> None:
        """Serve until stdin ends."""
        async with stdio_server() as (read, write):
            await self.protocol.run(read, write, self.protocol.create_initialization_options())

    async def _list_tools(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return self._listed

    async def _call_tool(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            return reply(f"unknown tool {params.name!r}; there are {', '.join(self._tools)}", is_error=True)
        try:
            arguments = tool.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            return reply(explain(tool, error), is_error=True)
        call = Context(self._workspace)

        def work() -> tuple[str, bool]:
            try:
                return tool.run(arguments, call), False
            except Cancelled:
                return "cancelled", True
            except LeanError as error:
                return str(error), True
            except BaseException as error:  # a SystemExit in a thread would end the server
                log.exception("%s failed", tool.name)
                return f"{tool.name} failed ({type(error).__name__}); use the built-in tools for this call", True

        if self._limit is None:
            self._limit = anyio.CapacityLimiter(CALLS_AT_ONCE)
        try:
            text, is_error = await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limit)
        finally:
            call.stop.set()  # nobody waits for the thread any more, whether it has finished or not
        return reply(text, is_error=is_error)


def main() -> None:
    """Serve the workspace of the environment until stdin closes; never returns."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="mcp-lean: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = LeanServer(Workspace.from_environment(os.environ))
    anyio.run(server.run_stdio)
    sys.stderr.flush()
    os._exit(0)  # a thread that is still reading must not hold the process; there is nothing to write back
