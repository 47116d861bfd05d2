"""A tool of the server, called in this process: the shared part of `mcp-lean read`, `grep` and `map`.

In:  a tool's module name and its arguments as the command line gave them.
Out: the text that the model would see on stdout, or its error on stderr.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from mcp_lean.errors import LeanError


def add_common(parser: argparse.ArgumentParser, default: str) -> None:
    """Options that all three share.

    Args:
        default: the tool's own budget in tokens. Said here, so that help does not load the tool.
    """
    words = f"tokens that the answer may have (default {default}, at most 20,000)"
    parser.add_argument("--budget", type=int, metavar="TOKENS", help=words)
    parser.add_argument("--root", metavar="DIR", help="the workspace (default: CLAUDE_PROJECT_DIR, else here)")


def call(module: str, options: argparse.Namespace, **arguments: object) -> int:
    """0 answered; 1 the tool had an error to tell; 2 an argument cannot be used."""
    from pydantic import ValidationError

    from mcp_lean.repo.workspace import Workspace
    from mcp_lean.server.explain import explain
    from mcp_lean.tools.base import Context, Tool

    tool: Tool = importlib.import_module(f"mcp_lean.tools.{module}").TOOL
    given = {name: value for name, value in arguments.items() if value}
    if options.budget is not None:
        given["budget"] = options.budget
    try:
        parsed = tool.arguments.model_validate(given)
    except ValidationError as error:
        print(f"mcp-lean: {explain(tool, error)}", file=sys.stderr)
        return 2
    if options.root and not os.path.isdir(options.root):
        print(f"mcp-lean: --root {options.root}: no such folder", file=sys.stderr)
        return 2
    workspace = Workspace(options.root, os.environ) if options.root else Workspace.from_environment(os.environ)
    try:
        text = tool.run(parsed, Context(workspace))
    except LeanError as error:
        print(f"mcp-lean: {error}", file=sys.stderr)
        return 1
    # File names may hold bytes that are no UTF-8; the terminal gets them back as they are.
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.flush()
    return 0
