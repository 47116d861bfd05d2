"""`mcp-lean hook EVENT`: a hook event as a command, for where `mcp_tool` hooks cannot run.

Reads the event's JSON on stdin, prints the hook's output. The exit status is always 0: to Claude Code another one is an
error, or a refusal. What goes wrong is one line on stderr, and the agent's work goes on.

Each event is a process of its own: limits and identity work as in the server, through the ledger; what looks at
several turns of an agent (loops, the nudge) has no memory here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator

DEADLINE_SECONDS = 1.0
"""From the moment that the event has been read; a later answer is given up, and the agent goes on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # Whatever stands in a settings file must not become wrong usage, status 2: that would refuse the call.
    parser.add_argument("event", nargs=argparse.REMAINDER, help="name of the event; by default as in the JSON on stdin")


def run(options: argparse.Namespace) -> int:
    """Answer one event."""
    try:
        answer = _answer(options.event[0] if options.event else "")
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the agent
        print(f"mcp-lean hook: {type(error).__name__}: {error}; work goes on without the guard", file=sys.stderr)
        answer = "{}" if options.event[:1] != ["PreCompact"] else ""
    print(answer)
    return 0


def _answer(event: str) -> str:
    fields = json.loads(sys.stdin.buffer.read())
    if not isinstance(fields, dict):
        raise ValueError("stdin is not a JSON object")
    if event:
        fields["hook_event_name"] = event
    with _deadline():
        from mcp_lean.guard.start import start

        cwd = fields.get("cwd")
        project = os.environ.get("CLAUDE_PROJECT_DIR") or (cwd if isinstance(cwd, str) and cwd else os.getcwd())
        return start(project, os.environ, is_for_one_event=True).guard.answer(fields)


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    """Ends the block with a TimeoutError when it takes too long; where there is no such signal, never."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _late(*_: object) -> None:
    raise TimeoutError(f"no answer within {DEADLINE_SECONDS:g} s")
