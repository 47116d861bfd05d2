"""What `mcp-lean init` and its undoing show of a change, for people and for programs.

In:  the changes, remarks, and what the client is asked to do.
Out: lines on stdout; the same as values for JSON.
Not here: what changes (`claude_code/init`), asking (`cli/init`).
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from mcp_lean.claude_code.init.files import Change
from mcp_lean.claude_code.init.places import Places
from mcp_lean.claude_code.printing import nearer, printable, wrapped
from mcp_lean.repo.settings import home

STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))
ACTIONS = {"create": "green", "change": "yellow", "remove": "red", "ask": "yellow"}
ACTION_WIDTH = 8

MOST_LINES, LINES_SHOWN = 20, 6
"""Lines in a row that come or go, and how many of a longer row are shown. Our hooks are 280 lines: a question below
them would be about nothing that is still on the screen. So many in a row are always ours; a person's are not taken."""


class Page:
    """Lines on stdout, broken between words to fit a terminal, whole in a pipe.

    Args:
        whole: every line of every file; else one line for a file that comes or goes, and the first lines of long rows.
    """

    def __init__(self, places: Places, environ: Mapping[str, str], *, whole: bool) -> None:
        from mcp_lean.report.terminal import console

        self._out = console(sys.stdout)
        self._width = self._out.width if self._out.is_terminal else None
        self._places = places
        self._home = os.path.realpath(home(environ))
        self._whole = whole

    def opening(self, what: str, changes: Sequence[Change], client: str, way_back: str) -> None:
        """What is done, a line for each file, what the client is asked to do, and the way back."""
        self._line(what)
        self._out.print()
        rows = [(action(change), change.held.path, self._places.content(change.held.path)) for change in changes]
        names = [self._near(path) for _, path, _ in rows]
        longest = max(map(len, names), default=0)
        for (verb, _, content), name in zip(rows, names, strict=True):
            self._line(f"{verb:<{ACTION_WIDTH}}{name:<{longest}}  {content}", ACTION_WIDTH, ACTIONS[verb])
        if client:
            self._line(f"{'ask':<{ACTION_WIDTH}}{client}", ACTION_WIDTH, ACTIONS["ask"])
        self._out.print()
        self._line(way_back)

    def remarks(self, remarks: Sequence[str]) -> None:
        """What there is to know besides."""
        for remark in remarks:
            self._line(self._near(f"note: {remark}"), len("note: "), "yellow")
        self._out.print()

    def differences(self, changes: Sequence[Change]) -> None:
        """Each file that was there, and stays, line by line; with `whole` every file."""
        from rich.text import Text

        for change in changes:
            if not self._whole and action(change) != "change":
                continue
            lines = difference(change, printable(self._near(change.held.path)))
            for line in lines if self._whole else shortened(lines):
                style = next((style for mark, style in STYLES if line.startswith(mark)), "")
                self._out.print(Text(line, style=style), soft_wrap=True)
            self._out.print()

    def _line(self, line: str, indent: int = 0, style: str = "") -> None:
        from rich.text import Text

        text = Text(wrapped(printable(line), self._width, indent))
        text.stylize(style, 0, ACTION_WIDTH if indent == ACTION_WIDTH else len(text))
        self._out.print(text, soft_wrap=True)

    def _near(self, text: str) -> str:
        return nearer(text, os.path.realpath(os.getcwd()), self._home)


def action(change: Change) -> str:
    """What becomes of the file."""
    if change.held.data is None:
        return "create"
    return "remove" if change.after is None else "change"


def difference(change: Change, name: str) -> Iterator[str]:
    """The change of a file, line by line, as `diff -u` has it."""
    before, after = (_lines(data) for data in (change.held.data, change.after))
    old = name if change.held.data is not None else "/dev/null"
    new = name if change.after is not None else "/dev/null"
    for line in difflib.unified_diff(before, after, old, new, lineterm=""):
        yield printable(line.replace("\r", ""))


def shortened(lines: Iterator[str]) -> Iterator[str]:
    """A difference in which long insertions and deletions stand with their first lines and their number."""
    for what, row in groupby(lines, _what):
        group = list(row)
        if not what or len(group) <= MOST_LINES:
            yield from group
        else:
            yield from group[:LINES_SHOWN]
            yield f"{group[0][0]} ... and {len(group) - LINES_SHOWN} more lines that are {what} here"


def _what(line: str) -> str:
    is_head = line.startswith(("+++ ", "--- "))
    return "" if is_head else {"+": "added", "-": "removed"}.get(line[:1], "")


def _lines(data: bytes | None) -> list[str]:
    if not data:
        return []
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]} (no newline at the end)"]
