"""Files as lines of text.

In:  an absolute path that the workspace has allowed, and the lines wanted.
Out: `Text`: lines without their ends, the number of the first, the file's total if known, and notes (encoding, CRLF).
Not here: what may be read (`workspace.py`), decoding (`encodings.py`), large files (`large_text.py`), what of it fits
into an answer (`packing`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mcp_lean.errors import Missing, NotText
from mcp_lean.open_flags import READ_NO_LINK
from mcp_lean.repo.encodings import decode
from mcp_lean.repo.large_text import read_large
from mcp_lean.repo.lines import Text, select, split_lines

__all__ = ["WHOLE_FILE_BYTES", "Text", "decode", "read", "read_bytes", "read_whole", "split_lines", "unreadable"]

WHOLE_FILE_BYTES = 4 << 20
"""Up to here a file is read at once and its lines are counted; a larger one is streamed to the lines wanted."""

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read(
    path: str, shown: str, first: int = 1, last: int | None = None, column: int = 0, *, check: Callable[[], None]
) -> Text:
    """Lines `first` to `last` (inclusive; None: to the end) of a regular text file, as far as a result could hold them.

    Args:
        column: characters of the first of these lines that are left out; "" if it has no more.
        shown: the path as the model knows it, for errors.
        check: called between chunks; raises to stop.
    Raises:
        Missing: it is not there any more.
        NotText: a device, FIFO, socket (none of them is opened), binary, or unreadable.
    """
    with _opened(path, shown) as (descriptor, size):
        if size > WHOLE_FILE_BYTES:
            return read_large(descriptor, size, shown, first, last, column, check)
        data = _read_fully(descriptor, size)
    text, notes = decode(data, shown)
    found = select(text, first, last, column)
    return replace(found, notes=(*notes, *found.notes)) if notes else found


def read_whole(path: str, shown: str) -> Text:
    """All lines of a file, for whoever needs more than a result can hold.

    Raises:
        NotText: as `read`, and for a file of more than `WHOLE_FILE_BYTES`.
    """
    with _opened(path, shown) as (descriptor, size):
        if size > WHOLE_FILE_BYTES:
            raise NotText(
                f"{shown}: {size >> 20} MiB, too large to look for definitions in; read lines, as {shown}:1-99"
            )
        data = _read_fully(descriptor, size)
    text, notes = decode(data, shown)
    lines, more_notes = split_lines(text)
    return Text(tuple(lines), 1, len(lines), (*notes, *more_notes))


def read_bytes(path: str, shown: str, limit_bytes: int) -> bytes:
    """The first `limit_bytes` of a regular file; raises as `read` does, but takes binaries too."""
    with _opened(path, shown) as (descriptor, size):
        return _read_fully(descriptor, min(size, limit_bytes))


def refuse_special(found: os.stat_result, shown: str) -> None:
    """Raise for anything but a regular file; reading a FIFO or a device could block or never end."""
    for is_kind, name in KINDS:
        if is_kind(found.st_mode):
            raise NotText(f"{shown}: {name}, not a text file")


def unreadable(error: OSError, shown: str) -> Missing | NotText:
    """The file system's refusal as one line."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Missing(f"{shown}: no such file")
    if error.errno == errno.ELOOP:
        return NotText(f"{shown}: a loop of symlinks")
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotText(f"{shown}: no permission to read it")
    return NotText(f"{shown}: cannot be read ({error.strerror})")


@contextmanager
def _opened(path: str, shown: str) -> Iterator[tuple[int, int]]:
    """Descriptor and size of a regular file, opened without following a last symlink or waiting on a FIFO."""
    try:
        refuse_special(os.stat(path), shown)
        # Between the two calls the file may be swapped: the flags hold for what is really opened.
        descriptor = os.open(path, READ_NO_LINK)
    except OSError as error:
        raise unreadable(error, shown) from error
    try:
        found = os.fstat(descriptor)
        refuse_special(found, shown)
        yield descriptor, found.st_size
    except OSError as error:
        raise unreadable(error, shown) from error
    finally:
        os.close(descriptor)


def _read_fully(descriptor: int, size: int) -> bytes:
    """`size` bytes, fewer if the file shrank; what is appended meanwhile is left for the next call."""
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
