"""Which files match what a reader is looking for: words in paths, in the names they define, in the code.

In:  tagged files and a focus: words, symbols, paths, or a whole problem report.
Out: `matches`: path -> how well it matches, 0 to 1.
Not here: how much files have to do with each other (`rank.py`), searching their text (`search.py`).

Three BM25 scores, one per kind of place. Code counts most, although only the presence of a word is known. On 42 problem
reports of four Python projects the file that was then changed is among the first ten in 36 cases and among the first
twenty in 39; BM25 over whole files, with counts, finds it in 32 and 38 (bench/summary.py localise).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log

from mcp_lean.repo.tags import Tags, number_of, words_of

CODE_SHARE, NAMES_SHARE, PATH_SHARE = 1.0, 0.5, 0.5
"""Weights of the three scores, each scaled to a best of 1. Halving or doubling one moves the figures above by three
cases at most, and not always to the worse: they are not fitted more finely than that."""

MENTIONED_SHARE = 1.0
"""Added for a file whose path, or dotted module name, stands in the focus. Not more: a traceback names many files."""

SATURATION, LENGTH_SHARE = 1.2, 0.75
"""BM25's usual constants."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PATH = re.compile(r"[\w-]+(?:[./\\][\w-]+)+")

Bag = Mapping[bytes, int]


def matches(files: Collection[Tags], focus: Sequence[str]) -> dict[str, float]:
    """How well each file matches, 0 to 1; the best one has 1 if any matches at all.

    Words also match as parts of names: "session" finds `SessionStore`, and `closeSession` finds "session".
    """
    query = query_of(focus)
    if not query or not files:
        return {}
    numbers = {number_of(word): word for word in query}
    mentions = _mentions(files, focus)
    scores = {tags.path: MENTIONED_SHARE * (tags.path in mentions) for tags in files}
    for share, found in (
        (CODE_SHARE, _bm25({tags.path: _in_code(tags, numbers) for tags in files}, query)),
        (NAMES_SHARE, _bm25({tags.path: _in_names(tags, query) for tags in files}, query)),
        (PATH_SHARE, _bm25({tags.path: _in_path(tags.path, query) for tags in files}, query)),
    ):
        best = max(found.values(), default=0.0)
        for path, score in found.items():
            scores[path] += share * score / best if best else 0.0
    best = max(scores.values(), default=0.0)
    return {path: score / best for path, score in scores.items()} if best else {}


def query_of(focus: Sequence[str]) -> dict[bytes, float]:
    """Words and their weights; a word that comes again counts more, but less each time."""
    count = Counter(
        word for text in focus for name in NAME.findall(text) for word in words_of(name.encode()) if len(word) > 2
    )
    return {word: 1 + log(times) for word, times in sorted(count.items())}


def _bm25(bags: Mapping[str, tuple[Bag, int]], query: Mapping[bytes, float]) -> dict[str, float]:
    """Path -> score. A bag is the words of the query that a file has, how often, and how many words it has in all."""
    files_with = Counter(word for bag, _ in bags.values() for word in bag)
    rarity = {word: log(1 + (len(bags) - n + 0.5) / (n + 0.5)) * query[word] for word, n in files_with.items()}
    mean = sum(length for _, length in bags.values()) / len(bags) or 1.0
    scores = {}
    for path, (bag, length) in bags.items():
        slow = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / mean)
        scores[path] = sum(rarity[w] * n * (SATURATION + 1) / (n + slow) for w, n in sorted(bag.items()))
    return scores


def _in_code(tags: Tags, numbers: Mapping[int, bytes]) -> tuple[Bag, int]:
    return {numbers[number]: 1 for number in numbers.keys() & tags.words}, len(tags.words)


def _in_names(tags: Tags, query: Collection[bytes]) -> tuple[Bag, int]:
    names = [row.rpartition(b":")[0] for row in tags.names.split(b"\n")]
    return _bag(names, query)


def _in_path(path: str, query: Collection[bytes]) -> tuple[Bag, int]:
    stem = path.rpartition("/")[2].partition(".")[0]
    parts = [*re.split(r"[/.]", path), stem]  # the file's own name counts twice
    return _bag([part.encode("utf-8", "surrogateescape") for part in parts], query)


def _bag(names: Iterable[bytes], query: Collection[bytes]) -> tuple[Bag, int]:
    words = [word for name in names for word in words_of(name)]
    return Counter(word for word in words if word in query), len(words)


def _mentions(files: Collection[Tags], focus: Sequence[str]) -> set[str]:
    """Files whose path stands in the focus: `src/app.py`, `File "/home/me/lib/app.py"`, `app.py`, `lib.app`."""
    named: set[str] = set()
    for found in PATH.findall("\n".join(focus)):
        parts = re.split(r"[/\\]", found)
        named.update("/".join(parts[i:]) for i in range(len(parts)))
        named.add(found.replace(".", "/"))
    return {tags.path for tags in files if not named.isdisjoint(_endings(tags.path))} if named else set()


def _endings(path: str) -> set[str]:
    """What can stand for a path: its last parts, and two or more of them without the extension."""
    parts = path.split("/")
    stem = parts[-1].partition(".")[0]
    with_extension = {"/".join(parts[i:]) for i in range(len(parts))}
    return with_extension | {"/".join([*parts[i:-1], stem]) for i in range(len(parts) - 1)}
