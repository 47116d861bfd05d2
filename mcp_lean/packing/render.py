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
Numbers on every line cost 16 % more tokens on source code, these 2 % with the heading (bench/line_numbers.py).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mcp_lean.packing.tokens import cost

NUMBER_EVERY = 10
ROW_CHARS = 2_000
"""A longer row is cut and resumed by an item of its own: one line of a minified file would fill an answer."""

CEILING_CHARS = 45_000
"""Over 50,000 characters Claude Code 2.1.330 puts the result into a file and shows 2 KB of it; 10 % is our margin."""

ROWS_AT_ONCE = 128
CHARS_PER_TOKEN = 3
"""For guessing how many rows to weigh at once: source code has two to three."""

MOST_COLUMNS = 999_999
"""More characters than one answer shows of a row; no shorter number has more tokens."""

INNER_OPENING = re.compile(r" +\(")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows to be shown under one heading.

    heading: (first, last) shown row numbers -> the heading's text; none is dearer than that of (last row, last row).
    rows: the rows, without line ends; () for a block that is only a heading, such as an error.
    first: the number of rows[0].
    resume: row number -> the item that names this row and all that follow; None when the block cannot be resumed.
    resume_within: (row number, characters shown) -> the item that names the rest of a cut row.
    also: an item that names what belongs to the block beyond its rows.
    numbered: whether every tenth row carries its number.
    open_ended: more rows follow the last of `rows` although they were not read.
    row_chars: where a row is cut, if `resume_within` can name its rest.
    file: the file, as shown, that the rows are lines of; empty for all other rows.
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
    file: str = ""

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
    """A block as it stands in the answer: its heading, its rows, and the lines that name what was left out.

    weight: in tokens with the safety margin, and never below its share of the character ceiling.
    """

    heading: str
    rows: tuple[str, ...]
    left_out: tuple[str, ...]
    weight: float

    @property
    def is_whole(self) -> bool:
        return not self.left_out

    @property
    def text(self) -> str:
        return "\n".join((self.heading, *self.rows, *self.left_out))


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
    """Control characters, line ends among them, as their escapes: file names may hold them."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


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
    first_row = scale.weigh(_rest_of_first_row(block) or _numbered(block, 0, block.rows[0])) if block.rows else 0
    return sum(_frame(block, scale)) + first_row


def fit(block: Block, grant: float, scale: Scale) -> Shown:
    """As many rows as the grant holds; of the first one a piece, or all if it cannot be cut, so that calls advance."""
    always, to_resume = _frame(block, scale)
    left = grant - always - to_resume
    lines, cuts = list[str](), list[str]()
    used, together = 0.0, _first_guess(block, left)
    while len(lines) < len(block.rows):
        group_lines, group_cuts = _group(block, len(lines), together)
        weight = scale.weigh("\n".join(group_lines + group_cuts))
        is_end = len(lines) + len(group_lines) == len(block.rows) and not block.open_ended
        if used + weight <= left + (to_resume if is_end else 0):
            lines += group_lines
            cuts += group_cuts
            used += weight
        elif len(group_lines) == 1:
            break
        # As many as should fit if they weigh like these; fewer than these if these did not.
        together = max(1, min(ROWS_AT_ONCE, int(len(group_lines) * (left - used) / weight)))
    if block.rows and not lines:
        piece = _piece(block, left - scale.weigh(_rest_of_first_row(block)), scale)
        lines.append(_numbered(block, 0, piece))
        if len(piece) < len(block.rows[0]) and block.resume_within is not None:
            cuts.append(more(block.resume_within(block.first, len(piece))))
        used = scale.weigh("\n".join(lines + cuts))
    frame = [block.heading(block.first, block.first + len(lines) - 1)]
    if block.resume is not None and (len(lines) < len(block.rows) or block.open_ended):
        frame.append(more(block.resume(block.first + len(lines))))
    if block.also is not None:
        frame.append(more(block.also))
    return Shown(frame[0], tuple(lines), (*cuts, *frame[1:]), used + sum(map(scale.weigh, frame)))


def _frame(block: Block, scale: Scale) -> tuple[float, float]:
    """The most that the heading with `also` weighs, and the item for rows that do not fit: with the last numbers."""
    always = scale.weigh(block.heading(block.last, block.last))
    if block.also is not None:
        always += scale.weigh(more(block.also))
    if not block.rows or block.resume is None:
        return always, 0
    return always, scale.weigh(more(block.resume(block.last + 1)))


def _rest_of_first_row(block: Block) -> str:
    return "" if block.resume_within is None else more(block.resume_within(block.first, MOST_COLUMNS))


def _first_guess(block: Block, left: float) -> int:
    """A few rows more than are likely to fit: the text that is weighed and not shown is what packing spends time on."""
    ends = list(accumulate(map(len, block.rows[:ROWS_AT_ONCE])))
    return 1 + bisect_left(ends, left * CHARS_PER_TOKEN)


def _group(block: Block, at: int, together: int) -> tuple[list[str], list[str]]:
    """The next rows as lines, and the items that resume those among them which are too long to be shown whole."""
    lines, cuts = list(block.rows[at : at + together]), list[str]()
    first = block.first + at
    if block.resume_within is not None and max(map(len, lines)) > block.row_chars:
        for index, row in enumerate(lines):
            if len(row) > block.row_chars:
                cuts.append(more(block.resume_within(first + index, block.row_chars)))
                lines[index] = row[: block.row_chars]
    if block.numbered:
        for index in range(-first % NUMBER_EVERY, len(lines), NUMBER_EVERY):
            lines[index] = number(lines[index], first + index)
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
