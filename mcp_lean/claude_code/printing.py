"""Other people's text on a terminal, and lines that fit it.

In:  a line of a file, a path; words of any length.
Out: the line without anything that a terminal would obey; paths as seen from a folder; lines broken between words.
Not here: what is printed.
"""

from __future__ import annotations

import re
import textwrap


def printable(text: str) -> str:
    """The text with control characters, and bytes that are no UTF-8, spelled out."""
    return "".join(
        character
        if character.isprintable() or character == "\t"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def nearer(text: str, folder: str, home: str) -> str:
    """The text with paths as somebody in `folder` names them: relative below it, with ~ below the home folder."""
    for base, short in ((folder, ""), (home, "~/")):
        if base.strip("/"):
            text = re.sub(rf"(?<![^\s(`'\"=]){re.escape(base.rstrip('/'))}/(?=\S)", short, text)
    return text


def wrapped(text: str, width: int | None, indent: int = 0) -> str:
    """The line broken between words, never in one, the later lines indented. `None`: one line, as for a pipe."""
    if width is None:
        return text
    lines = textwrap.wrap(
        text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False, tabsize=1
    )
    return "\n".join(lines)
