"""Files as lines of text.

In:  an absolute path that the workspace has allowed, and the lines wanted.
Out: `Text`: lines without their ends, the number of the first, the file's total if known, and notes (encoding, CRLF).
Not here: what may be read (`workspace.py`), how much of it fits (`packing`).

Encodings: byte-order mark, then UTF-8, then a declared one (PEP 263, `charset=`), then Latin-1, which is said.
A detector library guesses wrong on short files and costs 3 ms each; a wrong guess is worse than a visible Latin-1.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass

from mcp_lean.errors import Missing, NotText

WHOLE_FILE_BYTES = 4 << 20
"""Up to here a file is read at once and its lines are counted; a larger one is streamed to the lines wanted."""

WINDOW_CHARS = 200_000
"""More than any result can hold (45,000 characters): nothing beyond it is kept when a large file is streamed."""

CHUNK_BYTES = 1 << 20
SNIFF_BYTES = 8_192
"""A NUL in the first 8 KB finds the same binaries as a NUL anywhere (engines, section 10), at 0.4 of the time."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DECLARED = re.compile(rb"(?:coding[:=]|charset=)[ \t\"']*([-\w.]+)")

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """Some lines of a file.

    first: number of `lines[0]`, from 1.
    total: how many lines the file has; None when it was too large to be read to its end.
    notes: what a reader should know: "latin-1", "CRLF", "no newline at end".
    """

    lines: tuple[str, ...]
    first: int
    total: int | None
    notes: tuple[str, ...] = ()


def read(
    path: str, shown: str, first: int = 1, last: int | None = None, column: int = 0, *, check: Callable[[], None]
) -> Text:
    """Lines `first` to `last` (inclusive; None: to the end) of a regular text file.

    Args:
        column: characters of the first of these lines that are left out.
        shown: the path as the model knows it, for errors.
        check: called between chunks; raises to stop.
    Raises:
        Missing: it is not there any more.
        NotText: a device, FIFO, socket (none of them is opened), binary, or unreadable.
    """
    with _Opened(path, shown) as (descriptor, size):
        if size > WHOLE_FILE_BYTES:
            return _stream(descriptor, shown, first, last, column, check)
        data = _read_fully(descriptor, size)
    text, notes = decode(data, shown)
    lines, more_notes = split_lines(text)
    wanted = lines[first - 1 : last]
    if column and wanted:
        wanted[0] = wanted[0][column:]
    return Text(tuple(wanted), first, len(lines), (*notes, *more_notes))


def read_bytes(path: str, shown: str, limit_bytes: int) -> bytes:
    """The first `limit_bytes` of a regular file; raises as `read` does, but takes binaries too."""
    with _Opened(path, shown) as (descriptor, size):
        return _read_fully(descriptor, min(size, limit_bytes))


class _Opened:
    """A regular file, opened without following a last symlink and without waiting on a FIFO."""

    def __init__(self, path: str, shown: str) -> None:
        self.path, self.shown = path, shown

    def __enter__(self) -> tuple[int, int]:
        try:
            refuse_special(os.stat(self.path), self.shown)
            # Between the two calls the file may be swapped: NOFOLLOW and NONBLOCK hold for what is really opened.
            self.descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(error, self.shown) from error
        found = os.fstat(self.descriptor)
        try:
            refuse_special(found, self.shown)
        except NotText:
            os.close(self.descriptor)
            raise
        return self.descriptor, found.st_size

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


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


def decode(data: bytes, shown: str) -> tuple[str, tuple[str, ...]]:
    """Text and a note on its encoding, if that is not plain UTF-8. Raises `NotText` for a binary."""
    encoding, skip = encoding_of(data, shown)
    body = data[skip:]
    if encoding == "utf-8":
        try:
            return body.decode(), ("utf-8 with BOM",) if skip else ()
        except UnicodeDecodeError:
            encoding = _declared(data) or "latin-1"
    try:
        return body.decode(encoding), (f"decoded as {encoding}",)
    except (UnicodeDecodeError, ValueError):
        fallback = "latin-1" if not encoding.startswith("utf-") else encoding
        return body.decode(fallback, "replace"), (f"decoded as {fallback}, with errors",)


def encoding_of(head: bytes, shown: str) -> tuple[str, int]:
    """The encoding that a file's first bytes promise, and how many of them are the mark."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if b"\0" in head[:SNIFF_BYTES]:
        raise NotText(f"{shown}: a binary file, not shown")
    return "utf-8", 0


def _declared(data: bytes) -> str | None:
    found = DECLARED.search(data[:1_024])
    if found is None:
        return None
    try:
        codec = codecs.lookup(found[1].decode())
    except LookupError:
        return None
    is_text = getattr(codec, "_is_text_encoding", False)  # keeps out rot13, zip and their like
    return codec.name if is_text and codec.name != "utf-8" else None


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Lines as `grep` and editors count them: ended by LF, with a CR before it taken off."""
    if not text:
        return [], ()
    lines = text.split("\n")
    notes: tuple[str, ...] = ()
    if lines[-1] == "":
        lines.pop()
    else:
        notes = ("no newline at end",)
    if "\r" in text:
        ended = sum(line.endswith("\r") for line in lines)
        if ended:
            lines = [line.removesuffix("\r") for line in lines]
            notes = ("CRLF" if ended == len(lines) or (notes and ended == len(lines) - 1) else "mixed CRLF", *notes)
    return lines, notes


def _read_fully(descriptor: int, size: int) -> bytes:
    """`size` bytes, fewer if the file shrank; what is appended meanwhile is left for the next call."""
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _stream(descriptor: int, shown: str, first: int, last: int | None, column: int, check: Callable[[], None]) -> Text:
    """The wanted lines of a large file; reading ends with them, or when no result could hold more."""
    head = os.read(descriptor, CHUNK_BYTES)
    decoder, skip, notes = _decoder_for(head, shown)
    number, pieces, kept_chars, ended = 1, list[str](), 0, False
    data = head[skip:]
    while not ended:
        ended = not data
        piece = decoder.decode(data, final=ended)
        if number < first:
            ends = piece.count("\n")
            if number + ends < first:
                number += ends
                piece = ""
            else:
                piece = piece.split("\n", first - number)[-1]
                number = first
        if number == first and column and piece:
            piece, column = piece[column:], max(0, column - len(piece))
        pieces.append(piece)
        kept_chars += len(piece)
        number += piece.count("\n")
        if kept_chars > WINDOW_CHARS or (last is not None and number > last):
            break
        data = b"" if ended else os.read(descriptor, CHUNK_BYTES)
        check()
    lines, more_notes = split_lines("".join(pieces))
    if ended:
        total = number - ("no newline at end" not in more_notes)
        return Text(tuple(lines[: None if last is None else last - first + 1]), first, total, (*notes, *more_notes))
    if len(lines) > 1 and kept_chars > WINDOW_CHARS:
        lines.pop()  # the last one may be torn; a single one is longer than any result, and is cut there anyway
    crlf = tuple(note for note in more_notes if "CRLF" in note)
    return Text(tuple(lines[: None if last is None else last - first + 1]), first, None, (*notes, *crlf))


def _decoder_for(head: bytes, shown: str) -> tuple[codecs.IncrementalDecoder, int, tuple[str, ...]]:
    """A decoder for a large file, chosen by its first chunk. Where it later fails, it puts replacement characters."""
    encoding, skip = encoding_of(head, shown)
    notes = ("utf-8 with BOM",) if skip and encoding == "utf-8" else ()
    if encoding == "utf-8" and not _starts_as_utf8(head):
        encoding = _declared(head) or "latin-1"
    if encoding != "utf-8":
        notes = (f"decoded as {encoding}",)
    return codecs.getincrementaldecoder(encoding)("replace"), skip, notes


def _starts_as_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
