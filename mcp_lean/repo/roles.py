"""What part a source file plays, judged by its path: the program itself, or what stands beside it.

In:  a path relative to the repository, with forward slashes.
Out: one of the roles below. Only `MAIN` files are ranked; a summary counts the others.
Not here: what a file's text says about itself (`tags.py` sees generators' marks and minified lines).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

MAIN, TEST, EXAMPLE, TOOLING, VENDORED, GENERATED = "main", "test", "example", "tooling", "vendored", "generated"

# Folder names as whole path segments, without case: "latest" is no test, "builders" no build output. In this order, so
# that a vendored package's tests are vendored. Names that are also a subject of programs are left out or only taken at
# the top (`TOP`): "vendors" of a shop, "template" engines, the "build" command of a package manager.
FOLDERS = {
    VENDORED: (
        r"_?vendor|vendored|node_modules|bower_components|third[_-]?party|3rdparty|externs?|externals|godeps"
        r"|(?-i:Pods|Carthage)|site-packages|\.yarn|\.?venv"
    ),
    GENERATED: r"dist|generated|__generated__|autogen|migrations|locales?|__snapshots__|\.next|\.nuxt",
    TEST: (
        r"tests?|testing|testdata|test[_-].+|.+[._-]tests?|testutils?|testlib|testsuites?|__tests__|__mocks__|mocks"
        r"|specs?|e2e|fixtures?|bench|benches|benchmarks?|fuzz|cypress|playwright"
    ),
    EXAMPLE: r"_?examples?|samples?|demos?|docs|documentation|tutorials?|playgrounds?",
    TOOLING: r"\..+",
}
TOP = {
    VENDORED: r"deps|external",
    GENERATED: r"build|out|target",
    TEST: r"integration(?:[_-][^/]+)?",
    EXAMPLE: r"doc",
}
FILES = {
    GENERATED: (
        r".+\.min\.(?:js|css)|.+\.bundle\.js|.+\.pb(?:\.gw)?\.(?:go|cc|h)|.+_pb2(?:_grpc)?\.pyi?|zz_generated.*"
        r"|generated.*|.+[._]generated\..+|.+\.gen\..+|.+_gen\.go|.+_string\.go|.+_autogen\..+|.+\.d\.[cm]?ts"
        r"|.+\.g\.(?:dart|cs)|.+\.designer\.cs"
    ),
    TEST: (
        r"test_.+\.py|.+_tests?\.(?:py|go|rb|cc|cpp|c|rs|dart|exs)|tests?\.(?:py|rs|js|ts|go|c|cc|cpp|rb)|conftest\.py"
        r"|.+[.-](?:test|spec|bench|stories|e2e)\.[cm]?[jt]sx?|.+_spec\.rb"
        r"|(?-i:.+Tests?\.(?:java|kt|scala|cs|php|swift|groovy)|.+TestCase\.(?:java|kt|php|cs)"
        r"|.+Spec\.(?:scala|groovy|kt)|.+IT\.java)"
    ),
}


def role_of(path: str) -> str:
    """The role that a file's folders give it, else its name."""
    cut = path.rfind("/") + 1
    role = _role_of_folder(path[:cut])
    return role if role != MAIN else _role_of_name(path[cut:])


@lru_cache(maxsize=65_536)
def _role_of_folder(folder: str) -> str:
    return next((role for role, pattern in _folders() if pattern.match(folder)), MAIN)


def _role_of_name(name: str) -> str:
    return next((role for role, pattern in _files() if pattern.fullmatch(name)), MAIN)


@cache
def _folders() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compiled at the first path: 10 ms that a server's start would wait for."""
    anywhere = ((role, re.compile(rf"(?:.*/)?(?:{names})/", re.IGNORECASE)) for role, names in FOLDERS.items())
    return (*anywhere, *((role, re.compile(rf"(?:{names})/")) for role, names in TOP.items()))


@cache
def _files() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((role, re.compile(names, re.IGNORECASE)) for role, names in FILES.items())
