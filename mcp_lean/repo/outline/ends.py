"""Where a definition ends, estimated without a parser.

In:  the lines of a file and where its definitions begin.
Out: one last row per definition.
Not here: exact ends (`walk.py`).

In a language with braces, a definition ends with the brace that closes the first one after its head; brackets of the
head, strings and comments are skipped. Where that finds nothing (no brace before the next definition, unbalanced
text, a file beyond `BRACE_BYTES`), and in languages with indented blocks, it ends before the next line that is
indented no deeper than its own; a line there that closes it (`}`, `end`) is its last, and one that only closes a
bracket of its head is not the end. Both are one pass over the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

BRACE_BYTES = 512 * 1024
"""Brackets are matched at some 5-10 MB/s; beyond this size indentation has to do."""

_BRACKETS = re.compile(
    rb"""
    "(?>(?:[^"\\\n]|\\.)*)"?+ | '(?:[^'\\\n]|\\.){0,12}' | `[^`]*+`?+ | //[^\n]*+ | /\*(?>(?:[^*]|\*(?!/))*)(?:\*/)?
    | [{}()]
    """,
    re.VERBOSE | re.DOTALL,
)
_PAIRS = {b"}": b"{", b")": b"("}
_HEAD_MARK = re.compile(rb"[{(;]")
_NOT_A_BODY = re.compile(rb"\s*[>|&{]")
"""What follows a pair of braces that is a type: `Base<{ on: boolean }> {`, `func f() interface{} {`."""

_CLOSES = re.compile(rb"\}|end\b")
_CONTINUES = re.compile(rb"[)\]{]|\"{3}|'{3}")
_COMMENT = re.compile(rb"#|//|/?\*|--")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a definition: its row from 0, the offsets of its first byte and of the end of its name."""

    row: int
    begin: int
    name_end: int


def estimate_ends(
    blocks: Literal["indent", "braces"], source: bytes, lines: list[bytes], heads: list[Head]
) -> list[int]:
    """The last row of each definition, never before its first."""
    ends = _by_indentation(lines, heads)
    if blocks == "indent":
        return ends
    closing = _matched_brackets(source[:BRACE_BYTES])
    limits = [head.begin for head in heads[1:]] + [len(source)]
    offsets = [
        _closing_offset(source, head.name_end, limit, closing) for head, limit in zip(heads, limits, strict=True)
    ]
    rows = _rows_of(source, sorted({offset for offset in offsets if offset is not None}))
    ends = [end if offset is None else rows[offset] for offset, end in zip(offsets, ends, strict=True)]
    return [
        _end_of_macro(lines, head.row) if lines[head.row].startswith(b"#") else end
        for head, end in zip(heads, ends, strict=True)
    ]


def _end_of_macro(lines: list[bytes], row: int) -> int:
    while lines[row].rstrip().endswith(b"\\") and row + 1 < len(lines):
        row += 1
    return row


def _rows_of(source: bytes, offsets: list[int]) -> dict[int, int]:
    rows, row, counted = {}, 0, 0
    for offset in offsets:
        row += source.count(b"\n", counted, offset)
        counted = offset
        rows[offset] = row
    return rows


def _matched_brackets(source: bytes) -> dict[int, int]:
    """Offset of each opening bracket -> offset of the one that closes it; unbalanced ones are left out."""
    closing: dict[int, int] = {}
    opened: list[tuple[bytes, int]] = []
    for match in _BRACKETS.finditer(source):
        token = match[0]
        if token in (b"{", b"("):
            opened.append((token, match.start()))
        elif token in _PAIRS and opened and opened[-1][0] == _PAIRS[token]:
            closing[opened.pop()[1]] = match.start()
    return closing


def _closing_offset(source: bytes, position: int, limit: int, closing: dict[int, int]) -> int | None:
    """The end of a definition whose name ends at `position`: of its block, or of its statement when it has none."""
    while mark := _HEAD_MARK.search(source, position, limit):
        if mark[0] == b";":
            return mark.start()
        if mark.start() not in closing:
            return None
        position = closing[mark.start()] + 1
        if mark[0] == b"{" and not _NOT_A_BODY.match(source, position):
            return position - 1
        if position >= limit:
            return None
    return None


def _by_indentation(lines: list[bytes], heads: list[Head]) -> list[int]:
    ends = [head.row for head in heads]
    rows: dict[int, list[int]] = {}
    for i, head in enumerate(heads):
        rows.setdefault(head.row, []).append(i)
    opened: list[tuple[int, int]] = []
    last = 0
    for row, line in enumerate(lines):
        text = line.strip()
        if not text or (_COMMENT.match(text) and row not in rows):
            continue
        indent = _indent(line)
        while opened and indent <= opened[-1][0] and not _CONTINUES.match(text):
            belongs = indent == opened[-1][0] and _CLOSES.match(text)
            ends[opened.pop()[1]] = row if belongs else last
            if belongs:
                break
        opened += [(indent, i) for i in rows.get(row, ())]
        last = row
    for _, i in opened:
        ends[i] = last
    return ends


def _indent(line: bytes) -> int:
    """Columns before the text, tabs to the next eighth."""
    if b"\t" in line:
        line = line.expandtabs(8)
    return len(line) - len(line.lstrip())
