"""`mcp-lean map [PATH...]`: the tool repo_summary, for agents and people without MCP."""

from __future__ import annotations

import argparse

from mcp_lean.cli.tool_call import add_common, call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="globs or folders (default: everything)")
    parser.add_argument("--focus", action="append", metavar="WORD", help="word or symbol; may be repeated")
    add_common(parser, "2,000")


def run(options: argparse.Namespace) -> int:
    """0 summarised; 1 the tool had an error to tell; 2 wrong usage."""
    return call("repo_summary", options, paths=options.paths, focus=options.focus)
