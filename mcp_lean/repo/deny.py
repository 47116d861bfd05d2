"""Claude Code's own `Read(...)` deny rules, so that this server is no way around them.

In:  settings files (managed, user, project, local) and a path.
Out: the rule that covers the path, or None. Also the `additionalDirectories` that the same files grant.
Not here: which folders are the workspace, symlinks (`workspace.py`).

Rules follow gitignore syntax with four anchors (Claude Code's documentation of permissions):
`//x` from the file system's root, `~/x` from the home folder, `/x` from the settings file's project, `x` and `./x` from
the working directory. `Read` alone denies everything. Deny lists of all files add up, and no allow rule lifts one.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pathspec import GitIgnoreSpec

log = logging.getLogger(__name__)

READ_RULE = re.compile(r"Read(?:\((?P<pattern>.*)\))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """One deny rule: its text as written, the file it stands in, and the folder its pattern is anchored at."""

    text: str
    file: str
    base: str
    pattern: str


@dataclass(frozen=True)
class Settings:
    """What the settings files say about reading."""

    rules: tuple[Rule, ...] = ()
    additional_directories: tuple[str, ...] = ()

    @cached_property
    def _by_base(self) -> tuple[tuple[str, tuple[Rule, ...], GitIgnoreSpec], ...]:
        groups: dict[str, list[Rule]] = {}
        for rule in self.rules:
            groups.setdefault(rule.base, []).append(rule)
        return tuple(
            (base, tuple(rules), GitIgnoreSpec.from_lines(rule.pattern for rule in rules))
            for base, rules in groups.items()
        )

    def denying(self, path: str) -> Rule | None:
        """The rule that covers an absolute, normalised path; a folder is covered when everything in it is."""
        for base, rules, spec in self._by_base:
            inside = _below(path, base)
            if inside is None:
                continue
            # A folder as such (`Read(secrets/**)` asked for `secrets`) is tried through a name that can stand in it.
            for name in (
                (inside, f"{inside}/", f"{inside}/\N{REPLACEMENT CHARACTER}")
                if inside
                else ("\N{REPLACEMENT CHARACTER}",)
            ):
                index = spec.check_file(name).index
                if index is not None:
                    return rules[index]
        return None


def _below(path: str, base: str) -> str | None:
    """`path` relative to `base` with forward slashes ("" for the base itself); None when it is not below it."""
    if path == base:
        return ""
    prefix = base if base.endswith(os.sep) else base + os.sep
    return path[len(prefix) :].replace(os.sep, "/") if path.startswith(prefix) else None


def settings_files(project: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The files that Claude Code reads for this project, existing or not: managed, user, project, local."""
    if sys.platform == "darwin":
        managed = "/Library/Application Support/ClaudeCode"
    elif sys.platform == "win32":
        managed = r"C:\Program Files\ClaudeCode"
    else:
        managed = "/etc/claude-code"
    drop_ins = os.path.join(managed, "managed-settings.d")
    try:
        extra = sorted(name for name in os.listdir(drop_ins) if name.endswith(".json"))
    except OSError:
        extra = []
    user = environ.get("CLAUDE_CONFIG_DIR") or os.path.join(_home(environ), ".claude")
    return (
        os.path.join(managed, "managed-settings.json"),
        *(os.path.join(drop_ins, name) for name in extra),
        os.path.join(user, "settings.json"),
        os.path.join(project, ".claude", "settings.json"),
        os.path.join(project, ".claude", "settings.local.json"),
    )


def load(files: Sequence[str], project: str, environ: Mapping[str, str]) -> Settings:
    """Read the settings; a file that is missing says nothing, one that is broken is logged and says nothing.

    Claude Code does not apply a broken settings file either, so nothing is opened here that it keeps shut.
    """
    rules: list[Rule] = []
    directories: list[str] = []
    for file in files:
        permissions = _permissions(file)
        for text in _strings(permissions.get("deny")):
            rules += _rules(text, file, project, environ)
        directories += (
            os.path.normpath(os.path.join(project, _expand(folder, environ)))
            for folder in _strings(permissions.get("additionalDirectories"))
        )
    return Settings(tuple(rules), tuple(dict.fromkeys(directories)))


def _permissions(file: str) -> Mapping[str, object]:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            data = json.load(stream)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s: not readable as settings, its rules are not applied: %s", file, error)
        return {}
    permissions = data.get("permissions") if isinstance(data, dict) else None
    return permissions if isinstance(permissions, dict) else {}


def _strings(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _rules(text: str, file: str, project: str, environ: Mapping[str, str]) -> list[Rule]:
    """The rule as gitignore patterns with their anchors; [] for rules about other tools."""
    found = READ_RULE.fullmatch(text.strip())
    if found is None:
        return []
    pattern = (found["pattern"] or "").strip()
    if pattern in ("", "*", "**"):
        return [Rule(text, file, os.path.abspath(os.sep), "**")]
    if pattern.startswith("//"):
        return [Rule(text, file, os.path.abspath(os.sep), "/" + pattern.lstrip("/"))]
    if pattern.startswith("~/"):
        return [Rule(text, file, _home(environ), pattern[1:])]
    if pattern.startswith("/"):
        # Documented once as relative to the project and once to the settings file: both are covered.
        bases = dict.fromkeys((project, _settings_root(file)))
        return [Rule(text, file, base, pattern) for base in bases]
    if pattern.startswith("./"):
        return [Rule(text, file, project, pattern[1:])]
    # A leading "!" or "#" has a meaning in an ignore file and none in a rule.
    return [Rule(text, file, project, "\\" + pattern if pattern[0] in "!#" else pattern)]


def _settings_root(file: str) -> str:
    folder = os.path.dirname(file)
    return os.path.dirname(folder) if os.path.basename(folder) == ".claude" else folder


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _expand(path: str, environ: Mapping[str, str]) -> str:
    return os.path.join(_home(environ), path[2:]) if path.startswith("~/") else path
