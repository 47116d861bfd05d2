"""What continuous integration runs: the commands that are known to work.

In:  a workflow file of GitHub, GitLab, CircleCI, Travis or Azure.
Out: its test, build and lint commands, as they stand there.
Not here: YAML. Commands are found by the keys that hold them, so a library of some megabytes is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .model import BUILD, LINT, TEST, Fact, Manifest, Parser

COMMAND_KEY = re.compile(
    r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?:run|script|command|bash|before_script|test)[ \t]*:[ \t]*(?P<rest>.*)$"
)
BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?")
LIST_ENTRY = re.compile(r"^[ \t]*-[ \t]+(?P<command>[^-\s].*)$")
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        TEST,
        re.compile(
            r"(?:^|\s|/)(?:pytest|tox|nox|ctest|phpunit|rspec|jest|vitest|mocha|tests?\.sh|run_?tests?(?:\.\w+)?|gotestsum"
            r"|(?:go|cargo|mix|dotnet|swift|deno|bun|sbt|npm|yarn|pnpm|make|just|task|hatch|composer|rake|zig|bazel|ctest)"
            r"(?: run)? (?:\S+ )?(?:test|tests|nextest run|check|spec)|(?:gradlew?|mvnw?) (?:\S+ )*(?:test|check|verify)"
            r"|unittest|manage\.py test)(?:\s|:|$)"
        ),
    ),
    (
        LINT,
        re.compile(
            r"(?:^|\s)(?:ruff|mypy|pyright|flake8|pre-commit|eslint|golangci-lint|cargo (?:clippy|fmt)|go vet"
            r"|(?:npm|yarn|pnpm|make|just)(?: run)? (?:lint|typecheck|format))(?:\s|$)"
        ),
    ),
    (
        BUILD,
        re.compile(
            r"(?:^|\s)(?:(?:cargo|go|dotnet|swift|npm|yarn|pnpm|make|just|bazel|zig|hatch|cmake --)(?: run)? ?build"
            r"|pip install -e|python -m build|uv (?:build|sync)|npm ci|(?:gradlew?|mvnw?) (?:\S+ )*(?:build|package|install))"
            r"(?:\s|$)"
        ),
    ),
)
ODD = re.compile(r"\$\{\{|^(?:if|for|while|then|fi|done|echo|else)\b|^#|[{}]$|\\$|^\w+=\S*$|<<")
"""Templates, shell control flow and lines that go on: not to be typed as they stand."""


def workflow(manifest: Manifest) -> Iterator[Fact]:
    for command in _commands(manifest.text):
        if ODD.search(command):
            continue
        for kind, words in KINDS:
            if words.search(command):
                yield from manifest.fact(kind, command)
                break


def _commands(text: str) -> Iterator[str]:
    """Values of the keys that hold commands: on the line itself, in a block below it, or in a list below it."""
    inside: int | None = None
    for row in text.splitlines():
        indent = len(row) - len(row.lstrip())
        if inside is not None and row.strip() and indent <= inside and not LIST_ENTRY.match(row):
            inside = None
        key = COMMAND_KEY.match(row)
        if key:
            inside = len(key["indent"])
            rest = key["rest"].strip()
            if rest and not BLOCK.fullmatch(rest):
                yield _unquoted(rest)
        elif inside is not None and indent >= inside:
            entry = LIST_ENTRY.match(row)
            yield _unquoted(entry["command"].strip() if entry else row.strip())


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


PARSERS: Mapping[str, Parser] = {
    r"\.github/workflows/[^/]+\.ya?ml": workflow,
    r"\.gitlab-ci\.yml": workflow,
    r"\.circleci/config\.yml": workflow,
    r"\.travis\.yml": workflow,
    r"azure-pipelines\.yml": workflow,
}
