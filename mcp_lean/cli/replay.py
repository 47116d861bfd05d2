"""`mcp-lean replay`: what recorded sessions would have cost under other policies, losses included.

Exit statuses: 0 printed; 2 wrong usage; 3 nothing to replay (no session found, or every one had to be left out).
"""

from __future__ import annotations

import argparse

from mcp_lean.cli.which import add_which, asked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_which(parser, "all of this project")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--world",
        choices=("recorded", "current"),
        default="recorded",
        help="models and prices: as recorded (default), or today's",
    )
    how.add_argument("--json", action="store_true", help="for programs (docs/cost.md#replay-json)")
    how.add_argument("--html", metavar="FILE", help="write a page that opens offline (needs the extra `report`)")
    how.add_argument("--with-text", action="store_true", help="put titles and calls into the page and the JSON")


def run(args: argparse.Namespace) -> int:
    """Find, read, replay, add up, print. See the module for the statuses."""
    import os
    import sys

    from mcp_lean.costs.contract import price_table
    from mcp_lean.errors import LeanError
    from mcp_lean.report.replay.runs import replay_runs
    from mcp_lean.report.replay.show import as_json, as_page, as_text
    from mcp_lean.report.selection import NothingFoundError, choose
    from mcp_lean.report.show import loading

    try:
        meant = asked(args, only_newest=False)
        with loading(sys.stderr) as progress:
            chosen = choose(meant, os.environ, progress=progress)
        table = price_table()
        summary = replay_runs(chosen.runs, args.world, table, sys.stderr)
        if not summary.sessions:
            reasons = ", ".join(f"{reason}: {number}" for reason, number in summary.left_out)
            print(f"mcp-lean replay: none of these sessions can be replayed: {reasons}", file=sys.stderr)
            return 3
        if args.html:
            as_page(summary, table, chosen.skipped, args.html, with_text=args.with_text)
            print(f"mcp-lean replay: wrote {args.html}", file=sys.stderr)
    except NothingFoundError as error:
        print(f"mcp-lean replay: {error}", file=sys.stderr)
        return 3
    except (LeanError, OSError) as error:
        print(f"mcp-lean replay: {error}", file=sys.stderr)
        return 2
    if args.json:
        as_json(summary, table, chosen.skipped, sys.stdout, with_text=args.with_text)
    elif not args.html:
        as_text(summary, table, chosen.skipped, sys.stdout)
    return 0
