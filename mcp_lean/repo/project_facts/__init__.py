"""How a project is built, tested and started, from the files that say so.

In:  the repository's paths, and a function that reads one of them.
Out: `project_facts`: entry points and short exact commands, each with its file, best first.
Not here: running anything, or guessing where no file says it.

One module per family of tools. To add a tool: a parser there, a row in its PARSERS under the file's name ("go.mod"),
its extension ("*.sln"), its path (".circleci/config.yml") or its place (".github/workflows/*.yml"), and a case in
tests/repo/test_project_facts.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mcp_lean.repo.roles import MAIN, role_of

from .model import ENTRY, KINDS, Fact, Manifest, Parser

__all__ = ["Fact", "is_manifest", "project_facts"]

MAX_MANIFESTS = 60
MAX_DEPTH = 3
"""Folders above a manifest. Deeper ones belong to a part, and are found when that part is asked about."""

TEST_RUNNERS = frozenset({"runtests.py", "run_tests.py"})
"""The manifests that stand among the tests."""

MAX_BYTES = 256 << 10
"""A longer manifest is generated; lock files are never read."""

ENOUGH, MAX_FROM_CI = 2, 2
"""What CI runs is added where the project's own files say fewer than `ENOUGH` things of a kind: the commands are
exact, but made for a fresh machine."""


def is_manifest(path: str) -> bool:
    """Whether a file says how the project is worked on, judged by its path."""
    if _parser_of(path) is None:
        return False
    return role_of(path) == MAIN or _is_ci(path) or path[path.rfind("/") + 1 :] in TEST_RUNNERS


def project_facts(
    manifests: Sequence[str],
    paths: Sequence[str],
    read: Callable[[str], bytes | None],
    is_asked: Callable[[str], bool] = lambda path: False,
) -> tuple[Fact, ...]:
    """Entry points and commands, ordered by kind; of a kind, the top of the repository first, CI last.

    Args:
        manifests: those of the paths that `is_manifest` takes.
        paths: all files, relative to the repository, with forward slashes.
        read: content of one of them, None where it cannot be read or is longer than `MAX_BYTES`.
        is_asked: whether a file belongs to the part that is asked about; its manifests count however deep they stand.
    """
    near = [path for path in manifests if path.count("/") <= MAX_DEPTH or is_asked(path)]
    near.sort(key=lambda path: (_is_ci(path), not is_asked(path), path.count("/"), _family(path), path))
    chosen = dict.fromkeys(near[:MAX_MANIFESTS])
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
    found = _parser_of(manifest.path)
    assert found is not None
    try:
        facts = list(found[1](manifest))
    except (ValueError, RecursionError):  # not what its name promises, or hostile; the others still speak
        return
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


@dataclass(frozen=True, slots=True)
class _Table:
    """Parsers with the family they belong to, which orders what stands in the same folder.

    Whole paths and places are looked at only below their folders: the question is asked of every file there is.
    """

    names: Mapping[str, tuple[int, Parser]]
    extensions: Mapping[str, tuple[int, Parser]]
    paths: Mapping[str, tuple[int, Parser]]
    places: tuple[tuple[str, str, tuple[int, Parser]], ...]
    folders: tuple[str, ...]


@cache
def _table() -> _Table:
    from . import ci, compiled, javascript, python, tasks

    names, extensions, paths = (dict[str, tuple[int, Parser]]() for _ in range(3))
    places = []
    families = (python.PARSERS, compiled.PARSERS, javascript.PARSERS, tasks.PARSERS, ci.PARSERS)
    for family, table in enumerate(families):
        for pattern, parser in table.items():
            before, star, after = pattern.partition("*")
            if star and before:
                places.append((before, after, (family, parser)))
            elif star:
                extensions[after] = (family, parser)
            else:
                (paths if "/" in pattern else names)[pattern] = (family, parser)
    folders = {_folder(path) for path in paths} | {before for before, _, _ in places}
    return _Table(names, extensions, paths, tuple(places), tuple(sorted(folders)))


def _parser_of(path: str) -> tuple[int, Parser] | None:
    """(family, parser)"""
    table = _table()
    name = path[path.rfind("/") + 1 :]
    found = table.names.get(name) or table.extensions.get(name[name.rfind(".") :])
    if found is None and path.startswith(table.folders):
        found = table.paths.get(path)
        for before, after, place in table.places:
            if path.startswith(before) and path.endswith(after):
                return place
    return found


def _family(path: str) -> int:
    found = _parser_of(path)
    return found[0] if found else 0


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
