"""Which existing paths a wrong path was probably meant to be.

In:  the path asked for, and the files that a listing knows.
Out: up to three paths, best first; folders end in a slash.
Not here: near symbol names (`outline`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice

LIMIT = 3
SIMILAR = 0.7
"""Least likeness of two names, from 0 to 1: `readme.txt` is still like `README.md`, by its letters."""

SIMILAR_SEARCHES = 8
"""A search among 60,000 names takes 0.2 s. So many are made per listing; files of the same name are found always."""


class Nearest:
    """Paths by their last part. Made once per listing, and only when a path is missing.

    `permits` says which of the paths may be known; the others leave no trace, as if they were not in the listing.
    """

    def __init__(self, paths: Sequence[str], permits: Callable[[str], bool] | None = None) -> None:
        self._paths = paths if permits is None else tuple(filter(permits, paths))
        self._searches_left = SIMILAR_SEARCHES

    def to(self, asked: str) -> tuple[str, ...]:
        """Files and folders of the same name first, then similar names, then the nearest folder above that exists.

        Among equals the one that shares most folders, then the alphabet.
        """
        return tuple(islice(self._candidates(asked.rstrip("/")), LIMIT)) or self._folder_above(asked)

    def _candidates(self, asked: str) -> Iterator[str]:
        name = _name(asked)
        same = [path for path in self._by_name.get(name, ()) if path != asked]
        yield from _likest(asked, same)
        if not same and self._searches_left:
            self._searches_left -= 1
            for near in difflib.get_close_matches(name, self._by_name, n=LIMIT, cutoff=SIMILAR):
                if near != name:
                    yield from _likest(asked, self._by_name[near])

    def _folder_above(self, asked: str) -> tuple[str, ...]:
        parts = asked.strip("/").split("/")
        above = ("/".join(parts[:length]) + "/" for length in range(len(parts) - 1, 0, -1))
        return tuple(folder for folder in above if folder in self._folders)[:1]

    @cached_property
    def _folders(self) -> frozenset[str]:
        """All folders above a file, each with a slash at its end."""
        folders: set[str] = set()
        for path in self._paths:
            end = path.rfind("/")
            while end > 0 and path[: end + 1] not in folders:
                folders.add(path[: end + 1])
                end = path.rfind("/", 0, end)
        return frozenset(folders)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for path in (*self._paths, *sorted(self._folders)):
            by_name.setdefault(_name(path), []).append(path)
        return by_name


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].casefold()


def _likest(asked: str, paths: list[str]) -> list[str]:
    """The paths that share most parts with the one asked; there may be thousands of `__init__.py`."""
    parts = set(asked.split("/"))
    return sorted(paths, key=lambda path: (-len(parts.intersection(path.split("/"))), path))
