"""`mcp-lean doctor`: is it installed and answering, and what in this set-up costs more than it has to.

Exit statuses: 0 nothing found; 1 something was found; 2 wrong usage.

Reads files, starts our own server and asks the client for its version. Nobody else's program is started unless
`--servers` asks for it, and nothing is changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.claude_code.doctor.checks import Report, Seen
    from mcp_lean.claude_code.doctor.servers import Listing
    from mcp_lean.claude_code.doctor.setup import Setup
    from mcp_lean.costs.breakdown import RunCost

DAYS = 14
MOST_HISTORY_BYTES = 100 << 20
"""Of transcripts; 17 MB take 0.3 s at the first reading, later ones come from the store (docs/figures.md#doctor)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--servers", action="store_true", help="start each configured MCP server twice, and compare")
    parser.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help=f"of your runs to look at, {DAYS} by default; 0: none"
    )
    parser.add_argument("--no-start", dest="start", action="store_false", help="start nothing, not even our own server")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Look, print; see the module for the statuses."""
    import os

    from mcp_lean.claude_code.doctor.checks import examine
    from mcp_lean.claude_code.doctor.reading import read_setup

    setup = read_setup(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), os.environ)
    report = examine(setup, _seen(args, setup, os.environ))
    if args.json:
        print(_as_json(report))
    else:
        _print(report)
    return int(bool(report.findings))


def _seen(args: argparse.Namespace, setup: Setup, environ: Mapping[str, str]) -> Seen:
    from mcp_lean.claude_code.doctor.checks import Seen
    from mcp_lean.claude_code.doctor.own import own_server, start_words
    from mcp_lean.claude_code.doctor.probe import client_version, own_start
    from mcp_lean.claude_code.init.places import client_program

    unchecked = []
    version, start, runs = None, None, None
    listings: dict[str, list[Listing]] | None = None
    if args.start:
        program = client_program(environ)
        version = client_version(program, environ) if program else ""
        start = own_start(start_words(setup), setup.project, environ)
    else:
        unchecked.append("the client's version, our server's start and its hooks (--no-start)")
    others = [server for server in setup.servers if server is not own_server(setup)]
    named = ", ".join(server.name for server in others if server.words)
    remote = ", ".join(server.name for server in others if not server.words)
    if args.servers and args.start:
        listings = _listings(setup, environ)
    elif named:
        unchecked.append(f"what {named} list, how much it weighs, and whether it stays the same: --servers starts them")
    if remote:
        unchecked.append(f"servers that are reached over a network: {remote}")
    known = {plugin.id for plugin in setup.plugins}
    if plugins := [name for name in setup.enabled_plugins if name not in known]:
        unchecked.append(f"plugins that are enabled and not installed: {', '.join(plugins)}")
    if args.days:
        runs, left_out = _history(args.days, environ)
        unchecked += left_out
    else:
        unchecked.append("your runs: cache lifetime, effort, fan-outs (--days 0)")
    return Seen(version, start, listings, runs, tuple(unchecked))


def _listings(setup: Setup, environ: Mapping[str, str]) -> dict[str, list[Listing]]:
    from mcp_lean.claude_code.doctor.own import own_server
    from mcp_lean.claude_code.doctor.probe import expanded, listed

    found: dict[str, list[Listing]] = {}
    for server in setup.servers:
        if server.words and server is not own_server(setup):
            held = server.entry.get("env")
            extra = (
                {name: expanded(str(value), environ) for name, value in held.items()} if isinstance(held, dict) else {}
            )
            words = _expanded(server.words, environ)
            first = listed(words, setup.project, {**environ, **extra})
            # One that failed is not waited for again.
            found[server.name] = (
                [first] if first.problem else [first, listed(words, setup.project, {**environ, **extra})]
            )
    return found


def _expanded(words: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    from mcp_lean.claude_code.doctor.probe import expanded

    return tuple(expanded(word, environ) for word in words)


def _history(days: int, environ: Mapping[str, str]) -> tuple[list[RunCost] | None, list[str]]:
    """Priced runs of the last days of all projects, the newest first up to a bound; and what was left out."""
    import os
    import sys
    import time

    from mcp_lean.costs.breakdown import break_down
    from mcp_lean.costs.contract import price_table
    from mcp_lean.folders import cache_folder
    from mcp_lean.report.selection import last_s
    from mcp_lean.report.show import loading
    from mcp_lean.transcripts.locate import locate, roots
    from mcp_lean.transcripts.read import load_runs
    from mcp_lean.transcripts.store import Store

    since = time.time() - days * 86_400
    found = []
    for files in locate(roots(environ)).sessions:
        paths = [path for path in (files.main, *(agent.path for agent in files.agents)) if path]
        try:
            states = [os.stat(path) for path in paths]
        except OSError:
            continue  # gone since it was listed
        changed = max((state.st_mtime for state in states), default=0.0)
        if changed >= since:
            found.append((changed, sum(state.st_size for state in states), files.main or files.folder))
    found.sort(reverse=True)
    chosen: list[str] = []
    size = 0
    for _, length, path in found:
        if chosen and size + length > MOST_HISTORY_BYTES:
            break
        chosen.append(path)
        size += length
    runs = []
    if chosen:
        with loading(sys.stderr) as progress, Store(cache_folder(environ)) as store:
            loaded = load_runs(chosen, store=store, progress=progress)
        # A file is as new as its last copy; a run that says nothing of its time is as new as its file.
        runs = [run for run in loaded.runs if not last_s(run) or last_s(run) >= since]
    if not runs:
        return None, [f"your runs: none in the last {days} days"]
    table = price_table()
    left_out = []
    if len(chosen) < len(found):
        left_out.append(
            f"{len(found) - len(chosen)} older runs of the last {days} days: the newest {size >> 20} MiB were read"
        )
    return [break_down(run, table) for run in runs], left_out


def _print(report: Report) -> None:
    """Findings, then facts; at the end once more which, for a long page ends on the screen."""
    import os
    import sys

    from rich.text import Text

    from mcp_lean.claude_code.doctor.finding import in_words
    from mcp_lean.claude_code.printing import nearer, printable, wrapped
    from mcp_lean.repo.settings import home
    from mcp_lean.report.terminal import console

    out = console(sys.stdout)
    width = out.width if out.is_terminal else None
    here, own = os.path.realpath(os.getcwd()), os.path.realpath(home(os.environ))

    def line(words: str, indent: int = 0, style: str = "", styled: int | None = None) -> None:
        text = Text(wrapped(printable(words), width, indent))
        text.stylize(style, 0, styled)
        out.print(text, soft_wrap=True)

    def near(words: str) -> str:
        return nearer(words, here, own)

    for found in report.findings:
        place = f"{near(found.path)}:{found.line}" if found.path and found.line else near(found.path)
        line(f"{found.id}  {place}" if place else found.id, 4, "bold yellow", len(found.id))
        for name, words in (("", found.says), ("costs: ", in_words(found.cost)), ("do: ", found.todo)):
            line(f"    {name}{near(words)}", 4 + len(name))
        out.print()
    for fact in report.facts:
        if not fact.is_default:
            line(f"{fact.name}: {near(fact.says)}", 2, "bold", len(fact.name))
    if defaults := sum(fact.is_default for fact in report.facts):
        those = (
            "the other"
            if any(fact.name.startswith("config ") and not fact.is_default for fact in report.facts)
            else "all"
        )
        line(f"config: {those} {defaults} settings are defaults (--json lists them)", 2, "bold", len("config"))
    out.print()
    for words in report.unchecked:
        line(f"not checked: {words}", 2, "yellow")
    number = len(report.findings)
    ids = ", ".join(dict.fromkeys(found.id for found in report.findings))
    line(f"{number} finding{'' if number == 1 else 's'}: {ids}" if number else "nothing found", 2, "bold")


def _as_json(report: Report) -> str:
    import json

    document = {
        "findings": [
            {
                "id": found.id,
                "path": found.path,
                "line": found.line,
                "says": found.says,
                "tokens": found.cost.tokens,
                "usd_per_100_turns": found.cost.usd_per_100_turns,
                "todo": found.todo,
            }
            for found in report.findings
        ],
        "facts": [{"name": fact.name, "says": fact.says} for fact in report.facts],
        "unchecked": list(report.unchecked),
    }
    return json.dumps(document, indent=2)


def _days(words: str) -> int:
    """A number of days.

    Raises:
        ArgumentTypeError: not a whole number from 0 to 3650.
    """
    if not words.isdecimal() or int(words) > 3_650:
        raise argparse.ArgumentTypeError(f"{words}: a whole number of days, 0 or more")
    return int(words)
