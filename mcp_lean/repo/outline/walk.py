"""Finding definitions in a syntax tree.

In:  a tree's root, the grammar's rules, the bytes it was parsed from.
Out: the definitions in source order, outer before inner; None when the deadline passed.
Not here: parsing (`parse.py`), nesting and qualified names (`arrange.py`).

One pass with a cursor, no recursion. Only nodes with a rule are entered, and no deeper than `MAX_DEPTH`, so the time
is linear in what is entered, whatever the file is; a deadline is looked at on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from mcp_lean.repo.languages.base import CALLABLES, VALUES, Place

from .model import Found
from .text import one_line, squeezed

if TYPE_CHECKING:
    from tree_sitter import Node

    from mcp_lean.repo.languages.base import Grammar, Named

MAX_DEPTH = 200
"""Ten functions inside one another are about fifty levels; chains of 30,000 calls are nobody's structure."""

_LOOK_AT_CLOCK_EVERY = 512

_OPENERS = ("(", "[", "{", "<", "&", "|")

_CUT_OFF = VALUES | {"type"}
"""Kinds whose first line may end in the middle of what they are: `TABLE = [`."""

_TYPEDEFS = frozenset({"class", "enum", "type"})
"""Kinds whose name can stand behind the body: `typedef struct {...} name`."""

_NOTES_DEPTH = 4
"""Decorators stand in the definition, in its wrapper, or in its modifiers; no deeper."""


@dataclass(slots=True)
class _Level:
    """What is known about the children of one node while they are visited."""

    local: bool
    lead: Node | None = None
    """The first of the attributes just passed; it belongs to the next definition."""
    named: bool = False
    """A definition was found here, so the wrapper's first line is taken."""


def walk(root: Node, grammar: Grammar, source: bytes, give_up_at: float) -> list[Found] | None:
    found: list[Found] = []
    rules, ancestors, levels = grammar.rules, [root], [_Level(local=False)]
    cursor, steps, leads = root.walk(), 0, grammar.leads
    if not cursor.goto_first_child():
        return found
    while True:
        node, level = cursor.node, levels[-1]
        assert node is not None
        steps += 1
        if not steps % _LOOK_AT_CLOCK_EVERY and perf_counter() > give_up_at:
            return None
        kind = node.type
        rule = rules.get(kind)
        if rule is None or (rule.outside and level.local):
            if kind in leads:
                level.lead = level.lead or node
            elif level.lead and "comment" not in kind:
                level.lead = None
        else:
            names = rule.names(node, Place(source, ancestors, level.local)) if rule.names else ()
            if names:
                found += [_draft(named, node, ancestors, levels, grammar, source) for named in names]
                level.named = True
            level.lead = None
            enter = not rule.leaf and len(ancestors) < MAX_DEPTH and (not rule.only_broken or node.has_error)
            if enter and cursor.goto_first_child():
                local = level.local or rule.local
                if names:
                    local = names[-1].kind in CALLABLES or names[-1].kind == "block"
                ancestors.append(node)
                levels.append(_Level(local))
                continue
        while not cursor.goto_next_sibling():
            cursor.goto_parent()
            ancestors.pop()
            levels.pop()
            if not ancestors:
                return found


def _draft(
    named: Named, node: Node, ancestors: list[Node], levels: list[_Level], grammar: Grammar, source: bytes
) -> Found:
    whole, lead = _widened(node, ancestors, levels, grammar)
    shown = whole if whole != node else _on_its_line(node, ancestors, grammar)
    first, (last_row, last_column) = lead or whole, whole.end_point
    start = first.start_point.row + 1
    return Found(
        kind=named.kind,
        name=squeezed(named.name),
        signature=one_line(named.shown) if named.shown else _signature(named, node, shown, grammar.notes, source),
        start=start,
        end=max(start, last_row + 1 if last_column else last_row),
        begin=first.start_byte,
        finish=whole.end_byte,
        owner=named.owner,
        declared_only=named.declared_only,
    )


def _widened(node: Node, ancestors: list[Node], levels: list[_Level], grammar: Grammar) -> tuple[Node, Node | None]:
    """The node with what is wrapped around it, and the attribute before it.

    A wrapper with several definitions (`const a = 1, b = 2`) is not any one of them.
    """
    whole, depth = node, len(ancestors) - 1
    while depth > 0 and ancestors[depth].type in grammar.wrappers:
        if levels[depth].named or _has_twin(whole):
            break
        whole, depth = ancestors[depth], depth - 1
    return whole, levels[depth].lead


def _on_its_line(node: Node, ancestors: list[Node], grammar: Grammar) -> Node:
    """`b` of `int a, b` is shown with the type; a member of a group over several lines by itself."""
    for ancestor in reversed(ancestors):
        if ancestor.type not in grammar.wrappers or ancestor.start_point.row != node.start_point.row:
            break
        node = ancestor
    return node


def _has_twin(node: Node) -> bool:
    following = node.next_named_sibling
    return following is not None and following.type == node.type


def _signature(named: Named, node: Node, outer: Node, notes: frozenset[str], source: bytes) -> str:
    """From the first word after decorators to the body; without one, a callable whole, anything else its first line."""
    begin, end = _first_word(outer, notes, 0) or outer.start_byte, outer.end_byte
    if named.body is not None and begin < named.body.start_byte <= end:
        end = named.body.start_byte
    elif named.kind not in CALLABLES:
        line_end = source.find(b"\n", max(begin, node.start_byte), end)
        end = line_end if line_end >= 0 else end
    text = _without_comments(outer, begin, end, source).decode("utf-8", "replace").rstrip()
    if named.body is None and named.kind not in CALLABLES and text.endswith(_OPENERS):
        return one_line(text + "…" if named.kind in _CUT_OFF else text)
    signature = one_line(text)
    if named.kind in _TYPEDEFS and named.name not in signature:
        return one_line(f"{signature} {named.name}")
    return signature


def _first_word(node: Node, notes: frozenset[str], depth: int) -> int | None:
    """Where a definition starts when decorators, annotations and attributes are left out."""
    if node.type in notes or "comment" in node.type:
        return None
    if not notes or not node.child_count or depth == _NOTES_DEPTH:
        return node.start_byte
    for index in range(node.child_count):
        if (begin := _first_word(node.child(index), notes, depth + 1)) is not None:
            return begin
    return None


def _without_comments(outer: Node, begin: int, end: int, source: bytes) -> bytes:
    head = source[begin:end]
    if not any(mark in head for mark in (b"//", b"/*", b"#", b"--")):
        return head
    kept, position, nodes = [], begin, [outer]
    while nodes:
        node = nodes.pop()
        if node.end_byte <= begin or node.start_byte >= end:
            continue
        if "comment" in node.type:
            kept.append(source[position : max(position, node.start_byte)])
            position = node.end_byte
        else:
            nodes += reversed(node.children)
    return b" ".join([*kept, source[position:end]]) if position < end else b" ".join(kept)
