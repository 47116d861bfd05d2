"""A line in the place of text that the calling agent provably holds already.

In:  the blocks of an answer, as they are about to be shown.
Out: their texts; "note: NAME unchanged since you read it; ask again for the text" for those that need not be sent.
Not here: what proves it (`guard/unchanged/deliveries`), the blocks (`read_many`, `grep_answer`).

Only lines of files are looked at, never outlines, lists, or the rest of a long line. Without a known caller every
block is its text.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.errors import AskError
from mcp_lean.guard.unchanged.deliveries import LEAST_CHARS, UNCHANGED, Piece
from mcp_lean.packing import render
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools.base import Context


@dataclass(frozen=True, slots=True)
class Part:
    """A block of an answer.

    file: the file that its rows are lines of, as shown; empty for all other rows.
    first: number of the first row.
    left_out: lines below the rows that name what was left out. They are always shown.
    """

    file: str
    first: int
    heading: str
    rows: Sequence[str]
    left_out: Sequence[str] = ()

    @property
    def text(self) -> str:
        return "\n".join((self.heading, *self.rows, *self.left_out))


def whole_texts(parts: Sequence[Part]) -> list[str]:
    """Each part in full."""
    return [part.text for part in parts]


def texts(parts: Sequence[Part], ctx: Context) -> list[str]:
    """What each part is shown as."""
    if ctx.delivery is None:
        return whole_texts(parts)
    pieces = [_piece(part, ctx.workspace) for part in parts]
    unchanged = ctx.delivery.unchanged([piece for piece in pieces if piece], ctx.stop.wait)
    return [_line(part) if piece in unchanged else part.text for part, piece in zip(parts, pieces, strict=True)]


def _piece(part: Part, workspace: Workspace) -> Piece | None:
    rows = "\n".join(part.rows)
    if not part.file or len(rows) < LEAST_CHARS:
        return None
    try:
        place = workspace.locate(part.file)
        found = os.stat(place.path)
    except (AskError, OSError):
        return None  # gone since it was read: nothing to compare it with
    stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return Piece(place.path, str(stamp), part.first, rows)


def _line(part: Part) -> str:
    name = part.heading.removeprefix("== ")
    return "\n".join((render.note(f"{name} {UNCHANGED}"), *part.left_out))
