"""One sqlite file per repository, in the user's cache folder: what was found in its files, and finished answers.

In:  a root, and the environment that names the cache folder.
Out: `Store`: rows by path, texts by key. Whatever is wrong with the file or the folder, a store answers as if empty.
Not here: what a row means and when it is out of date (`index.py`).

Several servers use the same file. A store waits for another's lock once, for `PATIENCE_SECONDS`, and does without the
cache from then on. Nothing in the file is trusted: records carry a checksum, and a file that sqlite calls damaged is
replaced. So nothing needs to be synced to the disk either.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from mcp_lean.folders import cache_folder
from mcp_lean.repo.cache_files import SUFFIX, note_use, prune, remove

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_SECONDS = 0.05
MAX_TEXTS = 1_000
"""Answers of 8 KB each as a rule, and the symbols of files, 5 KB each."""

ODD_ERRORS = (UnicodeDecodeError, OverflowError, MemoryError)
"""What Python's module raises for some damaged files: sqlite quotes their bytes in a message, or believes a length."""

TABLES = (
    "CREATE TABLE files (path BLOB PRIMARY KEY, stamp BLOB NOT NULL, record BLOB NOT NULL)",
    "CREATE TABLE texts (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One file: a short stamp that changes often, and a record that changes with its content."""

    stamp: bytes
    record: bytes


class Store:
    """An open cache file, or none. For one call and one thread."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        if file is not None:
            self._open(file)

    @classmethod
    def of(cls, root: str, environ: Mapping[str, str]) -> Store:
        """The store of a root, wherever it is mounted or linked from."""
        folder = cache_folder(environ)
        if not os.path.isabs(folder):  # HOME is relative: a folder of that name in each working directory is no cache
            return cls(None)
        name = blake2b(os.fsencode(os.path.realpath(root)), digest_size=16).hexdigest()
        return cls(os.path.join(folder, name + SUFFIX))

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def text(self, key: bytes) -> str | None:
        """The text that was kept under this key."""

        def work(connection: sqlite3.Connection) -> str | None:
            found = connection.execute("SELECT record FROM texts WHERE key = ?", (key,)).fetchone()
            content = _unsealed(key, found[0]) if found else None
            return None if content is None else content.decode("utf-8", "replace")

        return self._do(work, None)

    def keep_text(self, key: bytes, text: str) -> None:
        """Keep a text; the oldest one makes room."""

        def work(connection: sqlite3.Connection) -> None:
            record = _sealed(key, text.encode("utf-8", "replace"))
            connection.execute("INSERT OR REPLACE INTO texts (key, record) VALUES (?, ?)", (key, record))
            connection.execute("DELETE FROM texts WHERE number <= (SELECT max(number) FROM texts) - ?", (MAX_TEXTS,))

        self._do(_as_one(work), None)

    def rows(self) -> dict[str, Row]:
        """Every file that something is kept of. Rows with a wrong checksum are left out."""

        def work(connection: sqlite3.Connection) -> dict[str, Row]:
            found: dict[str, Row] = {}
            for path, stamp, record in connection.execute("SELECT path, stamp, record FROM files"):
                content = _unsealed(path, record)
                if content is not None and isinstance(stamp, bytes):
                    found[os.fsdecode(path)] = Row(stamp, content)
            return found

        return self._do(work, {})

    def keep_rows(self, changed: Mapping[str, Row], touched: Mapping[str, bytes], gone: Iterable[str]) -> None:
        """Write new rows, put new stamps on rows that are there, and remove others: all of it or nothing."""
        removed = [(os.fsencode(path),) for path in gone]
        if not (changed or touched or removed):
            return

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM files WHERE path = ?", removed)
            rows = ((os.fsencode(path), row) for path, row in changed.items())
            connection.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
                ((key, row.stamp, _sealed(key, row.record)) for key, row in rows),
            )
            stamps = ((stamp, os.fsencode(path)) for path, stamp in touched.items())
            connection.executemany("UPDATE files SET stamp = ? WHERE path = ?", stamps)

        self._do(_as_one(work), None)

    def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The work's result. A damaged file is replaced and the work tried on the new one; else do without a cache."""
        if self._connection is None:
            return otherwise
        import sqlite3

        for is_last in (False, True):
            try:
                return work(self._connection)
            except (sqlite3.Error, *ODD_ERRORS) as error:
                self.close()
                if is_last or self._file is None or not _is_replaced(self._file, error):
                    break
                self._open(self._file)
                if self._connection is None:
                    break
        return otherwise

    def _open(self, file: str) -> None:
        try:
            import sqlite3
        except ImportError:  # a Python built without it
            return
        for is_last in (False, True):
            try:
                is_due = note_use(file)
                self._connection = _connect(file)
                if is_due:
                    prune(os.path.dirname(file), keep=file)
                return
            except OSError as error:
                log.info("%s: no cache: %s", file, error)
                return
            except (sqlite3.Error, *ODD_ERRORS) as error:
                if is_last or not _is_replaced(file, error):
                    return


@cache
def engine_number() -> int:
    """Changes with the code that makes rows and texts, so that another version's cache is never taken for our own."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = blake2b(f"{sys.byteorder} {sys.version_info[:2]}".encode(), digest_size=4)
    for room in ("repo", "packing", "tools"):
        for folder, folders, names in os.walk(os.path.join(package, room)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), "rb") as stream:
                        digest.update(name.encode() + stream.read())
    return int.from_bytes(digest.digest()) >> 1 or 1


def _connect(file: str) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(file, timeout=PATIENCE_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone() != (engine_number(),):
            _as_one(_start_anew)(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _start_anew(connection: sqlite3.Connection) -> None:
    """Empty the file for this version. Another process may have done it while we waited for the lock."""
    if connection.execute("PRAGMA user_version").fetchone() == (engine_number(),):
        return
    kept = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    for kind, name in connection.execute(kept).fetchall():
        quoted = name.replace('"', '""')
        connection.execute(f'DROP {kind} "{quoted}"')
    for table in TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA user_version = {engine_number()}")


def _as_one(work: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
    """The work as one transaction."""

    def transaction(connection: sqlite3.Connection) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    return transaction


def _is_replaced(file: str, error: Exception) -> bool:
    """Remove a file that is at fault itself; leave it for a lock, a right or a full disk."""
    damaged = _is_damage(file, error)
    log.info("%s: %s: %s", file, "replaced" if damaged else "not used for this call", error)
    if damaged:
        remove(file)
    return damaged


def _is_damage(file: str, error: Exception) -> bool:
    import sqlite3

    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the module itself
        return isinstance(error, (sqlite3.DatabaseError, *ODD_ERRORS))
    if code & 0xFF == sqlite3.SQLITE_READONLY:  # said of a file with an unknown format version, too
        return os.access(file, os.W_OK) and os.access(os.path.dirname(file), os.W_OK)
    return code & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # no such table or column
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_FORMAT,
    )


def _sealed(key: bytes, content: bytes) -> bytes:
    return content + crc32(content, crc32(key)).to_bytes(4, "little")


def _unsealed(key: object, record: object) -> bytes | None:
    """The content, or None when a single bit of it or of its key is not what was written."""
    if not isinstance(key, bytes) or not isinstance(record, bytes) or len(record) < 4:
        return None
    content = record[:-4]
    return content if crc32(content, crc32(key)) == int.from_bytes(record[-4:], "little") else None
