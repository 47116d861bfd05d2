"""`mcp-lean read ITEM...`: the tool read_many, for agents and people without MCP."""

from __future__ import annotations

import argparse

from mcp_lean.cli.tool_call import add_common, call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "items",
        nargs="+",
        metavar="ITEM",
        help="path, path:10-80, path:42 (the definition there), path#Class.method, path# (outline), glob, folder",
    )
    add_common(parser, "8,000 an item")


def run(options: argparse.Namespace) -> int:
    """0 read; 1 nothing could be read; 2 wrong usage."""
    return call("read_many", options, items=options.items)
