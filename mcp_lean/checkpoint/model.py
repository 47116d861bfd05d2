"""What a checkpoint is, as values.

In:  nothing; these are declarations.
Out: `Line`, `Section`, `Checkpoint`.
Not here: what goes into them (`build` and the module of each section), how they are fitted (`fit`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section as it stands in the text.

    worth: what it is worth beside the other lines, above 0; the best line of a section counts more than its worth.
    core: the words that matter: a summary that holds them makes the line superfluous. Empty: the whole text.
    """

    text: str
    worth: float
    core: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a checkpoint. `lines` are in the order in which they are read, not in that of their worth."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What somebody needs who goes on with a run and holds nothing of it.

    text: empty where there is nothing to say, and then `reason` says why in one line.
    sections: those that stand in the text, as far as they stand in it.
    dropped: (section, lines that had no room), in the order of the sections; for `in use` it counts names.
    """

    text: str
    tokens: int
    sections: tuple[Section, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()
    reason: str = ""
