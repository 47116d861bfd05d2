"""A folder's files without git and rg: slow, but there is always Python.

In:  a folder.
Out: its files that no ignore file covers; symlinks and `.git` are left out, as rg does.
Not here: what git's index knows (tracked files count there, ignored or not), the person's own ignore file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence


def walk(root: str, check: Callable[[], None]) -> tuple[tuple[str, ...], list[str]]:
    """Relative paths, sorted, and a line per folder or ignore file that could not be read."""
    complaints: list[str] = []
    found: list[str] = []
    waiting: list[tuple[str, tuple[_Rules, ...]]] = [("", ())]
    while waiting:
        check()
        folder, rules = waiting.pop()
        try:
            entries = {entry.name: entry for entry in os.scandir(os.path.join(root, folder))}
            if ".git" in entries:
                rules = _Rules.read(root, folder, ".git/info/exclude")
            if ".gitignore" in entries:
                rules += _Rules.read(root, folder, ".gitignore")
        except OSError as error:
            complaints.append(f"{folder or '.'}: {error.strerror}")
            continue
        for name, entry in entries.items():
            path = folder + name
            if name == ".git" or entry.is_symlink():
                continue
            if entry.is_dir():
                if not _ignored(path + "/", rules):
                    waiting.append((path + "/", rules))
            elif entry.is_file() and not _ignored(path, rules):
                found.append(path)
    return tuple(sorted(found)), complaints


class _Rules:
    """One ignore file."""

    def __init__(self, folder: str, lines: Sequence[str]) -> None:
        from pathspec import GitIgnoreSpec

        self._folder = folder
        self._spec = GitIgnoreSpec.from_lines(lines, backend="simple")

    @classmethod
    def read(cls, root: str, folder: str, name: str) -> tuple[_Rules, ...]:
        """The rules of one file; none when it is missing, or no plain file (git follows no symlink here either)."""
        file = os.path.join(root, folder, name)
        if os.path.islink(file) or not os.path.isfile(file):
            return ()
        with open(file, encoding="utf-8", errors="surrogateescape") as stream:
            return (cls(folder, stream.read().split("\n")),)

    def verdict(self, path: str) -> bool | None:
        """True: ignored; False: taken in again by a `!` pattern; None: not mentioned."""
        return self._spec.check_file(path[len(self._folder) :]).include


def _ignored(path: str, rules: tuple[_Rules, ...]) -> bool:
    """The ignore file nearest to the path that mentions it decides."""
    for nearer in reversed(rules):
        verdict = nearer.verdict(path)
        if verdict is not None:
            return verdict
    return False
