"""The folders that may be read, and what may be read in them.

In:  the environment (CLAUDE_PROJECT_DIR, else the working directory) and Claude Code's settings files.
Out: `Workspace.locate(name)`: a `Place`, or the error that says why not; `visible` and `permits` for listings.
Not here: what rules mean (`deny.py`), where they are written (`settings.py`), reading (`text.py`), items (`items.py`).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from mcp_lean.errors import BadItem, Denied, OutsideWorkspace
from mcp_lean.repo.deny import Rule, Rules, real_path
from mcp_lean.repo.settings import Settings, SettingsFiles

MAX_PATH_CHARS = 1_000
"""A longer name is refused: Linux allows 4,096 bytes, but a name that long would fill a result's budget with itself."""

MAX_RULE_CHARS = 200
"""As much of a rule as an error shows; a repository's settings can hold any text."""

LOOK_AGAIN_SECONDS = 0.1
"""How long what the settings files said is believed. A listing asks about many thousand paths; a person who adds a rule
does not notice a tenth of a second."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Place:
    """A path that may be looked at. It need not exist.

    path: absolute, symlinks resolved; what is opened.
    shown: as the model names it: relative to the workspace's first root, with forward slashes; absolute elsewhere.
    """

    path: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the settings files said when they were last looked at. Replaced as a whole, so threads need no lock."""

    settings: Settings
    rules: Rules
    roots: tuple[str, ...]
    inside: tuple[str, ...]


class Workspace:
    """Roots and rules of one project; a change in the settings files counts without a restart."""

    def __init__(self, root: str, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self.root = os.path.abspath(root)
        self._files = SettingsFiles(self.root, environ)
        self._clock = clock
        self._lock = Lock()
        self._looked_seconds = -LOOK_AGAIN_SECONDS
        self._last: _Known | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Workspace:
        """The project that Claude Code names, else the working directory."""
        return cls(environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), environ)

    @property
    def roots(self) -> tuple[str, ...]:
        """Absolute folders, symlinks resolved; the project first, then the additional directories."""
        return self._now().roots

    def locate(self, name: str) -> Place:
        """Where `name` leads, if it may be looked at.

        Args:
            name: absolute, or relative to the project's root.
        Raises:
            BadItem: the name cannot be a path.
            Denied: a rule covers it; asked before the file system is, so that existence stays unknown.
            OutsideWorkspace: it leads out of the roots, by itself or through a symlink.
        """
        known = self._now()
        _refuse_impossible(name)
        asked = os.path.join(self.root, name)
        lexical = os.path.normpath(asked)
        self._refuse_covered(name, lexical, known.rules)
        real = real_path(asked)
        is_inside = any(_is_below(lexical, root) for root in known.inside)
        if not any(_is_below(real, root) for root in known.roots):
            how = "leads out of the workspace through a symlink" if is_inside else "outside the workspace"
            raise OutsideWorkspace(f"{one_line(name)}: {how}; paths are relative to its root, e.g. src/app.py")
        self._refuse_covered(name, real, known.rules)
        return Place(real, self.shown(lexical if is_inside else real))

    def permits(self, path: str) -> bool:
        """Whether no rule covers an absolute path. Of symlinks only the one that its folder may be is resolved."""
        folder, _, name = path.rpartition(os.sep)
        return bool(self.visible(folder or os.sep, (name,)))

    def visible(self, root: str, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of the paths, relative to `root`, that no rule covers, in the order given. The batch of `permits`."""
        rules = self._now().rules
        if not rules:
            return tuple(paths)
        # A rule may name the folder by the path that it was opened under, or by the one that it really has.
        names = dict.fromkeys((root, real_path(root)))
        prefixes = [name if name.endswith(os.sep) else name + os.sep for name in names]
        return tuple(path for path in paths if all(rules.covering(prefix + path) is None for prefix in prefixes))

    def shown(self, path: str) -> str:
        """An absolute path as the model names it."""
        for root in (self.root, real_path(self.root)):
            if path == root:
                return "."
            if _is_below(path, root):
                return os.path.relpath(path, root).replace(os.sep, "/")
        return path.replace(os.sep, "/")

    def _refuse_covered(self, name: str, path: str, rules: Rules) -> None:
        rule = rules.covering(path)
        if rule is None:
            # Whether it is a folder is not looked at where that matters: of a path that is not there it is unknown.
            as_folder = rules.covering_folder(path)
            rule = as_folder if as_folder and not os.path.isfile(path) else None
        if rule is not None:
            raise Denied(self._refusal(name, rule))

    def _refusal(self, name: str, rule: Rule) -> str:
        text = one_line(rule.text)
        text = text if len(text) <= MAX_RULE_CHARS else text[:MAX_RULE_CHARS] + "..."
        file = one_line(self.shown(rule.file))
        if rule.asks:
            return f"{one_line(name)}: {text} in {file} wants the person asked; use the built-in Read, which asks"
        return f"{one_line(name)}: denied by {text} in {file}; only the person can change that"

    def _now(self) -> _Known:
        """What the settings say, at most `LOOK_AGAIN_SECONDS` old."""
        now = self._clock()
        last = self._last
        if last is not None and now - self._looked_seconds < LOOK_AGAIN_SECONDS:
            return last
        with self._lock:
            settings = self._files.look()
            last = self._last
            if last is None or settings != last.settings or not last.rules.is_current:
                last = self._last = self._known(settings)
            self._looked_seconds = now
            return last

    def _known(self, settings: Settings) -> _Known:
        folders = (self.root, *settings.folders)
        roots = tuple(dict.fromkeys(map(real_path, folders)))
        rules = Rules(settings.sources, folders, self._files.home)
        return _Known(settings, rules, roots, tuple(dict.fromkeys((*folders, *roots))))


def one_line(text: str) -> str:
    """Text in which no control character can start a line of its own."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _refuse_impossible(name: str) -> None:
    if not name or "\0" in name:
        raise BadItem(f"{name!r}: a path has at least one character and no NUL")
    if len(name) > MAX_PATH_CHARS:
        raise BadItem(f"{one_line(name[:60])}...: path of {len(name):,} characters; at most {MAX_PATH_CHARS:,}")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise BadItem(f"{name!a}: a path has no half of a character (lone surrogate)") from error


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)
