"""A file that is being written: each look hands on the lines that have come in since the last.

In:  a path, which need not exist yet; somebody who takes lines.
Out: complete lines, in order, each once; from the start again where the file no longer continues what was read.
Not here: what a line says; several files (`follow`).

A line may be written in two parts, a file cut short, replaced, or rewritten in place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from io import FileIO

from mcp_lean.transcripts.lines import PIECE_BYTES, LineBuffer

ANCHOR_BYTES = 64
"""So many bytes before the place reached are compared on each look: a file rewritten in place is noticed."""

Take = Callable[[Iterable[bytes]], None]


class GrowingFile:
    """One growing file.

    Args:
        begin: makes whoever takes the lines; called at once, and again whenever the file has to be read anew.
    """

    def __init__(self, path: str, begin: Callable[[], Take]) -> None:
        self.path = path
        self.taken_bytes = 0
        """By the last look."""
        self.is_at_end = True
        """False: the last look was not allowed to take all that there is."""
        self._begin = begin
        self._restart()

    def _restart(self) -> None:
        self._feed = self._begin()
        self.lines = LineBuffer()
        self._offset = 0
        self._anchor = b""
        self._file_id = (0, 0)

    def poll(self, most_bytes: int | None = None) -> bool:
        """Reads what is new. True if it had to begin again; what it gave before then no longer counts.

        Args:
            most_bytes: for one look; the next one goes on where this one has ended.
        Raises OSError when the file cannot be read; a file that is not there yet is an empty one.
        """
        self.taken_bytes, self.is_at_end = 0, True
        try:
            state = os.stat(self.path)
        except FileNotFoundError:
            is_gone = self._offset > 0
            if is_gone:
                self._restart()
            return is_gone
        file_id = (state.st_dev, state.st_ino)
        is_other = self._offset > 0 and (file_id != self._file_id or state.st_size < self._offset)
        if is_other:
            self._restart()
        self._file_id = file_id
        if state.st_size <= self._offset:
            return is_other
        return self._read(most_bytes) or is_other

    def _read(self, most_bytes: int | None) -> bool:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self._offset - len(self._anchor))
            is_other = file.read(len(self._anchor)) != self._anchor
            if not is_other:
                self._take(file, most_bytes)
                is_other = self.lines.is_spoiled
            if is_other:  # rewritten in place
                file_id = self._file_id
                self._restart()
                self._file_id = file_id
                file.seek(0)
                self._take(file, most_bytes)
        return is_other

    def _take(self, file: FileIO, most_bytes: int | None) -> None:
        left = sys.maxsize if most_bytes is None else most_bytes
        while piece := file.read(min(PIECE_BYTES, left)):
            left -= len(piece)
            self.taken_bytes += len(piece)
            self._offset += len(piece)
            self._anchor = (self._anchor + piece[-ANCHOR_BYTES:])[-ANCHOR_BYTES:]
            self._feed(self.lines.feed(piece))
        self.is_at_end = left > 0 or os.fstat(file.fileno()).st_size <= self._offset
        if self.is_at_end:
            self._feed(self.lines.take_rest())
