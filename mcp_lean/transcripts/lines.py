"""Bytes of a transcript as records: whole lines out of chunks, and a record out of a line.

In:  bytes in pieces of any size; lines may be torn anywhere, damaged, or longer than memory should hold.
Out: complete lines; a JSON object per line, or `None` for one that is none.
Not here: which file (`locate`), what a record means (`file`).
"""

from __future__ import annotations

import re
from io import BytesIO

import orjson

from mcp_lean.transcripts.fields import Json

PIECE_BYTES = 4 << 20
"""Of a file that are read at once."""

LONGEST_LINE_BYTES = 32 << 20
"""Longer lines are dropped and counted. A screenshot takes 1-10 MB; a line of 31 MB was read in 142 MB of memory."""

IDLE = re.compile(
    rb"""\{(?:
        "type":"(?:file-history-snapshot|file-history-delta|last-prompt|permission-mode|pr-link|mode|agent-name
                  |api-request-shape|api-request-blob|tools-used|atis-latch)"
        | [^{]*+ (?: (?<="type":"progress","data":) \{"type":"(?!agent_progress")
                   | (?<="attachment":) \{"type":"prompt_snapshot" ) )""",
    re.VERBOSE,
)
"""Beginnings of compact lines that surely have no part in a run; other spellings are parsed, and ignored by their type.

Safe, because what stands before the second `{` belongs to the record itself and not to somebody's tool input, if it is
spelt as keys and values are: a raw `"` in JSON never stands inside a string. Most lines of clients from 2.1.12 to
2.1.81 end here."""

LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class LineBuffer:
    """Cuts a growing stream of bytes into complete lines; what has no end yet waits for the next piece."""

    __slots__ = ("_limit", "_parts", "_size", "_skipping", "_taken", "dropped", "is_spoiled")

    def __init__(self, limit_bytes: int = LONGEST_LINE_BYTES) -> None:
        self._limit = limit_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False
        self._taken = False
        self.dropped = 0
        """Lines over the limit so far."""
        self.is_spoiled = False
        """A line that was taken as complete went on; the stream has to be read again from its start."""

    @property
    def is_torn(self) -> bool:
        """Whether something stands after the last line end that has not been taken."""
        return self._skipping or self._size > 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Complete lines that this piece finishes, with their ends."""
        if self._taken:
            piece = self._after_taken(piece)
        lines = BytesIO(piece).readlines()  # twice as fast as `split`
        rest = b"" if piece.endswith(b"\n") or not lines else lines.pop()
        if lines:
            lines = self._finish(lines)
        self._wait(rest)
        return lines

    def take_rest(self) -> list[bytes]:
        """The bytes after the last line end, if they are a whole record already; they will not come again."""
        rest = b"".join(self._parts)
        if not rest.rstrip().endswith(b"}") or parse(rest) is None:
            return []
        self._parts, self._size, self._taken = [], 0, True
        return [rest]

    def _after_taken(self, piece: bytes) -> bytes:
        ending = piece.lstrip(b" \t\r")
        if not ending:
            return b""
        self._taken = False
        self.is_spoiled = self.is_spoiled or not ending.startswith(b"\n")
        return ending[1:]

    def _finish(self, lines: list[bytes]) -> list[bytes]:
        if self._skipping:
            self._skipping = False
            lines = lines[1:]
        elif self._parts:
            lines[0] = b"".join(self._parts) + lines[0]
        self._parts, self._size = [], 0
        return lines

    def _wait(self, rest: bytes) -> None:
        if not rest or self._skipping:
            return
        self._parts.append(rest)
        self._size += len(rest)
        if self._size > self._limit:
            self._parts, self._size, self._skipping = [], 0, True
            self.dropped += 1


def parse(line: bytes) -> Json | None:
    """The record of one line, or `None`: not JSON, or not an object.

    Clients cut text in the middle of an emoji, and disks cut it in the middle of a character; such lines are
    read with the damaged character replaced.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = _parse_repaired(line)
    return value if isinstance(value, dict) else None


def _parse_repaired(line: bytes) -> object:
    whole = line.decode("utf-8", "replace").encode()
    try:
        return orjson.loads(LONE_SURROGATE.sub(rb"\\ufffd", whole))
    except orjson.JSONDecodeError:
        return None
