"""A hook event answered in this process: what `mcp-lean hook` does where no server of its session can be asked.

In:  the event's name, and the bytes of stdin.
Out: the hook's output, in time.
Not here: asking a server (`hook`).

Limits and identity work as in the server, through the ledger; what looks at several turns of an agent (loops, the
nudge) has no memory here, and an event that is for it alone is answered at once.

Nearly all that it takes is loading. So each part is loaded for the events that it has an answer to, and the values on
the way of every event are NamedTuples: such a class is made in a third of the time of a frozen dataclass, and the
module `dataclasses` takes a tenth of the whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator

FOR_LOOPS_ALONE = frozenset(("PostToolUse", "PostToolUseFailure"))


AGAIN_SECONDS = 0.1


class _LateError(BaseException):
    """No `Exception`: a part of the guard may fail alone, and would take it for its own failure."""


def answer(event: str, stdin: bytes, deadline_seconds: float) -> str:
    """The output of the hook. Raises TimeoutError when it takes too long, and whatever goes wrong."""
    fields = json.loads(stdin)
    if not isinstance(fields, dict):
        raise ValueError("stdin is not a JSON object")
    if event:
        fields["hook_event_name"] = event
    if fields.get("hook_event_name") in FOR_LOOPS_ALONE:
        return "{}"
    with _deadline(deadline_seconds):
        from mcp_lean.guard.start import start

        cwd = fields.get("cwd")
        project = os.environ.get("CLAUDE_PROJECT_DIR") or (cwd if isinstance(cwd, str) and cwd else os.getcwd())
        started = start(project, os.environ, is_for_one_event=True)
        said = started.guard.answer(fields)
    started.ledger.close()  # the process ends without clearing up; a late one as if it was killed
    return said


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Ends the block with a TimeoutError when it takes too long; where there is no such signal, never."""
    if sys.platform == "win32":
        yield
        return
    signal.signal(signal.SIGALRM, _late)
    try:
        # Again and again: what is raised while Python clears up an object is printed, and lost.
        signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds), AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _LateError:  # also where it comes between the end of the block and that of the timer
        raise TimeoutError("no answer in time") from None


def _late(*_: object) -> None:
    raise _LateError
