"""How a project is built, tested and started, from the files that say so.

In:  the repository's paths, and a function that reads one of them.
Out: `project_facts`: entry points and short exact commands, each with its file, best first.
Not here: running anything, or guessing where no file says it.

One module per family of tools. To add a tool: a parser there, a row in its PARSERS (a regex for the file's name, or
for its whole path), a case in tests/repo/test_project_facts.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache

from mcp_lean.repo.roles import MAIN, TEST, role_of

from .model import ENTRY, KINDS, Fact, Manifest, Parser

__all__ = ["Fact", "is_manifest", "project_facts"]

MAX_MANIFESTS = 60
MAX_DEPTH = 3
"""Folders above a manifest. Deeper ones belong to a part, and are found when `paths` names that part."""

TEST_RUNNER = re.compile(r"run_?tests\.py")
"""The one manifest that stands among the tests."""

MAX_BYTES = 256 << 10
"""A longer manifest is generated; lock files are never read."""


@cache
def _parsers() -> tuple[tuple[re.Pattern[str], Parser], ...]:
    from . import ci, compiled, javascript, python, tasks

    tables = (python.PARSERS, javascript.PARSERS, compiled.PARSERS, tasks.PARSERS, ci.PARSERS)
    return tuple((re.compile(pattern), parser) for table in tables for pattern, parser in table.items())


@cache
def _any_name() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _parsers()))


def is_manifest(path: str) -> bool:
    """Whether a file says how the project is worked on, judged by its path."""
    name = path.rpartition("/")[2]
    if not (_any_name().fullmatch(name) or _any_name().fullmatch(path)):
        return False
    return role_of(path) == MAIN or bool(TEST_RUNNER.fullmatch(name))


def project_facts(
    paths: Sequence[str], read: Callable[[str], bytes | None], part: Callable[[str], bool] = lambda path: False
) -> tuple[Fact, ...]:
    """Entry points and commands, ordered by kind, then from the top of the repository downwards, CI last.

    Args:
        paths: all files, relative to the repository, with forward slashes.
        read: content of one of them, None where it cannot be read or is longer than `MAX_BYTES`.
        part: whether a file belongs to the part that is asked about; its manifests count however deep they stand.
    """
    chosen = sorted(
        (path for path in paths if is_manifest(path) and (path.count("/") <= MAX_DEPTH or part(path))),
        key=lambda path: (_is_ci(path), not part(path), path.count("/"), path),
    )[:MAX_MANIFESTS]
    beside = _files_by_folder(paths, {path[: path.rfind("/") + 1] for path in chosen})
    found: dict[tuple[str, str], Fact] = {}
    for path in chosen:
        source = read(path)
        if source is None:
            continue
        folder = path[: path.rfind("/") + 1]
        manifest = Manifest(path, source.decode("utf-8", "replace"), frozenset(beside[folder]))
        for fact in _facts_of(manifest, _has_parent(path, chosen)):
            found.setdefault((fact.kind, fact.text), fact)
    return tuple(sorted(found.values(), key=lambda fact: KINDS.index(fact.kind)))


def _facts_of(manifest: Manifest, in_larger: bool) -> Iterable[Fact]:
    """A part of a larger project with the same tool is built and tested from there; only its entry points are its own."""
    for pattern, parser in _parsers():
        if pattern.fullmatch(manifest.path.rpartition("/")[2]) or pattern.fullmatch(manifest.path):
            try:
                facts = list(parser(manifest))
            except (ValueError, RecursionError):  # not what its name promises, or hostile; the others still speak
                facts = []
            yield from (fact for fact in facts if fact.kind == ENTRY or not in_larger)


def _has_parent(path: str, chosen: Collection[str]) -> bool:
    *folders, name = path.split("/")
    return any("/".join([*folders[:depth], name]) in chosen for depth in range(len(folders)))


def _files_by_folder(paths: Iterable[str], folders: Collection[str]) -> dict[str, set[str]]:
    """Names of the files that stand in these folders."""
    found: dict[str, set[str]] = {folder: set() for folder in folders}
    for path in paths:
        cut = path.rfind("/") + 1
        if path[:cut] in found:
            found[path[:cut]].add(path[cut:])
    return found


def _is_ci(path: str) -> bool:
    return path.startswith((".github/", ".gitlab-ci", ".circleci/", ".travis", "azure-pipelines"))
