"""Other people's text on a terminal.

In:  a line of a file, a path.
Out: the line without anything that a terminal would obey.
Not here: layout.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with control characters, and bytes that are no UTF-8, spelled out."""
    return "".join(
        character
        if character.isprintable() or character == "\t"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
