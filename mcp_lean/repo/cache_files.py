"""The folder of cache files stays within bounds.

In:  a file that is about to be used.
Out: `note_use`, `prune`, `remove`.
Not here: what is in a file (`store.py`).

A file's modification time says when it was last used.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

SUFFIX = ".sqlite"
MAX_FILE_BYTES = 256 << 20
"""A repository whose file grows beyond this starts anew. 10,000 source files take 11 MB (bench/summary.py time)."""

MAX_FOLDER_BYTES = 1 << 30
MAX_AGE_SECONDS = 30 * 24 * 3600
IN_USE_SECONDS = 3600
"""A file used within this time is never pruned, and its time of use is written at most this often."""


def note_use(file: str) -> bool:
    """Make the folder, and note that the file is used now. True if that was not noted lately: time to prune."""
    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return True
    if found.st_size > MAX_FILE_BYTES:
        remove(file)
        return True
    if time.time() - found.st_mtime < IN_USE_SECONDS:
        return False
    os.utime(file)
    return True


def prune(folder: str, keep: str) -> None:
    """Remove what was not used for a month, and the longest unused files of a folder that is too large."""
    files = []
    for entry in os.scandir(folder):
        if entry.name.endswith(SUFFIX) and entry.path != keep:
            with suppress(FileNotFoundError):  # another process prunes as well
                found = entry.stat()
                files.append((found.st_mtime, found.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        age = time.time() - used
        if age > MAX_AGE_SECONDS or (total > MAX_FOLDER_BYTES and age > IN_USE_SECONDS):
            remove(path)
            total -= size


def remove(file: str) -> None:
    """Remove a file if that is possible.

    Another process may have it open: it goes on with what it holds, and finds the new one at its next call.
    """
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):  # gone already, or in a folder that is read-only: whoever opens it finds out
            os.remove(file + suffix)
