"""Which existing paths a wrong path was probably meant to be.

In:  the path asked for and the listing.
Out: up to three paths, best first.
Not here: near symbol names (`outline.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

LIMIT = 3


def nearest_paths(asked: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Files of the same name first, then similar names; among equals the most similar folder, then the alphabet."""
    name = asked.rstrip("/").rpartition("/")[2].lower()
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition("/")[2].lower(), []).append(path)
    names = difflib.get_close_matches(name, sorted(by_name), n=LIMIT, cutoff=0.75)
    found: list[str] = []
    for near in names:
        found += sorted(by_name[near], key=lambda path: (-_likeness(asked, path), path))[: LIMIT - len(found)]
    return tuple(found)


def _likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
