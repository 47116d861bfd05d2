"""`mcp-lean budget`: what the newest sessions of this project have spent of their limits; and raising a limit.

Exit statuses: 0 printed, or raised; 1 printed, and the newest session is at a limit, or it was not raised; 2 wrong
usage; 3 no session found.

Raising is for people: it asks, on the terminal, and is refused where there is none, and inside of Claude Code.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mcp_lean.config import Config
    from mcp_lean.guard.budget.status import RunStatus
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.report.tables import Look

BY_A_PERSON = "a person raises limits, in a terminal outside of Claude Code"
RECENT = 5
INTERVAL_S = 1.0
AMOUNT = r"\$?(\d+(?:\.\d+)?)\s*(usd|\$|requests?|tokens?|context)?"
KINDS = {"r": "requests", "t": "tokens", "c": "context_tokens"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--session",
        metavar="ID",
        help="the session whose id begins with this, of any project (default: the newest ones of this project)",
    )
    parser.add_argument(
        "--raise",
        dest="raise_by",
        metavar="AMOUNT",
        help="add to the limits of the newest session and of each of its agents: 5 (dollars), 100requests, "
        "500000tokens, 50000context",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="for programs")
    how.add_argument("--watch", action="store_true", help="show it again each second until Ctrl-C (once in a pipe)")
    how.add_argument(
        "--hooks",
        action="store_true",
        help='print the "hooks" for .claude/settings.json that make Claude Code keep them',
    )


def run(args: argparse.Namespace) -> int:
    """Show, or raise; see the module for the statuses."""
    import os
    import sys

    from mcp_lean.cli import person
    from mcp_lean.config import load
    from mcp_lean.errors import LeanError
    from mcp_lean.guard.ledger.ledger import Ledger

    raised = _parsed(args.raise_by) if args.raise_by is not None else None
    if args.raise_by is not None and raised is None:
        example = "5, 100requests, 500000tokens or 50000context"
        print(f"mcp-lean budget: --raise {args.raise_by}: an amount above 0, for example {example}", file=sys.stderr)
        return 2
    if raised and (why := person.why_not(os.environ)):
        return _not_raised(f"{why}; {BY_A_PERSON}")
    cwd = os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()
    try:
        config = load(cwd, os.environ)
    except LeanError as error:
        print(f"mcp-lean budget: {error}", file=sys.stderr)
        return 2
    if args.hooks:
        return _print_hooks(config)
    files = recent_sessions(cwd, args.session or "", os.environ)
    if not files:
        sought = f"with an id that begins {args.session}" if args.session else f"of {cwd}"
        elsewhere = "" if args.session else "; --session ID takes one of any project"
        looked_for = f"looked for session transcripts of Claude Code{elsewhere}"
        print(f"mcp-lean budget: 0 sessions found {sought}; {looked_for}", file=sys.stderr)
        return 3
    ledger = Ledger.open(os.environ, reads_on=True)
    try:
        return _act(args, ledger, files, config, raised)
    finally:
        for note in ledger.take_notes():
            print(f"mcp-lean budget: {note}", file=sys.stderr)
        ledger.close()


def _print_hooks(config: Config) -> int:
    import json

    from mcp_lean.claude_code.hook_settings import hooks

    print(json.dumps({"hooks": hooks(config)}, indent=2))
    return 0


def _act(
    args: argparse.Namespace,
    ledger: Ledger,
    files: list[tuple[str, str]],
    config: Config,
    raised: tuple[str, float] | None,
) -> int:
    import json
    import sys

    from mcp_lean.cli import person
    from mcp_lean.guard.budget.limits import Step
    from mcp_lean.guard.budget.status import as_json, status

    if raised:
        files = files[:1]
        session_id = files[0][0]
        question = f"Raise the limits of session {session_id}, and of each of its agents, by {_by(raised)}?"
        answer = person.agrees(question)
        if not answer:
            return _not_raised("no" if answer is False else f"there is no terminal to ask on; {BY_A_PERSON}")
        if not ledger.raise_limit(session_id, **{raised[0]: raised[1]}):
            return _not_raised("the ledger cannot be written")

    def look() -> list[RunStatus]:
        # The oldest is read first: what a forked session has copied from another is counted there.
        oldest_first = [status(ledger, session_id, path, config.budget) for session_id, path in reversed(files)]
        return oldest_first[::-1]

    kept = {session_id: ledger.began_with(session_id) for session_id, _ in files}

    def page(runs: list[RunStatus], width: Look) -> Iterator[RenderableType]:
        from mcp_lean.report.limits import standing

        return standing(runs, kept, config, width)

    if args.watch and sys.stdout.isatty():
        return _watch(lambda width: page(look(), width))
    runs = look()
    if args.json:
        print(json.dumps([as_json(run) for run in runs], indent=2))
    else:
        from mcp_lean.report.show import write

        write(lambda width: page(runs, width), sys.stdout)
    if raised:
        if not args.json:
            print(f"\nRaised for session {files[0][0]}. An agent that was stopped goes on when it is asked to.")
        return 0
    newest = runs[0]
    return int(max([newest.nearest.step, *(agent.nearest.step for agent in newest.agents)]) is Step.STOP)


def _not_raised(why: str) -> int:
    import sys

    print(f"mcp-lean budget: not raised: {why}", file=sys.stderr)
    return 1


def _by(raised: tuple[str, float]) -> str:
    return f"${raised[1]:,.2f}" if raised[0] == "usd" else f"{raised[1]:g} {raised[0].replace('_', ' ')}"


def recent_sessions(cwd: str, session: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """(session id, transcript) of those that were written to last, the newest first; of any project where an id
    is given."""
    import os

    from mcp_lean.transcripts.locate import SUFFIX, newest_sessions, project_folders, roots

    found = newest_sessions(roots(environ) if session else project_folders(cwd, environ), session)
    return [(os.path.basename(path).removesuffix(SUFFIX), path) for path in found[: 1 if session else RECENT]]


def _parsed(words: str) -> tuple[str, float] | None:
    """(kind of limit, amount) of what stands after `--raise`."""
    import re

    found = re.fullmatch(AMOUNT, words.strip().lower())
    if found is None or not 0 < float(found[1]) < 1e12:
        return None
    return KINDS.get((found[2] or "")[:1], "usd"), float(found[1])


def _watch(look: Callable[[Look], Iterator[RenderableType]]) -> int:
    import shutil
    import sys
    import time

    from rich.console import Group
    from rich.live import Live

    from mcp_lean.report.tables import Look
    from mcp_lean.report.terminal import console

    def shown() -> Group:
        return Group(*look(Look(shutil.get_terminal_size().columns)))

    with Live(shown(), console=console(sys.stdout), auto_refresh=False, screen=False) as live:
        try:
            while True:
                time.sleep(INTERVAL_S)
                live.update(shown(), refresh=True)
        except KeyboardInterrupt:
            return 0
