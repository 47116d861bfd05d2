"""What continuous integration runs: commands that are known to work.

In:  a workflow file of GitHub, GitLab, CircleCI, Travis or Azure.
Out: its test, build and lint commands, as they stand there.
Not here: YAML. Commands are found by the keys that hold them, so a library of some megabytes is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .model import BUILD, LINT, TEST, Fact, Manifest, Parser

COMMAND_KEY = re.compile(r"^[ \t]*(?:-[ \t]+)?(?:run|script|command|bash|before_script)[ \t]*:[ \t]*(?P<rest>.*)$")
BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?")
LIST_ENTRY = re.compile(r"^[ \t]*-[ \t]+(?P<command>[^-\s].*)$")

# Verbose regexes, compiled by `re` when they are first used: most calls never get here.
COMMANDS = {
    TEST: r"""(?:^|[\s/])(?:
        (?: pytest | tox | nox | ctest | phpunit | rspec | jest | vitest | mocha | gotestsum | unittest )
      | (?: tests? | run_?tests? ) \.(?:sh|py)
      | (?: go | cargo | mix | dotnet | swift | deno | bun | sbt | npm | yarn | pnpm | make | just | task | hatch
          | composer | rake | zig | bazel ) (?:\ run)? \ (?: tests? | nextest\ run | spec )
      | (?: gradlew? | mvnw? ) \ (?:\S+\ )* (?: test | check | verify )
      | manage\.py\ test
    )(?:\s|:|$)""",
    LINT: r"""(?:^|\s)(?:
        ruff | mypy | pyright | flake8 | pre-commit | eslint | golangci-lint | cargo\ (?:clippy|fmt) | go\ vet
      | (?: npm | yarn | pnpm | make | just ) (?:\ run)? \ (?: lint | typecheck | format )
    )(?:\s|$)""",
    BUILD: r"""(?:^|\s)(?:
        (?: cargo | go | dotnet | swift | npm | yarn | pnpm | make | just | bazel | zig | hatch ) (?:\ run)? \ build
      | cmake\ --build | pip\ install\ -e | python\ -m\ build | uv\ (?:build|sync) | npm\ ci
      | (?: gradlew? | mvnw? ) \ (?:\S+\ )* (?: build | package | install )
    )(?:\s|$)""",
}
ODD = re.compile(r"\$\{\{|^(?:if|for|while|then|fi|done|echo|else)\b|^#|[{}]$|\\$|^\w+=\S*$|<<")
"""Templates, shell control flow and lines that go on: not to be typed as they stand."""


def workflow(manifest: Manifest) -> Iterator[Fact]:
    for command in _commands(manifest.text):
        if not ODD.search(command):
            kind = next((kind for kind, words in COMMANDS.items() if re.search(words, command, re.VERBOSE)), None)
            if kind is not None:
                yield from manifest.fact(kind, command)


def _commands(text: str) -> Iterator[str]:
    """Values of the keys that hold commands: on the line itself, in a block below it, or in a list below it."""
    holder: tuple[int, bool] | None = None  # how far the key is indented, and whether a list follows it
    for row in text.splitlines():
        indent = len(row) - len(row.lstrip())
        key, entry = COMMAND_KEY.match(row), LIST_ENTRY.match(row)
        if key:
            rest = key["rest"].strip()
            holder = (indent, not rest) if not rest or BLOCK.fullmatch(rest) else None
            if rest and holder is None:
                yield _unquoted(rest)
        elif holder is not None and row.strip():
            outer, is_list = holder
            if is_list and entry and indent >= outer:
                yield _unquoted(entry["command"].strip())
            elif not is_list and indent > outer:
                yield row.strip()
            else:
                holder = None


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


PARSERS: Mapping[str, Parser] = {
    ".github/workflows/*.yml": workflow,
    ".github/workflows/*.yaml": workflow,
    ".circleci/config.yml": workflow,
    ".gitlab-ci.yml": workflow,
    ".travis.yml": workflow,
    "azure-pipelines.yml": workflow,
}
