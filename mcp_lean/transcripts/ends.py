"""How a conversation began and how it stands, without reading what is between: the two ends of a transcript.

In:  the path of a session's main transcript, however long.
Out: `Ends`: its first request, the last ones in order, and whether a compaction has come after them.
Not here: reading all of it (`read`), following it (`follow`), what to conclude.

It costs the same for 3 MB as for 3 GB. What is no transcript has no requests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import FileIO

from mcp_lean.transcripts.file import FileReader
from mcp_lean.transcripts.lines import LineBuffer
from mcp_lean.transcripts.model import Request

HEAD_BYTES = 1 << 20
"""The first request of recorded sessions stands within 200 kB; a pasted picture may come before it."""

TAIL_BYTES = 2 << 20
"""About a hundred requests; read and parsed in some 20 ms."""

LONGER_BYTES = 16 << 20
"""Where the usual end holds no request: one result or picture may be megabytes long."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Of the main conversation. `last` holds the requests of the tail, so their number is a lower bound."""

    first: Request | None = None
    last: tuple[Request, ...] = ()
    is_compacted_since: bool = False
    """The client has shortened the context after the last request; its size is not known before the next one."""

    @property
    def since_reset(self) -> tuple[Request, ...]:
        """The requests since the context was last made smaller, as far as the tail holds them."""
        starts = [i for i, request in enumerate(self.last) if request.is_after_reset]
        return self.last[starts[-1] :] if starts else self.last


def read_ends(path: str) -> Ends:
    """The ends of a transcript as it is now. Raises OSError when it cannot be read."""
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        start = max(0, size - TAIL_BYTES)
        last, is_compacted = _requests(path, _between(file, start, size))
        if not last and start:
            start = max(0, size - LONGER_BYTES)
            last, is_compacted = _requests(path, _between(file, start, size))
        first = last
        if start:
            first = (
                _requests(path, _between(file, 0, HEAD_BYTES))[0] or _requests(path, _between(file, 0, LONGER_BYTES))[0]
            )
    return Ends(first[0] if first else None, last, is_compacted)


def _between(file: FileIO, start: int, end: int) -> bytes:
    """The bytes of a file from the first line that begins at or after `start`."""
    file.seek(max(0, start - 1))
    piece = file.read(end - file.tell())
    return piece[piece.find(b"\n") + 1 :] if start and b"\n" in piece else b"" if start else piece


def _requests(path: str, piece: bytes) -> tuple[tuple[Request, ...], bool]:
    """The requests of the main conversation in these lines, and whether a compaction stands behind the last one."""
    reader, buffer = FileReader(path), LineBuffer()
    reader.feed(buffer.feed(piece))
    reader.feed(buffer.take_rest())
    own = reader.record().threads[:1]
    requests = own[0].requests if own else ()
    return requests, any(found.before_request >= len(requests) for thread in own for found in thread.compactions)
