"""Definitions by one regex per language: for whole repositories, and for files that cannot be parsed.

In:  a language name and a file's bytes.
Out: `definitions_by_regex`, names and lines only, an order of magnitude faster than parsing; `scan`, drafts with
     signatures and estimated ends.
Not here: the patterns (`mcp_lean/repo/languages`), nesting (`arrange.py`).

Ends are estimated. In a language with braces, a definition ends with the brace that closes the first one opened after
its name, strings and comments skipped; if there is no such brace in the first `BRACE_BYTES` of the file, and in
languages with indented blocks, it ends before the next line that is indented no deeper than its own. A line there that
only closes (`)`, `}`, `end`) still belongs to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

from ..languages import Language, describe
from .model import Found
from .text import one_line

BRACE_BYTES = 512 * 1024
"""Matching braces runs at some 10 MB/s; beyond this size indentation has to do."""

_BRACES = re.compile(
    rb"""
    "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.){0,12}' | `[^`]*+` | //[^\n]*+ | /\*(?:[^*]|\*(?!/))*+\*/
    | [{}]
    """,
    re.VERBOSE,
)
_OPENS = re.compile(rb"[{;]")
_CLOSER = re.compile(rb"[)}\]]|end\b|[{]|:=")


@cache
def _compiled(language: str) -> re.Pattern[bytes] | None:
    described = describe(language)
    return re.compile(described.pattern, re.MULTILINE | re.VERBOSE) if described else None


def definitions_by_regex(language: str, source: bytes) -> list[tuple[str, int]]:
    """(name, line from 1) of what looks like a definition, in source order; empty for a language without a pattern.

    Functions, methods and types; module-level constants where they are as easily seen. Matches inside strings and
    comments are not told apart: this is for ranking and for files that cannot be parsed.
    """
    pattern = _compiled(language)
    if pattern is None:
        return []
    found, line, counted = [], 1, 0
    for match in pattern.finditer(source):
        group = match.lastindex
        if group is None:
            continue
        begin = match.start(group)
        line += source.count(b"\n", counted, begin)
        counted = begin
        found.append((match[group].decode("utf-8", "replace"), line))
    return found
