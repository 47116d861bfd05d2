"""The ledger's file: an sqlite database that several processes share, or memory where there can be none.

In:  statements of `ledger`.
Out: rows; `note`, one line on what is wrong with the file.
Not here: the tables (`tables`), what they mean (`ledger`).

Nothing here raises for a bad disk. What could not be written waits in memory, and goes out with the next write that
succeeds; a file from a newer version is not touched.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from mcp_lean.guard.ledger.tables import SCHEMA, VERSION, Row, Statement

if TYPE_CHECKING:
    import sqlite3

NAME = "ledger.sqlite3"
BUSY_SECONDS = 0.25
"""Another process writes for some milliseconds; a hook that takes over a second is given up by its caller."""

MOST_NUMBER = 2**63 - 1

AT_ONCE = 500
"""Statements in one transaction, when many wait."""

LONGEST_PAUSE = 64
"""Writes that are kept back after a failure, at most; it begins with none and doubles."""

MOST_WAITING = 20_000
"""Statements that a full disk keeps in memory; older ones go first."""


class Database:
    """One connection. Whoever uses it from several threads guards it with a lock."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, NAME)
        self._opening = self._trouble = ""
        self._pause = self._skips = 0
        self.is_kept = True
        """False: everything is in memory only."""
        self._waiting: deque[Statement] = deque(maxlen=MOST_WAITING)
        self._folder = folder
        self._connection = self._open(folder)
        self._inode = _inode(self.path)

    def _open(self, folder: str) -> sqlite3.Connection:
        import sqlite3

        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            try:
                return _connect(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                damaged = f"{self.path}.damaged"
                _move_aside(self.path, damaged)
                self._opening = f"{self.path}: was damaged ({error}) and begins anew; the old one is {damaged}"
                return _connect(self.path)
        except NewerLedgerError as error:
            self._opening = f"{self.path}: {error}; it is left alone, and this process keeps its ledger in memory"
        except (OSError, sqlite3.Error) as error:
            self._opening = f"{self.path}: cannot be used ({error}); this process keeps its ledger in memory"
        self.is_kept = False
        return _connect(":memory:")

    def _current(self) -> sqlite3.Connection:
        """The connection to the file of that name: where somebody has deleted or replaced it, to the new one."""
        if self.is_kept and _inode(self.path) != self._inode:
            self._connection.close()
            self._connection = self._open(self._folder)
            self._inode = _inode(self.path)
        return self._connection

    @property
    def note(self) -> str:
        """What is wrong with the file, in one line; empty while all is well."""
        return self._trouble or self._opening

    def read(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows; none, and a note, if the file cannot be read."""
        import sqlite3

        try:
            return self._current().execute(query, [_fit(value) for value in values]).fetchall()
        except sqlite3.Error as error:
            self._note(error)
            return []

    def write(self, *statements: Statement) -> bool:
        """Writes all of them, after what waited; those of one call stay together. False: they wait."""
        import sqlite3

        self._waiting.extend(statements)
        if self._is_pausing():
            return False
        try:
            while self._waiting:
                part = list(islice(self._waiting, max(AT_ONCE, len(statements))))
                self._commit(part)
                for _ in part:
                    self._waiting.popleft()
        except sqlite3.Error as error:
            self._failed(error)
            return False
        self._trouble, self._pause = "", 0
        return True

    def claim(self, statement: str, values: Sequence[object]) -> bool | None:
        """Runs an `INSERT OR IGNORE`: whether it was the first to insert this; `None`: it could not be written."""
        import sqlite3

        if not self._is_pausing():
            try:
                return self._commit(((statement, values),)) == 1
            except sqlite3.Error as error:
                self._failed(error)
        self._waiting.append((statement, values))
        return None

    def _is_pausing(self) -> bool:
        self._skips = max(0, self._skips - 1)
        return self._skips > 0

    def _failed(self, error: Exception) -> None:
        """A disk that stays full is tried less and less often, for each try costs time."""
        self._note(error)
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 1)
        self._skips = self._pause

    def _commit(self, statements: Sequence[Statement]) -> int:
        """Number of rows that the last statement changed."""
        import sqlite3

        connection = self._current()
        connection.execute("BEGIN IMMEDIATE")
        try:
            changed = 0
            for statement, values in statements:
                changed = connection.execute(statement, [_fit(value) for value in values]).rowcount
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk may have rolled back by itself
                connection.execute("ROLLBACK")
            raise
        return changed

    def _note(self, error: Exception) -> None:
        self._trouble = f"{self.path}: {error}; what cannot be written is kept in memory"

    @property
    def waiting(self) -> int:
        """Statements that are not written yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Releases the file."""
        self._connection.close()


class NewerLedgerError(Exception):
    """The file was made by a newer version."""


def _inode(path: str) -> int:
    """Which file a name stands for; 0 for none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _fit(value: object) -> object:
    """A value that sqlite takes: events and transcripts may hold half characters and absurd numbers."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return max(-MOST_NUMBER, min(MOST_NUMBER, value)) if isinstance(value, int) else value


def _connect(path: str) -> sqlite3.Connection:
    import sqlite3

    if path != ":memory:":
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # nobody else's business
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise NewerLedgerError(f"made by a newer mcp-lean (ledger version {version}, this one knows {VERSION})")
        if version < VERSION:
            _share(connection)
            connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        # Without a sync at each commit: a killed process loses nothing, a power cut the last moments at most.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _share(connection: sqlite3.Connection) -> None:
    """Makes a new file one that several may use; where another process is just doing that, sqlite does not wait."""
    import sqlite3

    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _move_aside(path: str, damaged: str) -> None:
    os.replace(path, damaged)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.remove(path + suffix)
