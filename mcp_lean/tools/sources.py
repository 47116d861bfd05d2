"""What an item names, as blocks of rows.

In:  an item's text and the workspace.
Out: `Source`s: a block, and for each entry of a list of matches the item that goes on from it.
Not here: the grammar (`items.py`), what fits (`packing`), decoding (`text.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mcp_lean.errors import AskError, BadItem, Missing
from mcp_lean.packing.render import CEILING_CHARS, Block
from mcp_lean.repo import text
from mcp_lean.repo.items import Item, parse
from mcp_lean.repo.listing import Listing, glob_paths, list_files
from mcp_lean.repo.nearest import nearest_paths
from mcp_lean.repo.workspace import Place, Workspace

MARKS = ":#@*?["
"""Characters with a meaning in an item. A file whose name has one is found first, so that every file can be named."""

AROUND_LINES = 20
"""Lines shown before and after `path:42` where no definition stands around it."""

LARGE_DEFINITION_LINES = 120
"""Of a longer definition around a line only the part near the line is shown; its own range stands in the heading."""


@dataclass(frozen=True, slots=True)
class Source:
    """One block; `resume` names it together with all later matches of the same glob."""

    block: Block
    resume: str | None = None


class Sources:
    """Opens items. One per call: it remembers the call's listings, and what was already given."""

    def __init__(self, workspace: Workspace, check: Callable[[], None]) -> None:
        self._workspace = workspace
        self._check = check
        self._listings: dict[str, Listing] = {}
        self._given: set[tuple[object, ...]] = set()

    def open(self, name: str) -> Iterator[Source]:
        """The blocks of an item. Raises `AskError` with the line that stands in their place."""
        item = self._item(name)
        if item.is_glob and not self._exists(item.path):
            yield from self._matches(item)
        else:
            yield Source(self._block(item))

    def _item(self, name: str) -> Item:
        stripped = name.strip()
        if any(mark in stripped for mark in MARKS) and self._exists(stripped):
            return Item(stripped)
        return parse(name)

    def _exists(self, name: str) -> bool:
        try:
            return os.path.exists(self._workspace.locate(name).path)
        except AskError:
            return False

    def _matches(self, item: Item) -> Iterator[Source]:
        root, pattern = self._anchor(item.path)
        matches = [path for path in glob_paths(self._listing(root).paths, [pattern]) if self._permits(root, path)]
        if not matches:
            raise Missing(f"{item.path}: no file matches; ignored files are left out of globs, but can be named")
        whole = replace(item, entry=1)
        for number in range(item.entry, len(matches) + 1):
            self._check()
            path = self._workspace.shown(os.path.join(root, matches[number - 1]))
            resume = f"{_text_of(whole)}@{number}-" if number > 1 else None
            try:
                yield Source(self._block(replace(whole, path=path)), resume)
            except AskError as error:
                if item.symbol:
                    continue  # a symbol is asked of all matches, and given by those that have it
                yield Source(_heading_only(str(error)), resume)

    def _anchor(self, pattern: str) -> tuple[str, str]:
        """The root that a glob is matched in, and the pattern relative to it."""
        if not os.path.isabs(pattern):
            return self._workspace.root, pattern.removeprefix("./")
        for root in (self._workspace.root, *self._workspace.roots):
            if pattern.startswith(root.rstrip("/") + "/"):
                return root, pattern[len(root.rstrip("/")) :]
        raise BadItem(f"{pattern}: outside the workspace; globs are relative to its root, e.g. src/**/*.py")

    def _listing(self, root: str) -> Listing:
        if root not in self._listings:
            self._listings[root] = list_files(root, check=self._check)
        return self._listings[root]

    def _permits(self, root: str, path: str) -> bool:
        return not self._workspace.has_rules or self._workspace.permits(os.path.join(root, path))

    def _block(self, item: Item) -> Block:
        place = self._workspace.locate(item.path)
        if not os.path.lexists(place.path):
            near = nearest_paths(item.path, self._listing(self._workspace.root).paths)
            near = tuple(path for path in near if self._permits(self._workspace.root, path))
            raise Missing(f"{item.path}: no such file" + (f"; nearest: {', '.join(near)}" if near else ""))
        if os.path.isdir(place.path):
            return self._once(item, place, self._folder)
        if item.symbol is not None or item.around is not None:
            return self._once(item, place, self._definition)
        return self._once(item, place, self._lines)

    def _once(self, item: Item, place: Place, make: Callable[[Item, Place], Block]) -> Block:
        key = (place.path, item.lines, item.around, item.within, item.symbol, item.entry)
        if key in self._given:
            return _heading_only(f"{_text_of(item)}: already in this answer")
        block = make(item, place)
        self._given.add(key)
        return block

    def _lines(self, item: Item, place: Place) -> Block:
        if item.within is not None:
            return self._rest_of_line(place, *item.within)
        first, last = item.lines or (1, None)
        found = text.read(place.path, place.shown, first, last, check=self._check)
        if not found.lines and (first > 1 or found.total):
            raise BadItem(f"{place.shown}:{first}-: the file has {found.total or 0} lines")
        return file_block(place.shown, found, last)

    def _rest_of_line(self, place: Place, line: int, column: int) -> Block:
        found = text.read(place.path, place.shown, line, line, column, check=self._check)
        if not found.lines:
            raise BadItem(f"{place.shown}:{line}+{column}: the file has {found.total or 0} lines")
        return Block(
            heading=lambda first, last: f"== {place.shown}:{line}+{column}",
            rows=found.lines,
            first=line,
            resume_within=lambda row, shown: f"{place.shown}:{line}+{column + shown}",
            numbered=False,
            row_chars=CEILING_CHARS,
        )

    def _folder(self, item: Item, place: Place) -> Block:
        root = next((r for r in self._workspace.roots if f"{place.path}/".startswith(r.rstrip("/") + "/")), place.path)
        below = os.path.relpath(place.path, root).replace(os.sep, "/")
        prefix = "" if below == "." else below + "/"
        if prefix and not self._permits(root, prefix + "\N{REPLACEMENT CHARACTER}"):
            raise AskError(f"{place.shown}/: denied by a Read rule of Claude Code's settings")
        rows = folder_rows(
            path[len(prefix) :]
            for path in self._listing(root).paths
            if path.startswith(prefix) and self._permits(root, path)
        )
        name = "." if place.shown == "." else f"{place.shown}/"
        total = len(rows)
        if not rows:
            return _heading_only(f"{name}: nothing to list; ignored and denied files are left out")
        return list_block(name, rows, item.entry, f"{total} entries", total)

    def _definition(self, item: Item, place: Place) -> Block:
        from mcp_lean.repo import outline as outlines

        source = text.read_bytes(place.path, place.shown, text.WHOLE_FILE_BYTES)
        decoded, notes = text.decode(source, place.shown)
        lines, more_notes = text.split_lines(decoded)
        whole = text.Text(tuple(lines), 1, len(lines), (*notes, *more_notes))
        outline = outlines.outline(place.shown, source)
        if item.symbol == "":
            rows = [row for _, row in outlines.render_outline(outline)]
            if not rows:
                return _heading_only(f"{place.shown}#: no definitions found in {len(lines)} lines")
            return list_block(f"{place.shown}#", rows, item.entry, f"outline of {len(lines)} lines", len(rows))
        if item.symbol is not None:
            found = outlines.find(outline, item.symbol)
            if not found:
                near = outlines.nearest(outline, item.symbol)
                raise Missing(
                    f"{place.shown}#{item.symbol}: no such definition"
                    + (
                        f"; nearest: {', '.join(near)}"
                        if near
                        else f"; the file has no definitions, read {place.shown}"
                    )
                )
            spans = _merged([(one.start, one.end) for one in found])
            (first, last), others = spans[0], spans[1:]
            also = ", ".join(f"{place.shown}:{a}-{b}" for a, b in others[:10])
            return file_block(
                place.shown, _part(whole, first, last), last, found[0].qualified + (f", also {also}" if also else "")
            )
        assert item.around is not None
        if item.around > len(lines):
            raise BadItem(f"{place.shown}:{item.around}: the file has {len(lines)} lines")
        around = outlines.enclosing(outline, item.around)
        first, last, name = item.around - AROUND_LINES, item.around + AROUND_LINES, ""
        if around is not None:
            name = around.qualified
            if around.end - around.start < LARGE_DEFINITION_LINES:
                first, last = around.start, around.end
            else:
                half = LARGE_DEFINITION_LINES // 2
                first, last = max(around.start, item.around - half), min(around.end, item.around + half)
                name += f" ({around.start}-{around.end})"
        first, last = max(1, first), min(len(lines), last)
        return file_block(place.shown, _part(whole, first, last), last, name)


def file_block(shown: str, found: text.Text, last: int | None, name: str = "") -> Block:
    """Lines of a file. `last` is the last line asked for, None for the end; `name` is the definition they are."""
    end = last if found.total is None else min(last or found.total, found.total)
    of = "" if found.total is None else f" of {found.total}"
    remarks = (f"  {name}" if name else "") + (f" ({', '.join(found.notes)})" if found.notes else "")

    def heading(first: int, last: int) -> str:
        if not found.lines:
            return f"== {shown} (empty)"
        if first == 1 and last == found.total:
            return f"== {shown} ({found.total} lines){remarks}"
        return f"== {shown}:{first}-{last}{of}{remarks}"

    return Block(
        heading=heading,
        rows=found.lines,
        first=found.first,
        resume=lambda row: f"{shown}:{row}-{end or ''}",
        resume_within=lambda row, chars: f"{shown}:{row}+{chars}",
        open_ended=found.total is None and (last is None or found.first + len(found.lines) - 1 < last),
    )


def list_block(name: str, rows: list[str], entry: int, remark: str, total: int) -> Block:
    """A list of entries from number `entry` on, resumed by `name@N-`."""
    if entry > total:
        raise BadItem(f"{name}@{entry}-: the list has {total} entries")
    return Block(
        heading=lambda first, last: (
            f"== {name} ({remark})" if last - first + 1 == total else f"== {name}@{first}-{last} ({remark})"
        ),
        rows=rows[entry - 1 :],
        first=entry,
        resume=lambda row: f"{name}@{row}-",
        numbered=False,
    )


def folder_rows(paths: Iterator[str]) -> list[str]:
    """What a folder holds, one level deep: files by name, then sub-folders with the number of files below them."""
    files, folders = [], dict[str, int]()
    for path in paths:
        head, slash, _ = path.partition("/")
        if slash:
            folders[head] = folders.get(head, 0) + 1
        else:
            files.append(head)
    return sorted(files) + [f"{name}/ ({count} files)" for name, count in sorted(folders.items())]


def _part(whole: text.Text, first: int, last: int) -> text.Text:
    return replace(whole, lines=whole.lines[first - 1 : last], first=first)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch or overlap as one: overloads stand side by side."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _heading_only(words: str) -> Block:
    return Block(lambda first, last: f"== {words}")


def _text_of(item: Item) -> str:
    """The item as it would be written."""
    if item.lines is not None:
        return f"{item.path}:{item.lines[0]}-{item.lines[1] or ''}"
    if item.around is not None:
        return f"{item.path}:{item.around}"
    if item.within is not None:
        return f"{item.path}:{item.within[0]}+{item.within[1]}"
    return item.path if item.symbol is None else f"{item.path}#{item.symbol}"
