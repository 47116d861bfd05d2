"""A block: rows under one heading, cut where its tokens end, with the items that resume it.

In:  a `Block` and a grant of tokens.
Out: `Shown`: the text, what it costs, and whether anything was left out.
Not here: how a budget is shared between blocks (`allocate.py`), where rows come from (`repo`).

What an answer looks like:

    == src/app.py:1-12 of 340
    import os
    ...
    10	def main():
    ...
    more: src/app.py:13-340

Rows whose number is a multiple of ten carry it before a tab; the heading carries the rest. Numbers on every row cost
9 % more tokens on source code, these 1 % (docs/figures.md#line-numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcp_lean.packing.tokens import cost

NUMBER_EVERY = 10
ROW_CHARS = 2_000
"""A longer row is cut and resumed by an item of its own: one line of a minified file would fill an answer."""

CEILING_CHARS = 45_000
"""Over 50,000 characters Claude Code 2.1.330 puts the result into a file and shows 2 KB of it; 10 % is our margin."""

ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Block:
    """Rows to be shown under one heading.

    heading: (first, last) shown row numbers -> the heading's text; a longer number never makes it cheaper.
    rows: the rows, without line ends; () for a block that is only a heading, such as an error.
    first: the number of rows[0].
    resume: row number -> the item that names this row and all that follow; None when the block cannot be resumed.
    resume_within: (row number, characters shown) -> the item that names the rest of a cut row.
    numbered: whether every tenth row carries its number.
    open_ended: more rows follow the last of `rows` although they were not read.
    row_chars: where a row is cut, if `resume_within` can name its rest.
    """

    heading: Callable[[int, int], str]
    rows: Sequence[str] = ()
    first: int = 1
    resume: Callable[[int], str] | None = None
    resume_within: Callable[[int, int], str] | None = None
    numbered: bool = True
    open_ended: bool = False
    row_chars: int = ROW_CHARS

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1

    @property
    def chars(self) -> int:
        """Roughly what the rows hold, for ordering blocks by size before their tokens are counted."""
        return sum(map(len, self.rows)) + len(self.rows)


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as it stands in the answer. `weight` is in tokens with the safety margin, and never below its share of
    the character ceiling."""

    text: str
    weight: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """What a text weighs against a budget: its tokens, or its share of the character ceiling if that is more."""

    tokens_per_char: float

    @classmethod
    def of(cls, budget_tokens: float) -> Scale:
        return cls(budget_tokens / CEILING_CHARS)

    def weigh(self, line: str) -> float:
        """The weight of a line (or several) together with the line end that follows it."""
        text = line + "\n"
        return max(cost(text), len(text) * self.tokens_per_char)


def number(row: str, at: int) -> str:
    """A row as it is shown: with its number if that is a multiple of ten."""
    return f"{at}\t{row}" if at % NUMBER_EVERY == 0 else row


def overhead(block: Block, scale: Scale) -> float:
    """The most that a block's heading and resume items can weigh, apart from those of long rows in its middle."""
    weight = scale.weigh(block.heading(block.last, block.last))
    if block.rows and block.resume is not None:
        weight += scale.weigh(_more(block.resume(block.last + 1)))
    if block.rows and block.resume_within is not None:
        weight += scale.weigh(_more(block.resume_within(block.last, max(map(len, block.rows)))))
    return weight


def fit(block: Block, grant: float, scale: Scale) -> Shown:
    """As many rows as the grant holds, and a piece of the first row where that alone is too long."""
    left = grant - overhead(block, scale)
    lines, cuts = list[str](), list[str]()
    at, together = 0, ROWS_AT_ONCE
    while at < len(block.rows) and together:
        group = [_shown(block, i) for i in range(at, min(at + together, len(block.rows)))]
        group_lines = [line for line, _ in group]
        group_cuts = [cut for _, cut in group if cut is not None]
        weight = scale.weigh("\n".join(group_lines + group_cuts))
        if weight <= left:
            lines += group_lines
            cuts += group_cuts
            left -= weight
            at += len(group)
        else:
            together //= 2  # the group in which the grant ends is halved down to the row that does not fit
    if at == 0 and block.rows and block.resume_within is not None:
        piece = _piece(block, left, scale)
        lines.append(_numbered(block, 0, piece))
        cuts.append(_more(block.resume_within(block.first, len(piece))))
        at = 1
    if block.resume is not None and (at < len(block.rows) or block.open_ended):
        cuts.append(_more(block.resume(block.first + at)))
    text = "\n".join([block.heading(block.first, block.first + at - 1), *lines, *cuts])
    return Shown(text, scale.weigh(text), not cuts)


def _shown(block: Block, index: int) -> tuple[str, str | None]:
    """A row's line, and the item that resumes it if it is too long to be shown whole."""
    row = block.rows[index]
    if len(row) <= block.row_chars or block.resume_within is None:
        return _numbered(block, index, row), None
    cut = block.resume_within(block.first + index, block.row_chars)
    return _numbered(block, index, row[: block.row_chars]), _more(cut)


def _numbered(block: Block, index: int, row: str) -> str:
    return number(row, block.first + index) if block.numbered else row


def _piece(block: Block, left: float, scale: Scale) -> str:
    """The longest beginning of the first row that still fits."""
    row = block.rows[0]
    low, high = 0, min(len(row) - 1, CEILING_CHARS)
    while low < high:
        middle = (low + high + 1) // 2
        if scale.weigh(_numbered(block, 0, row[:middle])) <= left:
            low = middle
        else:
            high = middle - 1
    return row[:low]


def _more(item: str) -> str:
    return f"more: {item}"
