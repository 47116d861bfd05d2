"""What an item names, as blocks of rows.

In:  an item's text and the workspace.
Out: `Found`s: a block, and for each entry of a list of matches the item that goes on from it.
Not here: the grammar (`items.py`), what fits (`packing`), decoding (`text.py`), definitions (`definitions.py`).
"""

from __future__ import annotations

import errno
import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mcp_lean.errors import AskError, BadItem, EngineMissing, Missing
from mcp_lean.packing.render import Block, on_one_line
from mcp_lean.repo import text
from mcp_lean.repo.items import Item, parse
from mcp_lean.repo.listing import glob_paths, list_files
from mcp_lean.repo.nearest import Nearest
from mcp_lean.repo.workspace import Place, Workspace
from mcp_lean.tools import definitions
from mcp_lean.tools.blocks import counted, error_block, file_block, list_block, note_block, rest_block

MARKS = ":#@*?["
"""Characters with a meaning in an item. A file whose name has one is found first, so that every file can be named."""

LITERAL_FOLDERS = re.compile(r"/?((?:[^/*?!\[\\{]+/)*)")
"""The folders that a glob begins with before its first special character."""

REPLACED = "\N{REPLACEMENT CHARACTER}"
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """One block; `resume` names it together with all later ones of the same item, None when the item itself does."""

    block: Block
    resume: str | None = None
    is_error: bool = False


class Sources:
    """Opens items. One per call: it remembers the call's listings, and what was already given."""

    def __init__(self, workspace: Workspace, check: Callable[[], None]) -> None:
        self._workspace = workspace
        self._check = check
        self._listings: dict[str, tuple[str, ...]] = {}
        self._nearest: Nearest | None = None
        self._given: set[tuple[object, ...]] = set()
        self._last_file: tuple[str, definitions.OutlinedFile] | None = None

    def open(self, name: str) -> Iterator[Found]:
        """The blocks of an item. Raises `AskError` with the line that stands in their place."""
        item = self._item(name)
        if item.is_glob and not self._exists(item.path) and self._shown_as(item.path) is None:
            yield from self._matches(item)
        else:
            yield from self._one(item, self._place(item.path))

    def _item(self, name: str) -> Item:
        """White space around an item is taken for an accident, unless a file is found with it."""
        stripped = name.strip()
        for form in dict.fromkeys((name, stripped)):
            if any(mark in form for mark in MARKS) and self._exists(form):
                return Item(form)
            item = parse(form)
            if form == stripped or self._exists(item.path):
                break
        return item

    def _exists(self, name: str) -> bool:
        try:
            return os.path.lexists(self._workspace.locate(name).path)
        except AskError:
            return False

    # ------------------------------------------------------------------------------------------------------------ globs

    def _matches(self, item: Item) -> Iterator[Found]:
        root, pattern = self._anchor(item.path)
        matches = glob_paths(self._below(root, LITERAL_FOLDERS.match(pattern)), [pattern])
        whole = replace(item, entry=1)
        any_shown = False
        for number in range(item.entry, len(matches) + 1):
            self._check()
            shown = self._workspace.shown(os.path.join(root, matches[number - 1]))
            resume = f"{whole}@{number}-" if number > 1 else None
            try:
                place = self._place(shown)
                if os.path.isdir(place.path):
                    continue  # a symlink to a folder, or another repository
                block, *others = (found.block for found in self._one(replace(whole, path=shown), place))
            except Missing:
                continue  # deleted, though git still lists it; or it does not define the symbol, which others may
            except AskError as error:
                yield Found(error_block(str(error)), resume, is_error=True)
            else:
                yield Found(replace(block, also=f"{shown}#{item.symbol}@2-") if others else block, resume)
            any_shown = True
        if not any_shown:
            raise Missing(self._why_nothing(item, len(matches)))

    def _anchor(self, pattern: str) -> tuple[str, str]:
        """The root that a glob is matched in, and the pattern relative to it."""
        if not os.path.isabs(pattern):
            return self._workspace.root, pattern.removeprefix("./")
        for root in (self._workspace.root, *self._workspace.roots):
            if pattern.startswith(root.rstrip("/") + "/"):
                return root, pattern[len(root.rstrip("/")) :]
        raise BadItem(f"{pattern}: outside the workspace; globs are relative to its root, e.g. src/**/*.py")

    def _below(self, root: str, folders: re.Match[str] | None) -> tuple[str, ...]:
        """The listed files that can match at all; matching costs some microseconds each."""
        paths = self._listing(root)
        prefix = folders[1] if folders else ""
        return paths[bisect_left(paths, prefix) : bisect_left(paths, prefix + "\U0010ffff")]

    def _why_nothing(self, item: Item, matches: int) -> str:
        if item.entry > max(matches, 1):
            return f"{item}@{item.entry}-: the list ends at {matches}"
        if item.symbol and matches:
            return f"{item}: not defined in {counted(matches, 'matching file')}"
        return f"{item.path}: no file matches; ignored files are left out of globs, but can be named"

    # -------------------------------------------------------------------------------------------------------- one path

    def _one(self, item: Item, place: Place) -> Iterator[Found]:
        key = (place.path, item.lines, item.around, item.within, item.symbol, item.entry)
        if key in self._given:
            yield Found(note_block(f"{replace(item, path=place.shown)} is already in this answer"))
            return
        if os.path.isdir(place.path):
            yield Found(self._folder(item, place))
        elif item.symbol:
            yield from self._definitions(item, place)
        else:
            yield Found(self._lines(item, place))
        self._given.add(key)

    def _place(self, name: str) -> Place:
        """Where a path leads; Missing, with the nearest ones, when nothing is there."""
        place = self._workspace.locate(name)
        try:
            os.lstat(place.path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise text.unreadable(error, place.shown) from error
            meant = self._shown_as(name)
            if meant is not None:
                return self._workspace.locate(meant)
            near = self._near(place.shown)
            raise Missing(f"{name}: no such file" + (f"; nearest: {', '.join(near)}" if near else "")) from error
        return place

    def _shown_as(self, name: str) -> str | None:
        """The file whose own name cannot stand in an answer, and is shown as `name` there."""
        if REPLACED not in name and "\\" not in name:
            return None
        meant = [path for path in self._listing(self._workspace.root) if _as_shown(path) == name]
        return meant[0] if len(meant) == 1 else None

    def _near(self, asked: str) -> tuple[str, ...]:
        if self._nearest is None:
            try:
                self._nearest = Nearest(self._listing(self._workspace.root))
            except EngineMissing:
                return ()  # a suggestion less; that the file is missing is said all the same
        return self._nearest.to(asked)

    def _listing(self, root: str) -> tuple[str, ...]:
        """What may be known of a folder: denied files are in no list, no number of entries and no suggestion."""
        if root not in self._listings:
            self._listings[root] = self._workspace.visible(root, list_files(root, check=self._check).paths)
        return self._listings[root]

    def _folder(self, item: Item, place: Place) -> Block:
        name = "." if place.shown == "." else f"{place.shown}/"
        if item.symbol is not None or item.lines or item.around or item.within:
            raise BadItem(f"{item}: {name} is a folder; name files in it, e.g. {place.shown}/*.py")
        rows = folder_rows(self._listing(place.path))
        return list_block(name, rows, item.entry, "" if rows else "ignored and denied files are left out")

    def _lines(self, item: Item, place: Place) -> Block:
        if item.symbol is not None:
            return definitions.outline_block(self._outlined(place), item.entry)
        if item.around is not None:
            return definitions.around_block(self._outlined(place), item.around)
        line, column = item.within or (None, 0)
        first, last = (line, line) if line else item.lines or (1, None)
        found = text.read(place.path, place.shown, first, last, column, check=self._check)
        if not found.lines and (first > 1 or found.total):
            raise BadItem(f"{replace(item, path=place.shown)}: the file ends at line {found.total}")
        if line is None:
            return file_block(place.shown, found, last)
        if column and found.lines == ("",):
            raise BadItem(f"{replace(item, path=place.shown)}: the line ends before that")
        return rest_block(place.shown, found, line, column)

    def _definitions(self, item: Item, place: Place) -> Iterator[Found]:
        blocks = definitions.named_blocks(self._outlined(place), item.symbol or "")
        if item.entry > len(blocks):
            raise BadItem(f"{item}@{item.entry}-: the list ends at {len(blocks)}")
        for number, block in list(enumerate(blocks, 1))[item.entry - 1 :]:
            yield Found(block, f"{place.shown}#{item.symbol}@{number}-" if number > item.entry else None)

    def _outlined(self, place: Place) -> definitions.OutlinedFile:
        """A file's outline, kept until another file is asked: several symbols of one file mostly come together."""
        if self._last_file is None or self._last_file[0] != place.path:
            self._last_file = place.path, definitions.OutlinedFile.read(place)
        return self._last_file[1]


def folder_rows(paths: tuple[str, ...]) -> list[str]:
    """What a folder holds, one level deep: files by name, then sub-folders with the number of files below them."""
    files, folders = [], dict[str, int]()
    for path in paths:
        head, slash, _ = path.partition("/")
        if slash:
            folders[head] = folders.get(head, 0) + 1
        else:
            files.append(on_one_line(head))
    below = (f"{on_one_line(name)}/ ({counted(count, 'file')})" for name, count in sorted(folders.items()))
    return [*sorted(files), *below]


def _as_shown(path: str) -> str:
    return LONE_SURROGATE.sub(REPLACED, on_one_line(path))
