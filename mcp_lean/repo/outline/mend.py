"""What a regex adds to the definitions of a file that did not parse cleanly.

In:  what the walk found, what the regex saw, the tree and its source.
Out: both together, and the engine's name: "union" if the regex had anything to add.
Not here: either of them.

The regex is believed where the tree has an error, and where it does not look (the arguments of a Rust macro call).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from mcp_lean.repo.languages.base import CALLABLES, OPAQUE

from .model import Found

if TYPE_CHECKING:
    from tree_sitter import Node

HEAD_LINES = 40
"""As far below its first decorator may a definition's own line be."""

TEXT_NODE = re.compile(r"string|comment|heredoc|nowdoc|^text$")
"""In the names that grammars give to strings and comments. (A `template_declaration` is none.)"""


def mended(found: list[Found], seen: list[Found], root: Node, source: bytes) -> tuple[list[Found], str]:
    """The union. `found` also says what the walk did not look into; such drafts are used up here."""
    opaque = [draft for draft in found if draft.kind == OPAQUE]
    found = [draft for draft in found if draft.kind != OPAQUE]
    seen = _without_text([draft for draft in seen if draft.kind != "constant"], len(found), root)
    if root.has_error:
        _cut_runaways(found, seen, source)
    missed = _missed(found, seen, opaque, root)
    return found + missed, "union" if missed else "tree-sitter"


def _without_text(seen: list[Found], known: int, root: Node) -> list[Found]:
    """Drops heads in strings and comments; unless there are more of them than definitions: then a quote is missing."""
    code = [draft for draft in seen if not _is_text(root.descendant_for_byte_range(draft.begin, draft.begin + 1))]
    return seen if len(seen) - len(code) > known else code


def _is_text(node: Node | None) -> bool:
    return node is not None and TEXT_NODE.search(node.type) is not None


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


def _missed(found: list[Found], seen: list[Found], opaque: list[Found], root: Node) -> list[Found]:
    """What the regex sees where the tree has an error around a head, or does not look.

    Where the tree has no error, the head was parsed as something that is not listed, such as a local type.
    """
    known: dict[str, list[Found]] = {}
    for draft in sorted(found, key=lambda draft: draft.start):
        known.setdefault(draft.name, []).append(draft)
    new = [draft for draft in seen if not _is_known(draft, known.get(draft.name, []))]
    return [draft for draft in new if _is_broken(draft, root) or _is_inside(draft, opaque)]


def _is_broken(draft: Found, root: Node) -> bool:
    node = root.descendant_for_byte_range(draft.begin, draft.head_end)
    return node is not None and (node.has_error or _is_text(node))


def _is_inside(draft: Found, opaque: list[Found]) -> bool:
    """`opaque` is in source order, and none of it overlaps."""
    around = bisect_right(opaque, draft.begin, key=lambda text: text.begin) - 1
    return around >= 0 and draft.begin < opaque[around].finish


def _is_known(seen: Found, namesakes: list[Found]) -> bool:
    """Whether the head stands in the first lines of a definition of that name; decorators come before the head."""
    before = bisect_right(namesakes, seen.start, key=lambda draft: draft.start)
    return before > 0 and seen.start <= min(namesakes[before - 1].end, namesakes[before - 1].start + HEAD_LINES)
