"""What a newcomer to a repository needs first, as data: what it is made of, how to work on it, its files by rank.

In:  the visible paths, the part that is asked about, a focus, a snapshot and a store.
Out: `Summary`: census, facts, ranked paths, and the main symbols of any of them.
Not here: which paths are visible (`workspace.py`), fitting it into a budget (`tools/repo_summary.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from mcp_lean.repo.outline import Definition

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
    """ranked: paths, best first. skipped: source files beyond `MAX_RANKED`. unreadable: files we may not read."""

    census: Census
    facts: tuple[Fact, ...]
    ranked: tuple[str, ...]
    skipped: int
    unreadable: int
    _tags: Mapping[str, Tags]
    _ranking: Ranking
    _query: AbstractSet[bytes]
    _snapshot: Snapshot

    def lines(self, path: str) -> int:
        return self._tags[path].lines

    def symbols(self, path: str, limit: int) -> tuple[Symbol, ...]:
        """The main definitions of a ranked file: first what the focus names, then what most other files use."""
        from mcp_lean.repo.outline import outline

        found = self._snapshot.read(path, MAX_BYTES)
        if found is None:
            return ()
        definitions = outline(path, found[0], deadline_s=PARSE_SECONDS).definitions
        shown = {one.qualified: one for one in reversed(definitions) if one.kind not in NOT_SHOWN}
        uses = self._uses_with_members(shown.values())

        def order(one: Definition) -> tuple[float, ...]:
            name = one.name.encode("utf-8", "replace")
            wanted = len(self._query & words_of(name)) / len(words_of(name))
            depth = one.qualified.count(".")
            return -wanted, -uses[one.qualified], name.startswith(b"_"), depth, one.start - one.end, one.start

        return tuple(Symbol(one.qualified, one.start, one.end) for one in sorted(shown.values(), key=order)[:limit])

    def _uses_with_members(self, definitions: Iterable[Definition]) -> dict[str, int]:
        """How many files use each definition or the most used one inside it, so that classes precede their methods."""
        uses: dict[str, int] = {}
        for one in definitions:
            own = self._ranking.references.get(number_of(one.name.encode("utf-8", "replace")), 0)
            parts = one.qualified.split(".")
            for depth in range(1, len(parts) + 1):
                outer = ".".join(parts[:depth])
                uses[outer] = max(uses.get(outer, 0), own)
        return uses


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files an answer is about.

    asked: everything in the parts that are asked about. ranked: source files that are shown. compared: those and the
    rest of the program, which their rank is made from. skipped: how many more there would be.
    """

    asked: frozenset[str]
    ranked: frozenset[str]
    compared: tuple[str, ...]
    skipped: int


def select(visible: Sequence[str], parts: Sequence[Collection[str]]) -> Selection:
    """Of each part the program's own source; where a part has none, the source that it has: its tests, its examples.

    Args:
        visible: all paths that may be seen.
        parts: what is asked about; several parts are taken together, none means everything.
    """
    everything = frozenset(visible)
    code = frozenset(path for path in visible if code_language(path))
    main = frozenset(path for path in code if role_of(path) == MAIN)
    asked = everything.intersection(frozenset().union(*parts)) if parts else everything
    ranked = frozenset().union(*(main.intersection(part) or code.intersection(part) for part in parts or [everything]))
    compared = sorted(ranked | main, key=lambda path: (path not in ranked, path)) if parts else sorted(ranked)
    return Selection(
        asked=asked,
        ranked=ranked,
        compared=tuple(compared[:MAX_RANKED]),
        skipped=max(0, len(compared) - MAX_RANKED),
    )


def summarise(
    visible: Sequence[str],
    selection: Selection,
    focus: Sequence[str],
    snapshot: Snapshot,
    store: Store,
    check: Callable[[], None],
) -> Summary:
    """Look at the files. `focus`: words, symbols or sentences; none means no preference."""
    tags = [one for one in tags_of(selection.compared, snapshot, store, check) if one.is_written]
    ranking, order = _ordered(tags, focus)
    is_part = len(selection.asked) < len(visible)
    return Summary(
        census=take_census(sorted(selection.asked), selection.ranked, _sizes(snapshot)),
        facts=project_facts(
            visible, lambda path: _content(snapshot, path), lambda path: is_part and path in selection.asked
        ),
        ranked=tuple(path for path in order if path in selection.ranked),
        skipped=selection.skipped,
        unreadable=len(snapshot.unreadable),
        _tags={one.path: one for one in tags},
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


def _sizes(snapshot: Snapshot) -> dict[str, int]:
    return {path: stamp[0] for path, stamp in snapshot.stamps.items()}


def _content(snapshot: Snapshot, path: str) -> bytes | None:
    found = snapshot.read(path, MAX_MANIFEST_BYTES)
    return found[0] if found else None
