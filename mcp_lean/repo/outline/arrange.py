"""From drafts to definitions: order, nesting, qualified names.

In:  drafts of one file, in any order.
Out: `Definition`s in source order, each after what contains it and inside its lines.
Not here: finding them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcp_lean.repo.languages.base import TYPES, VALUES

from .model import Definition, Found

MAX_PREFIX_CHARS = 1_000
"""A qualified name begins anew beyond this, lest a file of 500 KB have names of 100 MB."""


def arrange(drafts: Iterable[Found]) -> tuple[Definition, ...]:
    """Nests by position: what starts inside another definition belongs to it, and is cut to its end.

    Two names for the same piece of text (`typedef struct a {...} b`) stand side by side.
    """
    done: list[Definition] = []
    around: list[tuple[Found, Definition]] = []
    for draft in sorted(_without_repeats(drafts), key=lambda draft: (draft.begin, -draft.finish)):
        while around and not _contains(around[-1][0], draft):
            around.pop()
        parent = around[-1] if around else None
        if parent:
            draft.finish, draft.end = min(draft.finish, parent[0].finish), min(draft.end, parent[0].end)
        definition = _definition(draft, parent[1] if parent else None)
        done.append(definition)
        around.append((draft, definition))
    return tuple(_first_values_only(done))


def _contains(outer: Found, inner: Found) -> bool:
    same = (outer.begin, outer.finish) == (inner.begin, inner.finish)
    return not same and outer.begin <= inner.begin < outer.finish


def _definition(draft: Found, parent: Definition | None) -> Definition:
    kind = draft.kind
    if kind == "function" and (draft.owner or (parent and parent.kind in TYPES)):
        kind = "method"
    elif kind == "constant" and parent and parent.kind in TYPES:
        kind = "field"
    prefix = parent.qualified if parent and len(parent.qualified) < MAX_PREFIX_CHARS else ""
    qualified = ".".join(part for part in (prefix, draft.owner, draft.name) if part)
    return Definition(kind, draft.name, qualified, draft.signature, draft.start, max(draft.start, draft.end))


def _without_repeats(drafts: Iterable[Found]) -> list[Found]:
    """Nothing without a name; and a prototype says nothing where the same file has the definition."""
    drafts = [draft for draft in drafts if draft.name]
    defined = {(draft.owner, draft.name) for draft in drafts if not draft.declared_only}
    return [draft for draft in drafts if not draft.declared_only or (draft.owner, draft.name) not in defined]


def _first_values_only(definitions: Sequence[Definition]) -> list[Definition]:
    """A variable that is set again is still one variable; functions may well share a name (overloads)."""
    seen: set[str] = set()
    kept = []
    for definition in definitions:
        if definition.kind in VALUES and definition.qualified in seen:
            continue
        seen.add(definition.qualified)
        kept.append(definition)
    return kept


def depths(definitions: Sequence[Definition]) -> list[int]:
    """How deep each definition is nested, from 0."""
    around: list[Definition] = []
    found = []
    for definition in definitions:
        while around and not is_inside(definition, around[-1]):
            around.pop()
        found.append(len(around))
        around.append(definition)
    return found


def is_inside(inner: Definition, outer: Definition) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and inner.qualified.startswith(outer.qualified + ".")
