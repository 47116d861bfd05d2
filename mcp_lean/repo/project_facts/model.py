"""What is known of how a project is built, tested and started, and the file that says so.

In:  nothing; these are declarations.
Out: `Fact` and `Manifest`, the two values that the parsers next door turn into each other.
Not here: the parsers, choosing between facts (`__init__.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

ENTRY, BUILD, TEST, RUN, LINT = "entry", "build", "test", "run", "lint"
KINDS = (ENTRY, BUILD, TEST, RUN, LINT)

MAX_TEXT_CHARS = 100
"""A longer command is a script of its own; the file that holds it is worth more than its beginning."""


@dataclass(frozen=True, slots=True)
class Fact:
    """kind: one of KINDS. text: a command as it is typed, or "name = target" for an entry point. source: a path."""

    kind: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that says how a project is worked on.

    path: relative to the repository; text: its content; beside: names of all files in its folder.
    """

    path: str
    text: str
    beside: frozenset[str]

    @property
    def folder(self) -> str:
        """ "" at the top, else with a slash at its end."""
        return self.path[: self.path.rfind("/") + 1]

    def fact(self, kind: str, text: str) -> Iterator[Fact]:
        """At most one fact: none for a text that is empty or too long to be typed."""
        text = " ".join(text.split())
        if text and len(text) <= MAX_TEXT_CHARS and text.isprintable():
            yield Fact(kind, text, self.path)


Parser = Callable[[Manifest], Iterable[Fact]]
"""Raises ValueError for a file that is not what its name promises."""

PURPOSES = {
    TEST: r"tests?|tests?[-_:](?:all|unit|py|run|integration)|unit[-_]?tests?|check|specs?|pytest|e2e",
    LINT: r"lint(?:[-_:](?:all|fix))?|format|fmt|style|type-?check|check-types|mypy|ruff|vet|tsc",
    RUN: r"start|dev|serve|server|run|runserver|watch|up|develop|preview",
    BUILD: r"build(?:[-_:](?:all|prod))?|compile|install|all|dist|setup|bootstrap|deps|init|generate",
}
"""What tasks are called that are for a thing that a newcomer does first."""


def purpose_of(task: str) -> str | None:
    """What a task called so is for, if that is one of the things a newcomer does first."""
    return next((kind for kind, names in PURPOSES.items() if re.fullmatch(names, task.lower())), None)
