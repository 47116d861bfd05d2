"""Which runs a command is about: the options that `cost` and `replay` share.

In:  the command line.
Out: `Asked`.
Not here: finding the runs (`report/selection`).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.report.selection import Asked


def add_which(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds the options; `default` says in words what is meant without any."""
    which = parser.add_argument_group(f"which runs (default: {default})")
    which.add_argument("--session", metavar="ID", help="the run with this id, or the beginning of it, in any project")
    which.add_argument("--since", metavar="WHEN", help="runs with a request since then: 7d, 24h, 2w or 2026-11-01")
    which.add_argument("--all", action="store_true", help="runs of all projects")
    which.add_argument("--dir", metavar="PATH", help="runs in this file or folder, instead of Claude Code's own place")


def asked(args: argparse.Namespace, *, only_newest: bool) -> Asked:
    """What was asked for. Raises `LeanError` for a time that is none."""
    import os
    import time

    from mcp_lean.report.selection import Asked, parse_since

    return Asked(
        cwd=os.getcwd(),
        session=args.session or "",
        since_s=parse_since(args.since, time.time()) if args.since else None,
        all_projects=args.all,
        place=args.dir or "",
        only_newest=only_newest,
    )
