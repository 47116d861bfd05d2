"""What a newcomer to a repository needs first, as data: what it is made of, how to work on it, its files by rank.

In:  the visible paths, the part that is asked about, a focus, a snapshot and a store.
Out: `Summary`: census, facts, ranked paths, and the main symbols of any of them.
Not here: which paths are visible (`workspace.py`), fitting it into a budget (`tools/repo_summary.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.repo.census import Census, code_language, take_census
from mcp_lean.repo.focus import matches, query_of
from mcp_lean.repo.index import MAX_BYTES, tags_of
from mcp_lean.repo.project_facts import MAX_BYTES as MAX_MANIFEST_BYTES
from mcp_lean.repo.project_facts import Fact, project_facts
from mcp_lean.repo.rank import Ranking, rank
from mcp_lean.repo.roles import MAIN, role_of
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Store
from mcp_lean.repo.tags import Tags, number_of, words_of

MAX_RANKED = 30_000
"""Files that are read for one answer, some 20 seconds of work the first time. Beyond it a part has to be named."""

RANK_SHARE = 0.4
"""Weight of the personalised rank beside a file's own match, both scaled to a best of 1. Between 0.2 and 0.5 the
figure in `focus.py` is the same."""

PARSE_SECONDS = 3.0
"""A file that is ranked is parsed in 0.2 s at most; this only ends what never would. It is long because a parse that a
busy machine cuts short gives another answer than the same parse next time."""

NOT_SHOWN = frozenset({"constant", "field", "key", "block", "heading", "table", "impl", "target", "stage"})


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition: its name as an item spells it, first and last line."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summary:
    """ranked: paths, best first. skipped: source files beyond `MAX_RANKED`. unreadable: files that could not be read."""

    census: Census
    facts: tuple[Fact, ...]
    ranked: tuple[str, ...]
    skipped: int
    unreadable: int
    _tags: Mapping[str, Tags]
    _ranking: Ranking
    _query: Collection[bytes]
    _snapshot: Snapshot

    def lines(self, path: str) -> int:
        return self._tags[path].lines

    def symbols(self, path: str, limit: int) -> tuple[Symbol, ...]:
        """The main definitions of a ranked file: first what the focus names, then what most other files use."""
        from mcp_lean.repo.outline import outline

        found = self._snapshot.read(path, MAX_BYTES)
        if found is None:
            return ()
        best: dict[str, tuple[tuple[float, ...], Symbol]] = {}
        for one in outline(path, found[0], deadline_s=PARSE_SECONDS).definitions:
            if one.kind in NOT_SHOWN:
                continue
            name = one.name.encode("utf-8", "replace")
            uses = self._ranking.references.get(number_of(name), 0)
            wanted = len(words_of(name) & self._query) / (1 + len(words_of(name)))
            depth = one.qualified.count(".")
            order = (-wanted, -uses, name.startswith(b"_"), depth, one.start - one.end, one.start)
            best.setdefault(one.qualified, (order, Symbol(one.qualified, one.start, one.end)))
        return tuple(symbol for _, symbol in sorted(best.values(), key=lambda entry: entry[0]))[:limit]


def summarise(
    visible: Sequence[str],
    parts: Sequence[Collection[str]],
    focus: Sequence[str],
    snapshot: Snapshot,
    store: Store,
    check: Callable[[], None],
) -> Summary:
    """Look at the files.

    Args:
        visible: all paths that may be seen.
        parts: what is asked about; several parts are taken together, none means everything.
        focus: words, symbols or sentences; none means no preference.
    """
    asked = set().union(*parts) if parts else set(visible)
    shown = _to_rank(visible, parts)
    main = [path for path in visible if _is_main_code(path)]
    wanted = sorted({*shown, *main} if parts else shown, key=lambda path: (path not in shown, path))
    tags = tags_of(wanted[:MAX_RANKED], snapshot, store, check)
    written = [one for one in tags if one.is_written]
    ranking, order = _ordered(written, focus)
    return Summary(
        census=take_census((path for path in visible if path in asked), _sizes(snapshot)),
        facts=project_facts(visible, lambda path: _content(snapshot, path), lambda path: bool(parts) and path in asked),
        ranked=tuple(path for path in order if path in shown),
        skipped=max(0, len(wanted) - MAX_RANKED),
        unreadable=len(snapshot.unreadable),
        _tags={one.path: one for one in written},
        _ranking=ranking,
        _query=query_of(focus).keys(),
        _snapshot=snapshot,
    )


def _ordered(tags: Collection[Tags], focus: Sequence[str]) -> tuple[Ranking, list[str]]:
    """Paths by rank; with a focus, by their own match and by the rank that starts from the matching files."""
    match = matches(tags, focus)
    ranking = rank(tags, match)
    top = max(ranking.ranks.values(), default=0.0) or 1.0
    score = ranking.ranks
    if match:
        score = {path: match[path] + RANK_SHARE * share / top for path, share in ranking.ranks.items()}
    return ranking, sorted(score, key=lambda path: (-round(score[path], 9), path))


def _to_rank(visible: Sequence[str], parts: Sequence[Collection[str]]) -> set[str]:
    """The program's own source; where a part (or the whole) has none, whatever source it has: its tests, its examples."""
    chosen: set[str] = set()
    for part in parts or [visible]:
        source = [path for path in part if code_language(path)]
        chosen.update([path for path in source if role_of(path) == MAIN] or source)
    return chosen


def _is_main_code(path: str) -> bool:
    return code_language(path) is not None and role_of(path) == MAIN


def _sizes(snapshot: Snapshot) -> dict[str, int]:
    return {path: stamp[0] for path, stamp in snapshot.stamps.items()}


def _content(snapshot: Snapshot, path: str) -> bytes | None:
    found = snapshot.read(path, MAX_MANIFEST_BYTES)
    return found[0] if found else None
