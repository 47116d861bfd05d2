"""`mcp-lean init`: registers server, hooks and agents with Claude Code; `--undo` takes that back.

Exit statuses: 0 done, or nothing to do; 1 the person said no; 2 wrong usage, or something is in the way (nothing was
changed).

What it does, to which files, and how to take it back is said first. A file that is created or removed as a whole is one
line; one that was there is shown as a difference; `--dry-run` and `--json` have every line. In a pipe it is made only
with `--yes`, and then before it is said: a reader that leaves early must not leave half of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.claude_code.init.plan import Plan
    from mcp_lean.claude_code.init.undo import Undoing

WHERE = {"project": "in this folder", "user": "for all your projects", "local": "for you, in this folder"}


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

    from mcp_lean.cli import person
    from mcp_lean.errors import LeanError

    if args.json and not (args.yes or args.dry_run):
        print("mcp-lean init: --json needs --yes or --dry-run, since it asks nothing", file=sys.stderr)
        return 2
    # What limits an agent is not for it to lift.
    for_people = (args.undo or args.budget_usd is not None or args.routing) and not args.dry_run
    if for_people and (why := person.why_not(os.environ)):
        where = "limits and hooks are changed by a person, in a shell outside of Claude Code"
        print(f"mcp-lean init: nothing was changed: {why}; {where}", file=sys.stderr)
        return 2
    try:
        with alone(os.environ) if _is_unasked(args) else nullcontext():
            return _undo(args, os.getcwd(), os.environ) if args.undo else _init(args, os.getcwd(), os.environ)
    except BrokenPipeError:  # of the reader, not of a file
        raise
    except (LeanError, OSError) as error:
        print(f"mcp-lean init: {error}", file=sys.stderr)
        return 2


@contextmanager
def alone(environ: Mapping[str, str]) -> Iterator[None]:
    """One of a person's inits at a time: two at once would take one another's unfinished files for leftovers.

    The home folder itself is locked, so nothing is left behind; where that cannot be, as on Windows, there is no lock.
    """
    import os
    import sys

    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = -1
    try:
        with suppress(OSError):
            folder = os.open(environ.get("HOME") or os.path.expanduser("~"), os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("mcp-lean init: another one is at work; this one goes on when it ends", file=sys.stderr)
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        if folder >= 0:
            os.close(folder)


def _init(args: argparse.Namespace, cwd: str, environ: Mapping[str, str]) -> int:
    from dataclasses import replace

    from mcp_lean.claude_code.init.apply import install
    from mcp_lean.claude_code.init.plan import Asked, make_plan
    from mcp_lean.cli.init_page import Page

    asked = Asked(args.scope, args.budget_usd, args.routing or "", args.allow, args.agents)
    plan = make_plan(asked, cwd, environ)
    if not plan.is_empty:
        plan = replace(plan, remarks=(*plan.remarks, *_old_client(plan, environ, refuses=not args.dry_run)))
    if _is_unasked(args) and not plan.is_empty:
        install(plan, environ)
    undo = "mcp-lean init --undo" + ("" if args.scope == "project" else f" --scope {args.scope}")
    page = Page(plan.places, environ, whole=args.dry_run)
    if not args.json and not plan.is_empty:
        what = "server, hooks and agents" if args.agents and plan.places.agents else "server and hooks"
        client = f"claude mcp add-json -s {args.scope} lean '{_compact(plan.register)}'" if plan.register else ""
        way_back = f"{undo} takes all of it back, to the byte."
        says = f"This registers {what} of mcp_lean with Claude Code, {WHERE[args.scope]}."
        page.opening(says, plan.changes, client, way_back)
    if not args.json and plan.remarks:
        page.remarks(plan.remarks)
    if not args.allow and _is_asking(args):
        with_permission = make_plan(replace(asked, allow=True), cwd, environ)
        with_permission = replace(with_permission, remarks=plan.remarks)
        if with_permission.changes != plan.changes and _ask("Let agents call our tools unasked (they only read)?"):
            plan = with_permission
    if not args.json:
        page.differences(plan.changes)
    if plan.is_empty:
        return _end(args, plan, "nothing to do: everything is as it should be")
    if args.dry_run:
        return _end(args, plan, "nothing was written: --dry-run")
    if (status := _agreed(args)) is not None:
        return status
    if not _is_unasked(args):
        with alone(environ):
            install(plan, environ)
    return _end(args, plan, f"done; {undo} takes it back. Sessions that are open see it after a restart", done=True)


def _old_client(plan: Plan, environ: Mapping[str, str], *, refuses: bool) -> Iterator[str]:
    """A remark where the client is older than what we know to work.

    Raises:
        EngineMissing: it would drop the file that our hooks stand in, with whatever else a person has written there.
    """
    from mcp_lean.claude_code.doctor.client import ignores_our_settings, version
    from mcp_lean.claude_code.doctor.finding import Finding
    from mcp_lean.claude_code.doctor.probe import client_version
    from mcp_lean.claude_code.init.places import client_program
    from mcp_lean.errors import EngineMissing

    program = client_program(environ)
    number = client_version(program, environ) if program else ""
    for found in version(number) if program else ():
        if isinstance(found, Finding):
            says = f"{found.says}; {found.todo}"
            if refuses and ignores_our_settings(number) and plan.places.settings in (c.held.path for c in plan.changes):
                raise EngineMissing(f"{says}; nothing was changed")
            yield says


def _undo(args: argparse.Namespace, cwd: str, environ: Mapping[str, str]) -> int:
    from mcp_lean.claude_code.init.apply import uninstall
    from mcp_lean.claude_code.init.undo import plan_undo
    from mcp_lean.cli.init_page import Page

    undoing = plan_undo(args.scope, cwd, environ)
    if undoing is None:
        return _end(args, None, f"nothing to undo: init has done nothing here at scope {args.scope}")
    if _is_unasked(args):
        uninstall(undoing, environ)
    if not args.json:
        page = Page(undoing.places, environ, whole=args.dry_run)
        client = f"claude mcp remove -s {args.scope} lean" if undoing.unregisters else ""
        what = f"This takes back what mcp-lean init has done {WHERE[args.scope]}."
        page.opening(what, undoing.changes, client, "mcp-lean init writes it again.")
        page.remarks(undoing.remarks)
        page.differences(undoing.changes)
    if args.dry_run:
        return _end(args, undoing, "nothing was written: --dry-run")
    if (status := _agreed(args)) is not None:
        return status
    if not _is_unasked(args):
        with alone(environ):
            uninstall(undoing, environ)
    return _end(args, undoing, "taken back", done=True)


def _is_unasked(args: argparse.Namespace) -> bool:
    return bool(args.yes and not args.dry_run)


def _is_asking(args: argparse.Namespace) -> bool:
    import sys

    return not (args.yes or args.dry_run) and sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(args: argparse.Namespace) -> int | None:
    """`None`: go on; else the exit status."""
    import sys

    if args.yes:
        return None
    print("Every line of it: the same command with --dry-run (--json).")
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
        print()
        return False


def _end(args: argparse.Namespace, plan: Plan | Undoing | None, words: str, done: bool = False) -> int:
    import json

    from mcp_lean.cli.init_page import action, difference

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
                "action": action(change),
                "diff": "".join(f"{line}\n" for line in difference(change, change.held.path)),
            }
            for change in changes
        ],
        "remarks": list(plan.remarks) if plan else [],
    }
    print(json.dumps(document, indent=2))
    return 0


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
