"""Sections of prose.

In:  the text of a Markdown or reStructuredText file.
Out: one draft per heading; a section reaches to the next heading of its level or above.
Not here: headings of other formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .model import MAX_DEFINITIONS, Found
from .spans import Mark, sections

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]++(.*)")
_FENCE = re.compile(r" {0,3}(?:[-*+>] {1,3}|\d+[.)] {1,3}){0,2} *(`{3,}|~{3,})([^`]*)$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NOT_A_TITLE = re.compile(r" {4}|\t| {0,3}(?:>|[-*+] |\d+[.)] |\||#|<)")
_ADORNMENT = re.compile(r"""([=\-~^"'`#*+.:_!$%&(),/;<>?@\[\]\\{|}])\1{2,}\s*$""")


def _markdown(text: str) -> list[Found]:
    lines = text.split("\n")
    titles: list[tuple[int, int, str]] = []
    fence = ""
    first = _after_front_matter(lines)
    comment = False
    for row, line in enumerate(lines[first:], first):
        if len(titles) > MAX_DEFINITIONS:
            break
        if fence:
            closing = line.strip()
            fence = "" if closing.startswith(fence) and not closing.strip(fence[0]) else fence
        elif comment:
            comment = "-->" not in line
        elif opening := _FENCE.match(line):
            fence = opening[1]
        elif line.lstrip().startswith("<!--"):
            comment = "-->" not in line
        elif heading := _ATX.match(line):
            if title := _without_closing_marks(heading[2]):
                titles.append((row, len(heading[1]), title))
        elif row > first and (under := _SETEXT.match(line)) and _is_title(lines[row - 1], titles, row):
            titles.append((row - 1, 1 if under[1][0] == "=" else 2, lines[row - 1].strip()))
    return _sections(titles, lines)


def _after_front_matter(lines: list[str]) -> int:
    if lines[0].rstrip() == "---":
        for row, line in enumerate(lines[1:400], 1):
            if line.rstrip() in ("---", "..."):
                return row + 1
    return 0


def _without_closing_marks(title: str) -> str:
    """`## Title ##` is called "Title", and `# C#` is called "C#"."""
    title = title.rstrip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else title


def _is_title(line: str, titles: list[tuple[int, int, str]], row: int) -> bool:
    taken = bool(titles) and titles[-1][0] >= row - 1
    return bool(line.strip()) and not taken and not _NOT_A_TITLE.match(line) and not _SETEXT.match(line)


def _rst(text: str) -> list[Found]:
    """Levels are numbered as their adornments appear; a line over the title makes another level than one under it."""
    lines = text.split("\n")
    levels: dict[tuple[str, bool], int] = {}
    titles: list[tuple[int, int, str]] = []
    for row in range(1, len(lines)):
        if len(titles) > MAX_DEFINITIONS:
            break
        title = lines[row - 1]
        under = _ADORNMENT.match(lines[row])
        if (
            not under
            or not title.strip()
            or _ADORNMENT.match(title)
            or len(lines[row].rstrip()) < min(len(title.strip()), 3)
        ):
            continue
        over = row > 1 and lines[row - 2].rstrip() == lines[row].rstrip()
        if not over and (title[0].isspace() or (row > 1 and lines[row - 2].strip())):
            continue
        level = levels.setdefault((under[1], over), len(levels) + 1)
        titles.append((row - 2 if over else row - 1, level, title.strip()))
    return _sections(titles, lines)


def _sections(titles: Iterable[tuple[int, int, str]], lines: list[str]) -> list[Found]:
    marks = (Mark(row, level, "heading", name, f"{'#' * level} {name}") for row, level, name in titles)
    return sections(marks, lines)


HEADINGS: dict[str, Callable[[str], list[Found]]] = {"markdown": _markdown, "rst": _rst}
