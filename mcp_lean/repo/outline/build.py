"""The outline of a file: which engine, and what to do when it fails.

In:  a path (for the language) and the file's bytes.
Out: `Outline`. Never an exception, whatever the bytes are.
Not here: reading the file, asking the outline for something (`lookup.py`, `rows.py`).

Parsed where a grammar is known, the file is neither huge nor minified, and the deadline holds; else by regex. Where the
parse has errors, definitions that only the regex sees are added.
"""

from __future__ import annotations

from bisect import bisect_right
from time import perf_counter
from typing import TYPE_CHECKING

from mcp_lean.repo.languages import Language, describe, language_of
from mcp_lean.repo.languages.base import CALLABLES, OPAQUE

from .arrange import arrange
from .model import MAX_DEFINITIONS, Found, Outline
from .text import as_utf8

if TYPE_CHECKING:
    from tree_sitter import Node

    from .parse import Parsed

MAX_BYTES = 16 * 1024 * 1024
"""Beyond this a regex takes longer than anybody should wait; such a file is read by line ranges."""

MAX_PLAIN_BYTES = 2 * 1024 * 1024
"""The same for headings and keys, which are looked for line by line."""

HEAD_LINES = 40
"""As far below its first decorator may a definition's own line be."""

HEAD_BYTES = 4_096
"""Enough for a first line, and for telling a C++ header from a C header."""


def outline(path: str, source: bytes, *, deadline_s: float = 0.25) -> Outline:
    """The definitions in a file.

    Args:
        path: only its name is looked at.
        source: in any encoding that `text.as_utf8` can make out.
        deadline_s: for parsing; when it passes, the regex answers, in time proportional to the size.
    """
    give_up_at = perf_counter() + deadline_s
    source = as_utf8(source)
    language = language_of(path, source[:HEAD_BYTES]) or ""
    described = describe(language)
    found, engine = _definitions(described, source, give_up_at) if described else _plain(language, source)
    if len(found) > MAX_DEFINITIONS:
        return Outline((), "none")
    return Outline(arrange(found), engine)


def _plain(language: str, source: bytes) -> tuple[list[Found], str]:
    from .headings import HEADINGS
    from .keys import KEYS

    if len(source) > MAX_PLAIN_BYTES or b"\0" in source:
        return [], "none"
    text = source.decode("utf-8", "replace")
    if scan := HEADINGS.get(language):
        return scan(text), "headings"
    if scan := KEYS.get(language):
        return scan(text), "keys"
    return [], "none"


def _definitions(language: Language, source: bytes, give_up_at: float) -> tuple[list[Found], str]:
    from .parse import parse, worth_parsing
    from .regexes import scan
    from .walk import walk

    grammar = language.grammar
    if len(source) > MAX_BYTES:
        return [], "none"
    if grammar is None or not worth_parsing(source):
        return scan(language, source), "regex"
    parsed = parse(grammar, source, give_up_at)
    found = walk(parsed.root, grammar, source, give_up_at) if parsed else None
    if parsed is None or found is None:
        return scan(language, source), "regex"
    opaque = [draft for draft in found if draft.kind == OPAQUE]
    found = [draft for draft in found if draft.kind != OPAQUE]
    if not parsed.root.has_error and not opaque:
        return found, "tree-sitter"
    seen = [draft for draft in scan(language, source) if draft.kind != "constant"]
    if parsed.root.has_error:
        _cut_runaways(found, seen, source)
    missed = _missed(found, seen, opaque, parsed)
    return found + missed, "union" if missed else "tree-sitter"


def _cut_runaways(found: list[Found], seen: list[Found], source: bytes) -> None:
    """Where a bracket is lost, a function swallows those after it: it ends before a head no deeper than its own."""
    heads = [(draft.start, _column(source, draft.begin), draft) for draft in seen]
    starts = [start for start, _, _ in heads]
    for draft in found:
        if draft.kind not in CALLABLES:
            continue
        column = _column(source, draft.begin)
        first, last = bisect_right(starts, draft.start), bisect_right(starts, draft.end)
        later = next(
            (head for _, depth, head in heads[first:last] if depth <= column and head.name != draft.name), None
        )
        if later:
            draft.finish = later.begin
            draft.end = draft.start + source[draft.begin : later.begin].rstrip().count(b"\n")


def _column(source: bytes, begin: int) -> int:
    return begin - (source.rfind(b"\n", 0, begin) + 1)


def _missed(found: list[Found], seen: list[Found], opaque: list[Found], parsed: Parsed) -> list[Found]:
    """What the regex sees where the tree is broken or does not look.

    Where the tree has no error around a head, that was parsed as something that is not listed: a string, a comment, a
    local type. Only when there is more in strings than in code, a quote is missing, and all of them count.
    """
    known: dict[str, list[Found]] = {}
    for draft in sorted(found, key=lambda draft: draft.start):
        known.setdefault(draft.name, []).append(draft)
    new = [draft for draft in seen if not _is_known(draft, known.get(draft.name, []))]
    starts = [draft.begin for draft in opaque]
    in_text, wanted = [], []
    for draft in new:
        node = parsed.root.descendant_for_byte_range(draft.begin, draft.head_end)
        if node is None:
            continue
        around = bisect_right(starts, draft.begin) - 1
        if _is_text(parsed.root.descendant_for_byte_range(draft.begin, draft.begin + 1) or node):
            in_text.append(draft)
        elif node.has_error or (around >= 0 and draft.begin < opaque[around].finish):
            wanted.append(draft)
    return wanted + in_text if len(in_text) > len(found) else wanted


def _is_known(seen: Found, namesakes: list[Found]) -> bool:
    """Whether the head stands in the first lines of a definition of that name; decorators come before the head."""
    before = bisect_right(namesakes, seen.start, key=lambda draft: draft.start)
    return before > 0 and seen.start <= min(namesakes[before - 1].end, namesakes[before - 1].start + HEAD_LINES)


TEXT_NODES = ("string", "comment", "heredoc", "template", "text")


def _is_text(node: Node) -> bool:
    return any(word in node.type for word in TEXT_NODES)
