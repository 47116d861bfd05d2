"""Section: files, as items that read_many takes as they stand.

In:  calls that read or changed files.
Out: a line per file: changed or read, and for parts the lines. A reading that a later one or a change made stale is
     left out.
Not here: files that only a shell command named (`commands`, `in_use`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mcp_lean.checkpoint.facts import Call
from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.words import one_line, relative
from mcp_lean.errors import BadItem
from mcp_lean.repo import items
from mcp_lean.transcripts import fields

if TYPE_CHECKING:
    from mcp_lean.checkpoint.story import Story

NAME = "files"
EDITING = frozenset(("Edit", "MultiEdit", "Write", "NotebookEdit"))
FILE_TOOLS = ("Edit", "Write", "Read", "__read_many")
MARKS = "*?[#: "
MOST_RANGES = 3
HALF_LIFE = 25.0
"""Turns after which a file is worth half as much."""


@dataclass(slots=True)
class Touched:
    """One file: when it was last used and changed, and which lines of it are still as they were read."""

    path: str
    is_changed: bool = False
    digest: str = ""
    turn: int = 0
    uses: int = 0
    is_whole: bool = False
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def item(self) -> str:
        """The file or its parts, as items."""
        if self.is_whole or not self.ranges or any(mark in self.path for mark in MARKS):
            return self.path  # a name that looks like a pattern is taken as it stands, but only alone
        return " ".join(f"{self.path}:{first}-{last}" for first, last in merged(self.ranges)[-MOST_RANGES:])


def section(story: Story, root: str) -> Section:
    """Files in the order of their last use, the newest last."""
    now = story.waiting.number
    lines = []
    for file in sorted(touched(story, root), key=lambda file: file.turn):
        worth = (
            (5.0 if file.is_changed else 2.5) * 0.5 ** ((now - file.turn) / HALF_LIFE) * (1.0 + min(file.uses, 8) / 4)
        )
        digest = f", sha256 {file.digest}" if file.digest else ""
        state = f" (changed{digest})" if file.is_changed else ""
        lines.append(Line(f"- {file.item()}{state}", worth, file.path))
    return Section(NAME, tuple(lines))


def touched(story: Story, root: str) -> list[Touched]:
    """Every file that a tool read or changed, with paths relative to the root where they lie in it."""
    files: dict[str, Touched] = {}
    for call in story.called(name for name in story.tools() if name.endswith(FILE_TOOLS)):
        for item in call.items:
            path = relative(item.path, root)
            file = files.get(path)
            if file is None:
                if not _is_plain(path):
                    continue
                file = files[path] = Touched(path)
            file.turn, file.uses = call.turn, file.uses + 1
            if call.name in EDITING:
                file.is_changed, file.is_whole, file.ranges = True, False, []
                file.digest = call.said("sha256") if call.name == "Write" else ""
            else:
                _read(file, item)
    return list(files.values())


def _read(file: Touched, item: items.Item) -> None:
    if item.lines is None or item.lines[1] is None:
        file.is_whole, file.ranges = True, []
    elif not file.is_whole:
        file.ranges.append((item.lines[0], item.lines[1]))


def items_of(call: Call) -> list[items.Item]:
    """What a call read or changed, by its arguments and what is kept of its result; nothing if it failed."""
    if call.is_error:
        return []
    if call.name in EDITING or call.name == "NotebookRead":
        path = call.said("file_path") or call.said("notebook_path")
        return [items.Item(path)] if path else []
    if call.name == "Read":
        path = call.said("file_path")
        first, _, last = call.result.partition("-")
        is_part = "offset" in call.arguments or "limit" in call.arguments
        lines = (int(first), int(last)) if is_part and first and last else None
        return [items.Item(path, lines=lines)] if path else []
    if call.name.endswith("__read_many"):
        return [found for entry in fields.items(call.arguments.get("items")) if (found := _parsed(entry)) is not None]
    return []


def _parsed(entry: object) -> items.Item | None:
    try:
        found = items.parse(fields.text(entry))
    except BadItem:
        return None
    return None if found.is_glob else found


@lru_cache(4_096)
def _is_plain(path: str) -> bool:
    """Whether a path can stand in a line, and read_many takes it as it stands."""
    return bool(path) and path == one_line(path) and not any(c in path for c in "«»") and len(path) < 400


def merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that touch or overlap as one, in the order of their last reading."""
    found: list[tuple[int, int]] = []
    for first, last in ranges:
        apart = []
        for other in found:
            if other[0] <= last + 1 and first <= other[1] + 1:
                first, last = min(first, other[0]), max(last, other[1])
            else:
                apart.append(other)
        found = [*apart, (first, last)]
    return found
