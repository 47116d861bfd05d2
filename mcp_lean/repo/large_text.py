"""Lines of a file that is too large to be read at once.

In:  an open descriptor and the lines wanted.
Out: `Text`, as for a small file; `total` only where the end was reached.
Not here: opening (`text.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from mcp_lean.errors import NotText
from mcp_lean.repo.encodings import WIDE, Decoder, declared, encoding_of
from mcp_lean.repo.lines import WINDOW_CHARS, Text, window, with_plain_ends

COUNT_BYTES = 64 << 20
"""A streamed file up to this size is counted to its end (some 30 ms), so that the heading can say how many lines."""

SCAN_BYTES = 4 << 30
"""No line is looked for beyond: counting line ends up to here takes seconds, and ten times as many from a cold disk."""

CHUNK_BYTES = 1 << 20


def read_large(
    descriptor: int, size: int, shown: str, first: int, last: int | None, column: int, check: Callable[[], None]
) -> Text:
    """The wanted lines of a large file. Line ends before them are counted in bytes, only the lines are decoded."""
    large = _Large(descriptor, shown, check)
    start = large.skip_lines(first - 1)
    if start is None:
        return Text((), first, large.lines, large.notes)
    count = None if last is None else last - first + 1
    decoded, ended = large.decode(start, count, column)
    text, end_notes = with_plain_ends(decoded)
    lines = window(text, count, ended)
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
        if encoding == "utf-8" and not _starts_as_utf8(self._head):
            encoding = declared(self._head) or "latin-1"
        self._head = self._head[skip:]
        self._encoding, self._said = encoding, said if encoding == "utf-8" else f"decoded as {encoding}"
        is_wide = encoding.startswith(WIDE)
        self._transcoder = Decoder(encoding) if is_wide else None
        self._decoder = Decoder("utf-8" if is_wide else encoding)
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


def _starts_as_utf8(head: bytes) -> bool:
    probe = Decoder("utf-8")
    probe.decode(head)
    return not probe.failed
