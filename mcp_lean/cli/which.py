"""Which sessions a command is about: the options that `cost` and `replay` share.

In:  the command line.
Out: `Asked`.
Not here: finding them (`report/selection`).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.report.selection import Asked


def add_which(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds the options; `default` says in words what is meant without any."""
    which = parser.add_argument_group(f"which sessions (default: {default})")
    which.add_argument("--session", metavar="ID", help="the session whose id begins with this, of any project")
    which.add_argument("--since", metavar="WHEN", help="sessions with a request since then: 7d, 24h, 2w or 2026-11-01")
    which.add_argument("--all", action="store_true", help="sessions of all projects")
    which.add_argument("--dir", metavar="PATH", help="sessions in this file or folder, not in Claude Code's own place")


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
