"""`mcp-lean serve`: the MCP server on stdin and stdout.

Exit statuses: 0 stdin was closed; 1 the server broke down (the log says how); 3 there is no folder to serve.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as `typing` has it, without loading that
if TYPE_CHECKING:
    import argparse


TYPED = "mcp-lean serve: an MCP server, waiting for messages on stdin; Claude Code starts it by itself. Ctrl-D ends it"
"""For somebody who types the command: nothing else would be said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none: the workspace comes from CLAUDE_PROJECT_DIR, else it is the working directory."""


def run(options: argparse.Namespace | None) -> int:
    """Serve until stdin closes; returns only when it cannot begin."""
    problem = _problem()
    if problem:
        print(f"mcp-lean serve: {problem}", file=sys.stderr)
        return 3
    _open_closed_descriptors()
    if sys.stderr and os.isatty(0):  # without one, print would write to stdout
        print(TYPED, file=sys.stderr)
    if os.environ.get("MCP_LEAN_FRONT") != "0":
        from mcp_lean.server import front

        front.main()
    gc.disable()  # nothing is worth collecting while modules load: saves 8-26 % of the CPU of a start
    from mcp_lean.server import stdio

    gc.freeze()
    gc.enable()
    stdio.main()
    return 0


def _open_closed_descriptors() -> None:
    """Stdin, stdout and stderr lead somewhere; another file in the place of a closed one would get what is for that."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)


def _problem() -> str:
    """Why there is nothing to serve; empty when there is."""
    project = os.environ.get("CLAUDE_PROJECT_DIR")
    if project:
        return "" if os.path.isdir(project) else f"CLAUDE_PROJECT_DIR is no folder: {project}"
    try:
        os.getcwd()
    except OSError:
        return "the working directory is not there any more; set CLAUDE_PROJECT_DIR"
    return ""
