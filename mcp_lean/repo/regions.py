"""Which parts of a file answer a search: the definitions around its hits.

In:  a file's lines, its outline, and which patterns hit which lines.
Out: `Region`s in file order: a small definition whole; of a large one, and outside of any, what is near the hits.
Not here: which file (`hits.py`), how much of it fits (`choose.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2

from mcp_lean.repo.languages.base import VALUES
from mcp_lean.repo.outline.model import Definition, Outline
from mcp_lean.repo.patterns import words

CONTEXT_LINES = 8
"""Lines before and after a hit where only its surroundings are shown."""

DEFINITION_SHARE = 1.5
"""What the definition of a searched name is worth on top of the hits in it, as a share of the pattern's weight."""

WORDS_SHARE = 0.4
"""The same for a definition whose name only shares words with a pattern."""

COMMON_SHARE = 0.1
"""What is left of a pattern's weight where it hits every place of the file."""

REPEAT_SHARE = 0.1
"""What each doubling of a pattern's hits in a region adds."""

Hits = Mapping[int, Sequence[int]]
"""Line number (from 1) -> the numbers of the patterns that hit it."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a pattern looks for: its weight, the identifiers in it, and their words."""

    weight: float
    names: tuple[str, ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Region:
    """Consecutive lines that are shown together.

    first, last: line numbers, inclusive.
    name: the qualified name of the definition, "" outside of any.
    around: the definition's own first and last line, where the region is only a part of it.
    counts: pattern number -> lines it hits here.
    best: the line with the most valuable hit; what is kept when the region has to be cut.
    score: comparable within one search.
    """

    first: int
    last: int
    name: str
    around: tuple[int, int] | None
    counts: Mapping[int, int]
    best: int
    score: float


def regions(total_lines: int, outline: Outline, hits: Hits, sought: Sequence[Sought], small_lines: int) -> list[Region]:
    """The regions of one file, in its order, not overlapping.

    Args:
        small_lines: up to this length a definition is shown whole.
    """
    owners = _owners(total_lines, outline.definitions)
    by_owner: dict[int, list[int]] = {}
    for line in sorted(hits):
        by_owner.setdefault(owners[line], []).append(line)
    places = []
    for owner, lines in by_owner.items():
        definition = outline.definitions[owner] if owner >= 0 else None
        for first, last in _spans(definition, lines, small_lines, owners, owner):
            places.append(_Place(first, last, definition, [line for line in lines if first <= line <= last]))
    telling = _weights_here(places, hits, sought)
    return sorted((_region(place, hits, sought, telling) for place in places), key=lambda region: region.first)


@dataclass(frozen=True, slots=True)
class _Place:
    first: int
    last: int
    definition: Definition | None
    lines: Sequence[int]


def _weights_here(places: Sequence[_Place], hits: Hits, sought: Sequence[Sought]) -> list[float]:
    """What a pattern tells about a place in this file: little if it hits nearly all of them."""
    seen = Counter(i for place in places for i in {i for line in place.lines for i in hits[line]})
    most = log2(1 + len(places))
    return [
        one.weight * (COMMON_SHARE + (1 - COMMON_SHARE) * log2(1 + len(places) / seen[i]) / most) if seen[i] else 0.0
        for i, one in enumerate(sought)
    ]


def _owners(total_lines: int, definitions: Sequence[Definition]) -> list[int]:
    """Per line (from 1) the number of the innermost definition around it, or -1. A one-line value inside another
    definition belongs to that one."""
    owners = [-1] * (total_lines + 1)
    for number, one in enumerate(definitions):
        last = min(one.end, total_lines)
        if one.start > last or (one.kind in VALUES and one.start == last and owners[last] >= 0):
            continue
        owners[one.start : last + 1] = [number] * (last + 1 - one.start)
    return owners


def _spans(
    definition: Definition | None, lines: Sequence[int], small_lines: int, owners: Sequence[int], owner: int
) -> list[tuple[int, int]]:
    total_lines = len(owners) - 1
    if definition is not None and definition.end - definition.start < small_lines:
        return [(definition.start, min(definition.end, total_lines))]
    low, high = (definition.start, min(definition.end, total_lines)) if definition else (1, total_lines)
    spans: list[tuple[int, int]] = []
    for line in lines:
        first, last = line, line
        # Not into a definition inside this one or beside it: that one has hits of its own, or none.
        while first > max(low, line - CONTEXT_LINES) and owners[first - 1] == owner:
            first -= 1
        while last < min(high, line + CONTEXT_LINES) and owners[last + 1] == owner:
            last += 1
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def _region(place: _Place, hits: Hits, sought: Sequence[Sought], telling: Sequence[float]) -> Region:
    counts = Counter(i for line in place.lines for i in hits[line])
    score = sum(telling[i] * (1 + REPEAT_SHARE * log2(count)) for i, count in counts.items())
    best = max(place.lines, key=lambda line: (sum(telling[i] for i in hits[line]), -line))
    definition = place.definition
    if definition is None:
        return Region(place.first, place.last, "", None, counts, best, score)
    if place.first == definition.start:
        score += _named_like(definition.name, sought)
    is_whole = (place.first, place.last) == (definition.start, definition.end)
    around = None if is_whole else (definition.start, definition.end)
    return Region(place.first, place.last, definition.qualified, around, counts, best, score)


def _named_like(name: str, sought: Sequence[Sought]) -> float:
    """What a definition's name adds to its score."""
    own = words(name)
    return sum(
        one.weight
        * (DEFINITION_SHARE if name in one.names else WORDS_SHARE * len(own & one.words) / (len(one.words) or 1))
        for one in sought
        if name in one.names or not own.isdisjoint(one.words)
    )


def trimmed(region: Region, lines: Sequence[str]) -> Region:
    """Without the blank lines at its ends. `lines` are the file's."""
    first, last = region.first, region.last
    while first < region.best and not lines[first - 1].strip():
        first += 1
    while last > region.best and not lines[last - 1].strip():
        last -= 1
    return replace(region, first=first, last=last)


def whole(found: Sequence[Region], total_lines: int) -> Region:
    """The whole file as one region, worth as much as its best part."""
    best = max(found, key=lambda region: (region.score, -region.first))
    counts: Counter[int] = Counter()
    for region in found:
        counts.update(region.counts)
    return Region(1, total_lines, "", None, counts, best.best, best.score)


def narrowed(region: Region, lines: int) -> Region:
    """At most `lines` of a region: those around its best one, with its first if that is near."""
    if region.last - region.first < lines:
        return region
    first = max(region.first, min(region.best - lines // 3, region.last - lines + 1))
    last = first + lines - 1
    around = region.around or ((region.first, region.last) if region.name else None)
    return replace(region, first=first, last=last, around=around)
