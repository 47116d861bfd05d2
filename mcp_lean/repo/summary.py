"""What a newcomer to a repository needs first, as data: what it is made of, how to work on it, its files by rank.

In:  the visible paths, the part that is asked about, a focus, a snapshot and a store.
Out: `Summary`: census, facts, ranked paths, and the main symbols of any of them.
Not here: which paths are visible (`workspace.py`), fitting it into a budget (`tools/repo_summary.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from mcp_lean.repo.census import Census, code_language, take_census
from mcp_lean.repo.focus import matches, query_of
from mcp_lean.repo.index import MAX_BYTES, tags_of
from mcp_lean.repo.project_facts import MAX_BYTES as MAX_MANIFEST_BYTES
from mcp_lean.repo.project_facts import Fact, is_manifest, project_facts
from mcp_lean.repo.rank import Ranking, rank
from mcp_lean.repo.roles import MAIN, role_of
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Store
from mcp_lean.repo.symbols import Symbol, main_symbols, symbols_of
from mcp_lean.repo.tags import Tags

MAX_RANKED = 30_000
"""Files that are read for one answer, some 20 seconds of work the first time. Beyond it a part has to be named."""

RANK_SHARE = 0.4
"""Weight of the personalised rank beside a file's own match, both scaled to a best of 1. Between 0.2 and 0.5 the
figure in `focus.py` moves by one case."""


STARTED_BY_MAIN = frozenset({"go", "c", "cpp", "java", "kotlin", "csharp", "zig", "dart"})
MAIN_ROW = re.compile(rb"^[mM]ain:", re.MULTILINE)


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
    _store: Store

    def lines(self, path: str) -> int:
        return self._tags[path].lines

    def symbols(self, path: str, limit: int) -> tuple[Symbol, ...]:
        """The main definitions of a ranked file: first what the focus names, then what most other files use."""
        found = self._snapshot.read(path, MAX_BYTES)
        if found is None:
            return ()
        return main_symbols(symbols_of(path, found[0], self._store), self._ranking.references, self._query, limit)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files an answer is about.

    asked: everything in the parts that are asked about. ranked: source files that are shown. compared: those and the
    rest of the program, which their rank is made from. skipped: how many more there would be. manifests: files that
    say how the project is worked on, in all of it.
    """

    asked: frozenset[str]
    ranked: frozenset[str]
    compared: tuple[str, ...]
    skipped: int
    manifests: tuple[str, ...]


@lru_cache(maxsize=4)
def select(visible: tuple[str, ...], parts: tuple[frozenset[str], ...]) -> Selection:
    """Of each part the program's own source; where a part has none, the source that it has: its tests, its examples.

    The last few are remembered: a server is asked about the same paths again and again, and 10,000 take 30 ms.

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
        manifests=tuple(filter(is_manifest, visible)),
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
    check()
    ranking, order = _ordered(tags, focus)
    check()
    ranked = [path for path in order if path in selection.ranked]
    by_path = {one.path: one for one in tags}
    is_part = len(selection.asked) < len(visible)
    facts = project_facts(
        selection.manifests,
        visible,
        lambda path: _content(snapshot, path),
        lambda path: is_part and path in selection.asked,
    )
    return Summary(
        census=take_census(sorted(selection.asked), selection.ranked, _sizes(snapshot)),
        facts=(*_programs(ranked, by_path), *facts),
        ranked=tuple(ranked),
        skipped=selection.skipped,
        unreadable=len(snapshot.unreadable),
        _tags=by_path,
        _ranking=ranking,
        _query=query_of(focus).keys(),
        _snapshot=snapshot,
        _store=store,
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


def _programs(ranked: Sequence[str], tags: Mapping[str, Tags]) -> tuple[Fact, ...]:
    """Files with a `main`, in languages where that is a program's start; the best ranked first."""
    found: dict[str, Fact] = {}
    for path in ranked:
        language = code_language(path)
        if language in STARTED_BY_MAIN and MAIN_ROW.search(tags[path].names):
            folder = path[: path.rfind("/") + 1].rstrip("/")
            command = (f"go run ./{folder}" if folder else "go run .") if language == "go" else f"main in {path}"
            found.setdefault(command, Fact("entry", command, path))
    return tuple(found.values())


def _sizes(snapshot: Snapshot) -> dict[str, int]:
    return {path: stamp[0] for path, stamp in snapshot.stamps.items()}


def _content(snapshot: Snapshot, path: str) -> bytes | None:
    found = snapshot.read(path, MAX_MANIFEST_BYTES)
    return found[0] if found else None
