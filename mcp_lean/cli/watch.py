"""`mcp-lean watch`: the running session, live.

Exit statuses: 0 shown (ended by Ctrl-C, or `--once`); 2 wrong usage; 3 no session found.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.report.watching import Watch

INTERVAL_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--session",
        metavar="ID",
        help="the session whose id begins with this, of any project (default: the newest of this project)",
    )
    parser.add_argument("--dir", metavar="PATH", help="look in this file or folder, not in Claude Code's own place")
    parser.add_argument("--once", action="store_true", help="print once and end (always so in a pipe)")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL_S, metavar="SECONDS", help=f"between looks (default {INTERVAL_S:g})"
    )


def run(args: argparse.Namespace) -> int:
    """Follow the newest session of this project; see the module for the statuses."""
    import os
    import sys

    from mcp_lean.errors import LeanError
    from mcp_lean.report.selection import Asked, NothingFoundError
    from mcp_lean.report.watching import Watch

    if args.interval <= 0:
        print("mcp-lean watch: --interval: above 0", file=sys.stderr)
        return 2
    asked = Asked(cwd=os.getcwd(), session=args.session or "", place=args.dir or "")
    try:
        watch = Watch(asked, os.environ)
        if args.once or not sys.stdout.isatty():
            watch.show_once(sys.stdout)
            return 0
    except NothingFoundError as error:
        print(f"mcp-lean watch: {error}", file=sys.stderr)
        return 3
    except LeanError as error:
        print(f"mcp-lean watch: {error}", file=sys.stderr)
        return 2
    return _live(watch, args.interval)


def _live(watch: Watch, interval_s: float) -> int:
    import sys
    import time

    from rich.live import Live

    from mcp_lean.report.terminal import console

    with Live(watch.look(), console=console(sys.stdout), auto_refresh=False, screen=False) as live:
        try:
            while True:
                time.sleep(interval_s)
                live.update(watch.look(), refresh=True)
        except KeyboardInterrupt:
            return 0
