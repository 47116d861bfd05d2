"""The server's process: stdin and stdout for the protocol, stderr for the log, signals, and the end.

In:  the environment.
Out: nothing returns; the process ends with 0 when stdin does, and by the signal that ends it.
Not here: what is answered (`app.py`).

While the SDK serves, it keeps descriptors 0 and 1 for itself: what a tool or its child prints goes to stderr. Two of
its limits are accepted: a line that is no request is dropped without an answer (no -32700), and so is a request in
which a JSON escape spells half a character.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

import anyio
from mcp.server.stdio import stdio_server

from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.app import LeanServer
from mcp_lean.server.command_door import CommandDoor
from mcp_lean.server.early_hooks import guard_of
from mcp_lean.server.front import Wire
from mcp_lean.server.hook_tool import HookDoor
from mcp_lean.server.registry import TOOLS
from mcp_lean.tools.base import Tool

if TYPE_CHECKING:
    from mcp_lean.guard.start import Started

log = logging.getLogger(__name__)

DRAIN_SECONDS = 0.2
"""How long the end waits for calls that are still at work: they look at `Context.stop` more often than that."""


def main(
    tools: tuple[Tool, ...] = TOOLS,
    wire: Wire | None = None,
    start_guard: Callable[[], Started] | None = None,
    commands: CommandDoor | None = None,
) -> None:
    """Serve the workspace of the environment until stdin closes; never returns.

    Args:
        wire: what the front has taken over from stdin and stdout; None: they are taken here.
        start_guard: the guard that the front may have asked already; None: it is made here.
        commands: the door for hook commands, if it is open already.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="mcp-lean: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the SDK would ignore it
    workspace = Workspace.from_environment(os.environ)
    start_guard = start_guard or guard_of(workspace.root, log.warning)
    if commands is None:
        commands = CommandDoor(start_guard, workspace.root, os.environ)
        commands.open()
    server = LeanServer(workspace, tools, HookDoor(start_guard))
    status = 0
    try:
        anyio.run(_serve, server, wire)
    except BaseException as error:
        if not _is_gone_client(error):
            log.exception("the server ended")
            status = 1
    with suppress(OSError):  # no stderr: then there is nowhere to write by accident either
        os.dup2(2, 1)  # what is still at work must not write on the wire, which the SDK has given back
    commands.close()
    server.drained(DRAIN_SECONDS)
    logging.shutdown()
    os._exit(status)  # a thread that is still at work must not hold the process; there is nobody to answer


async def _serve(server: LeanServer, wire: Wire | None) -> None:
    lines = None if wire is None else anyio.wrap_file(cast("IO[str]", wire))
    async with stdio_server(lines, lines) as (read, write):
        await server.protocol.run(read, write, server.protocol.create_initialization_options())


def _is_gone_client(error: BaseException) -> bool:
    """Whether all that went wrong is that the client is not there any more."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_gone_client, error.exceptions))
    return isinstance(error, ConnectionError)
