"""The part of a folder that a search is about.

In:  files and folders that exist, globs, and patterns that take paths out again.
Out: `Scope.select(paths)`: those that belong to it.
Not here: turning a model's `paths` into a scope (`tools`), the deny rules (`workspace.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.repo.listing import glob_paths


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

    def select(self, paths: Sequence[str]) -> set[str]:
        """Those of the paths (relative to the root) that belong."""
        chosen = set(paths)
        if self.below or self.globs:
            folders = tuple(f"{path}/" for path in self.below)
            chosen = {path for path in paths if path in self.below or path.startswith(folders)}
            chosen.update(glob_paths(paths, self.globs))
        return chosen.difference(glob_paths(paths, self.without))
