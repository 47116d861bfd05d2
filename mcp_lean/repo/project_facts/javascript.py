"""JavaScript and TypeScript projects: package.json, deno.json.

In:  a manifest.
Out: its facts, with the package manager that the lock file tells.
Not here: other tools' files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from .model import BUILD, ENTRY, Fact, Manifest, Parser, purpose_of

MANAGERS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lockb", "bun"),
    ("bun.lock", "bun"),
    ("package-lock.json", "npm"),
)
SHORT_CHARS = 60
"""What a script runs is shown beside its name up to this length."""

WITHOUT_RUN = {"test", "start"}
"""npm and bun take these without `run`; bun's own `test` is its test runner, so it is not among its short forms."""


def package_json(manifest: Manifest) -> Iterator[Fact]:
    """Scripts by purpose, executables, and how to install."""
    data = _object(json.loads(manifest.text))
    manager = _manager(manifest, data)
    scripts = _object(data.get("scripts"))
    executables = data.get("bin")
    if isinstance(executables, str):
        executables = {str(data.get("name", "")): executables}
    # A library's main file is its entry point, under the name that others import it by.
    entries = _object(executables) or {str(data.get("name", "main")): data.get("main")}
    for name, target in entries.items():
        if isinstance(target, str):
            yield from manifest.fact(ENTRY, f"{name} = {manifest.folder}{target.removeprefix('./')}")
    if scripts or "dependencies" in data or "devDependencies" in data:
        yield from manifest.fact(BUILD, f"{manager} install")
    for name, command in scripts.items():
        kind = purpose_of(name)
        if kind and isinstance(command, str) and name not in ("install", "prepare"):
            yield from manifest.fact(kind, _call(manager, name) + _remark(command))


def deno_json(manifest: Manifest) -> Iterator[Fact]:
    """Tasks by purpose. The file may hold comments."""
    text = re.sub(r"^\s*//.*$", "", manifest.text, flags=re.MULTILINE)
    for name in _object(_object(json.loads(text)).get("tasks")):
        if kind := purpose_of(name):
            yield from manifest.fact(kind, f"deno task {name}")


def _manager(manifest: Manifest, data: Mapping[str, object]) -> str:
    named = data.get("packageManager")
    if isinstance(named, str) and (found := re.match(r"(npm|pnpm|yarn|bun)@", named)):
        return found[1]
    return next((manager for lock, manager in MANAGERS if lock in manifest.beside), "npm")


def _call(manager: str, script: str) -> str:
    if manager in ("pnpm", "yarn") or (manager == "npm" and script in WITHOUT_RUN):
        return f"{manager} {script}"
    return f"{manager} run {script}"


def _remark(command: str) -> str:
    command = " ".join(command.split())
    return f" [{command}]" if len(command) <= SHORT_CHARS else ""


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


PARSERS: Mapping[str, Parser] = {"package.json": package_json, "deno.json": deno_json, "deno.jsonc": deno_json}
