"""Searching what a model may see, and what to say when nothing is found there.

In:  scopes and patterns.
Out: `search_all`: the hits of all scopes as one, without files that a deny rule covers; `no_hits`: what to try instead.
Not here: the search itself (`repo/search.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mcp_lean.errors import AskError
from mcp_lean.repo.listing import list_files
from mcp_lean.repo.patterns import Pattern, parse, shown
from mcp_lean.repo.scope import Scope
from mcp_lean.repo.search import Found, files_with, search
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools.base import Context
from mcp_lean.tools.grep_answer import first_few, shown_path

EXAMPLES = 5


def search_all(where: Sequence[Scope], patterns: Sequence[Pattern], ctx: Context) -> Found:
    """One search per scope, as one. Paths as the model names them.

    Raises:
        AskError: as `search` does.
    """
    parts = [search(scope, patterns, check=ctx.check) for scope in where]
    files = []
    for scope, part in zip(where, parts, strict=True):
        by_path = {file.path: file for file in part.files}
        names = _named(scope, by_path, ctx.workspace)
        files += [replace(by_path[path], path=name) for path, name in names.items()]
    return Found(
        parts[0].patterns,
        tuple(sorted(files, key=lambda file: file.path)),
        sum(part.searched_files for part in parts),
        min(part.most_lines for part in parts),
        any(part.was_cut for part in parts),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def absent(found: Found, where: Sequence[Scope], ctx: Context) -> list[Pattern]:
    """The patterns that hit nothing. None where a long line might hide one, and does hide one."""
    silent = [pattern for i, pattern in enumerate(found.patterns) if not any(file.counts[i] for file in found.files)]
    if silent and found.was_cut and any(_with(scope, silent, ctx) for scope in where):
        return []
    return silent


def no_hits(found: Found, where: Sequence[Scope], ctx: Context) -> list[str]:
    """Lines that say so, and what was found near by: in another case, elsewhere, in a file's name."""
    asked = first_few([shown(pattern.asked) for pattern in found.patterns], EXAMPLES)
    lines = [f"no hits for {asked}"]  # no number of files: it would count those that a deny rule covers
    lines += [f"{shown_path(glob)} names no file that is searched" for glob in _idle_globs(where, ctx)]
    home = Scope(ctx.workspace.roots[0])
    if any(not scope.is_all for scope in where):
        try:
            elsewhere = [file.path for file in search_all([home], found.patterns, ctx).files]
        except AskError:
            elsewhere = []
        lines += _examples("outside these paths", elsewhere)
    in_any_case = [name for scope in where for name in _with(scope, found.patterns, ctx, any_case=True)]
    lines += _examples("in another case, with (?i)", in_any_case)
    lines += _examples("in a file's name", _files_named_like(found.patterns, home, ctx))
    if any("\\|" in pattern.asked for pattern in found.patterns):
        lines.append(r"alternatives are written a|b; a\|b means the character itself")
    if len(lines) == 1:
        lines.append("ignored files and binaries are not searched; an ignored folder is when `paths` names it")
    return lines


def _idle_globs(where: Sequence[Scope], ctx: Context) -> list[str]:
    """Globs, or names that do not exist, under which a search finds no text at all."""
    anything = [parse(".")]
    globs = [(scope.root, glob) for scope in where for glob in scope.globs][:EXAMPLES]
    return [glob for root, glob in globs if not _with(Scope(root, globs=(glob,)), anything, ctx)]


def _with(scope: Scope, patterns: Sequence[Pattern], ctx: Context, *, any_case: bool = False) -> list[str]:
    paths = files_with(scope, patterns, any_case=any_case, check=ctx.check)
    return list(_named(scope, paths, ctx.workspace).values())


def _named(scope: Scope, paths: Iterable[str], workspace: Workspace) -> dict[str, str]:
    """Path in the scope -> path as the model names it, for those that no rule covers."""
    is_home = scope.root == workspace.roots[0]
    seen: Sequence[str] = tuple(paths)
    for root in dict.fromkeys((workspace.root, scope.root) if is_home else (scope.root,)):
        seen = workspace.visible(root, seen)
    return {path: path if is_home else os.path.join(scope.root, path) for path in seen}


def _files_named_like(patterns: Sequence[Pattern], home: Scope, ctx: Context) -> list[str]:
    wanted = [pattern.needle.lower() for pattern in patterns if pattern.needle and len(pattern.needle) > 2]
    if not wanted:
        return []
    listed = (
        path for path in list_files(home.root, check=ctx.check).paths if any(one in path.lower() for one in wanted)
    )
    return list(_named(home, listed, ctx.workspace).values())


def _examples(where: str, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    more = f" and {len(paths) - EXAMPLES:,} more" if len(paths) > EXAMPLES else ""
    return [f"{where}: " + ", ".join(map(shown_path, paths[:EXAMPLES])) + more]
