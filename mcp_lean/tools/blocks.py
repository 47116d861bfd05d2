"""Files and lists as blocks.

In:  lines of a file (`repo/text.py`) or rows of a list, and the name to show them under.
Out: a `Block` whose heading and resume items follow the format of `packing/render.py`.
Not here: which lines (`sources.py`, `definitions.py`), what fits (`packing`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mcp_lean.errors import BadItem
from mcp_lean.packing import render
from mcp_lean.packing.render import CEILING_CHARS, Block
from mcp_lean.repo.text import Text


def file_block(shown: str, found: Text, last: int | None, definition: str = "") -> Block:
    """Lines of a file.

    Args:
        last: the last line asked for; None for the end.
        definition: the name of the definition that the lines are, or are in.
    """
    total = found.total
    end = last if total is None else min(last or total, total)
    remarks = (f"#{definition}" if definition else "", *found.notes)

    def heading(first: int, last: int) -> str:
        if total is not None and (total == 0 or (first, last) == (1, total)):
            return render.whole(shown, counted(total, "line"), *remarks)
        return render.part(f"{shown}:", first, last, total, *remarks)

    return Block(
        heading=heading,
        rows=found.lines,
        first=found.first,
        resume=lambda row: f"{shown}:{row}-{end or ''}",
        resume_within=lambda row, chars: f"{shown}:{row}+{chars}",
        open_ended=found.more,
        file=shown,
    )


def rest_block(shown: str, found: Text, line: int, column: int) -> Block:
    """One line of a file without its first `column` characters."""
    return Block(
        heading=lambda first, last: render.rest(shown, line, column, *found.notes),
        rows=found.lines,
        first=line,
        resume_within=lambda row, chars: f"{shown}:{line}+{column + chars}",
        numbered=False,
        row_chars=CEILING_CHARS,
    )


def list_block(name: str, rows: Sequence[str], entry: int = 1, remark: str = "") -> Block:
    """A list of entries from number `entry` on, resumed by `name@N-`."""
    total = len(rows)
    if entry > max(total, 1):
        raise BadItem(f"{name}@{entry}-: the list ends at {total}")

    def heading(first: int, last: int) -> str:
        if last - first + 1 == total:
            return render.whole(name, counted(total, "entry"), remark)
        return render.part(f"{name}@", first, last, total, remark)

    return Block(
        heading=heading, rows=rows[entry - 1 :], first=entry, resume=lambda row: f"{name}@{row}-", numbered=False
    )


def error_block(words: str) -> Block:
    """No rows: the line that stands in the place of an item which cannot be answered."""
    line = render.error(words)
    return Block(lambda first, last: line)


def note_block(words: str) -> Block:
    """No rows: the line in the place of an item that needs none."""
    line = render.note(words)
    return Block(lambda first, last: line)


def counted(number: int, noun: str) -> str:
    """ "1 line", "2 lines", "0 entries"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number} {noun}s"
