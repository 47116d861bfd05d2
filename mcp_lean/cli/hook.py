"""`mcp-lean hook EVENT`: a hook event as a command, for where `mcp_tool` hooks cannot run.

Reads the event's JSON on stdin, prints the hook's output. The exit status is always 0: to Claude Code another one is an
error, or a refusal. What goes wrong is one line on stderr, and the agent's work goes on.

In:  the event's name, stdin, the environment.
Out: the answer of the server that runs for the same project and session (`server/hook_socket` says which, and why only
     this user can be at its other end); without one, the answer of a guard in this process (`hook_here`).
Not here: what is answered (`guard/hooks`).

Each event is a process, so up to the question nothing is loaded that takes time, `socket` and `json` included.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from mcp_lean.server import hook_socket

TYPE_CHECKING = False  # as `typing` has it, without loading that
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

DEADLINE_SECONDS = hook_socket.DEADLINE_SECONDS
"""From the moment that the event has been read; a later answer is given up, and the agent goes on."""


class _NoEventError(Exception):
    """Typed by a person, or called by something that is not Claude Code."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # Whatever stands in a settings file must not become wrong usage, status 2: that would refuse the call.
    parser.add_argument("event", nargs="...", help="name of the event; by default as in the JSON on stdin")


def run(options: argparse.Namespace) -> int:
    """Answer one event."""
    return answer(options.event)


def end_with_answer(words: Sequence[str]) -> NoReturn:
    """Answers one event, and ends the process as it stands: to look for garbage among the modules that it loads, and to
    clear them up in the end, Python takes a sixth of the whole."""
    gc.disable()
    os._exit(answer(words))


def answer(words: Sequence[str]) -> int:
    """Answer one event, whose name is the first word."""
    event = words[0] if words else ""
    try:
        said = _answer(event)
    except _NoEventError:
        _say("no event on stdin (Claude Code writes one); nothing was done")
        said = b"" if event == "PreCompact" else b"{}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the agent
        _say(f"{type(error).__name__}: {error}; work goes on without the guard")
        said = b"" if event == "PreCompact" else b"{}"
    if sys.stdout:  # None when it was closed before the start
        try:
            sys.stdout.buffer.write(said + b"\n")
            sys.stdout.buffer.flush()
        except OSError:  # nobody reads it; what is left in the buffer must not fail once more at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(line: str) -> None:
    if sys.stderr:
        try:
            print(f"mcp-lean hook: {line}", file=sys.stderr)
        except OSError:  # a log on a full disk; as with the answer
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _answer(event: str) -> bytes:
    stdin = sys.stdin.buffer.read()
    if not stdin.strip():
        raise _NoEventError
    end = time.monotonic() + DEADLINE_SECONDS
    said = ask(event, stdin, os.environ, end)
    if said is None:
        from mcp_lean.cli import hook_here

        said = hook_here.answer(event, stdin, end - time.monotonic()).encode("utf-8", "replace")
    return said


def ask(event: str, stdin: bytes, environ: Mapping[str, str], end: float) -> bytes | None:
    """What the server of this project and session answers; `None`: there is none, or it does not answer this.

    Args:
        end: when to give up, on the clock of `time.monotonic`. Then a TimeoutError is raised: a server that was asked
            and is late is not asked again by loading a second guard.
    """
    try:
        cwd = os.getcwd()
        project = environ.get("CLAUDE_PROJECT_DIR") or cwd
        folder = hook_socket.folder(environ)
        names = hook_socket.to_ask(os.listdir(folder), environ, project)
        if not names or not hook_socket.is_private(folder):
            return None
        data = hook_socket.question(event, environ, cwd, stdin)
    except (OSError, ValueError, AttributeError):  # no folder, no such names, no such users on this system
        return None
    for name in names:
        said = _exchange(os.path.join(folder, name), data, end)
        if said is not None:
            return said
    return None


def _exchange(path: str, data: bytes, end: float) -> bytes | None:
    if sys.platform == "win32":
        return None
    try:
        import _socket  # what `socket` wraps: that one loads modules worth most of Python's own start

        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    except (ImportError, OSError):
        return None
    try:
        connection.settimeout(_left(end))
        connection.connect(path)
        if not hook_socket.is_same_user(connection):
            return None
        connection.sendall(data)
        connection.shutdown(_socket.SHUT_WR)
        pieces: list[bytes] = []
        while True:
            connection.settimeout(_left(end))
            piece = connection.recv(1 << 16)
            if not piece:
                return hook_socket.read_answer(b"".join(pieces))
            pieces.append(piece)
    except TimeoutError:
        raise TimeoutError(f"no answer within {DEADLINE_SECONDS:g} s") from None
    except OSError:  # killed, gone, or not willing
        return None
    finally:
        connection.close()


def _left(end: float) -> float:
    """Seconds; never 0, which would mean not to wait at all and look like a refusal."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
