"""Which of the files with hits are worth showing first.

In:  the hits of a search.
Out: `Ranked` files, the best first.
Not here: searching (`search.py`), which part of a file is shown (`regions.py`).

BM25 over the patterns: a rare one weighs more than a common one, the tenth hit less than the second, and a hit in a long
file less than in a short one. On top: the file defines what is looked for, or is named like it. Tests and examples come
after the program itself, vendored and generated files last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from mcp_lean.repo import roles
from mcp_lean.repo.languages import language_of
from mcp_lean.repo.search import FileHits, Found

SATURATION, LENGTH_SHARE = 1.2, 0.5
"""BM25's constants; length counts less than usual (0.75), as only the part around the hits is shown."""

DEFINITION_SHARE = 1.0
"""Added per pattern whose name the file defines, as a share of the pattern's weight."""

NAME_SHARE = 0.7
"""Added per pattern that stands in the file's name (a third of it: in a folder's name)."""

MENTION_SHARE = 3.0
"""Added when a pattern is the file's path, or the end of it."""

ROLE_SHARES = {roles.MAIN: 1.0, roles.TEST: 0.4, roles.EXAMPLE: 0.4, roles.VENDORED: 0.05, roles.GENERATED: 0.05}
PROSE_SHARE = 0.5
"""Documentation and data, as against source code."""

LAST = (roles.VENDORED, roles.GENERATED)
MEASURED_FILES = 400
"""Only the best by hits alone are asked for their size: asking tens of thousands takes longer than searching them."""

WORDS = re.compile(r"[a-z0-9]+")
PATH_END = re.compile(r"[\w./+-]*\w\.\w{1,8}")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file with hits and what it is worth; only the order and the ratio of scores mean something."""

    hits: FileHits
    score: float
    role: str


def weights(found: Found) -> tuple[float, ...]:
    """What each pattern is worth: much if it hits few of the files, little if it hits most."""
    total = max(found.searched_files or 0, len(found.files))
    seen = [sum(1 for file in found.files if file.counts[i]) for i in range(len(found.patterns))]
    return tuple(log(1 + (total - files + 0.5) / (files + 0.5)) for files in seen)


def rank(found: Found, root: str) -> list[Ranked]:
    """All files with hits, the best first; equals by path.

    Args:
        root: the folder that the paths are relative to, for asking sizes.
    """
    values = weights(found)
    names = [_Name.of(pattern.asked) for pattern in found.patterns]
    rough = sorted(
        (Ranked(file, _score(file, values, names, 1.0), roles.role_of(file.path)) for file in found.files), key=_order
    )
    head = rough[:MEASURED_FILES]
    sizes = [_size(os.path.join(root, one.hits.path)) for one in head]
    typical = sorted(sizes)[len(sizes) // 2] if sizes else 1
    measured = (
        Ranked(one.hits, _score(one.hits, values, names, size / max(1, typical)), one.role)
        for one, size in zip(head, sizes, strict=True)
    )
    return sorted(measured, key=_order) + rough[MEASURED_FILES:]


def _order(one: Ranked) -> tuple[bool, float, str]:
    return one.role in LAST, -one.score, one.hits.path


@dataclass(frozen=True, slots=True)
class _Name:
    """A pattern as it may stand in a path."""

    words: frozenset[str]
    path: str

    @classmethod
    def of(cls, asked: str) -> _Name:
        plain = asked.replace("\\\\", "/").replace("\\", "")
        return cls(frozenset([plain.lower()]), plain if PATH_END.fullmatch(plain) else "")


def _score(file: FileHits, values: Sequence[float], names: Sequence[_Name], length: float) -> float:
    score = 0.0
    path = file.path
    *folders, name = path.lower().split("/")
    stem = name.partition(".")[0]
    for i, count in enumerate(file.counts):
        if not count:
            continue
        score += values[i] * count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length))
        if i in file.defines:
            score += values[i] * DEFINITION_SHARE
    for i, one in enumerate(names):
        if one.path and (path == one.path or path.endswith("/" + one.path) or one.path.endswith("/" + path)):
            score += values[i] * MENTION_SHARE
        elif stem in one.words:
            score += values[i] * NAME_SHARE
        elif not one.words.isdisjoint(folders):
            score += values[i] * NAME_SHARE / 3
    language = language_of(path)
    is_code = language is not None and language not in PROSE
    return score * ROLE_SHARES[roles.role_of(path)] * (1.0 if is_code else PROSE_SHARE)


PROSE = frozenset(
    {"markdown", "rst", "toml", "ini", "yaml", "json", "html", "css", "xml", "text", "csv", "po", "diff", "svg"}
)


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0
