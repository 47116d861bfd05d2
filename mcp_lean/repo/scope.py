"""The part of a folder that a search is about.

In:  `paths` as a model writes them: files, folders, globs, `!` before what is not wanted.
Out: `Scope`s, one per root; `Scope.select(paths)`: those that belong to it.
Not here: searching (`search.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_lean.errors import AskError, Missing, OutsideWorkspace
from mcp_lean.repo.listing import glob_paths
from mcp_lean.repo.workspace import Workspace, one_line

WILDCARDS = re.compile(r"[*?\[{]")


@dataclass(frozen=True, slots=True)
class Scope:
    """All of a folder, or what the three fields leave of it.

    root: absolute, symlinks resolved.
    below: existing files or folders, relative to the root.
    globs: gitignore patterns, relative to the root. A path belongs if it is below one of `below` or matches a glob.
    without: patterns of what does not belong.
    """

    root: str
    below: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing of the folder is left out."""
        return not (self.below or self.globs or self.without)

    def select(self, paths: Sequence[str]) -> set[str]:
        """Those of the paths (relative to the root) that belong."""
        chosen = set(paths)
        if self.below or self.globs:
            folders = tuple(f"{path}/" for path in self.below)
            chosen = {path for path in paths if path in self.below or path.startswith(folders)}
            chosen.update(glob_paths(paths, self.globs))
        return chosen.difference(glob_paths(paths, self.without))


@dataclass(slots=True)
class _Draft:
    below: list[str] = field(default_factory=list)
    globs: list[str] = field(default_factory=list)


def scopes(workspace: Workspace, paths: Sequence[str]) -> tuple[list[Scope], list[str]]:
    """Where to search, and a line for each path that leads nowhere.

    A name that exists is that file or folder; any other is a glob. No path: the whole project.

    Raises:
        AskError: none of the paths leads anywhere.
    """
    home = workspace.roots[0]
    drafts: dict[str, _Draft] = {}
    without, errors = list[str](), list[AskError]()
    for path in paths:
        try:
            if path.startswith("!"):
                without.append(_unwanted(home, path[1:].removeprefix("./")))
            elif (existing := _existing(workspace, path)) is not None:
                drafts.setdefault(existing[0], _Draft()).below.append(existing[1])
            else:
                root, glob = _glob(workspace, path)
                drafts.setdefault(root, _Draft()).globs.append(glob)
        except AskError as error:
            errors.append(error)
    if errors and not drafts:
        raise errors[0]
    if not drafts:
        drafts[home] = _Draft()
    found = [
        Scope(root, () if "" in draft.below else tuple(draft.below), tuple(draft.globs), tuple(without))
        for root, draft in drafts.items()
    ]
    return found, [str(error) for error in errors]


def _unwanted(home: str, pattern: str) -> str:
    """A name that exists at the top means that one; any other is a pattern."""
    is_name = pattern.strip("/") and not WILDCARDS.search(pattern)
    return f"/{pattern.strip('/')}" if is_name and os.path.lexists(os.path.join(home, pattern)) else pattern


def _existing(workspace: Workspace, path: str) -> tuple[str, str] | None:
    """Root and path below it of something that exists; None for a name that may be a glob."""
    try:
        place = workspace.locate(path)
    except OutsideWorkspace:
        if WILDCARDS.search(path):
            return None
        raise
    if not os.path.exists(place.path):
        return None
    for root in workspace.roots:
        if place.path == root:
            return root, ""
        if place.path.startswith(root.rstrip("/") + "/"):
            return root, os.path.relpath(place.path, root).replace(os.sep, "/")
    return None


def _glob(workspace: Workspace, pattern: str) -> tuple[str, str]:
    if not os.path.isabs(pattern):
        pattern = pattern.removeprefix("./")
        if "/" in pattern.strip("/") and not WILDCARDS.search(pattern):
            raise Missing(f"{one_line(pattern)}: no such file or folder")
        return workspace.roots[0], pattern
    for root in (workspace.root, *workspace.roots):
        prefix = root.rstrip("/") + "/"
        if pattern.startswith(prefix) and WILDCARDS.search(pattern):
            return os.path.realpath(root), pattern[len(prefix) - 1 :]
    raise Missing(f"{one_line(pattern)}: no such file or folder; paths are relative to the project's root, e.g. src")
