"""`mcp-lean budget`: what the running and recent runs of this project have spent of their limits; and raising a limit.

Exit statuses: 0 printed, or raised; 1 printed, and the newest run is at a limit, or it was not raised; 2 wrong usage;
3 no run found.

Raising is for people. An agent's call of it is refused by the guard, and nothing else of this command is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.config import Budget, Config
    from mcp_lean.guard.budget.status import AgentStatus, RunStatus
    from mcp_lean.guard.ledger.ledger import Ledger

RECENT = 5
INTERVAL_S = 1.0
AMOUNT = r"\$?(\d+(?:\.\d+)?)\s*(usd|\$|requests?|tokens?|context)?"
KINDS = {"r": "requests", "t": "tokens", "c": "context_tokens"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--session",
        metavar="ID",
        help="the run with this id, or the beginning of it, in any project; not the newest ones",
    )
    parser.add_argument(
        "--raise",
        dest="raise_by",
        metavar="AMOUNT",
        help="add to the limits of the newest run and of each of its agents: 5 (USD), 100requests, 500000tokens, "
        "50000context",
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

    from mcp_lean.config import load
    from mcp_lean.errors import LeanError
    from mcp_lean.guard.ledger.ledger import Ledger

    raised = _parsed(args.raise_by) if args.raise_by is not None else None
    if args.raise_by is not None and raised is None:
        example = "5, 100requests, 500000tokens or 50000context"
        print(f"mcp-lean budget: --raise {args.raise_by}: an amount above 0, for example {example}", file=sys.stderr)
        return 2
    cwd = os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()
    try:
        config = load(cwd, os.environ)
    except LeanError as error:
        print(f"mcp-lean budget: {error}", file=sys.stderr)
        return 2
    if args.hooks:
        return _print_hooks(config)
    files = recent_runs(cwd, args.session or "", os.environ)
    if not files:
        sought = f"with an id that begins {args.session}" if args.session else f"of {cwd}"
        elsewhere = "" if args.session else "; --session ID takes a run of any project"
        looked_for = f"looked for session transcripts of Claude Code{elsewhere}"
        print(f"mcp-lean budget: 0 runs found {sought}; {looked_for}", file=sys.stderr)
        return 3
    ledger = Ledger.open(os.environ, reads_on=True)
    try:
        return _act(args, ledger, files, config.budget, raised)
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
    budget: Budget,
    raised: tuple[str, float] | None,
) -> int:
    import json
    import sys

    from mcp_lean.guard.budget.limits import Step
    from mcp_lean.guard.budget.status import as_json, status

    if raised:
        files = files[:1]
        session_id = files[0][0]
        if not ledger.raise_limit(session_id, **{raised[0]: raised[1]}):
            print("mcp-lean budget: not raised: the ledger cannot be written", file=sys.stderr)
            return 1

    def look() -> list[RunStatus]:
        # The oldest is read first: what a forked run has copied from another is counted there.
        oldest_first = [status(ledger, session_id, path, budget) for session_id, path in reversed(files)]
        return oldest_first[::-1]

    if args.watch and sys.stdout.isatty():
        return _watch(look)
    runs = look()
    if args.json:
        print(json.dumps([as_json(run) for run in runs], indent=2))
    else:
        print("\n\n".join("\n".join(lines(run)) for run in runs))
    if raised:
        if not args.json:
            print(f"\nRaised for run {files[0][0]}. An agent that was stopped goes on when it is asked to.")
        return 0
    newest = runs[0]
    return int(max([newest.nearest.step, *(agent.nearest.step for agent in newest.agents)]) is Step.STOP)


def recent_runs(cwd: str, session: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """(session id, transcript) of the runs that were written to last, the newest first; of any project where an id
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


def lines(run: RunStatus) -> Iterator[str]:
    """A run as text: the total, then an agent per line."""
    from mcp_lean.guard.budget.words import used

    yield f"run {run.session_id}: {_of(run.spent.usd + run.spent.reserved_usd, run.run_usd)}{_extra(run)}"
    for agent in run.agents:
        yield f"  {_agent(agent)}"
        if agent.known.stop_reason:
            yield f"    {agent.known.stop_reason}"
    if run.nearest.share >= 1:
        yield f"  {used(run.nearest)}"


def _extra(run: RunStatus) -> str:
    parts = [f"{run.spent.requests} requests"]
    if run.spent.reserved_usd:
        parts.append(f"{run.spent.reserved_usd:.2f} USD of it estimated, in flight")
    parts += [f"raised by {amount:g} {name.replace('_', ' ')}" for name, amount in _raises(run) if amount]
    return f"; {', '.join(parts)}"


def _raises(run: RunStatus) -> list[tuple[str, float]]:
    raised = run.raised
    return [
        ("USD", raised.usd),
        ("requests", raised.requests),
        ("tokens", raised.tokens),
        ("context tokens", raised.context_tokens),
    ]


def _agent(agent: AgentStatus) -> str:
    known, spent = agent.known, agent.known.spent
    who = f"{known.agent_type or 'agent'} {known.agent_id}" if known.agent_id else "orchestrator"
    requests = f"{spent.requests} of {agent.limits.agent_requests}" if agent.limits.agent_requests else spent.requests
    state = "stopped" if known.stop_reason else "at work" if known.is_running else "ended or idle"
    amount = _of(spent.usd + spent.reserved_usd, agent.limits.agent_usd)
    return f"{who}: {amount}, {requests} requests, context {spent.context_tokens:,} tokens, {state}"


def _of(used_usd: float, limit_usd: float) -> str:
    if not limit_usd:
        return f"{used_usd:.2f} USD, no limit"
    return f"{used_usd:.2f} of {limit_usd:.2f} USD ({int(used_usd / limit_usd * 100)} %)"


def _watch(look: Callable[[], list[RunStatus]]) -> int:
    import sys
    import time

    from rich.live import Live
    from rich.text import Text

    from mcp_lean.report.terminal import console

    def shown() -> Text:
        return Text("\n\n".join("\n".join(lines(run)) for run in look()))

    with Live(shown(), console=console(sys.stdout), auto_refresh=False, screen=False) as live:
        try:
            while True:
                time.sleep(INTERVAL_S)
                live.update(shown(), refresh=True)
        except KeyboardInterrupt:
            return 0
