"""Which lines of which sections go into a checkpoint of so many tokens.

In:  sections in the order of reading, each line with its worth; a budget.
Out: the sections with the lines that have room, and how many of each have none.
Not here: what a line says.

The best line of every section comes first, so that no part of the state is missing; then lines by their worth over the
root of their tokens, so that a long line must be worth more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.packing.tokens import cost

FIRST_LINE_FACTOR = 1_000.0
LINES_KEPT = 4_096
"""As many as a long run has to choose from; from one checkpoint to the next most are the same."""


def fitted(sections: Iterable[Section], budget_tokens: float) -> tuple[list[Section], dict[str, int]]:
    """Sections cut to the budget, headings counted; sections without a line left are gone."""
    sections = [section for section in sections if section.lines]
    entries = [
        (_rank(line, is_first=number == best, tokens=tokens), place, number, tokens)
        for place, section in enumerate(sections)
        for best in (_best(section),)
        for number, line in enumerate(section.lines)
        for tokens in (line_cost(line.text),)
    ]
    taken: dict[int, set[int]] = {}
    left = budget_tokens
    for _, place, number, tokens in sorted(entries, key=lambda entry: (-entry[0], entry[1], entry[2])):
        needed = tokens + (0.0 if place in taken else line_cost(heading(sections[place].name)))
        if needed <= left:
            taken.setdefault(place, set()).add(number)
            left -= needed
    kept = [
        Section(section.name, tuple(section.lines[number] for number in sorted(taken[place])))
        for place, section in enumerate(sections)
        if place in taken
    ]
    dropped = {
        section.name: len(section.lines) - len(taken.get(place, ()))
        for place, section in enumerate(sections)
        if len(section.lines) > len(taken.get(place, ()))
    }
    return kept, dropped


@lru_cache(LINES_KEPT)
def line_cost(line: str) -> float:
    """Tokens of a line with its end."""
    return cost(line + "\n")


def heading(name: str) -> str:
    return f"{name}:"


def _best(section: Section) -> int:
    return max(range(len(section.lines)), key=lambda number: (section.lines[number].worth, -number))


def _rank(line: Line, *, is_first: bool, tokens: float) -> float:
    worth = line.worth * (FIRST_LINE_FACTOR if is_first else 1.0)
    return worth / math.sqrt(max(8.0, tokens))
