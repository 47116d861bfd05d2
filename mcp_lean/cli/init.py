"""`mcp-lean init`: registers server, hooks and agents with Claude Code; `--undo` takes that back.

Exit statuses: 0 done, or nothing to do; 1 the person said no; 2 wrong usage, or something is in the way (nothing was
changed).

The change is shown before it is made. In a pipe it is made only with `--yes`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.claude_code.init.files import Change
    from mcp_lean.claude_code.init.plan import Plan
    from mcp_lean.claude_code.init.undo import Undoing

IN_CLIENT = "CLAUDECODE"
"""Set in every shell that an agent uses. What limits an agent is not for it to lift."""

STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scope",
        choices=("project", "user", "local"),
        default="project",
        help="project: this folder, in files that a team shares; user: all your projects; local: you, in this folder",
    )
    parser.add_argument("--budget-usd", type=_amount, metavar="N", help="most that one run may spend; 0 is no limit")
    parser.add_argument("--routing", choices=("off", "advise", "on"), help="whether Agent calls go to cheaper agents")
    parser.add_argument("--allow", action="store_true", help="let agents call our tools, which only read, unasked")
    parser.add_argument("--no-agents", dest="agents", action="store_false", help="without the agents' files")
    parser.add_argument("--undo", action="store_true", help="take back what init has done at this scope")
    parser.add_argument("--dry-run", action="store_true", help="show the change, and make none")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="for programs; with --yes or --dry-run")


def run(args: argparse.Namespace) -> int:
    """Show, ask, do; see the module for the statuses."""
    import os
    import sys

    from mcp_lean.errors import LeanError

    if args.json and not (args.yes or args.dry_run):
        print("mcp-lean init: --json needs --yes or --dry-run, since it asks nothing", file=sys.stderr)
        return 2
    if os.environ.get(IN_CLIENT) and (args.undo or args.budget_usd is not None or args.routing) and not args.dry_run:
        print(
            "mcp-lean init: limits and hooks are changed by a person, in a shell outside of Claude Code "
            f"({IN_CLIENT} is set here); nothing was changed",
            file=sys.stderr,
        )
        return 2
    try:
        return _undo(args, os.getcwd(), os.environ) if args.undo else _init(args, os.getcwd(), os.environ)
    except (LeanError, OSError) as error:
        print(f"mcp-lean init: {error}", file=sys.stderr)
        return 2


def _init(args: argparse.Namespace, cwd: str, environ: Mapping[str, str]) -> int:
    from dataclasses import replace

    from mcp_lean.claude_code.init.apply import install
    from mcp_lean.claude_code.init.plan import Asked, make_plan

    asked = Asked(args.scope, args.budget_usd, args.routing or "", args.allow, args.agents)
    plan = make_plan(asked, cwd, environ)
    if not args.allow and _is_asking(args):
        with_permission = make_plan(replace(asked, allow=True), cwd, environ)
        if with_permission.changes != plan.changes and _ask("Let agents call our tools unasked (they only read)?"):
            plan = with_permission
    if not args.json:
        _show(plan.changes, plan.remarks)
        if plan.register:
            print(f"claude mcp add-json -s {args.scope} lean '{_compact(plan.register)}'\n")
    if plan.is_empty:
        return _end(args, plan, "nothing to do: everything is as it should be")
    if args.dry_run:
        return _end(args, plan, "nothing was written: --dry-run")
    if (status := _agreed(args)) is not None:
        return status
    install(plan, environ)
    undo = "mcp-lean init --undo" + ("" if args.scope == "project" else f" --scope {args.scope}")
    return _end(args, plan, f"done; {undo} takes it back. Sessions that are open see it after a restart", done=True)


def _undo(args: argparse.Namespace, cwd: str, environ: Mapping[str, str]) -> int:
    from mcp_lean.claude_code.init.apply import uninstall
    from mcp_lean.claude_code.init.undo import plan_undo

    undoing = plan_undo(args.scope, cwd, environ)
    if undoing is None:
        return _end(args, None, f"nothing to undo: init has done nothing here at scope {args.scope}")
    if not args.json:
        _show(undoing.changes, undoing.remarks)
        if undoing.unregisters:
            print(f"claude mcp remove -s {args.scope} lean\n")
    if args.dry_run:
        return _end(args, undoing, "nothing was written: --dry-run")
    if (status := _agreed(args)) is not None:
        return status
    uninstall(undoing, environ)
    return _end(args, undoing, "taken back", done=True)


def _is_asking(args: argparse.Namespace) -> bool:
    import sys

    return not (args.yes or args.dry_run) and sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(args: argparse.Namespace) -> int | None:
    """`None`: go on; else the exit status."""
    import sys

    if args.yes:
        return None
    if not _is_asking(args):
        print("mcp-lean init: nothing was written: this is no terminal to ask on; --yes writes it", file=sys.stderr)
        return 2
    if _ask("Write this?"):
        return None
    print("nothing was written")
    return 1


def _ask(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _end(args: argparse.Namespace, plan: Plan | Undoing | None, words: str, done: bool = False) -> int:
    import json

    if not args.json:
        print(words)
        return 0
    changes = plan.changes if plan else ()
    document = {
        "scope": args.scope,
        "written": done,
        "result": words,
        "changes": [
            {
                "path": change.held.path,
                "target": change.held.target,
                "action": _action(change),
                "diff": "".join(f"{line}\n" for line in _diff(change)),
            }
            for change in changes
        ],
        "remarks": list(plan.remarks) if plan else [],
    }
    print(json.dumps(document, indent=2))
    return 0


def _show(changes: Sequence[Change], remarks: Sequence[str]) -> None:
    import sys

    from rich.text import Text

    from mcp_lean.claude_code.printing import printable
    from mcp_lean.report.terminal import console

    out = console(sys.stdout)
    for change in changes:
        for line in _diff(change):
            style = next((style for mark, style in STYLES if line.startswith(mark)), "")
            out.print(Text(line, style=style), soft_wrap=True)
        print()
    for remark in remarks:
        out.print(Text(printable(f"note: {remark}"), style="yellow"), soft_wrap=True)
    if remarks:
        print()


def _diff(change: Change) -> Iterator[str]:
    import difflib

    from mcp_lean.claude_code.printing import printable

    before, after = (_lines(data) for data in (change.held.data, change.after))
    old = change.held.path if change.held.data is not None else "/dev/null"
    new = change.held.path if change.after is not None else "/dev/null"
    for line in difflib.unified_diff(before, after, old, new, lineterm=""):
        yield printable(line.replace("\r", ""))


def _lines(data: bytes | None) -> list[str]:
    if not data:
        return []
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]} (no newline at the end)"]


def _action(change: Change) -> str:
    if change.held.data is None:
        return "create"
    return "remove" if change.after is None else "change"


def _compact(entry: dict[str, object]) -> str:
    import json

    return json.dumps(entry)


def _amount(words: str) -> float:
    """An amount of dollars.

    Raises:
        ArgumentTypeError: not a number, or below 0, or one that is no limit.
    """
    try:
        amount = float(words)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{words}: dollars, 0 or more, for example 20")
    return amount
