"""Task runners of any language: make, just, task, rake, composer, Procfile, Dockerfile, compose.

In:  a manifest.
Out: the tasks that a newcomer runs first, and what a container starts.
Not here: builds of one language (`compiled.py`, `python.py`, `javascript.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from .model import BUILD, RUN, Fact, Manifest, Parser, purpose_of

MAKE_TARGET = re.compile(r"^([A-Za-z0-9][\w./-]*(?:[ \t]+[A-Za-z0-9][\w./-]*)*)[ \t]*::?(?!=)", re.MULTILINE)
JUST_RECIPE = re.compile(r"^@?([A-Za-z_][\w-]*)(?:[ \t]+[^:=\n]*)?:(?!=)", re.MULTILINE)
TASKFILE_TASK = re.compile(r"^  ([A-Za-z_][\w:-]*):[ \t]*$", re.MULTILINE)
RAKE_TASK = re.compile(
    r"^\s*task[ (]+:?['\"]?([\w:]+)|RSpec::Core::RakeTask\.new\(:?(\w+)"
    r"|TestTask\.(?:new|create)(?:\(?:?['\"]?([\w:]+))?",
    re.MULTILINE,
)
FOLDERS = ("script", "scripts")
SCRIPTS = ("bootstrap", "setup", "build", "test", "tests", "check", "lint", "format", "server", "start", "dev")
"""Names of scripts that several large projects agree on."""

PROC = re.compile(r"^([\w-]+):[ \t]*(\S.*)$", re.MULTILINE)
SHELLS = frozenset({"sh", "bash", "zsh", "ash"})
CONTAINER_START = re.compile(r"^(ENTRYPOINT|CMD)[ \t]+(.+)$", re.MULTILINE | re.IGNORECASE)


def makefile(manifest: Manifest) -> Iterator[Fact]:
    folder = f" -C {manifest.folder.rstrip('/')}" if manifest.folder else ""
    names = [name for found in MAKE_TARGET.finditer(manifest.text) for name in found[1].split()]
    if {"all", "default"}.intersection(names):
        yield from manifest.fact(BUILD, f"make{folder}")
    yield from _tasks(manifest, f"make{folder}", (name for name in names if name != "all"))


def justfile(manifest: Manifest) -> Iterator[Fact]:
    yield from _tasks(manifest, "just", (found[1] for found in JUST_RECIPE.finditer(manifest.text)))


def taskfile(manifest: Manifest) -> Iterator[Fact]:
    tasks = manifest.text.partition("\ntasks:")[2]
    yield from _tasks(manifest, "task", (found[1] for found in TASKFILE_TASK.finditer(tasks)))


def rakefile(manifest: Manifest) -> Iterator[Fact]:
    names = (found[1] or found[2] or found[3] or "test" for found in RAKE_TASK.finditer(manifest.text))
    program = "bundle exec rake" if "Gemfile" in manifest.beside else "rake"
    yield from _tasks(manifest, program, names)


def gemfile(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact(BUILD, "bundle install")


def composer_json(manifest: Manifest) -> Iterator[Fact]:
    data = json.loads(manifest.text)
    if isinstance(data, dict):
        yield from manifest.fact(BUILD, "composer install")
        scripts = data.get("scripts")
        yield from _tasks(manifest, "composer", scripts if isinstance(scripts, dict) else {})


def phpunit_xml(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact("test", "./phpunit" if "phpunit" in manifest.beside else "vendor/bin/phpunit")


def procfile(manifest: Manifest) -> Iterator[Fact]:
    for found in PROC.finditer(manifest.text):
        yield from manifest.fact(RUN, f"{found[1]}: {found[2]}")


def dockerfile(manifest: Manifest) -> Iterator[Fact]:
    """What the last stage starts."""
    last = {found[1].upper(): found[2] for found in CONTAINER_START.finditer(manifest.text)}
    words = [word for part in ("ENTRYPOINT", "CMD") if part in last for word in _words(last[part])]
    if words and words[-1].rpartition("/")[2] not in SHELLS:
        yield from manifest.fact(RUN, " ".join(words))


def script(manifest: Manifest) -> Iterator[Fact]:
    """An executable script whose name says what it is for: `script/test`, `scripts/build.sh`, `runtest`."""
    name = manifest.path.rpartition("/")[2].partition(".")[0]
    kind = "test" if name.startswith("run") else purpose_of(name)
    if kind and manifest.text.startswith("#!"):
        yield from manifest.fact(kind, f"./{manifest.path}")


def compose(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact(RUN, "docker compose up")


def _tasks(manifest: Manifest, program: str, names: Iterable[object]) -> Iterator[Fact]:
    for name in dict.fromkeys(names):
        if isinstance(name, str) and (kind := purpose_of(name)):
            yield from manifest.fact(kind, f"{program} {name}")


def _words(command: str) -> list[str]:
    """A container's command in either form: `["python", "-m", "app"]` or `python -m app`."""
    try:
        words = json.loads(command)
    except ValueError:
        return [command]
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else [command]


PARSERS: Mapping[str, Parser] = {
    "Makefile": makefile,
    "makefile": makefile,
    "GNUmakefile": makefile,
    "justfile": justfile,
    "Justfile": justfile,
    ".justfile": justfile,
    "Taskfile.yml": taskfile,
    "Taskfile.yaml": taskfile,
    "Rakefile": rakefile,
    "Gemfile": gemfile,
    "composer.json": composer_json,
    "phpunit.xml": phpunit_xml,
    "phpunit.xml.dist": phpunit_xml,
    "phpunit.dist.xml": phpunit_xml,
    "Procfile": procfile,
    "Dockerfile": dockerfile,
    "Containerfile": dockerfile,
    "compose.yml": compose,
    "compose.yaml": compose,
    "docker-compose.yml": compose,
    "docker-compose.yaml": compose,
    "runtest": script,
    "runtests": script,
    "runtests.sh": script,
    "run_tests.sh": script,
    "test.sh": script,
    "build.sh": script,
    **dict.fromkeys((f"{folder}/{name}{end}" for folder in FOLDERS for name in SCRIPTS for end in ("", ".sh")), script),
}
