"""What part a source file plays, judged by its path: the program itself, or what stands beside it.

In:  a path relative to the repository, with forward slashes.
Out: one of `ROLES`. Only "main" files are ranked; a summary counts the others.
Not here: what a file's text says about itself (`tags.py` sees "generated" headers and minified lines).
"""

from __future__ import annotations

import re
from functools import lru_cache

MAIN, TEST, VENDORED, GENERATED, EXAMPLE = "main", "test", "vendored", "generated", "example"
ROLES = (MAIN, TEST, EXAMPLE, VENDORED, GENERATED)

# Folder names, compared without case as whole path segments: "latest" is no test, "builders" no build output.
FOLDERS = {
    VENDORED: (
        "vendor|vendors|_vendor|vendored|node_modules|bower_components|jspm_packages|third[_-]?party|3rdparty|extern"
        "|externals|godeps|pods|carthage|site-packages|\\.yarn|\\.venv|venv"
    ),
    GENERATED: "dist|generated|__generated__|autogen|migrations|locales?|__snapshots__|\\.next|\\.nuxt",
    TEST: (
        "tests?|testing|testdata|test[_-].+|.+[_-]tests?|__tests__|__mocks__|mocks|specs?|e2e|fixtures?|testsuites?"
        "|bench|benches|benchmarks?|fuzz|cypress|playwright"
    ),
    EXAMPLE: "_?examples?|samples?|demos?|docs|documentation|tutorials?|website|playgrounds?|templates",
}
FILES = {
    GENERATED: (
        r".+\.min\.(js|css)|.+\.bundle\.js|.+\.pb\.(go|cc|h)|.+_pb2(_grpc)?\.pyi?|.+\.pb\.gw\.go|zz_generated.*|generated.*"
        r"|.+[._]generated\..+|.+\.gen\..+|.+_gen\.go|.+_string\.go|.+\.d\.[cm]?ts|.+\.g\.(dart|cs)|.+\.designer\.cs"
        r"|.+_autogen\..+"
    ),
    TEST: (
        r"test_.+\.py|.+_tests?\.(py|go|rb|cc|cpp|c|rs|dart|exs)|tests?\.(py|rs|js|ts|go|c|cc|cpp|rb)|conftest\.py"
        r"|.+[.-](test|spec|bench|stories|e2e)\.[cm]?[jt]sx?|.+_spec\.rb|(?-i:.+Tests?\.(java|kt|scala|cs|php|swift|groovy)"
        r"|.+TestCase\.(java|kt|php|cs)|.+Spec\.(scala|groovy|kt)|.+IT\.java)"
    ),
}
TOP_ONLY = (
    (VENDORED, re.compile(r"(?:deps|external)/")),
    (GENERATED, re.compile(r"(?:build|out|target)/")),
    (EXAMPLE, re.compile(r"doc/")),
)
"""Bundled or built things at a repository's top; deeper these are ordinary names (`pip/_internal/operations/build`)."""

_FOLDERS = tuple((role, re.compile(rf"(?:^|/)(?:{names})/", re.IGNORECASE)) for role, names in FOLDERS.items())
_FILES = tuple((role, re.compile(names, re.IGNORECASE)) for role, names in FILES.items())


def role_of(path: str) -> str:
    """The part that a path's folders give it, else its name. A vendored package's tests are vendored."""
    folder, slash, name = path.rpartition("/")
    role = _role_of_folder(folder + slash)
    return role if role != MAIN else _role_of_name(name)


@lru_cache(maxsize=65_536)
def _role_of_folder(folder: str) -> str:
    for role, pattern in _FOLDERS:
        if pattern.search(folder):
            return role
    return next((role for role, pattern in TOP_ONLY if pattern.match(folder)), MAIN)


def _role_of_name(name: str) -> str:
    for role, pattern in _FILES:
        if pattern.fullmatch(name):
            return role
    return MAIN
