"""Which regions of which files go into an answer.

In:  candidates with what they are worth, what each costs, and a budget.
Out: the chosen ones.
Not here: what regions are (`regions.py`), how they are written (the tool).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mcp_lean.repo.regions import Region, narrowed

FILE_SHARE = 0.4
"""As much of the budget as one file gets while others wait."""

FILE_POWER, REGION_POWER = 1.5, 0.5
"""How strongly the scores of a file and of a region in it count: the order of files is the surer one."""

LATER_SHARE = 0.75
"""What a file's second best region is worth beside its best, the third beside the second, and so on."""

CUTS = (24, 12, 6)
"""Lines to which a region is cut that does not fit whole."""

ROW_TOKENS, BLOCK_TOKENS = 3.0, 25.0
"""The least that a row and a heading cost; spares counting what cannot fit."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region of a file; `file` is the file's number in the order of rank."""

    file: int
    region: Region
    gain: float


def candidates(files: Sequence[tuple[float, Sequence[Region]]]) -> list[Candidate]:
    """All regions, the most useful first. Each file comes with its score."""
    found = []
    for number, (score, regions) in enumerate(files):
        best_first = sorted(regions, key=lambda region: (-region.score, region.first))
        for place, region in enumerate(best_first):
            gain = score**FILE_POWER * region.score**REGION_POWER * LATER_SHARE**place
            found.append(Candidate(number, region, gain))
    return sorted(found, key=lambda one: (-one.gain, one.file, one.region.first))


def choose(ordered: Sequence[Candidate], budget: float, cost: Callable[[Candidate], float]) -> list[Candidate]:
    """Take what fits, in order, no file more than its share; then go over it again without that limit."""
    taken: dict[int, tuple[Candidate, float]] = {}
    spent: dict[int, float] = {}
    left = budget
    for share in (FILE_SHARE, 1.0):
        for number, one in enumerate(ordered):
            before, price_before = taken.get(number, (None, 0.0))
            if before is not None and before.region == one.region:
                continue
            room = min(left, share * budget - spent.get(one.file, 0.0)) + price_before
            fitting = _fitting(one, room, cost)
            if fitting is None or (before is not None and fitting[1] <= price_before):
                continue
            taken[number] = fitting
            spent[one.file] = spent.get(one.file, 0.0) + fitting[1] - price_before
            left -= fitting[1] - price_before
    return sorted((one for one, _ in taken.values()), key=lambda one: (one.file, one.region.first))


def _fitting(one: Candidate, room: float, cost: Callable[[Candidate], float]) -> tuple[Candidate, float] | None:
    """The candidate, or the largest cut of it that the room holds, with its price."""
    for lines in (one.region.last - one.region.first + 1, *CUTS):
        if lines * ROW_TOKENS + BLOCK_TOKENS > room:
            continue
        cut = replace(one, region=narrowed(one.region, lines))
        price = cost(cut)
        if price <= room:
            return cut, price
    return None
