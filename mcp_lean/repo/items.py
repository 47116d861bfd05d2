"""The item grammar: one short string names what to read.

    path            a file, whole           path#Name, path#Class.method   a definition
    path:10-80      lines 10 to 80          path#                          the file's outline
    path:10-        from line 10 on         src/**/*.py                    the files that match (gitignore syntax)
    path:42         the definition there    folder                         what the folder holds

Resume items, which a cut answer names: `path:42+2000` (line 42 from its 2,001st character on), and `@31-` after a
glob, a folder, an outline or a name defined several times (from its 31st entry on).

Also understood, as models write them: `path:L10-L80`, `path#L10-L80`, `path:42:7` as compilers print places, and a
resume item with the `more: ` before it.

In:  a string as a model writes it.
Out: an `Item`, or `BadItem` with the form that was probably meant.
Not here: whether the path exists (a file whose name looks like an item is tried first, by the caller).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcp_lean.errors import BadItem

GLOB_CHARACTERS = re.compile(r"[*?\[]")

RANGE = re.compile(r"(?P<path>.+?)(?::|:L|#L)(?P<first>\d{1,12})-L?(?P<last>\d{0,12})", re.DOTALL | re.ASCII)
AROUND = re.compile(r"(?P<path>.+?):L?(?P<line>\d{1,12})(?::\d{1,12})?", re.DOTALL | re.ASCII)
WITHIN = re.compile(r"(?P<path>.+?):(?P<line>\d{1,12})\+(?P<column>\d{1,12})", re.DOTALL | re.ASCII)
REST_OF_CALL = re.compile(r"items \d+-\d+ of this call")
ENTRY = re.compile(r"(?P<rest>.+)@(?P<entry>\d{1,12})-", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True)
class Item:
    """What one item asks for: at most one of `lines`, `around`, `within`, `symbol`; none of them is the whole file.

    lines: first and last line (None: to the end).
    around: a line whose definition is wanted.
    within: a line and how many of its characters to leave out.
    symbol: a name, or "" for the outline.
    entry: where to go on in a list of matches, folder entries, outline rows or definitions, from 1.
    """

    path: str
    lines: tuple[int, int | None] | None = None
    around: int | None = None
    within: tuple[int, int] | None = None
    symbol: str | None = None
    entry: int = 1

    @property
    def is_glob(self) -> bool:
        return bool(GLOB_CHARACTERS.search(self.path))

    def __str__(self) -> str:
        """The item as it would be written, without `entry`."""
        if self.lines is not None:
            return f"{self.path}:{self.lines[0]}-{self.lines[1] or ''}"
        if self.around is not None:
            return f"{self.path}:{self.around}"
        if self.within is not None:
            return f"{self.path}:{self.within[0]}+{self.within[1]}"
        return self.path if self.symbol is None else f"{self.path}#{self.symbol}"


def parse(text: str) -> Item:
    """Split an item. Raises `BadItem` where it cannot mean anything."""
    if not text.strip():
        raise BadItem("an item is empty; write a path such as src/app.py")
    text = text.removeprefix("more: ")
    if REST_OF_CALL.fullmatch(text):
        raise BadItem(f"{text}: an answer does not remember its call; write these items out again")
    entry = 1
    if found := ENTRY.fullmatch(text):
        text, entry = found["rest"], max(1, int(found["entry"]))
    if found := WITHIN.fullmatch(text):
        return Item(found["path"], within=(_line(text, found["line"]), int(found["column"])), entry=entry)
    if found := RANGE.fullmatch(text):
        first, last = _line(text, found["first"]), _line(text, found["last"]) if found["last"] else None
        if last is not None and last < first:
            raise BadItem(f"{text}: the range ends before it starts; try {found['path']}:{last}-{first}")
        return Item(found["path"], lines=(first, last), entry=entry)
    if found := AROUND.fullmatch(text):
        return Item(found["path"], around=_line(text, found["line"]), entry=entry)
    path, mark, symbol = text.rpartition("#")
    if mark and path:
        return Item(path, symbol=symbol.strip(), entry=entry)
    return Item(text, entry=entry)


def _line(text: str, digits: str) -> int:
    number = int(digits)
    if number == 0:
        raise BadItem(f"{text}: lines count from 1")
    return number
