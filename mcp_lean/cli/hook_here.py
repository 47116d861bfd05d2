"""A hook event answered in this process: what `mcp-lean hook` does where no server of its session can be asked.

In:  the event's name, and the bytes of stdin.
Out: the hook's output, in time.
Not here: asking a server (`hook`).

Limits and identity work as in the server, through the ledger; what looks at several turns of an agent (loops, the
nudge) has no memory here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator


class _LateError(BaseException):
    """No `Exception`: a part of the guard may fail alone, and would take it for its own failure."""


def answer(event: str, stdin: bytes, deadline_seconds: float) -> str:
    """The output of the hook. Raises TimeoutError when it takes too long, and whatever goes wrong."""
    fields = json.loads(stdin)
    if not isinstance(fields, dict):
        raise ValueError("stdin is not a JSON object")
    if event:
        fields["hook_event_name"] = event
    with _deadline(deadline_seconds):
        from mcp_lean.guard.start import start

        cwd = fields.get("cwd")
        project = os.environ.get("CLAUDE_PROJECT_DIR") or (cwd if isinstance(cwd, str) and cwd else os.getcwd())
        return start(project, os.environ, is_for_one_event=True).guard.answer(fields)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Ends the block with a TimeoutError when it takes too long; where there is no such signal, never."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds))
    try:
        yield
    except _LateError:
        raise TimeoutError("no answer in time") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _late(*_: object) -> None:
    raise _LateError
