"""Text as lines.

In:  a file's text, or a part of it, and the lines wanted.
Out: `Text`: lines without their ends, the number of the first, the file's total if known, and notes.
Not here: decoding (`encodings.py`), reading (`text.py`).

A line ends with LF, and a CR before that is taken off, as `grep` and editors count; no other character ends one.
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_CHARS = 200_000
"""More than any result can hold (45,000 characters): no more than this is split into lines."""


@dataclass(frozen=True, slots=True)
class Text:
    """Some lines of a file.

    first: number of `lines[0]`, from 1.
    total: how many lines the file has; None when it was too large to be read to its end.
    notes: what a reader should know: "decoded as latin-1", "CRLF", "no newline at end".
    more: wanted lines follow that were not kept, or may follow where the end was not seen. A line is cut if it alone
        is longer than any result.
    """

    lines: tuple[str, ...]
    first: int
    total: int | None
    notes: tuple[str, ...] = ()
    more: bool = False


def select(text: str, first: int = 1, last: int | None = None, column: int = 0) -> Text:
    """Lines of a whole file's text."""
    text, ends = with_plain_ends(text)
    total = text.count("\n") + (text[-1:] not in ("", "\n"))
    rest = text.split("\n", first - 1)[-1] if first <= total else ""
    lines = window(without_columns(rest, column), None if last is None else last - first + 1, ended=True)
    wanted = total if last is None else min(last, total)
    at_end = ("no newline at end",) if wanted == total and text[-1:] not in ("", "\n") else ()
    return Text(lines, first, total, (*ends, *at_end), first + len(lines) - 1 < wanted)


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Lines as `grep` and editors count them: ended by LF, a CR before it taken off; and notes on the ends."""
    text, notes = with_plain_ends(text)
    lines = text.split("\n")
    if lines[-1]:
        return lines, (*notes, "no newline at end")
    return lines[:-1], notes


def with_plain_ends(text: str) -> tuple[str, tuple[str, ...]]:
    crlf = text.count("\r\n")
    if not crlf:
        return text, ()
    return text.replace("\r\n", "\n"), ("CRLF" if crlf == text.count("\n") else "mixed CRLF",)


def without_columns(text: str, column: int) -> str:
    """The text without the first characters of its first line; the rest of that line alone."""
    return text.partition("\n")[0][column:] + "\n" if column and text else text


def window(text: str, count: int | None, ended: bool) -> tuple[str, ...]:
    """The first `count` lines (None: all), of `WINDOW_CHARS` at most; a first one that is longer is cut there."""
    *lines, tail = text[:WINDOW_CHARS].split("\n", -1 if count is None else count)
    is_torn = not ended or len(text) > WINDOW_CHARS
    if tail and (count is None or len(lines) < count) and not (is_torn and lines):
        lines.append(tail)
    return tuple(lines)
