"""The outline of a file: which engine, and what to do when it fails.

In:  a path (for the language) and the file's bytes.
Out: `Outline`. Never an exception, whatever the bytes are.
Not here: reading the file, asking the outline for something (`lookup.py`, `rows.py`).

Parsed where a grammar is known, the file is neither huge nor minified, and the deadline holds; else by regex. Where the
parse has errors, definitions that only the regex sees are added (`mend.py`).
"""

from __future__ import annotations

from time import perf_counter

from mcp_lean.repo.languages import Language, describe, language_of
from mcp_lean.repo.languages.base import OPAQUE

from .arrange import arrange
from .model import MAX_DEFINITIONS, Found, Outline
from .text import as_utf8

MAX_BYTES = 16 * 1024 * 1024
"""Beyond this a regex takes longer than anybody should wait; such a file is read by line ranges."""

MAX_PLAIN_BYTES = 2 * 1024 * 1024
"""The same for headings and keys, which are looked for line by line."""

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
    from .mend import mended
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
    if not parsed.root.has_error and all(draft.kind != OPAQUE for draft in found):
        return found, "tree-sitter"
    return mended(found, scan(language, source), parsed.root, source)
