"""`mcp-lean cost`: what sessions of Claude Code cost, and where the money went.

Exit statuses: 0 printed; 2 wrong usage; 3 nothing readable ("0 sessions found in X; looked for Y").
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mcp_lean.cli.which import add_which, asked

if TYPE_CHECKING:
    from mcp_lean.costs.breakdown import RunCost
    from mcp_lean.report.routing import Decided


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_which(parser, "the newest one of this project")
    how = parser.add_argument_group("how")
    how.add_argument("--by", choices=("agent", "tool", "model", "day"), help="one table by this")
    how.add_argument("--json", action="store_true", help="for programs (docs/cost.md#json)")
    how.add_argument("--html", metavar="FILE", help="write a page that opens offline (needs the extra `report`)")
    how.add_argument(
        "--with-text",
        action="store_true",
        help="put titles and descriptions into the page and the JSON, and prompts into the page",
    )


def run(args: argparse.Namespace) -> int:
    """Find, read, add up, print. See the module for the statuses."""
    import os
    import sys

    from mcp_lean.costs.breakdown import break_down
    from mcp_lean.costs.contract import price_table
    from mcp_lean.errors import LeanError
    from mcp_lean.report.routing import documents, section
    from mcp_lean.report.selection import NothingFoundError, choose
    from mcp_lean.report.show import as_json, as_lines, as_page, as_text, loading

    try:
        meant = asked(args, only_newest=True)
        with loading(sys.stderr) as progress:
            chosen = choose(meant, os.environ, progress=progress, with_text=args.with_text)
        table = price_table()
        costs = [break_down(found, table) for found in chosen.runs]
        if args.html:
            as_page(costs, table, chosen.skipped, args.html, chosen.texts)
            print(f"mcp-lean cost: wrote {args.html}", file=sys.stderr)
    except NothingFoundError as error:
        print(f"mcp-lean cost: {error}", file=sys.stderr)
        return 3
    except (LeanError, OSError) as error:
        print(f"mcp-lean cost: {error}", file=sys.stderr)
        return 2
    routed = _routed(costs, os.environ)
    if args.json:
        more = {"routing": documents(routed)}
        as_json(costs, table, chosen.skipped, sys.stdout, by=args.by, with_text=args.with_text, more=more)
    elif not args.html:
        as_text(costs, table, chosen.skipped, sys.stdout, by=args.by)
        if routed:
            print()
            as_lines(section(routed), sys.stdout)
    return 0


def _routed(costs: Sequence[RunCost], environ: Mapping[str, str]) -> list[Decided]:
    """The decisions of routing in these runs; none where no guard has ever kept anything here."""
    import os
    import sys

    from mcp_lean.folders import data_folder
    from mcp_lean.guard.ledger.database import NAME
    from mcp_lean.report.routing import decided

    if not os.path.isfile(os.path.join(data_folder(environ), NAME)):
        return []
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.guard.routing.log import RoutingLog

    ledger = Ledger.open(environ)
    log = RoutingLog(ledger)
    found = decided(costs, {cost.run.id: log.of_session(cost.run.id) for cost in costs})
    if ledger.note:
        print(f"mcp-lean cost: routing: {ledger.note}", file=sys.stderr)
    ledger.close()
    return found
