"""Definitions of a file as blocks: by name, around a line, or all of them as an outline.

In:  a place that may be read, and what is asked of it.
Out: `Block`s.
Not here: finding definitions (`repo/outline`), the item grammar (`repo/items.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcp_lean.errors import BadItem, Missing
from mcp_lean.packing.render import Block
from mcp_lean.repo import text
from mcp_lean.repo.workspace import Place
from mcp_lean.tools.blocks import counted, file_block, list_block

if TYPE_CHECKING:
    from mcp_lean.repo.outline import Definition, Outline

AROUND_LINES = 20
"""Lines shown before and after `path:42` where no definition stands around it."""

LARGE_DEFINITION_LINES = 120
"""Of a longer definition around a line only the part near the line is shown; its own range stands in the heading."""


@dataclass(frozen=True, slots=True)
class OutlinedFile:
    """A file with its outline."""

    shown: str
    text: text.Text
    outline: Outline

    @classmethod
    def read(cls, place: Place) -> OutlinedFile:
        from mcp_lean.repo.outline import outline

        whole = text.read_whole(place.path, place.shown)
        return cls(place.shown, whole, outline(place.shown, "\n".join(whole.lines).encode("utf-8", "replace")))

    def block(self, first: int, last: int, name: str) -> Block:
        """Lines `first` to `last`."""
        part = replace(self.text, lines=self.text.lines[first - 1 : last], first=first)
        return file_block(self.shown, part, last, name)


def outline_block(file: OutlinedFile, entry: int) -> Block:
    """All definitions, one row each, with their lines."""
    from mcp_lean.repo.outline import render_outline

    rows = [row for _, row in render_outline(file.outline)]
    lines = f"in {counted(len(file.text.lines), 'line')}"
    return list_block(f"{file.shown}#", rows, entry, lines if rows else f"no definitions found {lines}")


def named_blocks(file: OutlinedFile, symbol: str) -> list[Block]:
    """The definitions of a name in source order; those that touch (overloads, mostly) in one block.

    Raises:
        Missing: there is none; names the nearest ones.
    """
    from mcp_lean.repo.outline import find, nearest

    found = find(file.outline, symbol)
    if not found:
        near = nearest(file.outline, symbol)
        hint = f"; nearest: {', '.join(near)}" if near else f"; read {file.shown}# or {file.shown}"
        raise Missing(f"{file.shown}#{symbol}: no such definition{hint}")
    return [file.block(first, last, name) for first, last, name in _merged(found)]


def around_block(file: OutlinedFile, line: int) -> Block:
    """The innermost definition around a line; of a long one, and outside of any, the lines near it."""
    from mcp_lean.repo.outline import enclosing

    total = len(file.text.lines)
    if line > total:
        raise BadItem(f"{file.shown}:{line}: the file ends at line {total}")
    around = enclosing(file.outline, line)
    first, last, name = 1, total, ""
    reach = AROUND_LINES
    if around is not None:
        first, last, name = around.start, min(around.end, total), around.qualified
        if last - first < LARGE_DEFINITION_LINES:
            return file.block(first, last, name)
        name += f" {first}-{last}"
        reach = LARGE_DEFINITION_LINES // 2
    return file.block(max(first, line - reach), min(last, line + reach), name)


def _merged(found: tuple[Definition, ...]) -> list[tuple[int, int, str]]:
    """First line, last line and name of the definitions, those that touch or overlap as one."""
    merged: list[tuple[int, int, str]] = []
    for one in sorted(found, key=lambda one: (one.start, one.end)):
        if merged and one.start <= merged[-1][1] + 1:
            first, last, name = merged[-1]
            merged[-1] = (first, max(last, one.end), name)
        else:
            merged.append((one.start, one.end, one.qualified))
    return merged
