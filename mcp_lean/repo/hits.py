"""Which of the files with hits are worth showing first.

In:  the hits of a search.
Out: `Ranked` files, the best first.
Not here: searching (`search.py`), which part of a file is shown (`regions.py`).

BM25 over the patterns: a rare one weighs more than a common one, the tenth hit less than the second, and a hit in a
long file less than in a short one. On top: the file defines what is looked for, or is named like it. Tests and examples
come after the program itself, vendored and generated files last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from mcp_lean.repo import roles
from mcp_lean.repo.languages import language_of
from mcp_lean.repo.patterns import words
from mcp_lean.repo.search import FileHits, Found

SATURATION, LENGTH_SHARE = 1.2, 0.5
"""BM25's constants; length counts less than usual (0.75), as only the part around the hits is shown."""

DEFINITION_SHARE = 1.0
"""Added per pattern whose name the file defines, as a share of the pattern's weight."""

NAME_SHARE = 1.0
"""Added per pattern whose words all stand in the file's name; less for some of them, or for a folder's name."""

FOLDER_SHARE = 0.4

MENTION_SHARE = 3.0
"""Added when a pattern is the file's path, or the end of it."""

BESIDE_SHARE, LAST_SHARE = 0.25, 0.05
"""What a file counts that is not the program itself (a test, an example, ...), or that nobody here wrote."""

PROSE_SHARE = 0.4
"""Documentation and data, as against source code."""

PROSE = frozenset(
    (
        "markdown",
        "rst",
        "text",
        "latex",
        "html",
        "css",
        "scss",
        "xml",
        "svg",
        "csv",
        "json",
        "jsonl",
        "yaml",
        "toml",
        "ini",
    )
)
LAST = (roles.VENDORED, roles.GENERATED)
CLOSER_FILES = 250
"""Only the best by hits alone are judged by their size and name too: for tens of thousands it takes longer than the
search itself."""

PATH_END = re.compile(r"[\w./+-]*\w\.\w{1,8}")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file with hits and what it is worth; only the order and the ratio of scores mean something."""

    hits: FileHits
    score: float
    role: str


def weights(found: Found) -> tuple[float, ...]:
    """What each pattern is worth: much if it hits few of the files, little if it hits most."""
    total = max(found.searched_files, len(found.files))
    seen = [sum(1 for file in found.files if file.counts[i]) for i in range(len(found.patterns))]
    return tuple(log(1 + (total - files + 0.5) / (files + 0.5)) for files in seen)


def rank(found: Found, root: str) -> list[Ranked]:
    """All files with hits, the best first; equals by path.

    Args:
        root: the folder that the paths are relative to, for asking sizes.
    """
    values = weights(found)
    names = [_Name.of(pattern.asked) for pattern in found.patterns]
    mentioned = tuple(f"/{name.path}" for name in names if name.path)
    rough = sorted((_ranked(file, _by_hits(file, values, 1.0)) for file in found.files), key=_order)
    head = [one for i, one in enumerate(rough) if i < CLOSER_FILES or f"/{one.hits.path}".endswith(mentioned)]
    sizes = [_size(os.path.join(root, one.hits.path)) for one in head]
    typical = max(1, sorted(sizes)[len(sizes) // 2]) if sizes else 1
    closer = {
        one.hits.path: _ranked(
            one.hits, _by_hits(one.hits, values, size / typical) + _by_path(one.hits.path, values, names)
        )
        for one, size in zip(head, sizes, strict=True)
    }
    tail = [one for one in rough if one.hits.path not in closer]
    return sorted(closer.values(), key=_order) + tail


def _ranked(file: FileHits, score: float) -> Ranked:
    role = roles.role_of(file.path)
    language = language_of(file.path)
    is_code = language is not None and language not in PROSE
    share = 1.0 if role == roles.MAIN else LAST_SHARE if role in LAST else BESIDE_SHARE
    return Ranked(file, score * share * (1.0 if is_code else PROSE_SHARE), role)


def _order(one: Ranked) -> tuple[bool, float, str]:
    return one.role in LAST, -one.score, one.hits.path


@dataclass(frozen=True, slots=True)
class _Name:
    """A pattern as it may stand in a path: its words, and the path if it is one."""

    words: frozenset[str]
    path: str

    @classmethod
    def of(cls, asked: str) -> _Name:
        plain = asked.replace("\\", "")
        return cls(words(plain), plain if PATH_END.fullmatch(plain) else "")

    def share(self, path: str, folders: frozenset[str], name: frozenset[str]) -> float:
        """How much of the pattern's weight the path adds."""
        if self.path and (f"/{path}".endswith("/" + self.path) or f"/{self.path}".endswith("/" + path)):
            return MENTION_SHARE
        if not self.words:
            return 0.0
        found = sum(1.0 if word in name else FOLDER_SHARE for word in self.words if word in name or word in folders)
        return NAME_SHARE * found / len(self.words)


def _by_hits(file: FileHits, values: Sequence[float], length: float) -> float:
    """BM25, and what the file defines. `length` is the file's, in typical ones."""
    score = 0.0
    saturation = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length)
    for i, count in enumerate(file.counts):
        if count:
            score += values[i] * count * (SATURATION + 1) / (count + saturation)
            if i in file.defines:
                score += values[i] * DEFINITION_SHARE
    return score


def _by_path(path: str, values: Sequence[float], names: Sequence[_Name]) -> float:
    folder, _, name = path.rpartition("/")
    folders, stem = words(folder), words(name.rpartition(".")[0] or name)
    return sum(value * one.share(path, folders, stem) for value, one in zip(values, names, strict=True))


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0
