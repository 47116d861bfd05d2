"""Files that were read before, kept in the user's cache folder, so that only new and changed ones are read again.

In:  a path with its size and time of change.
Out: the bytes that `codec.encode` made of that very state, or nothing.
Not here: decoding (`codec`); texts of conversations are never kept, only sizes, digests and short subjects.

A damaged store, or one of another version, is made anew. A folder that cannot be written degrades to no store,
and `note` says so once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mcp_lean.transcripts.codec import SHAPE

if TYPE_CHECKING:
    import sqlite3

NAME = "transcripts.sqlite3"
BUSY_SECONDS = 2.0
"""Another process may be writing; after that this run goes without the store."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it stood when it was looked at; equal states are taken for equal content."""

    path: str
    size_bytes: int
    changed_ns: int


def state_of(path: str) -> FileState:
    """The state of a file now. Raises OSError."""
    found = os.stat(path)
    return FileState(path, found.st_size, found.st_mtime_ns)


class Store:
    """Kept readings in one sqlite file. Any failure switches the store off for the rest of its life."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, NAME)
        self.note = ""
        """Why there is no store, in one line; empty while there is one."""
        self._connection: sqlite3.Connection | None = None
        self._open(folder)

    def _open(self, folder: str) -> None:
        import sqlite3

        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            try:
                self._connection = _connect(self.path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                _remove(self.path)  # not a database, or a damaged one: it holds nothing that files do not
                self._connection = _connect(self.path)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.note = f"{self.path}: cannot be used ({error}); every transcript is read anew"
        self.close()

    def get(self, state: FileState) -> bytes | None:
        """What was kept for exactly this state."""
        import sqlite3

        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "SELECT data FROM readings WHERE path = ? AND size_bytes = ? AND changed_ns = ?", _key(state)
            ).fetchone()
        except sqlite3.Error as error:
            self._damaged(error)
            return None
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def put(self, readings: Iterable[tuple[FileState, bytes]]) -> None:
        """Keeps readings, each in place of an older one of the same path."""
        import sqlite3

        if self._connection is None:
            return
        rows = ((*_key(state), data) for state, data in readings)
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._damaged(error)

    def forget_missing(self) -> None:
        """Drops readings of files that are gone."""
        import sqlite3

        if self._connection is None:
            return
        try:
            paths = [path for (path,) in self._connection.execute("SELECT path FROM readings")]
            gone = [(path,) for path in paths if not os.path.exists(path)]  # as bytes, as they were kept
            if gone:
                with self._connection:
                    self._connection.executemany("DELETE FROM readings WHERE path = ?", gone)
        except sqlite3.Error as error:
            self._damaged(error)

    def _damaged(self, error: Exception) -> None:
        """A store that fails while in use is dropped, so that the next run starts with a fresh one."""
        import sqlite3

        self._give_up(error)
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            with suppress(OSError):
                _remove(self.path)

    def close(self) -> None:
        """Releases the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _key(state: FileState) -> tuple[bytes, int, int]:
    return (os.fsencode(state.path), state.size_bytes, state.changed_ns)  # a path need not be text


def _connect(path: str) -> sqlite3.Connection:
    import sqlite3

    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # subjects of tool calls are nobody else's business
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS shape (version TEXT NOT NULL)")
            versions = connection.execute("SELECT version FROM shape").fetchall()
            if versions != [(SHAPE,)]:
                connection.execute("DROP TABLE IF EXISTS readings")
                connection.execute("DELETE FROM shape")
                connection.execute("INSERT INTO shape VALUES (?)", (SHAPE,))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS readings "
                "(path BLOB PRIMARY KEY, size_bytes INTEGER, changed_ns INTEGER, data BLOB)"
            )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.remove(path + suffix)
