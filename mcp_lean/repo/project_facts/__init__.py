"""How a project is built, tested and started, from the files that say so.

In:  the repository's paths, and a function that reads one of them.
Out: `project_facts`: entry points and short exact commands, each with its file, best first.
Not here: running anything, or guessing where no file says it.

One module per family of tools. To add a tool: a parser there, a row in its PARSERS (a regex for the file's name, or
for its whole path), a case in tests/repo/test_project_facts.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, lru_cache

from mcp_lean.repo.roles import MAIN, role_of

from .model import ENTRY, KINDS, Fact, Manifest, Parser

__all__ = ["Fact", "is_manifest", "project_facts"]

MAX_MANIFESTS = 60
MAX_DEPTH = 3
"""Folders above a manifest. Deeper ones belong to a part, and are found when that part is asked about."""

TEST_RUNNER = re.compile(r"run_?tests\.py")
"""The one manifest that stands among the tests."""

MAX_BYTES = 256 << 10
"""A longer manifest is generated; lock files are never read."""

ENOUGH, MAX_FROM_CI = 2, 2
"""What CI runs is added where the project's own files say fewer than `ENOUGH` things of a kind: the commands are
exact, but made for a fresh machine."""


def is_manifest(path: str) -> bool:
    """Whether a file says how the project is worked on, judged by its path."""
    if not (_is_manifest_name(path[path.rfind("/") + 1 :]) or (path.startswith(PLACES) and _parsers_for(path))):
        return False
    return role_of(path) == MAIN or bool(TEST_RUNNER.fullmatch(path[path.rfind("/") + 1 :]))


def project_facts(
    paths: Sequence[str], read: Callable[[str], bytes | None], is_asked: Callable[[str], bool] = lambda path: False
) -> tuple[Fact, ...]:
    """Entry points and commands, ordered by kind; of a kind, the top of the repository first, CI last.

    Args:
        paths: all files, relative to the repository, with forward slashes.
        read: content of one of them, None where it cannot be read or is longer than `MAX_BYTES`.
        is_asked: whether a file belongs to the part that is asked about; its manifests count however deep they stand.
    """
    manifests = [path for path in paths if is_manifest(path) and (path.count("/") <= MAX_DEPTH or is_asked(path))]
    manifests.sort(key=lambda path: (_is_ci(path), not is_asked(path), path.count("/"), _family(path), path))
    chosen = dict.fromkeys(manifests[:MAX_MANIFESTS])
    beside = _files_by_folder(paths, {_folder(path) for path in chosen})
    found: dict[tuple[str, str], Fact] = {}
    for path in chosen:
        source = read(path)
        if source is not None:
            manifest = Manifest(path, source.decode("utf-8", "replace"), frozenset(beside[_folder(path)]))
            for fact in _facts_of(manifest, in_larger=_has_parent(path, chosen)):
                found.setdefault((fact.kind, fact.text), fact)
    return tuple(sorted(_with_some_ci(found.values()), key=lambda fact: KINDS.index(fact.kind)))


def _facts_of(manifest: Manifest, in_larger: bool) -> Iterable[Fact]:
    """A part of a larger project with the same tool is built and tested from there; its entry points are its own."""
    for _, _, parser in _parsers_for(manifest.path):
        try:
            facts = list(parser(manifest))
        except (ValueError, RecursionError):  # not what its name promises, or hostile; the others still speak
            facts = []
        yield from (fact for fact in facts if fact.kind == ENTRY or not in_larger)


def _with_some_ci(facts: Iterable[Fact]) -> Iterable[Fact]:
    own: Counter[str] = Counter()
    from_ci: Counter[str] = Counter()
    for fact in facts:
        if not _is_ci(fact.source):
            own[fact.kind] += 1
        elif own[fact.kind] >= ENOUGH or from_ci[fact.kind] == MAX_FROM_CI:
            continue
        else:
            from_ci[fact.kind] += 1
        yield fact


@cache
def _parsers() -> tuple[tuple[int, re.Pattern[str], Parser], ...]:
    """(family, pattern, parser); the family orders what stands in the same folder."""
    from . import ci, compiled, javascript, python, tasks

    tables = (python.PARSERS, compiled.PARSERS, javascript.PARSERS, tasks.PARSERS, ci.PARSERS)
    return tuple(
        (family, re.compile(pattern), parser)
        for family, table in enumerate(tables)
        for pattern, parser in table.items()
    )


PLACES = (".github/workflows/", ".circleci/", "cmd/")
"""Folders in which the whole path tells."""


@cache
def _names() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern, _ in _parsers()))


@lru_cache(maxsize=65_536)
def _is_manifest_name(name: str) -> bool:
    return _names().fullmatch(name) is not None


@lru_cache(maxsize=4_096)
def _parsers_for(path: str) -> tuple[tuple[int, re.Pattern[str], Parser], ...]:
    name = path[path.rfind("/") + 1 :]
    return tuple(row for row in _parsers() if row[1].fullmatch(name) or row[1].fullmatch(path))


def _family(path: str) -> int:
    return _parsers_for(path)[0][0]


def _is_ci(path: str) -> bool:
    return path.startswith((".github/", ".gitlab-ci", ".circleci/", ".travis", "azure-pipelines"))


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _has_parent(path: str, chosen: Collection[str]) -> bool:
    *folders, name = path.split("/")
    return any("/".join([*folders[:depth], name]) in chosen for depth in range(len(folders)))


def _files_by_folder(paths: Iterable[str], folders: Collection[str]) -> dict[str, set[str]]:
    """Names of the files that stand in these folders."""
    found: dict[str, set[str]] = {folder: set() for folder in folders}
    for path in paths:
        names = found.get(_folder(path))
        if names is not None:
            names.add(path[path.rfind("/") + 1 :])
    return found
