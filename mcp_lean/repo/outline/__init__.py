"""Outlines: what is defined in a file, and where.

In:  a path and the file's bytes.
Out: `outline`, and what can be asked of it: `find`, `nearest`, `enclosing`, `render_outline`; `definitions_by_regex`
     for whole repositories.
Not here: reading files, choosing what fits into an answer.

    build.py      which engine: parse.py + walk.py (tree-sitter), regexes.py + ends.py, headings.py, keys.py (spans.py)
    mend.py       tree-sitter and regex together, for a file with syntax errors
    arrange.py    nesting, order, qualified names, whatever the engine
    lookup.py     symbols and lines
    rows.py       the outline as text
"""

from .build import outline
from .lookup import enclosing, find, nearest
from .model import Definition, Outline
from .regexes import definitions_by_regex
from .rows import render_outline

__all__ = [
    "Definition",
    "Outline",
    "definitions_by_regex",
    "enclosing",
    "find",
    "nearest",
    "outline",
    "render_outline",
]
