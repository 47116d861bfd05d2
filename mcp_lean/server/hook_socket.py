"""Where a running server waits for `mcp-lean hook`, and what the two write to each other.

In:  the environment of either.
Out: the folder of sockets and whether it can be trusted; the names in it; the bytes of a question and of its answer.
Not here: waiting (`command_door`), asking (`cli/hook`).

Who can answer: the sockets lie in a folder beside the ledger that belongs to this user and that nobody else may enter;
where the system tells who is at the other end of a socket (Linux), both sides also ask that it is this user, so that
even a folder that was swapped in between gives nobody else a word. Everything else is no door: the command then
answers by itself. Loads next to nothing, for the command is to cost little more than bare Python.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib

from mcp_lean import __version__
from mcp_lean.folders import data_folder

TYPE_CHECKING = False  # as `typing` has it, without loading that
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    class Socket(Protocol):
        """Of a socket what is needed to see who is at its other end."""

        def getsockopt(self, level: int, name: int, size: int, /) -> bytes: ...


DEADLINE_SECONDS = 1.0
"""Of every door: agents wait for hooks; an answer takes some milliseconds."""

LONGEST_PATH_BYTES = 103
"""A socket's path holds 104 bytes on macOS with its end, 108 on Linux. Under a longer one there is no door."""

MOST_BYTES = 64 << 20
"""Of one question: an event holds the results of a batch of calls. A longer one is not for a door."""

SOL_SOCKET, SO_PEERCRED = 1, 17
"""On Linux."""

SESSION, CLIENT = "CLAUDE_CODE_SESSION_ID", "CLAUDE_PID"
"""What Claude Code 2.1.330 tells a hook command about itself; the first of them also a server."""


def folder(environ: Mapping[str, str]) -> str:
    """The folder of sockets."""
    return os.path.join(data_folder(environ), "run")


def is_private(path: str) -> bool:
    """Whether this is a folder of this user, no link, that nobody else may enter."""
    if sys.platform == "win32":
        return False
    state = os.lstat(path)
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o077


def is_same_user(connection: Socket) -> bool:
    """Whether the other end belongs to this user; where the system does not say, the folder has to do."""
    if not sys.platform.startswith("linux"):
        return True
    said = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)  # process, user, group
    return int.from_bytes(said[4:8], sys.byteorder) == os.geteuid()


def name_of(environ: Mapping[str, str], project: str) -> str:
    """The name of this server's socket: project, session, the process that started it, its own."""
    return f"{_digest(project)}-{_digest(environ.get(SESSION, ''))}-{os.getppid()}-{os.getpid()}"


def to_ask(names: Iterable[str], environ: Mapping[str, str], project: str) -> list[str]:
    """The sockets that a command may ask, the best first: of the same project, and of the same session.

    The session is known by its id, or, after `/clear` has given it another one, by the client's process. Another
    session's server is not asked: it would take that session for its own. A command that knows neither asks any.
    """
    session, client = environ.get(SESSION, ""), environ.get(CLIENT, "")
    found = []
    for name in sorted(names):
        parts = name.split("-")
        if len(parts) != 4 or parts[0] != _digest(project):
            continue
        is_session, is_client = bool(session) and parts[1] == _digest(session), parts[2] == client
        if is_session or is_client or not (session or client):
            found.append((not is_client, not is_session, name))
    return [name for _, _, name in sorted(found)]


def _digest(text: str) -> str:
    return f"{zlib.crc32(os.fsencode(text)):08x}"


def question(event: str, environ: Mapping[str, str], cwd: str, stdin: bytes) -> bytes:
    """What a command writes. Then it closes its side."""
    head = (f"mcp-lean {__version__}", event, environ.get("CLAUDE_PROJECT_DIR", ""), cwd)
    return b"\0".join((*map(os.fsencode, head), stdin))


def read_question(data: bytes) -> tuple[str, str, str, bytes] | None:
    """Event, project, working directory, and the bytes of stdin; `None`: not asked by this version."""
    version, *rest = data.split(b"\0", 4)
    if version != f"mcp-lean {__version__}".encode() or len(rest) != 4:
        return None
    event, project, cwd = map(os.fsdecode, rest[:3])
    return event, project, cwd, rest[3]


def answer(text: str) -> bytes:
    """What a server writes; nothing at all: it does not answer this."""
    said = text.encode("utf-8", "replace")
    return b"%d\n%b" % (len(said), said)


def read_answer(data: bytes) -> bytes | None:
    """The text of an answer, if it is whole."""
    length, end, said = data.partition(b"\n")
    return said if end and length == b"%d" % len(said) else None
