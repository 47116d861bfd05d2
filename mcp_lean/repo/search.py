"""Which files the patterns hit, how often, and which of them define what is looked for.

In:  patterns and a `Scope`.
Out: `Found`: one small record per file, sorted by path. The lines themselves are read again from the files shown.
Not here: how it is searched (`rg_search.py`, `plain_search.py`), ranking (`hits.py`), the deny rules (the caller).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mcp_lean.errors import AskError
from mcp_lean.repo import ripgrep
from mcp_lean.repo.patterns import Pattern, defining_lines, shown
from mcp_lean.repo.plain_search import PlainSearch
from mcp_lean.repo.programs import quiet
from mcp_lean.repo.rg_search import RgSearch, matching_lines
from mcp_lean.repo.scope import Scope


@dataclass(frozen=True, slots=True)
class FileHits:
    """One file with hits.

    path: relative to the scope's root, as in a listing.
    lines: matching lines that were looked at.
    counts: per pattern, in the order asked, how often it was seen in them.
    defines: numbers of the patterns one of whose names seems to be defined here.
    """

    path: str
    lines: int
    counts: tuple[int, ...]
    defines: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """All hits in a scope.

    patterns: as they were searched; those that say nothing are left out.
    files: sorted by path.
    searched_files: how many were looked at.
    most_lines: matching lines per file after which no further one was looked for.
    was_cut: a line was too long to be looked at whole; see `files_with`.
    notes: what the reader should know about the search, a line each.
    """

    patterns: tuple[Pattern, ...]
    files: tuple[FileHits, ...]
    searched_files: int
    most_lines: int
    was_cut: bool
    notes: tuple[str, ...] = ()


def search(scope: Scope, patterns: Sequence[Pattern], *, check: Callable[[], None] = quiet) -> Found:
    """Search for all patterns at once.

    Raises:
        AskError: no pattern is left that could be searched, or nearly everything matches.
        EngineMissing: rg broke down.
    """
    engine = _engine(scope, check)
    notes, kept = list[str](), list[Pattern]()
    for pattern in map(engine.accepted, patterns):
        if engine.matches_every_line(pattern):
            notes.append(f"{shown(pattern.asked)}: matches every line, not searched")
            continue
        if pattern.note:
            notes.append(pattern.note)
        kept.append(pattern)
    if not kept:
        raise AskError("; ".join(notes) + "; give a name or a phrase")
    lines = engine.lines(kept)
    check()
    by_rg = {i: engine.counts(pattern, lines.texts) for i, pattern in enumerate(kept) if pattern.matcher is None}
    files = tuple(_file_hits(path, text, kept, by_rg) for path, text in lines.texts.items())
    return Found(tuple(kept), files, lines.searched_files, lines.most_lines, lines.was_cut, (*notes, *lines.notes))


def _engine(scope: Scope, check: Callable[[], None]) -> RgSearch | PlainSearch:
    rg = ripgrep.program()
    return PlainSearch(scope, check) if rg is None else RgSearch(rg, scope, check)


def _file_hits(path: str, text: str, patterns: Sequence[Pattern], by_rg: Mapping[int, Mapping[str, int]]) -> FileHits:
    counts = [pattern.count(text) for pattern in patterns]
    for i, seen in by_rg.items():
        counts[i] = seen.get(path, 0)
    defining = defining_lines(text)
    defines = frozenset(i for i, count in enumerate(counts) if count and patterns[i].is_defined_in(defining))
    return FileHits(path, text.count("\n") + 1, tuple(counts), defines)


def files_with(
    scope: Scope, patterns: Sequence[Pattern], *, any_case: bool = False, check: Callable[[], None] = quiet
) -> tuple[str, ...]:
    """The files that one of the patterns hits, and no more than that; () without rg."""
    engine = _engine(scope, check)
    return tuple(sorted(engine.files(patterns, any_case=any_case))) if isinstance(engine, RgSearch) else ()


def hit_lines(
    patterns: Sequence[Pattern], texts: Sequence[str], check: Callable[[], None] = quiet
) -> list[dict[int, list[int]]]:
    """For each text (lines ended by LF alone): line number, from 1 -> the numbers of the patterns that hit it."""
    found: list[dict[int, list[int]]] = [{} for _ in texts]
    rg = ripgrep.program()
    starts = list(accumulate((text.count("\n") + 1 for text in texts), initial=0))
    for number, pattern in enumerate(patterns):
        check()
        if pattern.matcher is not None:
            for lines, text in zip(found, texts, strict=True):
                for line in pattern.lines(text):
                    lines.setdefault(line, []).append(number)
        elif rg is not None:
            # One rg over all the texts; a line number leads back to its text.
            for line in matching_lines(rg, pattern.regex, "\n".join(texts), check) or ():
                index = bisect_left(starts, line) - 1
                found[index].setdefault(line - starts[index], []).append(number)
    return found
