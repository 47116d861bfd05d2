"""From marked lines to sections: what headings and configuration keys have in common.

In:  the rows where something begins, each with a level (1 is outermost).
Out: drafts; one reaches to the next of its level or above, blank and comment lines at its end left out.
Not here: finding the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from .model import MAX_DEFINITIONS, Found
from .text import one_line, squeezed


@dataclass(frozen=True, slots=True)
class Mark:
    """Something begins at `row` (from 0)."""

    row: int
    level: int
    kind: str
    name: str
    signature: str


def sections(marks: Iterable[Mark], lines: list[str], comment: str = "") -> list[Found]:
    """`comment`: what a comment line begins with, where such lines belong to what follows them."""
    marks = list(islice(marks, MAX_DEFINITIONS + 1))
    ends = [len(lines) - 1] * len(marks)
    opened: list[int] = []
    for i, mark in enumerate(marks):
        while opened and marks[opened[-1]].level >= mark.level:
            ends[opened.pop()] = mark.row - 1
        opened.append(i)
    return [draft(mark, _trimmed(mark.row, end, lines, comment)) for mark, end in zip(marks, ends, strict=True)]


def draft(mark: Mark, end: int) -> Found:
    """Rows serve as offsets: all that matters is what lies inside what."""
    end = max(mark.row, end)
    return Found(mark.kind, squeezed(mark.name), one_line(mark.signature), mark.row + 1, end + 1, mark.row, end + 1)


def _trimmed(row: int, end: int, lines: list[str], comment: str) -> int:
    while end > row and (not (line := lines[end].strip()) or (comment and line.startswith(comment))):
        end -= 1
    return end
