"""`mcp-lean grep PATTERN...`: the tool grep_and_read, for agents and people without MCP."""

from __future__ import annotations

import argparse

from mcp_lean.cli.tool_call import add_common, call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patterns", nargs="+", metavar="PATTERN", help="regular expressions; any of them matches")
    # --paths too: so the tool's own texts name it.
    parser.add_argument(
        "--in", "--paths", dest="paths", action="append", metavar="PATH", help="glob or folder; may be repeated"
    )
    add_common(parser, "8,000")


def run(options: argparse.Namespace) -> int:
    """0 searched; 1 the tool had an error to tell; 2 wrong usage."""
    return call("grep_and_read", options, patterns=options.patterns, paths=options.paths)
