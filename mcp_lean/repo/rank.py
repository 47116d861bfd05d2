"""Which files a reader comes back to: PageRank over "uses a name that is defined there", walked both ways.

In:  per file the names it defines and the names it uses, as numbers, and a restart weight per file.
Out: `Ranking`: each file's rank (they sum to 1) and how many other files use each name.
Not here: finding names (`tags.py`), what a person is looking for (`focus.py`), showing anything.

Followed only from a use to its definition, the walk ends in the deepest helpers (exceptions, string functions). A
newcomer wants the places where things come together as well, so half of the steps lead from a file to its users.

Results depend on the set of files alone, never on their order nor on the process: files are sorted first, and every
sum runs in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress
from math import sqrt
from operator import itemgetter, mul

from mcp_lean.repo.tags import Tags, path_words

DAMPING = 0.85
ROUNDS = 10
"""The ranks then differ by 0.7 % in sum from where they settle, and the first fifty files of Django, Vue and Moby are
the same fifty as after 150 rounds."""

MAX_DEFINERS = 2
"""A name that more files define (`get`, `__init__`) does not say which of them is meant."""

COMMON_SHARE = 0.05
COMMON_FLOOR = 40
"""A name used in more files than either is a word of the language or of the domain. Below 800 files the share alone
would call a library's own main class common."""

Shares = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Ranking:
    """ranks: path -> share of 1. references: name -> how many files use it that do not define it."""

    ranks: Mapping[str, float]
    references: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Graph:
    """Files as numbers in the order of their paths; edges[i]: the files that i leads to, with shares that sum to 1."""

    paths: tuple[str, ...]
    edges: tuple[Shares, ...]
    references: Mapping[int, int]


def rank(files: Collection[Tags], restart: Mapping[str, float] | None = None) -> Ranking:
    """Rank files by how much they have to do with the others.

    Args:
        restart: path -> where a reader starts, on any non-negative scale; None or all zero: anywhere.
    """
    graph = reference_graph(files)
    weights = [restart.get(path, 0.0) for path in graph.paths] if restart else []
    return Ranking(dict(zip(graph.paths, page_rank(graph.edges, weights), strict=True)), graph.references)


def reference_graph(files: Collection[Tags]) -> Graph:
    """Who refers to whom by telling names: defined in few files, not used everywhere, and no word of a path."""
    ordered = sorted(files, key=lambda tags: tags.path)
    definers = _definers(ordered)
    hits = [sorted(definers.keys() & tags.uses) for tags in ordered]
    references = _references(definers, hits)
    most = max(COMMON_FLOOR, COMMON_SHARE * len(ordered))
    telling = {name for name, files in references.items() if files <= most}
    ahead = [_references_of(i, names, definers, telling) for i, names in enumerate(hits)]
    return Graph(tuple(tags.path for tags in ordered), _both_ways(ahead), references)


def page_rank(edges: Sequence[Shares], restart: Sequence[float] = ()) -> list[float]:
    """Where a reader is found who follows references, and starts anew every seventh step.

    Args:
        edges: per node its targets and their shares, summing to 1; without a target the reader starts anew.
        restart: a weight per node; empty or all zero: all alike.
    Returns:
        Non-negative shares that sum to 1, up to rounding.
    """
    count = len(edges)
    if not count:
        return []
    total = sum(restart)
    start = [weight / total for weight in restart] if total else [1 / count] * count
    into: list[list[int]] = [[] for _ in range(count)]
    shares: list[list[float]] = [[] for _ in range(count)]
    for i, targets in enumerate(edges):
        for j, share in targets.items():
            into[j].append(i)
            shares[j].append(DAMPING * share)
    # All edges in one row, so that a round runs in C; what a node receives is the difference of two running sums.
    row = list(chain.from_iterable(shares))
    sources = itemgetter(0, 0, *chain.from_iterable(into))  # two at least, so that it always gives a tuple
    ends = list(accumulate(map(len, into), initial=0))
    dangling = [not targets for targets in edges]
    before, now = start, start
    for _ in range(ROUNDS):
        anew = 1 - DAMPING + DAMPING * sum(compress(now, dangling))
        sums = list(accumulate(map(mul, row, sources(now)[2:]), initial=0.0))
        cuts = list(map(sums.__getitem__, ends))
        before, now = now, [anew * here + (b - a) for here, a, b in zip(start, cuts, cuts[1:], strict=False)]
    # To and fro between users and used, a walk is on one side after even rounds: the mean of two is where it stays.
    return [(a + b) / 2 for a, b in zip(before, now, strict=True)]


def _definers(ordered: Sequence[Tags]) -> dict[int, tuple[int, ...]]:
    """Name -> the one or two files that define it."""
    found: dict[int, list[int]] = {}
    for i, tags in enumerate(ordered):
        for name in tags.defines:
            found.setdefault(name, []).append(i)
    for name in path_words(tags.path for tags in ordered):
        found.pop(name, None)
    return {name: tuple(places) for name, places in found.items() if len(places) <= MAX_DEFINERS}


def _references(definers: Mapping[int, tuple[int, ...]], hits: Sequence[Sequence[int]]) -> dict[int, int]:
    """Name -> how many files use it and do not define it."""
    count = dict.fromkeys(definers, 0)
    for i, names in enumerate(hits):
        for name in names:
            if i not in definers[name]:
                count[name] += 1
    return count


def _references_of(
    i: int, names: Sequence[int], definers: Mapping[int, tuple[int, ...]], telling: Collection[int]
) -> dict[int, float]:
    """Where one file's names are defined. By the square root, ten names of one file count as three of three files."""
    weights: dict[int, float] = {}
    for name in names:
        places = definers[name]
        if name in telling and i not in places:
            for j in places:
                weights[j] = weights.get(j, 0.0) + 1 / len(places)
    total = sum(map(sqrt, weights.values()))
    return {j: sqrt(weight) / total for j, weight in weights.items()}


def _both_ways(ahead: Sequence[Shares]) -> tuple[Shares, ...]:
    """Half of the steps to what a file uses, half to its users; all of them one way where there is no other."""
    back: list[dict[int, float]] = [{} for _ in ahead]
    for i, targets in enumerate(ahead):
        for j, share in targets.items():
            back[j][i] = sqrt(share)  # else a file that uses one thing only would be the first to be visited
    both: list[Shares] = []
    for targets, users in zip(ahead, back, strict=True):
        total = sum(users.values())
        merged = dict(targets)
        for i, weight in users.items():
            merged[i] = merged.get(i, 0.0) + weight / total
        ways = bool(targets) + bool(users)
        both.append({j: share / ways for j, share in merged.items()})
    return tuple(both)
