"""The state of some files at one moment, and their contents as long as they are in that state.

In:  a root and relative paths.
Out: `Snapshot`: a stamp per regular file, a fingerprint over all of them, and `read`, which notices a change.
Not here: which paths there are (`listing.py`), what may be read (`workspace.py`), what is kept of it (`index.py`).

Symlinks are left out, as files and as folders on the way: what they lead to is listed itself or is out of bounds.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from itertools import chain
from typing import Self

from mcp_lean.open_flags import READ_NO_LINK

Stamp = tuple[int, int, int]
"""Size in bytes, time of last modification and of last status change in ns. The status change cannot be set back."""

FRESH_NS = 2_000_000_000
"""A file touched less than this before it was read can be changed again without a new time stamp (git's racy rule)."""


def is_fresh(stamp: Stamp, at_ns: int) -> bool:
    """Whether a later change could leave the stamp as it is, seen from `at_ns`."""
    return max(stamp[1], stamp[2]) + FRESH_NS > at_ns


class Snapshot:
    """Regular files below a folder. Use as a context manager: it holds the folder open.

    stamps: path -> stamp, for the paths that are there. unreadable: paths that were there and could not be read.
    """

    def __init__(self, root: str, paths: Iterable[str], check: Callable[[], None]) -> None:
        self.taken_ns = time.time_ns()
        self.unreadable: set[str] = set()
        self._moved = False
        if sys.platform == "win32":  # no folder can be opened there
            self._folder, self._base = None, os.path.join(root, "")
        else:
            self._folder, self._base = os.open(root, os.O_RDONLY | os.O_DIRECTORY), ""
        self._real: dict[str, bool] = {"": True}
        try:
            self.stamps: Mapping[str, Stamp] = self._sweep(paths, check)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)

    @property
    def is_settled(self) -> bool:
        """Whether the stamps stand for the contents: nothing has moved since, and no change can have gone unseen."""
        latest = max((max(modified, changed) for _, modified, changed in self.stamps.values()), default=0)
        return not self._moved and latest + FRESH_NS <= self.taken_ns

    def fingerprint(self) -> bytes:
        """The same for the same paths and stamps, whatever the order."""
        paths = sorted(self.stamps)
        digest = blake2b("\0".join(paths).encode("utf-8", "surrogateescape"), digest_size=16)
        digest.update(array("q", chain.from_iterable(map(self.stamps.__getitem__, paths))).tobytes())
        return digest.digest()

    def read(self, path: str, limit_bytes: int) -> tuple[bytes, Stamp] | None:
        """Content, and the stamp it was read under; None for a file that is gone, not readable, or longer."""
        try:
            # The file may be swapped meanwhile: what is opened is neither a link, nor does it block.
            descriptor = os.open(self._base + path, READ_NO_LINK, dir_fd=self._folder)
        except OSError:
            self._lost(path)
            return None
        try:
            found = os.fstat(descriptor)
            stamp = _stamp(found)
            self._moved |= stamp != self.stamps.get(path)
            if not stat.S_ISREG(found.st_mode) or found.st_size > limit_bytes:
                return None
            return _content(descriptor, found.st_size), stamp
        except OSError:
            self._lost(path)
            return None
        finally:
            os.close(descriptor)

    def _lost(self, path: str) -> None:
        """A file that is there all the same is one that we may not read; one that is gone has moved."""
        try:
            os.lstat(self._base + path, dir_fd=self._folder)
        except OSError:
            self._moved = True
        else:
            self.unreadable.add(path)

    def _sweep(self, paths: Iterable[str], check: Callable[[], None]) -> dict[str, Stamp]:
        stamps: dict[str, Stamp] = {}
        folder, is_real = "", True
        for path in paths:
            check()
            here = path[: path.rfind("/") + 1]
            if here != folder:
                folder, is_real = here, self._is_real(here)
            if not is_real:
                continue
            try:
                found = os.lstat(self._base + path, dir_fd=self._folder)
            except PermissionError:
                self.unreadable.add(path)
                continue
            except OSError:
                continue  # listed by git, deleted on disk
            if stat.S_ISREG(found.st_mode):
                stamps[path] = _stamp(found)
        return stamps

    def _is_real(self, folder: str) -> bool:
        """Whether a folder (with "/" at its end) is reached without a symlink."""
        known = self._real.get(folder)
        if known is None:
            parent = folder[: folder.rfind("/", 0, -1) + 1]
            known = self._real[folder] = self._is_real(parent) and self._is_folder(folder[:-1])
        return known

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self._base + path, dir_fd=self._folder).st_mode)
        except PermissionError:
            return True  # the files in it will say so one by one
        except OSError:
            return False


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _content(descriptor: int, size: int) -> bytes:
    """`size` bytes, fewer if the file shrank."""
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
