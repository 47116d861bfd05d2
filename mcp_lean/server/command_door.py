"""The guard's door for hook commands: while the server runs, `mcp-lean hook` asks it instead of loading a guard.

In:  questions on a socket, as `hook_socket` says.
Out: answers of the server's guard, which remembers the turns of agents: loops and the nudge work for commands too.
Not here: who may connect and which server is asked (`hook_socket`); the door for `mcp_tool` hooks (`hook_tool`).

A question that is not for this project, comes from another version, or finds the guard stuck gets no answer; neither
does one for which the guard fails. The command then answers by itself, as it does without a server.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from mcp_lean.server import hook_socket

if TYPE_CHECKING:
    from socket import socket

    from mcp_lean.guard.start import Started

AT_ONCE = 16
"""Threads. Further commands wait in the system's queue, and one that finds that full answers by itself."""

WAITING = 128

QUIET_SECONDS = 0.25
"""A command writes its question at once; a connection on which nothing comes is closed, and gives its place back."""

SHUT_RDWR = 2
"""As in `socket`, which is loaded with the door only."""

PAUSE_SECONDS = 0.05
"""After a connection that could not be taken."""

STALE_SECONDS = 60.0
"""So old is a socket that nobody listens on at least when it is removed: a server listens a moment after it binds."""


class CommandDoor:
    """One per server.

    Args:
        guard: gives the guard, always the same one; called in a thread of the door.
        project: the folder whose hooks are answered here.
    """

    def __init__(self, guard: Callable[[], Started], project: str, environ: Mapping[str, str]) -> None:
        self._guard = guard
        self._project = project
        self._environ = environ
        self._path = ""
        self._listening: socket | None = None
        self._thread: threading.Thread | None = None
        self._places = threading.Semaphore(AT_ONCE)
        self._began: dict[int, float] = {}
        self._moving = threading.Lock()
        self._is_closed = False

    def open(self) -> bool:
        """Begins to answer, in threads that hold up nobody. False: there can be no door here, or it was closed."""
        with self._moving:
            return not self._is_closed and self._open()

    def _open(self) -> bool:
        if sys.platform == "win32":
            return False
        import socket

        folder = hook_socket.folder(self._environ)
        path = os.path.join(folder, hook_socket.name_of(self._environ, self._project))
        if len(os.fsencode(path)) > hook_socket.LONGEST_PATH_BYTES:
            return False
        try:
            _make_private(folder)
            if not hook_socket.is_private(folder):
                return False
            _sweep(folder, path)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError:
            return False
        try:
            listening.bind(path)
            listening.listen(WAITING)
        except OSError:
            listening.close()
            return False
        self._path, self._listening = path, listening
        self._thread = threading.Thread(target=self._accept, args=(listening,), daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Takes the socket and its name away, for good; waits where another thread is just opening it.

        A server that is killed leaves its socket behind, for the next one to remove.
        """
        with self._moving:
            self._is_closed = True
            listening, self._listening = self._listening, None
        if listening is None or self._thread is None:
            return
        with suppress(OSError):
            os.unlink(self._path)
        with suppress(OSError):  # wakes the thread, where the system has it so
            listening.shutdown(SHUT_RDWR)
        listening.close()
        self._thread.join(QUIET_SECONDS)

    def _accept(self, listening: socket) -> None:
        while self._listening is listening:
            self._places.acquire()
            try:
                connection, _ = listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
            except (OSError, RuntimeError):  # out of descriptors or threads
                self._places.release()
                time.sleep(PAUSE_SECONDS)

    def _serve(self, connection: socket) -> None:
        try:
            # Whatever a question is like, and whatever the guard does with it: the door stays open for the next one.
            with connection, suppress(Exception):
                if hook_socket.is_same_user(connection):
                    said = self._answer(_read(connection))
                    if said is not None:
                        connection.settimeout(hook_socket.DEADLINE_SECONDS)
                        connection.sendall(hook_socket.answer(said))
        finally:
            self._places.release()

    def _answer(self, data: bytes) -> str | None:
        asked = hook_socket.read_question(data)
        if asked is None or self._is_stuck():
            return None
        event, project, cwd, stdin = asked
        fields = json.loads(stdin)
        if not isinstance(fields, dict):
            return None
        named = fields.get("cwd")
        if (project or (named if isinstance(named, str) and named else cwd)) != self._project:
            return None
        if event:
            fields["hook_event_name"] = event
        me = threading.get_ident()
        self._began[me] = time.monotonic()
        try:
            return self._guard().guard.answer(fields)
        finally:
            del self._began[me]

    def _is_stuck(self) -> bool:
        """Whether a question has waited past its deadline: nobody waits for the guard again until that is through."""
        now = time.monotonic()
        return any(now - began > hook_socket.DEADLINE_SECONDS for began in list(self._began.values()))


def _read(connection: socket) -> bytes:
    """A question, to its end. Raises OSError where it does not come in time, or is too long."""
    end = time.monotonic() + hook_socket.DEADLINE_SECONDS
    pieces: list[bytes] = []
    size = 0
    while True:
        connection.settimeout(max(0.001, min(QUIET_SECONDS, end - time.monotonic())))
        piece = connection.recv(1 << 20)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > hook_socket.MOST_BYTES or time.monotonic() > end:
            raise TimeoutError


def _make_private(folder: str) -> None:
    """The folder, and the one above, which holds the ledger; as `Database` makes it."""
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)


def _sweep(folder: str, own: str) -> None:
    """Removes what killed servers have left behind; under its own name too, for process ids come again."""
    if sys.platform == "win32":
        return
    import socket

    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with suppress(OSError):
            state = os.lstat(path)
            is_old = path == own or time.time() - state.st_mtime > STALE_SECONDS
            if not is_old or not stat.S_ISSOCK(state.st_mode):
                continue
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(0.1)
                try:
                    probe.connect(path)
                except ConnectionRefusedError:
                    os.unlink(path)
