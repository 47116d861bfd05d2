"""Parsing with tree-sitter, with the guards that hostile and generated files need.

In:  a grammar and a file's bytes in UTF-8.
Out: `Parsed`, or None when the file should not be parsed or took too long.
Not here: what is done without a tree (`regexes.py`), finding definitions in the tree (`walk.py`).

tree-sitter is imported at the first file that needs it. Grammars are loaded once per process and may be shared by
threads; parsers may not, and a parser whose parse was cancelled resumes it at the next one, so each parse has its own.
Queries are not used at all: see `languages/base.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language as TreeSitterLanguage
    from tree_sitter import Node, Point, Tree

    from mcp_lean.repo.languages.base import Grammar

MAX_BYTES = 512 * 1024
"""Larger files are generated as a rule, and a parse runs at 3-5 MB/s."""

MAX_LINE_BYTES = 5_000
"""One line of 1 MB takes a second and 200 MB of memory to parse; nobody writes such lines by hand."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A tree and its root; the tree is kept because its nodes live in it."""

    tree: Tree
    root: Node


def worth_parsing(source: bytes) -> bool:
    """False for what is too large, minified, or not text."""
    if len(source) > MAX_BYTES or b"\0" in source:
        return False
    return max(map(len, source.split(b"\n"))) <= MAX_LINE_BYTES


def parse(grammar: Grammar, source: bytes, give_up_at: float) -> Parsed | None:
    """A tree, or None when `give_up_at` (a `perf_counter` time) passed first, or the grammar is not installed.

    The source goes in by a callback: only then can a parse be stopped, and other threads run meanwhile. tree-sitter
    0.26.1 never lets go of what that callback returns, so it returns views, which are emptied afterwards; otherwise
    every file that was ever parsed would stay in memory.
    """
    if grammar.prepare:
        source = grammar.prepare(source)
    lent = [memoryview(source)]

    def read(offset: int, _: Point) -> memoryview | bytes:
        if offset >= len(source):
            return b""
        if offset:
            lent.append(lent[0][offset:])
        return lent[-1] if offset else lent[0]

    def is_late(_offset: int, _has_error: bool) -> bool:
        return perf_counter() > give_up_at

    try:
        from tree_sitter import Parser

        tree = Parser(load(grammar.package, grammar.function)).parse(read, progress_callback=is_late)
    except (ImportError, ValueError):  # ValueError is "Parsing failed": it was cancelled
        return None
    finally:
        for view in lent:
            view.release()
    return Parsed(tree, tree.root_node)


@cache
def load(package: str, function: str) -> TreeSitterLanguage:
    from tree_sitter import Language

    return Language(getattr(import_module(package), function)())
