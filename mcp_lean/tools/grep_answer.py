"""The text of a search's answer.

In:  files with hits, opened, in the order of rank, and a budget.
Out: blocks under headings, `more:` lines with items for read_many, and how much is not even named.
Not here: searching, ranking, choosing (`repo`).

    == src/app.py:10-42  App.start  (retry x3, backoff)
    ...
    more: src/app.py:80-95
    more: src/net.py:17
    hits there: 4, 1
    27 lines with hits in 12 files, 9 of them not named
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcp_lean.packing.render import Scale, number
from mcp_lean.repo.choose import FILE_SHARE, Candidate, candidates, choose
from mcp_lean.repo.patterns import Pattern, shown
from mcp_lean.repo.regions import Region, trimmed, whole
from mcp_lean.repo.workspace import one_line
from mcp_lean.tools.unchanged import Part, whole_texts

ROW_CHARS = 400
"""Of a longer line only the part around its hit is shown: it is data, or minified."""

BEFORE_HIT_CHARS = 100
CUT_MARK = "[...]"

REMARKS_SHARE = 0.25
REMARK_CHARS = 400
"""Remarks get this much of the budget at most, and each this many characters."""

PATTERN_CHARS = 40
PATTERNS_NAMED = 4
NAMES_SHOWN = 4

LIST_SHARE = 0.15
LIST_TOKENS = (400, 700)
"""What is kept for the `more:` lines: a share of the budget between these bounds, but never more than a quarter."""

WHOLE_FROM_SHARE = 0.2
"""Where the regions hold this much of a file that is small enough, the file is shown whole."""

PARTS_NAMED = 2
"""Left-out parts that are named per shown file."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with hits, read.

    shown: its path as the model names it.
    lines: without their ends.
    regions: in file order, not overlapping; none for a file that is only to be named.
    hits: how many of its lines match.
    best: the line to name it by; 0 if none is known.
    score: for comparing files.
    """

    shown: str
    lines: Sequence[str]
    regions: Sequence[Region]
    hits: int
    best: int
    score: float


@dataclass(frozen=True, slots=True)
class Totals:
    """All that was found. `is_least`: some files have more matching lines than were looked at."""

    lines: int
    files: int
    is_least: bool = False

    def closing(self, unnamed: int) -> str:
        """The last line of an answer."""
        least = "at least " if self.is_least else ""
        rest = f", {unnamed:,} of them not named; narrow with paths or rarer patterns" if unnamed else ""
        return f"{least}{self.lines:,} lines with hits in {self.files:,} files{rest}"


def compose(
    files: Sequence[Opened],
    totals: Totals,
    patterns: Sequence[Pattern],
    remarks: Sequence[str],
    budget_tokens: float,
    texts_of: Callable[[Sequence[Part]], Sequence[str]] = whole_texts,
) -> str:
    """The answer, within the budget.

    Args:
        texts_of: what blocks are shown as, none longer than its own text.
    """
    scale = Scale.of(budget_tokens)
    remarks = bounded(remarks, budget_tokens)
    left = budget_tokens - sum(map(scale.weigh, [*remarks, totals.closing(totals.files)]))
    low, high = LIST_TOKENS
    reserve = min(max(low, min(high, LIST_SHARE * budget_tokens)), left / 4)
    files = [_whole_if_small(file, scale, FILE_SHARE * (left - reserve)) for file in files]

    def cost(one: Candidate) -> float:
        return scale.weigh(_block(files[one.file], [one.region], patterns).text)

    parts: dict[int, list[Region]] = {}
    for one in choose(candidates([(file.score, file.regions) for file in files]), left - reserve, cost):
        parts.setdefault(one.file, []).append(trimmed(one.region, files[one.file].lines))
    blocks = texts_of(
        [_block(files[i], run, patterns) for i, regions in parts.items() for run in _runs(regions, files[i].lines)]
    )
    left -= sum(map(scale.weigh, blocks))
    named, listed = _listed(files, parts, left, scale)
    unnamed = totals.files - len(named)
    closing = [totals.closing(unnamed)] if listed or unnamed else []
    return "\n".join([*remarks, *blocks, *listed, *closing])


def bounded(remarks: Sequence[str], budget_tokens: float) -> list[str]:
    """As many remarks as a part of the budget holds, and how many more there are."""
    scale = Scale.of(budget_tokens)
    left = REMARKS_SHARE * budget_tokens
    kept: list[str] = []
    for remark in remarks:
        short = remark if len(remark) <= REMARK_CHARS else remark[: REMARK_CHARS - len(CUT_MARK)] + CUT_MARK
        left -= scale.weigh(short)
        if left < 0:
            return [*kept, f"and {len(remarks) - len(kept)} more remarks"]
        kept.append(short)
    return kept


def _whole_if_small(file: Opened, scale: Scale, room: float) -> Opened:
    lines = len(file.lines)
    rows = sum(region.last - region.first + 1 for region in file.regions)
    if not file.regions or rows < WHOLE_FROM_SHARE * lines or lines * 3 > room:
        return file
    return replace(file, regions=[whole(file.regions, lines)]) if scale.weigh("\n".join(file.lines)) <= room else file


def _listed(
    files: Sequence[Opened], parts: Mapping[int, Sequence[Region]], room: float, scale: Scale
) -> tuple[set[int], list[str]]:
    """Numbers of the files that the answer names, and its `more:` lines."""
    named, items, counts = set(parts), list[str](), list[str]()
    room -= scale.weigh("hits there:")
    for index, item, count in _left_out(files, parts):
        room -= scale.weigh(f"more: {item}") + scale.weigh(f", {count}")
        if room < 0:
            break
        items.append(f"more: {item}")
        counts.append(str(count))
        named.add(index)
    return named, [*items, "hits there: " + ", ".join(counts)] if items else []


def _left_out(files: Sequence[Opened], parts: Mapping[int, Sequence[Region]]) -> Iterator[tuple[int, str, int]]:
    """File number, item and hits of what is not shown: parts of shown files first, then the other files.

    A name that cannot be written as an item (control characters, bytes that are no UTF-8) is only counted.
    """
    for index, regions in parts.items():
        file = files[index]
        given = {line for region in regions for line in range(region.first, region.last + 1)}
        hidden = []
        for region in file.regions:
            span = range(region.first, region.last + 1)
            lines = [line for line in span if line not in given and file.lines[line - 1].strip()]
            if lines and shown_path(file.shown) == file.shown:
                hidden.append((-region.score, lines[0], lines[-1], sum(region.counts.values())))
        for _, first, last, count in sorted(hidden)[:PARTS_NAMED]:
            yield index, f"{file.shown}:{first}-{last}", count
    for index, file in enumerate(files):
        if index not in parts and shown_path(file.shown) == file.shown:
            yield index, f"{file.shown}:{file.best}" if file.best else file.shown, file.hits


def _runs(regions: Sequence[Region], lines: Sequence[str]) -> Iterator[list[Region]]:
    """Regions with nothing but blank lines between them, together: a heading costs more than those."""
    run: list[Region] = []
    for region in regions:
        if run and any(line.strip() for line in lines[run[-1].last : region.first - 1]):
            yield run
            run = []
        run.append(region)
    if run:
        yield run


def _block(file: Opened, run: Sequence[Region], patterns: Sequence[Pattern]) -> Part:
    """Heading and rows of regions that touch."""
    first, last = run[0].first, run[-1].last
    names = [name for name in dict.fromkeys(map(_name, run)) if name]
    counts: Counter[int] = Counter()
    for region in run:
        counts.update(region.counts)
    place = f"== {shown_path(file.shown)}:{first}-{last}"
    heading = (place, first_few(names, NAMES_SHOWN), f"({_hits(counts, patterns)})")
    rows = [number(_clipped(file.lines[line - 1], patterns), line) for line in range(first, last + 1)]
    return Part(file.shown, first, "  ".join(part for part in heading if part), rows)


def shown_path(path: str) -> str:
    """A path as text on one line; bytes that are no UTF-8 as "?"."""
    return one_line(path).encode("utf-8", "replace").decode()


def _name(region: Region) -> str:
    if region.around is None:
        return region.name
    return f"{region.name} {region.around[0]}-{region.around[1]}"


def _hits(counts: Mapping[int, int], patterns: Sequence[Pattern]) -> str:
    several = {i: f" x{count}" if count > 1 else "" for i, count in sorted(counts.items())}
    return first_few([shown(patterns[i].asked, PATTERN_CHARS) + times for i, times in several.items()], PATTERNS_NAMED)


def first_few(words: Sequence[str], limit: int) -> str:
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f", {more} more" if more > 0 else "")


def _clipped(row: str, patterns: Sequence[Pattern]) -> str:
    if len(row) <= ROW_CHARS:
        return row
    starts = [start for pattern in patterns if (start := pattern.start_in(row)) is not None]
    start = max(0, min(starts, default=0) - BEFORE_HIT_CHARS)
    end = start + ROW_CHARS
    return (CUT_MARK if start else "") + row[start:end] + (CUT_MARK if end < len(row) else "")
