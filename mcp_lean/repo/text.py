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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mcp_lean.errors import Missing, NotText

WHOLE_FILE_BYTES = 4 << 20
"""Up to here a file is read at once and its lines are counted; a larger one is streamed to the lines wanted."""

COUNT_BYTES = 64 << 20
"""A streamed file up to this size is counted to its end (some 30 ms), so that the heading can say how many lines."""

SCAN_BYTES = 4 << 30
"""No line is looked for beyond: counting line ends up to here takes seconds, and ten times as many from a cold disk."""

WINDOW_CHARS = 200_000
"""More than any result can hold (45,000 characters): no more than this is split into lines."""

CHUNK_BYTES = 1 << 20
SNIFF_BYTES = 8_192
"""A NUL in the first 8 KB finds the same binaries as a NUL anywhere (docs/figures.md#binaries), at 0.4 of the time."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = ("utf-16", "utf-32")
"""Their line end is more than the byte 0x0A."""

DECLARED = re.compile(rb"(?:coding[:=]|charset=)[ \t\"']*([-\w.]+)")
DECLARED_WITHIN_BYTES = 1_024
NO_DECLARATION = ("utf", "unicode", "raw", "idna", "punycode", "undefined")
"""Codecs that a file which is no UTF-8 and has no mark cannot be in, or that would change its line ends."""

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
    notes: what a reader should know: "decoded as latin-1", "CRLF", "no newline at end".
    more: wanted lines follow that were not kept, or may follow where the end was not seen. A line is cut if it alone
        is longer than any result.
    """

    lines: tuple[str, ...]
    first: int
    total: int | None
    notes: tuple[str, ...] = ()
    more: bool = False


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
            return _read_large(descriptor, size, shown, first, last, column, check)
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


def select(text: str, first: int = 1, last: int | None = None, column: int = 0) -> Text:
    """Lines of a whole file's text."""
    text, ends = _with_plain_ends(text)
    total = text.count("\n") + (text[-1:] not in ("", "\n"))
    rest = text.split("\n", first - 1)[-1] if first <= total else ""
    lines = _window(_without_columns(rest, column), None if last is None else last - first + 1, ended=True)
    wanted = total if last is None else min(last, total)
    at_end = ("no newline at end",) if wanted == total and text[-1:] not in ("", "\n") else ()
    return Text(lines, first, total, (*ends, *at_end), first + len(lines) - 1 < wanted)


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


# ----------------------------------------------------------------------------------------------------------- encodings


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
        text, errors = body.decode(encoding), ""
    except (UnicodeDecodeError, ValueError):
        encoding = encoding if encoding.startswith(WIDE) else "latin-1"
        text, errors = body.decode(encoding, "replace"), ", with errors" if encoding != "latin-1" else ""
    if encoding.startswith(WIDE) and "\0" in text[:SNIFF_BYTES]:
        raise NotText(f"{shown}: a binary file, not shown")
    return text, (f"decoded as {encoding}{errors}",)


def encoding_of(head: bytes, shown: str) -> tuple[str, int]:
    """The encoding that a file's first bytes promise, and how many of them are the mark."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if b"\0" in head[:SNIFF_BYTES]:
        raise NotText(f"{shown}: a binary file, not shown")
    return "utf-8", 0


def _declared(data: bytes) -> str | None:
    found = DECLARED.search(data[:DECLARED_WITHIN_BYTES])
    if found is None:
        return None
    try:
        codec = codecs.lookup(found[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return None
    is_text = getattr(codec, "_is_text_encoding", False)  # keeps out rot13, zip and their like
    return codec.name if is_text and not codec.name.startswith(NO_DECLARATION) else None


# --------------------------------------------------------------------------------------------------------------- lines


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Lines as `grep` and editors count them: ended by LF, a CR before it taken off; and notes on the ends."""
    text, notes = _with_plain_ends(text)
    lines = text.split("\n")
    if lines[-1]:
        return lines, (*notes, "no newline at end")
    return lines[:-1], notes


def _with_plain_ends(text: str) -> tuple[str, tuple[str, ...]]:
    crlf = text.count("\r\n")
    if not crlf:
        return text, ()
    return text.replace("\r\n", "\n"), ("CRLF" if crlf == text.count("\n") else "mixed CRLF",)


def _without_columns(text: str, column: int) -> str:
    """The text without the first characters of its first line; the rest of that line alone."""
    return text.partition("\n")[0][column:] + "\n" if column and text else text


def _window(text: str, count: int | None, ended: bool) -> tuple[str, ...]:
    """The first `count` lines (None: all), of `WINDOW_CHARS` at most; a first one that is longer is cut there."""
    *lines, tail = text[:WINDOW_CHARS].split("\n", -1 if count is None else count)
    is_torn = not ended or len(text) > WINDOW_CHARS
    if tail and (count is None or len(lines) < count) and not (is_torn and lines):
        lines.append(tail)
    return tuple(lines)


# --------------------------------------------------------------------------------------------------------- file system


@contextmanager
def _opened(path: str, shown: str) -> Iterator[tuple[int, int]]:
    """Descriptor and size of a regular file, opened without following a last symlink or waiting on a FIFO."""
    try:
        refuse_special(os.stat(path), shown)
        # Between the two calls the file may be swapped: NOFOLLOW and NONBLOCK hold for what is really opened.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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


# --------------------------------------------------------------------------------------------------------- large files


def _read_large(
    descriptor: int, size: int, shown: str, first: int, last: int | None, column: int, check: Callable[[], None]
) -> Text:
    """The wanted lines of a large file. Line ends before them are counted in bytes, only the lines are decoded."""
    large = _Large(descriptor, shown, check)
    start = large.skip_lines(first - 1)
    if start is None:
        return Text((), first, large.lines, large.notes)
    count = None if last is None else last - first + 1
    decoded, ended = large.decode(start, count, column)
    text, end_notes = _with_plain_ends(decoded)
    lines = _window(text, count, ended)
    if not ended and size <= COUNT_BYTES and (count is None or len(lines) < count):
        ended = large.pass_rest()
    total = large.lines if ended else None
    wanted = last if total is None or (last is not None and last < total) else total
    notes = (*large.notes, *end_notes)
    if total is not None and wanted == total and not large.is_terminated:
        notes += ("no newline at end",)
    return Text(lines, first, total, notes, wanted is None or first + len(lines) - 1 < wanted)


class _Large:
    """A large file from its beginning to where somebody stops asking.

    lines: how many have begun so far.
    is_terminated: whether the last of them has its line end.
    """

    def __init__(self, descriptor: int, shown: str, check: Callable[[], None]) -> None:
        self._descriptor, self._shown, self._check = descriptor, shown, check
        self._head = os.read(descriptor, CHUNK_BYTES)
        encoding, skip = encoding_of(self._head, shown)
        said = "utf-8 with BOM" if skip else ""
        probe = _Decoder(encoding)
        probe.decode(self._head)
        if encoding == "utf-8" and probe.failed:
            encoding = _declared(self._head) or "latin-1"
        self._head = self._head[skip:]
        self._encoding, self._said = encoding, said if encoding == "utf-8" else f"decoded as {encoding}"
        is_wide = encoding.startswith(WIDE)
        self._transcoder = _Decoder(encoding) if is_wide else None
        self._decoder = _Decoder("utf-8" if is_wide else encoding)
        self._ends = 0
        self.is_terminated = True

    @property
    def lines(self) -> int:
        return self._ends + (not self.is_terminated)

    @property
    def notes(self) -> tuple[str, ...]:
        if self._decoder.failed or (self._transcoder and self._transcoder.failed):
            return (f"decoded as {self._encoding}, with errors",)
        return (self._said,) if self._said else ()

    def skip_lines(self, count: int) -> bytes | None:
        """What has been read of the line after `count` others; None when the file ends before it begins."""
        while data := self._next():
            if self._ends >= count:
                missing = count - (self._ends - data.count(b"\n"))
                if rest := data.split(b"\n", missing)[-1]:
                    return rest
            if os.lseek(self._descriptor, 0, os.SEEK_CUR) > SCAN_BYTES:
                raise NotText(f"{self._shown}: line {count + 1} is not within its first {SCAN_BYTES >> 30} GiB")
        return None

    def decode(self, data: bytes, count: int | None, column: int) -> tuple[str, bool]:
        """Text from `data` on, enough for `count` lines or a window, and whether the file ended with it."""
        pieces, chars, ends = list[str](), 0, 0
        while True:
            piece = self._decoder.decode(data, final=not data)
            if column and piece:
                line, end, _ = piece.partition("\n")
                piece, column = line[column:] + end, 0 if end else max(0, column - len(line))
            pieces.append(piece)
            chars += len(piece)
            ends += piece.count("\n")
            if not data:
                return "".join(pieces) or "\n", True
            if chars > WINDOW_CHARS or (count is not None and ends >= count):
                return "".join(pieces), False
            data = self._next()

    def pass_rest(self) -> bool:
        """Count the remaining lines; False if the file goes on beyond what is looked through."""
        while os.lseek(self._descriptor, 0, os.SEEK_CUR) <= SCAN_BYTES:
            if not self._next():
                return True
        return False

    def _next(self) -> bytes:
        """The next bytes, in an encoding whose line ends are the byte 0x0A; b"" at the end."""
        while True:
            self._check()
            raw, self._head = self._head or os.read(self._descriptor, CHUNK_BYTES), b""
            data = raw
            if self._transcoder is not None:
                data = self._transcoder.decode(raw, final=not raw).encode("utf-8", "surrogatepass")
            if data:
                self._ends += data.count(b"\n")
                self.is_terminated = data.endswith(b"\n")
            if data or not raw:
                return data


class _Decoder:
    """Decodes piece by piece; from the first undecodable byte on with replacement characters, which `failed` tells."""

    def __init__(self, encoding: str) -> None:
        self._make = codecs.getincrementaldecoder(encoding)
        self._decoder = self._make("strict")
        self.failed = False

    def decode(self, data: bytes, *, final: bool = False) -> str:
        if not self.failed:
            state = self._decoder.getstate()
            try:
                return self._decoder.decode(data, final)
            except UnicodeDecodeError:
                self.failed = True
                self._decoder = self._make("replace")
                self._decoder.setstate(state)
        return self._decoder.decode(data, final)
