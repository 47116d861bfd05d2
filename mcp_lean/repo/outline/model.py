"""What an outline is made of.

In:  nothing.
Out: `Definition` and `Outline`, the values that the rest of the house sees; `Found`, the draft of a definition that
     engines hand to `arrange.py`.
Not here: how they are found.
"""

from __future__ import annotations

from dataclasses import dataclass

SIGNATURE_CHARS = 200

MAX_DEFINITIONS = 20_000
"""Nobody chooses from more, and each costs some 20 us; a file with more has no outline."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A named piece of a file.

    `kind` is one of class (struct, union and record too), interface (trait and protocol too), enum, type, impl,
    module, function, method, macro, constant, field, test, block, heading, table, key, target, stage.
    """

    kind: str
    name: str
    qualified: str
    """The names from the outermost definition inwards, joined by dots, in every language: "Client.get"."""
    signature: str
    """The first lines up to the body, as one line of at most 200 characters, without decorators and comments."""
    start: int
    """First line, from 1; decorators and attributes included."""
    end: int
    """Last line, inclusive."""


@dataclass(frozen=True, slots=True)
class Outline:
    definitions: tuple[Definition, ...]
    """In source order, nested ones after what they are nested in."""
    engine: str
    """How they were found: "tree-sitter"; "regex" where the file could not or should not be parsed (ends are then
    estimates); "union" of both where the parse had errors; "headings"; "keys"; "none" where nothing is known,
    or the file is too large for any of them."""


@dataclass(slots=True)
class Found:
    """A definition before it has its place: lines from 1, byte offsets from 0, `owner` as the syntax names it."""

    kind: str
    name: str
    signature: str
    start: int
    end: int
    begin: int
    finish: int
    head_end: int = 0
    """For a draft that a regex made: where the match ends."""
    owner: str = ""
    declared_only: bool = False
