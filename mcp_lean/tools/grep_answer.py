"""The text of a search's answer.

In:  opened files with their regions, the order they rank in, and a budget.
Out: blocks under headings, `more:` lines with items for read_many, and what was not even named.
Not here: searching and ranking (`repo`).

    == src/app.py:10-42  App.start  (retry x3, backoff)
    ...
    more: src/app.py:80-95
    more: src/net.py:17
    hits there: 4, 1
    27 lines with hits in 12 files, 9 of them not named
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_lean.packing.render import Scale, number
from mcp_lean.repo.choose import Candidate, candidates, choose
from mcp_lean.repo.patterns import Pattern, shown
from mcp_lean.repo.regions import Region
from mcp_lean.repo.workspace import one_line

ROW_CHARS = 400
"""A longer line is shown around its hit only: it is data, or minified."""

BEFORE_HIT_CHARS = 100
CUT_MARK = "[...]"

PATTERN_CHARS = 40
PATTERNS_NAMED = 4

LIST_SHARE = 0.15
LIST_TOKENS = (120, 700)
"""What is kept for the `more:` lines: a share of the budget between these bounds."""

PARTS_NAMED = 2
"""Left-out parts that are named per shown file."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with hits, read.

    shown: its path as the model names it. lines: without ends. hits: matching lines. score: for comparing files.
    regions: in file order; none for a file that is only to be named. best: the line to name it by.
    """

    shown: str
    lines: Sequence[str]
    regions: Sequence[Region]
    hits: int
    best: int
    score: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What was found in all: matching lines, files."""

    lines: int
    files: int


def compose(
    files: Sequence[Opened], totals: Totals, patterns: Sequence[Pattern], remarks: Sequence[str], budget_tokens: float
) -> str:
    """The answer, within the budget. `files` are in the order of rank."""
    scale = Scale.of(budget_tokens)
    low, high = LIST_TOKENS
    reserve = max(low, min(high, LIST_SHARE * budget_tokens))
    left = budget_tokens - sum(scale.weigh(line) for line in remarks)
    closing = _closing(totals, 10**6)
    left -= scale.weigh(closing)

    def cost(one: Candidate) -> float:
        return scale.weigh("\n".join(_block(files[one.file], [one.region], patterns)))

    chosen = choose(candidates([(file.score, file.regions) for file in files]), left - reserve, cost)
    texts = list(remarks)
    by_file: dict[int, list[Region]] = {}
    for one in chosen:
        by_file.setdefault(one.file, []).append(one.region)
    for index, shown_regions in by_file.items():
        for run in _runs(shown_regions):
            block = "\n".join(_block(files[index], run, patterns))
            texts.append(block)
            left -= scale.weigh(block)

    named = set(by_file)
    items, counts = list[str](), list[int]()
    for index, item, count in _left_out(files, by_file):
        weight = scale.weigh(f"more: {item}") + scale.weigh(f", {count:,}")
        if weight > left:
            break
        left -= weight
        items.append(f"more: {item}")
        counts.append(count)
        named.add(index)
    texts += items
    if counts:
        texts.append("hits there: " + ", ".join(str(count) for count in counts))
    unnamed = totals.files - len(named)
    if items or unnamed:
        texts.append(_closing(totals, unnamed))
    return "\n".join(texts)


def _closing(totals: Totals, unnamed: int) -> str:
    not_named = f", {unnamed:,} of them not named; narrow with paths or rarer patterns" if unnamed else ""
    return f"{totals.lines:,} lines with hits in {totals.files:,} files{not_named}"


def _left_out(files: Sequence[Opened], by_file: dict[int, list[Region]]) -> Iterator[tuple[int, str, int]]:
    """File, item and number of hits of what is not shown: parts of shown files first, then the other files."""
    for index in by_file:
        file = files[index]
        shown_lines = {line for region in by_file[index] for line in range(region.first, region.last + 1)}
        hidden = [region for region in file.regions if not shown_lines.issuperset(range(region.first, region.last + 1))]
        for region in sorted(hidden, key=lambda region: (-region.score, region.first))[:PARTS_NAMED]:
            first, last = _hidden_part(region, shown_lines)
            yield index, f"{one_line(file.shown)}:{first}-{last}", sum(region.counts.values())
    for index, file in enumerate(files):
        if index not in by_file:
            yield index, f"{one_line(file.shown)}:{file.best}" if file.best else one_line(file.shown), file.hits


def _hidden_part(region: Region, shown_lines: set[int]) -> tuple[int, int]:
    hidden = [line for line in range(region.first, region.last + 1) if line not in shown_lines]
    return hidden[0], hidden[-1]


def _runs(regions: Sequence[Region]) -> Iterator[list[Region]]:
    """Regions that touch, together."""
    run: list[Region] = []
    for region in regions:
        if run and region.first > run[-1].last + 1:
            yield run
            run = []
        run.append(region)
    if run:
        yield run


def _block(file: Opened, run: Sequence[Region], patterns: Sequence[Pattern]) -> list[str]:
    first, last = run[0].first, run[-1].last
    names = dict.fromkeys(_name(region) for region in run)
    counts: Counter[int] = Counter()
    for region in run:
        counts.update(region.counts)
    heading = f"== {one_line(file.shown)}:{first}-{last}"
    for part in (", ".join(name for name in names if name), f"({_hits(counts, patterns)})"):
        heading += f"  {part}" if part else ""
    rows = (number(_clipped(file.lines[line - 1], patterns), line) for line in range(first, last + 1))
    return [heading, *rows]


def _name(region: Region) -> str:
    if region.around is None:
        return region.name
    return f"{region.name} {region.around[0]}-{region.around[1]}"


def _hits(counts: Counter[int], patterns: Sequence[Pattern]) -> str:
    named = [
        shown(patterns[i].asked, PATTERN_CHARS) + (f" x{count}" if count > 1 else "")
        for i, count in sorted(counts.items())
    ]
    more = len(named) - PATTERNS_NAMED
    return ", ".join(named[:PATTERNS_NAMED]) + (f", {more} more" if more > 0 else "")


def _clipped(row: str, patterns: Sequence[Pattern]) -> str:
    if len(row) <= ROW_CHARS:
        return row
    starts = [found.start() for one in patterns if one.matcher and (found := one.matcher.search(row))]
    start = max(0, min(starts, default=0) - BEFORE_HIT_CHARS)
    end = start + ROW_CHARS
    return (CUT_MARK if start else "") + row[start:end] + (CUT_MARK if end < len(row) else "")
