"""The folders that may be read, and what may be read in them.

In:  the environment (CLAUDE_PROJECT_DIR, else the working directory) and Claude Code's settings files.
Out: `Workspace.locate(name)`: a `Place`, or the error that says why not; `Workspace.permits(path)` for listings.
Not here: the rules' syntax (`deny.py`), reading (`text.py`), item grammar (`items.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from mcp_lean.errors import BadItem, Denied, OutsideWorkspace
from mcp_lean.repo import deny

MAX_PATH_CHARS = 1_000
"""A longer name is refused: Linux allows 4,096 bytes, but a name that long would fill a result's budget with itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path that may be looked at. It need not exist.

    path: absolute, symlinks resolved; what is opened.
    shown: as the model names it: relative to the workspace's first root, with forward slashes; absolute elsewhere.
    """

    path: str
    shown: str


class Workspace:
    """Roots and deny rules. The settings are read again when one of their files changes."""

    def __init__(self, root: str, environ: Mapping[str, str]) -> None:
        self.root = os.path.abspath(root)
        self._environ = environ
        self._lock = Lock()
        self._state: tuple[object, ...] | None = None
        self._settings = deny.Settings()
        self._roots: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Workspace:
        """The project that Claude Code names, else the working directory."""
        return cls(environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), environ)

    @property
    def roots(self) -> tuple[str, ...]:
        """Absolute folders, symlinks resolved; the project first, then `additionalDirectories`."""
        self._refresh()
        return self._roots

    def locate(self, name: str) -> Place:
        """Where `name` leads, if it may be looked at.

        Args:
            name: absolute, or relative to the project's root.
        Raises:
            BadItem: the name cannot be a path.
            Denied: a rule covers it; asked before the file system is, so that existence stays unknown.
            OutsideWorkspace: it leads out of the roots, by itself or through a symlink.
        """
        self._refresh()
        if not name or "\0" in name:
            raise BadItem(f"{name!r}: a path has at least one character and no NUL")
        if len(name) > MAX_PATH_CHARS:
            raise BadItem(f"{name[:60]}...: path of {len(name):,} characters; at most {MAX_PATH_CHARS:,}")
        asked = os.path.join(self.root, name)
        lexical = os.path.normpath(asked)
        self._refuse_denied(name, lexical)
        real = os.path.realpath(asked)
        if not any(_is_below(real, root) for root in self._roots):
            how = (
                "leads out of the workspace through a symlink" if self._is_inside(lexical) else "outside the workspace"
            )
            raise OutsideWorkspace(f"{name}: {how}; paths are relative to its root, e.g. src/app.py")
        self._refuse_denied(name, real)
        return Place(real, self.shown(lexical if self._is_inside(lexical) else real))

    def permits(self, path: str) -> bool:
        """Whether no rule covers an absolute path. For entries of a listing; does not resolve symlinks."""
        self._refresh()
        return self._settings.denying(path) is None

    @property
    def has_rules(self) -> bool:
        """False lets a listing of many thousand paths skip the question."""
        self._refresh()
        return bool(self._settings.rules)

    def shown(self, path: str) -> str:
        """An absolute path as the model names it."""
        for root in (self.root, os.path.realpath(self.root)):
            if path == root:
                return "."
            if _is_below(path, root):
                return os.path.relpath(path, root).replace(os.sep, "/")
        return path.replace(os.sep, "/")

    def _is_inside(self, lexical: str) -> bool:
        return _is_below(lexical, self.root) or any(_is_below(lexical, root) for root in self._roots)

    def _refuse_denied(self, name: str, path: str) -> None:
        rule = self._settings.denying(path)
        if rule is not None:
            raise Denied(f"{name}: denied by {rule.text} in {self.shown(rule.file)}; only the person can change that")

    def _refresh(self) -> None:
        """Six `stat` calls; the files are read only when one of them changed."""
        files = deny.settings_files(self.root, self._environ)
        state = tuple(_state(file) for file in files)
        with self._lock:
            if state == self._state:
                return
            self._settings = deny.load(files, self.root, self._environ)
            folders = (self.root, *self._settings.additional_directories)
            self._roots = tuple(dict.fromkeys(os.path.realpath(folder) for folder in folders))
            self._state = state


def _state(file: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)
