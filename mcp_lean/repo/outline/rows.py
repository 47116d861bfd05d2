"""An outline as text: what `path#` shows.

In:  an `Outline`.
Out: rows of (line, text), indented by nesting, each with its lines in the form that an item takes: "get(key) :10-14".
Not here: fitting the rows into a budget.

Values that follow one another (constants, fields, keys) share a row and show their names only.
"""

from __future__ import annotations

from ..languages.base import VALUES
from .arrange import depths
from .model import Definition, Outline

SHOWN_CHARS = 120
"""A longer signature is cut: an outline is there to choose from."""

RUN_CHARS = 160
LONG_VALUE_LINES = 10
"""A value of that many lines (a table) can be worth asking for by itself."""


def render_outline(outline: Outline) -> list[tuple[int, str]]:
    """Rows in source order; the text of a row has no newline."""
    rows: list[tuple[int, str]] = []
    run: list[Definition] = []
    run_depth = 0
    levels = depths(outline.definitions)
    for i, (definition, depth) in enumerate(zip(outline.definitions, levels, strict=True)):
        has_children = i + 1 < len(levels) and levels[i + 1] > depth
        joins = definition.kind in VALUES and not has_children and _lines(definition) < LONG_VALUE_LINES
        if run and (not joins or depth != run_depth):
            rows.append(_run_row(run, run_depth))
            run = []
        if joins:
            run.append(definition)
            run_depth = depth
        elif not _same_text(definition, outline.definitions[i - 1] if i else None):
            rows.append((definition.start, _row(definition, depth)))
    if run:
        rows.append(_run_row(run, run_depth))
    return rows


def _same_text(definition: Definition, previous: Definition | None) -> bool:
    """`typedef struct ring {...} ring_t` has two names and needs one row."""
    return (
        previous is not None
        and (previous.start, previous.end, previous.kind) == (definition.start, definition.end, definition.kind)
        and definition.signature in previous.signature
    )


def _lines(definition: Definition) -> int:
    return definition.end - definition.start + 1


def _row(definition: Definition, depth: int) -> str:
    text = definition.name if definition.kind == "heading" else definition.signature or definition.name
    return "  " * depth + _cut(text, SHOWN_CHARS) + _range(definition.start, definition.end)


def _run_row(run: list[Definition], depth: int) -> tuple[int, str]:
    start, end = run[0].start, max(definition.end for definition in run)
    if len(run) == 1:
        return start, _row(run[0], depth)
    names, shown = list(dict.fromkeys(definition.name for definition in run)), 0
    text = ""
    while shown < len(names) and len(text) + len(names[shown]) <= RUN_CHARS:
        text += (", " if text else "") + names[shown]
        shown += 1
    if not shown:
        text, shown = _cut(names[0], SHOWN_CHARS), 1
    more = f" +{len(names) - shown}" if shown < len(names) else ""
    return start, "  " * depth + text + more + _range(start, end)


def _range(start: int, end: int) -> str:
    return f" :{start}" if start == end else f" :{start}-{end}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
