"""A block: rows under one heading, cut where its tokens end, with the items that resume it.

In:  a `Block` and a grant of tokens.
Out: `Shown`: the text, what it weighs, and whether anything was left out.
Not here: how a budget is shared between blocks (`allocate.py`), where rows come from (`tools/sources.py`).

An answer is blocks, one below the other; lines end with LF:

    == src/app.py:1-12 of 340 (CRLF)
    import os
    ...
    10	def main():
    ...
    more: src/app.py:13-340

A row may itself look like a heading or like `more:`. So a reader counts: below a heading come as many rows as it says,
then `more:` lines, then the next heading. Read from its end, a heading is never ambiguous, whatever NAME holds:

    == NAME (12 lines)        12 rows, a whole file; "(12 entries)": a whole list. Remarks follow after a comma
    == NAME:13-24 of 340      rows 13 to 24; " of 340" is missing where the end of the file was not looked for
    == NAME@13-24 of 340      the same of a list
    == NAME:42+2000           one row: line 42 without its first 2,000 characters
    error: WORDS              no row; stands where the item stood
    note: WORDS               no row; in the place of an item, or below everything
    more: ITEM                what was left out of the block above it, or, below all blocks, of the call

The last three headings may end in remarks: everything from the last " (" on, never beginning with a digit.

The lines of a file (not entries, not the rest of a line) carry their number and a tab where that is a multiple of ten.
Numbers on every line cost 9 % more tokens on source code, these 1 % (docs/figures.md#line-numbers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcp_lean.packing.tokens import cost

NUMBER_EVERY = 10
ROW_CHARS = 2_000
"""A longer row is cut and resumed by an item of its own: one line of a minified file would fill an answer."""

CEILING_CHARS = 45_000
"""Over 50,000 characters Claude Code 2.1.330 puts the result into a file and shows 2 KB of it; 10 % is our margin."""

ROWS_AT_ONCE = 64
INNER_OPENING = re.compile(r" +\(")
NOT_ON_ONE_LINE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows to be shown under one heading.

    heading: (first, last) shown row numbers -> the heading's text; a longer number never makes it cheaper.
    rows: the rows, without line ends; () for a block that is only a heading, such as an error.
    first: the number of rows[0].
    resume: row number -> the item that names this row and all that follow; None when the block cannot be resumed.
    resume_within: (row number, characters shown) -> the item that names the rest of a cut row.
    also: an item that names what belongs to the block beyond its rows.
    numbered: whether every tenth row carries its number.
    open_ended: more rows follow the last of `rows` although they were not read.
    row_chars: where a row is cut, if `resume_within` can name its rest.
    """

    heading: Callable[[int, int], str]
    rows: Sequence[str] = ()
    first: int = 1
    resume: Callable[[int], str] | None = None
    resume_within: Callable[[int, int], str] | None = None
    also: str | None = None
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
        chars = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
        return max(cost(text), chars * self.tokens_per_char)  # the client counts UTF-16 units


# ---------------------------------------------------------------------------------------------- the lines of an answer


def whole(name: str, count: str, *remarks: str) -> str:
    """The heading of a whole file or list; `count` is "340 lines", "1 line" or "12 entries"."""
    return f"== {on_one_line(name)}{_in_parentheses(count, *remarks)}"


def part(name: str, first: int, last: int, total: int | None, *remarks: str) -> str:
    """The heading of some rows. `name` ends with the mark that fits: ":" for lines, "@" for entries."""
    of = "" if total is None else f" of {total}"
    return f"== {on_one_line(name)}{first}-{last}{of}{_in_parentheses(*remarks)}"


def rest(path: str, line: int, column: int, *remarks: str) -> str:
    """The heading of a single line without its first `column` characters."""
    return f"== {on_one_line(path)}:{line}+{column}{_in_parentheses(*remarks)}"


def error(words: str) -> str:
    """The line in the place of an item that cannot be answered."""
    return f"error: {on_one_line(words)}"


def note(words: str) -> str:
    """The line in the place of an item that needs no rows, or a remark on the whole answer."""
    return f"note: {on_one_line(words)}"


def more(item: str) -> str:
    """The line that names what was left out."""
    return f"more: {on_one_line(item)}"


def on_one_line(text: str) -> str:
    """Control characters, line ends among them, as replacement characters: file names may hold them."""
    return NOT_ON_ONE_LINE.sub("\N{REPLACEMENT CHARACTER}", text)


def _in_parentheses(*remarks: str) -> str:
    inside = INNER_OPENING.sub("(", on_one_line(", ".join(filter(None, remarks))))
    return f" ({inside})" if inside else ""


def number(row: str, at: int) -> str:
    """A row as it is shown: with its number if that is a multiple of ten."""
    return f"{at}\t{row}" if at % NUMBER_EVERY == 0 else row


# ------------------------------------------------------------------------------------------------------------- fitting


def overhead(block: Block, scale: Scale) -> float:
    """The most that a block weighs before any of its rows is chosen: heading, resume items, a row that cannot be cut.

    The resume items of long rows in its middle are not among it.
    """
    weight = _frame(block, scale)
    if block.rows and block.resume_within is None:
        weight += scale.weigh(_numbered(block, 0, block.rows[0]))
    return weight


def fit(block: Block, grant: float, scale: Scale) -> Shown:
    """As many rows as the grant holds; of the first one a piece, or all if it cannot be cut, so that calls advance."""
    left = grant - _frame(block, scale)
    lines, cuts = list[str](), list[str]()
    at, together = 0, ROWS_AT_ONCE
    while at < len(block.rows) and together:
        group_lines, group_cuts = _group(block, at, together)
        weight = scale.weigh("\n".join(group_lines + group_cuts))
        if weight <= left:
            lines += group_lines
            cuts += group_cuts
            left -= weight
            at += len(group_lines)
        else:
            together = len(group_lines) // 2  # halved down to the row that does not fit
    if at == 0 and block.rows:
        piece = _piece(block, left, scale)
        lines.append(_numbered(block, 0, piece))
        if len(piece) < len(block.rows[0]) and block.resume_within is not None:
            cuts.append(more(block.resume_within(block.first, len(piece))))
        at = 1
    if block.resume is not None and (at < len(block.rows) or block.open_ended):
        cuts.append(more(block.resume(block.first + at)))
    if block.also is not None:
        cuts.append(more(block.also))
    text = "\n".join([block.heading(block.first, block.first + at - 1), *lines, *cuts])
    return Shown(text, scale.weigh(text), not cuts)


def _frame(block: Block, scale: Scale) -> float:
    """The most that heading and resume items weigh; longer numbers weigh more, so the last row's are taken."""
    weight = max(scale.weigh(block.heading(first, block.last)) for first in {block.first, block.last})
    if block.also is not None:
        weight += scale.weigh(more(block.also))
    if block.rows and block.resume is not None:
        weight += scale.weigh(more(block.resume(block.last + 1)))
    if block.rows and block.resume_within is not None:
        weight += scale.weigh(more(block.resume_within(block.last, max(map(len, block.rows)))))
    return weight


def _group(block: Block, at: int, together: int) -> tuple[list[str], list[str]]:
    """The next rows as lines, and the items that resume those among them which are too long to be shown whole."""
    lines, cuts = list[str](), list[str]()
    for index in range(at, min(at + together, len(block.rows))):
        row = block.rows[index]
        if len(row) > block.row_chars and block.resume_within is not None:
            cuts.append(more(block.resume_within(block.first + index, block.row_chars)))
            row = row[: block.row_chars]
        lines.append(_numbered(block, index, row))
    return lines, cuts


def _numbered(block: Block, index: int, row: str) -> str:
    return number(row, block.first + index) if block.numbered else row


def _piece(block: Block, left: float, scale: Scale) -> str:
    """The longest beginning of the first row that still fits, at least a character; all of it if it cannot be cut."""
    row = block.rows[0]
    if block.resume_within is None:
        return row
    low, high = 1, min(len(row), CEILING_CHARS)
    while low < high:
        middle = (low + high + 1) // 2
        if scale.weigh(_numbered(block, 0, row[:middle])) <= left:
            low = middle
        else:
            high = middle - 1
    return row[:low]
