"""Tags of a repository's files, kept from call to call and read again only where a file has changed.

In:  a snapshot of the files, which of them are wanted, and a store.
Out: `tags_of`: the wanted files' tags, the same as without a store.
Not here: sqlite (`store.py`), stamps (`snapshot.py`), finding tags (`tags.py`).

A row holds if the file's stamp is the one it was read under, and the file had then been at rest for two seconds. Else
the file is read again; with the same content its tags hold, and the row gets a new stamp.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Collection
from hashlib import blake2b
from struct import Struct

from mcp_lean.repo.languages import language_of
from mcp_lean.repo.snapshot import Snapshot, Stamp, is_fresh
from mcp_lean.repo.store import Row, Store
from mcp_lean.repo.tags import Tags, Vocabulary, tag

MAX_BYTES = 1 << 20
"""A longer source file is data or generated: counted, neither read nor ranked."""

STAMP = Struct("<qqqq")
"""Size, modified, changed, read."""

HEADER = Struct("<16sIIIII")
"""Digest of the content; lines; written by a person; how many numbers: defines, uses, words."""


def tags_of(wanted: Collection[str], snapshot: Snapshot, store: Store, check: Callable[[], None]) -> list[Tags]:
    """Tags of the wanted files, in the order given. Files that are gone, unreadable or too long are left out."""
    kept = store.rows()
    vocabulary = Vocabulary()
    tags: list[Tags] = []
    changed: dict[str, Row] = {}
    touched: dict[str, bytes] = {}
    for path in wanted:
        check()
        stamp = snapshot.stamps.get(path)
        if stamp is None or stamp[0] > MAX_BYTES:
            continue
        row = kept.get(path)
        if row is not None and _holds(row, stamp):
            tags.append(_tags(path, row.record))
            continue
        read_ns = time.time_ns()
        found = snapshot.read(path, MAX_BYTES)
        if found is None:
            continue
        source, stamp = found
        new_stamp = STAMP.pack(*stamp, read_ns)
        digest = blake2b(source, digest_size=16).digest()
        if row is not None and row.record[:16] == digest:
            touched[path] = new_stamp
            tags.append(_tags(path, row.record))
        else:
            tags.append(tag(path, language_of(path, source) or "", source, vocabulary))
            changed[path] = Row(new_stamp, _record(tags[-1], digest))
    store.keep_rows(changed, touched, gone=sorted(kept.keys() - snapshot.stamps.keys()))
    return tags


def _holds(row: Row, stamp: Stamp) -> bool:
    if len(row.stamp) != STAMP.size:
        return False
    *then, read_ns = STAMP.unpack(row.stamp)
    return tuple(then) == stamp and not is_fresh(stamp, read_ns)


def _record(tags: Tags, digest: bytes) -> bytes:
    numbers = (tags.defines, tags.uses, tags.words)
    header = HEADER.pack(digest, tags.lines, tags.is_written, *map(len, numbers))
    return b"".join([header, *(part.tobytes() for part in numbers), tags.names])


def _tags(path: str, record: bytes) -> Tags:
    _, lines, is_written, *lengths = HEADER.unpack_from(record)
    at, parts = HEADER.size, []
    for length in lengths:
        numbers = array("I")
        end = at + length * numbers.itemsize
        numbers.frombytes(record[at:end])
        parts.append(numbers)
        at = end
    defines, uses, words = parts
    return Tags(path, lines, bool(is_written), defines, uses, words, record[at:])
