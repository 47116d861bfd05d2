"""Definitions by one regex per language: for whole repositories, and for files that cannot be parsed.

In:  a language name and a file's bytes.
Out: `definitions_by_regex`, names and lines only, an order of magnitude faster than parsing; `scan`, drafts with
     signatures and estimated ends.
Not here: the patterns (`mcp_lean/repo/languages`), how ends are estimated (`ends.py`), nesting (`arrange.py`).
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import cache
from itertools import islice

from mcp_lean.repo.languages import Language, describe

from .ends import Head, estimate_ends
from .model import MAX_DEFINITIONS, Found
from .text import one_line

SIGNATURE_LINES = 12
"""A head whose brackets are still open after that many lines is not a head."""

_DECORATOR = re.compile(rb"[ \t]*(?:@\w|#\[|\[[A-Z]\w*.*\]\s*$)")


@cache
def _compiled(language: str) -> re.Pattern[bytes] | None:
    described = describe(language)
    return re.compile(described.pattern, re.MULTILINE | re.VERBOSE) if described else None


def definitions_by_regex(language: str, source: bytes) -> list[tuple[str, int]]:
    """(name, line from 1) of what looks like a definition, in source order; empty for a language without a pattern.

    Functions, methods and types; module-level constants where they are as easily seen. Matches inside strings and
    comments are not told apart: this is for ranking, and for files that cannot be parsed.
    """
    pattern = _compiled(language)
    if pattern is None:
        return []
    source = source.removeprefix(BOM_UTF8)
    found, line, counted = [], 1, 0
    for match in pattern.finditer(source):
        group = match.lastindex or 0
        begin = match.start(group)
        line += source.count(b"\n", counted, begin)
        counted = begin
        found.append((match[group].decode("utf-8", "replace"), line))
    return found


def scan(language: Language, source: bytes) -> list[Found]:
    """Drafts of the same definitions, with kinds, signatures and estimated ends."""
    pattern = _compiled(language.name)
    if language.name == "python":
        source = _without_docstrings(source)
    matches = list(islice(pattern.finditer(source), MAX_DEFINITIONS + 1)) if pattern else []
    if not matches:
        return []
    lines = source.split(b"\n")
    heads, row, counted = [], 0, 0
    for match in matches:
        first = match.start() + len(match[0]) - len(match[0].lstrip())
        row += source.count(b"\n", counted, first)
        counted = first
        heads.append(Head(row, first, match.end(match.lastindex or 0)))
    offsets = _offsets(lines)
    ends = estimate_ends(language.blocks, source, lines, heads)
    drafts = []
    for match, head, end in zip(matches, heads, ends, strict=True):
        start = _with_decorators(lines, head.row)
        kind, name = _kind_and_name(language, match)
        drafts.append(
            Found(
                kind=kind,
                name=name,
                signature=_signature(lines, head.row, match),
                start=start + 1,
                end=end + 1,
                begin=offsets[start] if start < head.row else head.begin,
                finish=offsets[end] + len(lines[end]),
                head_end=match.end(),
            )
        )
    return drafts


_QUOTES = (b'"""', b"'''")
_DOCSTRING = re.compile(rb'''("""|\'{3})(.*?)\1''', re.DOTALL)


def _without_docstrings(source: bytes) -> bytes:
    """The same bytes with blank docstrings, unless a quote is missing: then nobody knows what is inside them."""
    if any(source.count(quote) % 2 for quote in _QUOTES):
        return source
    return _DOCSTRING.sub(lambda found: found[1] + re.sub(rb"[^\n]", b" ", found[2]) + found[1], source)


def _offsets(lines: list[bytes]) -> list[int]:
    offsets, position = [], 0
    for line in lines:
        offsets.append(position)
        position += len(line) + 1
    return offsets


def _with_decorators(lines: list[bytes], row: int) -> int:
    while row and _DECORATOR.match(lines[row - 1]):
        row -= 1
    return row


def _kind_and_name(language: Language, match: re.Match[bytes]) -> tuple[str, str]:
    group = match.lastindex or 0
    name = match[group].decode("utf-8", "replace")
    before, after = match.string[match.start() : match.start(group)], match.string[match.end(group) : match.end()]
    words = re.findall(r"[\w@#!]+", before.decode("utf-8", "replace"))
    kind = next((language.keywords[word] for word in words if word in language.keywords), "function")
    if language.by_macro and kind == "function" and name.isupper() and not before.strip():
        return language.by_macro(name, after.decode("utf-8", "replace").strip())
    return kind, name


def _signature(lines: list[bytes], row: int, match: re.Match[bytes]) -> str:
    head = lines[row]
    last_row = row + max(match[0].strip().count(b"\n"), 0)
    for line in lines[row + 1 : row + SIGNATURE_LINES]:
        row += 1
        if row > last_row and head.count(b"(") <= head.count(b")"):
            break
        head += b"\n" + line
    return one_line(head.decode("utf-8", "replace"))
