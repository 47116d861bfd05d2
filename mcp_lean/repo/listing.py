"""Which files a folder has, as git sees it: tracked ones, and new ones that no ignore rule covers.

In:  a folder; git where it is a repository, rg elsewhere, a walk of our own (`walk.py`) where neither is installed.
Out: `Listing`: sorted relative paths, the engine, and a note when the list may differ from git's.
     `glob_paths` (from `globs.py`): those of them that the user's patterns mean.
Not here: what may be read (`Workspace.permits`), contents (`search.py`, `text.py`).

A path in the list need not be there any more: git lists tracked files that were deleted on disk, and asking the file
system about each would double the time. Whoever opens a file drops it then. Symlinks are listed in a repository only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mcp_lean.errors import EngineMissing
from mcp_lean.repo import ripgrep
from mcp_lean.repo.globs import glob_paths
from mcp_lean.repo.programs import GIT, Done, quiet, run, run_together
from mcp_lean.repo.walk import walk

__all__ = ["Listing", "glob_paths", "list_files", "tracked_but_ignored"]

LIST = (*GIT, "ls-files", "-z")

GITLINK = b"160000"
"""Mode of an index entry that is another repository: a submodule, or a nested repository that was added."""


WALKED = "listed without git and rg: slow, and ignored files that are tracked all the same are missing"


@dataclass(frozen=True, slots=True)
class Listing:
    """Files below a folder.

    paths: relative to it, with forward slashes, sorted; bytes that are no UTF-8 as surrogates (see `os.fsencode`).
    engine: "git", "rg" or "python".
    note: "" or one line on how the list may differ from what git would say.
    """

    paths: tuple[str, ...]
    engine: str
    note: str = ""


def list_files(root: str, *, check: Callable[[], None] = quiet) -> Listing:
    """The files of a folder. In a repository what `git ls-files -co --exclude-standard` says, nested ones included.

    A folder that the repository around it ignores is listed by its own ignore files: somebody works in it.

    Args:
        check: called often; what it raises ends the listing.
    Raises:
        EngineMissing: the folder cannot be entered, or an engine broke down half-way.
    """
    repository = ripgrep.repository_above(root)
    listing = _by_git(root, check) if repository and not ripgrep.ignored_as_a_whole(root, check) else None
    return listing or _by_rg(root, repository is not None, check) or _by_walking(root, check)


def _by_git(root: str, check: Callable[[], None]) -> Listing | None:
    """None when git is missing or refuses the folder (somebody else's, broken, work tree somewhere else)."""
    names: set[bytes] = set()
    complaints: list[str] = []
    waiting = [b""]
    try:
        while waiting:
            prefix = waiting.pop()
            folder = os.path.join(os.fsencode(root), b"", prefix)
            found = _one_repository(folder, complaints, check)
            if found is None:
                if not prefix:
                    return None
                complaints.append(f"{os.fsdecode(prefix)}: not readable as a repository, left out")
                continue
            files, nested = found
            names.update(prefix + name for name in files)
            waiting += [prefix + name + b"/" for name in nested if os.path.lexists(folder + name + b"/.git")]
    except EngineMissing:
        return None
    return Listing(_decoded(names), "git", _note(complaints))


def _one_repository(
    folder: bytes, complaints: list[str], check: Callable[[], None]
) -> tuple[set[bytes], list[bytes]] | None:
    """Files of one repository below `folder`, and the folders in it that are repositories of their own.

    None where git does not take the folder for part of a work tree around it.
    """
    # Two listings: only the index knows modes, and a joint output would let a hostile name pass for an index entry.
    # All three side by side: git takes most of a listing's time, and waits for the disk in it.
    indexed, others, top = run_together(
        ((*LIST, "-s"), (*LIST, "-o", "--exclude-standard"), (*GIT, "rev-parse", "--show-toplevel")),
        cwd=os.fsdecode(folder),
        check=check,
    )
    if not _is_work_tree(folder, top):
        return None
    files: set[bytes] = set()
    nested: set[bytes] = set()
    for entry in _names(indexed, complaints):
        # "mode hash stage\tname"; a path in conflict comes once per stage, which the set undoes.
        head, name = entry.split(b"\t", 1)
        (nested if head.startswith(GITLINK) else files).add(name)
    for name in _names(others, complaints):
        (nested if name.endswith(b"/") else files).add(name.rstrip(b"/"))
    return files, sorted(nested, reverse=True)


def _is_work_tree(folder: bytes, asked: Done) -> bool:
    """Whether git takes the folder for part of a work tree around it. `core.worktree` can name one somewhere else."""
    if asked.code:
        return False
    top, real = asked.output.removesuffix(b"\n"), os.path.realpath(folder)
    return real == top or real.startswith(top.rstrip(b"/") + b"/")


def _names(done: Done, complaints: list[str]) -> list[bytes]:
    if done.code:
        raise EngineMissing(f"git ls-files failed: {done.complaints}")
    complaints += done.complaints.splitlines()
    return done.output.split(b"\0")[:-1]


_ignored_by_state: dict[str, tuple[object, tuple[str, ...]]] = {}


def tracked_but_ignored(root: str) -> tuple[str, ...]:
    """Files of the repository around `root`, below it, that git tracks although an ignore rule covers them.

    A search by rg's walk alone would miss them. Finding them takes git a quarter of the time of a search, so the answer
    is kept until the index or the top ignore file changes. () outside a repository, and for submodules' files.
    """
    repository = ripgrep.repository_above(root)
    if repository is None or ripgrep.ignored_as_a_whole(root):
        return ()
    state = tuple(map(_state, (_index_file(repository), os.path.join(repository, ".gitignore"))))
    known = _ignored_by_state.get(root)
    if known is None or known[0] != state:
        try:
            done = run((*LIST, "-c", "-i", "--exclude-standard"), cwd=root)
        except EngineMissing:
            return ()
        known = state, _decoded(set(done.output.split(b"\0")[:-1]) if done.code == 0 else ())
        _ignored_by_state[root] = known
    return known[1]


def _index_file(repository: str) -> str:
    """Where the index is; in a worktree or a submodule `.git` is a file that names the folder."""
    pointer = os.path.join(repository, ".git")
    try:
        with open(pointer, encoding="utf-8", errors="surrogateescape") as stream:
            pointer = os.path.join(repository, stream.read(4_096).removeprefix("gitdir: ").rstrip("\n"))
    except OSError:
        pass  # a folder, as usual
    return os.path.join(pointer, "index")


def _state(file: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _by_rg(root: str, in_repository: bool, check: Callable[[], None]) -> Listing | None:
    rg = ripgrep.program()
    if rg is None:
        return None
    done = run((rg, "--files", "-0", *ripgrep.walk_flags(root, check)), cwd=root, check=check)
    # 1: no files at all. 2: some folders could not be read; the rest is good.
    if done.code not in (0, 1, 2):
        raise EngineMissing(f"rg --files failed with status {done.code}: {done.complaints}")
    complaints = done.complaints.splitlines() if done.code == 2 else []
    if in_repository:
        complaints.insert(0, "not listed by git: ignored files that are tracked all the same are missing, and symlinks")
    return Listing(_decoded(set(done.output.split(b"\0")[:-1])), "rg", _note(complaints))


def _by_walking(root: str, check: Callable[[], None]) -> Listing:
    paths, complaints = walk(root, check)
    return Listing(paths, "python", _note([WALKED, *complaints]))


def _decoded(names: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(os.fsdecode(name) for name in names))


def _note(complaints: Sequence[str]) -> str:
    if not complaints:
        return ""
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return complaints[0][:200] + more
