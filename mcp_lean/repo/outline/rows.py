"""An outline as text: what `path#` shows.

In:  an `Outline`.
Out: rows of (line, text), indented by nesting, each with its lines in the form that an item takes: "get(key) :10-14".
Not here: fitting the rows into a budget.

Values that follow one another (constants, fields, keys) share a row and show their names only; so do long runs of
functions of one line, as in a header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from mcp_lean.repo.languages.base import CALLABLES, TYPES, VALUES

from .arrange import depths
from .model import Definition, Outline

SHOWN_CHARS = 120
"""A longer signature is cut: an outline is there to choose from."""

RUN_CHARS = 160
"""How much of a run of names one row shows."""

LONG_VALUE_LINES = 10
"""A value of that many lines (a table) can be worth asking for by itself."""

MANY_ONE_LINERS = 20
"""A header with hundreds of prototypes is read by name; a run of fewer functions of one line keeps its signatures."""


_ONE_LINERS = CALLABLES | {"type", "macro"}
_WITH_SYNONYMS = TYPES | {"type", "target"}


def render_outline(outline: Outline) -> list[tuple[int, str]]:
    """Rows in source order; the text of a row has no newline."""
    rows: list[tuple[int, str]] = []
    for depth, run in _runs(_without_synonyms(outline.definitions)):
        if run[0].kind in VALUES and len(run) > 1:
            rows.append(_names_row(run, depth))
        elif len(run) > MANY_ONE_LINERS:
            rows += [_names_row(part, depth) for part in _parts_of(run)]
        else:
            rows += [(definition.start, _row(definition, depth)) for definition in run]
    return rows


def _without_synonyms(definitions: Sequence[Definition]) -> list[Definition]:
    """`typedef struct ring {...} ring_t` and `clean distclean:` have two names and need one row."""
    kept: list[Definition] = []
    for definition in definitions:
        last = kept[-1] if kept else None
        same = last and (last.start, last.end, last.kind) == (definition.start, definition.end, definition.kind)
        if not (same and last and definition.kind in _WITH_SYNONYMS and definition.signature in last.signature):
            kept.append(definition)
    return kept


def _runs(definitions: Sequence[Definition]) -> Iterator[tuple[int, list[Definition]]]:
    """Neighbours that may share a row: values, and one-line callables; everything else stands alone."""
    run: list[Definition] = []
    run_depth, run_form = 0, ""
    levels = depths(definitions)
    for i, (definition, depth) in enumerate(zip(definitions, levels, strict=True)):
        has_children = i + 1 < len(levels) and levels[i + 1] > depth
        form = "" if has_children else _form(definition)
        if run and (not form or (depth, form) != (run_depth, run_form)):
            yield run_depth, run
            run = []
        run.append(definition)
        run_depth, run_form = depth, form
        if not form:
            yield depth, run
            run = []
    if run:
        yield run_depth, run


def _form(definition: Definition) -> str:
    lines = definition.end - definition.start + 1
    if definition.kind in VALUES:
        return "value" if lines < LONG_VALUE_LINES else ""
    return definition.kind if definition.kind in _ONE_LINERS and lines == 1 else ""


def _row(definition: Definition, depth: int) -> str:
    text = definition.name if definition.kind == "heading" else definition.signature or definition.name
    return "  " * depth + _cut(text, SHOWN_CHARS) + _range(definition.start, definition.end)


def _names_row(run: list[Definition], depth: int) -> tuple[int, str]:
    names = list(dict.fromkeys(definition.name for definition in run))
    shown = _fitting(names)
    more = f" +{len(names) - shown}" if shown < len(names) else ""
    text = _cut(", ".join(names[:shown]), RUN_CHARS)
    start, end = run[0].start, max(definition.end for definition in run)
    return start, "  " * depth + text + more + _range(start, end)


def _parts_of(run: list[Definition]) -> Iterator[list[Definition]]:
    """A run cut so that each part's names fit a row: a function's name is not left out."""
    while run:
        shown = _fitting([definition.name for definition in run])
        yield run[:shown]
        run = run[shown:]


def _fitting(names: list[str]) -> int:
    """How many names go into a row; at least one."""
    chars = accumulate(len(name) + 2 for name in names)
    return max(1, sum(used <= RUN_CHARS for used in chars))


def _range(start: int, end: int) -> str:
    return f" :{start}" if start == end else f" :{start}-{end}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
