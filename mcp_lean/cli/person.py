"""Whether a person asks for this, at a terminal: what lifts limits is not for an agent.

In:  the environment, the processes above this one, the controlling terminal.
Out: why it is no person, in one line; or the person's answer to a question.
Not here: what is asked for (`budget`, `init`).

Recorded on Claude Code 2.1.330: the shell of an agent, and that of a line typed behind `!`, have no terminal, stand
below a process called "claude", and cannot be told from one another. However a command is spelled, it stands there.
An agent that makes a terminal of its own, gets away from the client's processes, and types "y" passes for a person;
it has that person's rights, and could as well write to the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

CLIENT, IN_CLIENT = "claude", "CLAUDECODE"
"""Name of the client's process; and what is set in everything that it starts."""

INPUT, OUTPUT = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")

PROCESSES, MOST_PROCESSES = "/proc", 100


def why_not(environ: Mapping[str, str]) -> str:
    """Why whoever asks is no person in a shell of their own, as far as that can be told; empty if nothing says so.

    Processes are looked at where there is a /proc; elsewhere the environment has to do.
    """
    if environ.get(IN_CLIENT):
        return f"this runs inside of Claude Code ({IN_CLIENT} is set)"
    if any(is_client for is_client in _above()):
        return "this runs inside of Claude Code (it is among the processes above)"
    return ""


def _above() -> Iterator[bool]:
    """Of this process and each above it: whether it is the client, or was started by it."""
    pid = os.getpid()
    for _ in range(MOST_PROCESSES):
        try:
            with open(f"{PROCESSES}/{pid}/stat", encoding="utf-8", errors="replace") as file:
                stat = file.read()
        except OSError:
            return
        name, _, rest = stat.partition("(")[2].rpartition(")")
        yield name == CLIENT or _was_started_by_it(pid)
        pid = int(rest.split()[1])


def _was_started_by_it(pid: int) -> bool:
    try:
        with open(f"{PROCESSES}/{pid}/environ", "rb") as file:
            return any(entry.startswith(IN_CLIENT.encode() + b"=") for entry in file.read().split(b"\0"))
    except OSError:  # of another user
        return False


def agrees(question: str) -> bool | None:
    """Asks on the controlling terminal, whatever stdin and stdout are. `None`: there is none, or nobody answers."""
    try:
        with open(OUTPUT, "w", encoding="utf-8") as out, open(INPUT, encoding="utf-8", errors="replace") as terminal:
            out.write(f"{question} [y/N] ")
            out.flush()
            answer = terminal.readline()
    except OSError:
        return None
    return answer.strip().lower() in ("y", "yes") if answer else None
