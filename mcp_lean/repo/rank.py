"""Which files the others lean on: PageRank over "uses a name that is defined there".

In:  per file the names it defines and the names it uses, as numbers, and a restart weight per file.
Out: `Ranking`: each file's rank (they sum to 1) and how many other files use each name.
Not here: finding names (`tags.py`), what a person is looking for (`focus.py`), showing anything.

Results depend on the set of files alone, never on their order, nor on the process: files are sorted first, and every
sum runs in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import sqrt
from operator import itemgetter, mul

from mcp_lean.repo.tags import Tags, path_names

DAMPING = 0.85
ROUNDS = 20
MAX_DEFINERS = 2
"""A name that more files define (`get`, `__init__`) says nothing about which of them is meant."""

COMMON_SHARE = 0.05
COMMON_FLOOR = 40
"""A name used in more files than either is a word of the language or the domain; the share is noise below ~800 files."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """ranks: path -> share of 1. references: name -> how many files use it that do not define it."""

    ranks: Mapping[str, float]
    references: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Graph:
    """Files as numbers in the order of their paths.

    edges[i]: the files that i refers to, each with its share of i's references; the shares sum to 1.
    """

    paths: tuple[str, ...]
    edges: tuple[Mapping[int, float], ...]
    references: Mapping[int, int]


def rank(files: Collection[Tags], restart: Mapping[str, float] | None = None) -> Ranking:
    """Rank files by how much the others refer to them.

    Args:
        restart: path -> where a reader starts, any non-negative scale; None or all zero: anywhere.
    """
    graph = reference_graph(files)
    weights = [restart.get(path, 0.0) for path in graph.paths] if restart else []
    return Ranking(dict(zip(graph.paths, page_rank(graph.edges, weights), strict=True)), graph.references)


def reference_graph(files: Collection[Tags]) -> Graph:
    """Who refers to whom by telling names: defined in few files, not used everywhere, and no word of a path."""
    ordered = sorted(files, key=lambda tags: tags.path)
    definers = _definers(ordered)
    hits = [sorted(definers.keys() & tags.uses) for tags in ordered]
    global EV
    EV = Evidence(ordered)
    references = _references(ordered, definers, hits)
    common = max(COMMON_FLOOR, COMMON_SHARE * len(ordered))
    telling = {name: places for name, places in definers.items() if references.get(name, 0) <= common}
    return Graph(
        tuple(tags.path for tags in ordered),
        tuple(_shares(i, names, telling) for i, names in enumerate(hits)),
        references,
    )


def page_rank(edges: Sequence[Mapping[int, float]], restart: Sequence[float] = ()) -> list[float]:
    """Where a reader ends up who follows references, and starts again every seventh step.

    Args:
        edges: per node its targets and their shares, summing to 1; no target means that the reader starts again.
        restart: a weight per node; empty or all zero: all alike.
    Returns:
        Non-negative shares that sum to 1, up to rounding.
    """
    count = len(edges)
    total = sum(restart)
    start = [weight / total for weight in restart] if total else [1 / count] * count
    sources: list[list[int]] = [[] for _ in range(count)]
    shares: list[list[float]] = [[] for _ in range(count)]
    for i, targets in enumerate(edges):
        for j, share in targets.items():
            sources[j].append(i)
            shares[j].append(DAMPING * share)
    pull = [itemgetter(*found) if len(found) > 1 else None for found in sources]
    dangling = [not targets for targets in edges]
    now = start
    for _ in range(ROUNDS):
        again = 1 - DAMPING + DAMPING * sum(compress(now, dangling))
        now = [
            again * start[j]
            + (sum(map(mul, shares[j], get(now))) if (get := pull[j]) else shares[j][0] * now[sources[j][0]] if sources[j] else 0.0)
            for j in range(count)
        ]
    return now


def _definers(ordered: Sequence[Tags]) -> dict[int, tuple[int, ...]]:
    """Name -> the one or two files that define it."""
    found: dict[int, list[int]] = {}
    for i, tags in enumerate(ordered):
        for name in tags.defines:
            found.setdefault(name, []).append(i)
    for name in path_names(tags.path for tags in ordered):
        found.pop(name, None)
    return {name: tuple(places) for name, places in found.items() if len(places) <= MAX_DEFINERS}


def _references(
    ordered: Sequence[Tags], definers: Mapping[int, tuple[int, ...]], hits: Sequence[Sequence[int]]
) -> dict[int, int]:
    references = dict.fromkeys(definers, 0)
    for i, names in enumerate(hits):
        for name in names:
            if i not in definers[name] and any(EV(i,j) for j in definers[name]):
                references[name] += 1
    return references


def _shares(i: int, names: Sequence[int], telling: Mapping[int, tuple[int, ...]]) -> dict[int, float]:
    """The square root lets a tenth name of the same file count less than a first name of another."""
    weights: dict[int, float] = {}
    for name in names:
        places = telling.get(name, ())
        if i in places:
            continue
        for j in places:
            weights[j] = weights.get(j, 0.0) + (1 if EV(i,j) else WEAK) / len(places)
    total = sum(map(sqrt, weights.values()))
    return {j: sqrt(weight) / total for j, weight in weights.items()}

import os,re
from zlib import crc32
from collections import Counter
WEAK=float(os.environ.get("WEAK","0.1"))
W=re.compile(r"[0-9A-Za-z_]+")
class Evidence:
    def __init__(self, ordered):
        n=len(ordered)
        self.ev=[]; self.folder=[]
        cnt=Counter()
        for t in ordered:
            *f,s=t.path.split("/")
            cnt.update(set(f))
        for t in ordered:
            *f,s=t.path.split("/")
            stem=s.partition(".")[0]
            parts=[stem]+[x for x in f[-3:] if cnt[x]<=0.5*n]
            self.ev.append(frozenset(crc32(max(W.findall(x) or ["_"],key=len).encode()) for x in parts))
            self.folder.append("/".join(f))
        vocab=frozenset().union(*self.ev)
        self.mentioned=[vocab.intersection(t.words)|vocab.intersection(t.uses) for t in ordered]
        self.memo={}
    def __call__(self,i,j):
        k=(i,j)
        r=self.memo.get(k)
        if r is None:
            r=self.memo[k]= self.folder[i]==self.folder[j] or not self.ev[j].isdisjoint(self.mentioned[i])
        return r
