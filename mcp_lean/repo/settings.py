"""Claude Code's settings files: where they are, the `Read` rules in them, the folders that they add to the workspace.

In:  the project's folder and the environment.
Out: `SettingsFiles.look()`: the `Settings` as the files are now; for others who read them, the places and `json_of`.
Not here: what a rule means (`deny.py`), whether a path may be read (`workspace.py`).

Which files: managed settings and their drop-ins; the user's; the project's; the local ones, which Claude Code keeps at
the top of the git repository (of the main checkout, for a worktree) and older versions kept in the project
(code.claude.com/docs/en/settings and /permissions, read in 2026-11; places, anchors and trust tried on 2.1.330).

A file that is missing says nothing. One that is broken is logged once, and what it said before stays in force; a
managed one that never was readable shuts everything, as Claude Code itself refuses to start on it. Claude Code ignores
the whole of another file when any setting in it is invalid; here its rules hold, since the person wrote them down.

Folders that project or local settings add count only when the person has trusted the folder in Claude Code: a
repository that was just cloned must not open the home folder to us.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mcp_lean.open_flags import READ
from mcp_lean.repo.deny import Rule, Source

log = logging.getLogger(__name__)

MAX_BYTES = 32 << 20
"""Real settings have a few kilobytes; `.claude.json`, which remembers trust, has been seen with several megabytes."""

State = tuple[int, ...] | None


class Scope(Enum):
    """Whose settings a file holds."""

    MANAGED = "managed"
    USER = "user"
    PROJECT = "project"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one file says about reading, as it is written."""

    deny: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    additional_directories: tuple[str, ...] = ()


SHUT = Permissions(deny=("Read",))


@dataclass(frozen=True, slots=True)
class Settings:
    """What all files together say. `folders` are absolute; the project is not among them."""

    sources: tuple[Source, ...] = ()
    folders: tuple[str, ...] = ()


class SettingsFiles:
    """The files of one project. Not thread-safe: the workspace asks one thread at a time."""

    def __init__(self, project: str, environ: Mapping[str, str]) -> None:
        self.home = home(environ)
        self._project = project
        self._user = client_folder(environ)
        self._trust_file = client_file(environ)
        self._read: dict[str, tuple[State, Permissions]] = {}
        self._trust: tuple[State, bool] = (None, False)
        self._warned_of_trust = False

    def look(self) -> Settings:
        """The settings now: some `stat` calls, and a file is read only when it has changed."""
        files = self._files()
        said = {file: self._permissions(file, scope) for file, scope in files.items()}
        managed = [file for file, scope in files.items() if scope is Scope.MANAGED]
        lists = [managed, *([file] for file in files if file not in managed)]
        sources = (
            Source(tuple(rule for file in group for rule in rules(file, said[file])), self._anchor(files[group[0]]))
            for group in lists
            for rules in (_deny_rules, _ask_rules)
        )
        return Settings(tuple(source for source in sources if source.rules), self._folders(files, said))

    def _files(self) -> dict[str, Scope]:
        managed = managed_folder()
        drop_ins = os.path.join(managed, "managed-settings.d")
        found = {os.path.join(managed, "managed-settings.json"): Scope.MANAGED}
        found |= {os.path.join(drop_ins, name): Scope.MANAGED for name in _drop_in_names(drop_ins)}
        found[os.path.join(self._user, "settings.json")] = Scope.USER
        # In the home folder the project's file is the user's, and stays that.
        found.setdefault(os.path.join(self._project, ".claude", "settings.json"), Scope.PROJECT)
        for folder in (main_checkout(self._project), self._project):
            found.setdefault(os.path.join(folder, ".claude", "settings.local.json"), Scope.LOCAL)
        return found

    def _anchor(self, scope: Scope) -> str:
        return self._user if scope is Scope.USER else self._project

    def _permissions(self, file: str, scope: Scope) -> Permissions:
        state = state_of(file)
        before = self._read.get(file)
        if before is not None and before[0] == state:
            return before[1]
        try:
            said = Permissions() if state is None else _parsed(file)
        except (OSError, ValueError, RecursionError) as error:
            said = before[1] if before is not None else SHUT if scope is Scope.MANAGED else Permissions()
            stays = "what it said before stays in force" if before is not None else "its rules are not applied"
            if said is SHUT:
                stays = "nothing is read until it is"
            log.warning("%s: not readable as settings, %s: %s", file, stays, _one_line(error))
        self._read[file] = state, said
        return said

    def _folders(self, files: Mapping[str, Scope], said: Mapping[str, Permissions]) -> tuple[str, ...]:
        folders: list[str] = []
        for file, scope in files.items():
            named = said[file].additional_directories
            if named and scope in (Scope.PROJECT, Scope.LOCAL) and not self._is_trusted():
                if not self._warned_of_trust:
                    log.warning(
                        "%s: additionalDirectories are left out, the folder is not trusted in Claude Code", file
                    )
                    self._warned_of_trust = True
                continue
            folders += (os.path.normpath(os.path.join(self._project, self._expanded(name))) for name in named)
        return tuple(dict.fromkeys(filter(_is_possible, folders)))

    def _expanded(self, name: str) -> str:
        return self.home + name[1:] if name == "~" or name.startswith("~/") else name

    def _is_trusted(self) -> bool:
        """Whether the person has accepted Claude Code's question about this folder, or about its repository."""
        state = state_of(self._trust_file)
        if state != self._trust[0]:
            try:
                projects = _object(_object(json_of(self._trust_file)).get("projects"))
            except (OSError, ValueError, RecursionError) as error:
                log.warning("%s: not readable, no folder counts as trusted: %s", self._trust_file, _one_line(error))
                projects = {}
            places = (self._project, os.path.realpath(self._project), repository_of(self._project))
            trusted = any(_object(projects.get(place)).get("hasTrustDialogAccepted") is True for place in places)
            self._trust = state, trusted
        return self._trust[1]


def home(environ: Mapping[str, str]) -> str:
    """The user's home folder."""
    return environ.get("HOME") or os.path.expanduser("~")


def client_folder(environ: Mapping[str, str]) -> str:
    """Claude Code's folder for the user's settings."""
    configured = environ.get("CLAUDE_CONFIG_DIR")
    return os.path.abspath(configured) if configured else os.path.join(home(environ), ".claude")


def client_file(environ: Mapping[str, str]) -> str:
    """The client's own file with servers, trust, and much else."""
    return os.path.join(client_folder(environ) if environ.get("CLAUDE_CONFIG_DIR") else home(environ), ".claude.json")


def managed_folder() -> str:
    """Where an administrator puts settings."""
    if sys.platform == "darwin":
        return "/Library/Application Support/ClaudeCode"
    if sys.platform == "win32":
        return r"C:\Program Files\ClaudeCode"
    return "/etc/claude-code"


def repository_of(folder: str) -> str:
    """The top of the git repository that a folder is in; the folder itself when it is in none."""
    above = folder
    while not os.path.lexists(os.path.join(above, ".git")):
        if os.path.dirname(above) == above:
            return folder
        above = os.path.dirname(above)
    return above


def main_checkout(folder: str) -> str:
    """`repository_of`, and for a worktree the checkout that it was made from."""
    top = repository_of(folder)
    mark, _, gitdir = _first_line(os.path.join(top, ".git")).partition("gitdir:")
    if mark or not gitdir:
        return top
    gitdir = os.path.join(top, gitdir.strip())
    to_common = _first_line(os.path.join(gitdir, "commondir"))  # a submodule has none: it stands for itself
    common = os.path.normpath(os.path.join(gitdir, to_common))
    return os.path.dirname(common) if to_common and os.path.basename(common) == ".git" else top


def state_of(file: str) -> State:
    """Differs when the file may have; None for a file that is not there."""
    try:
        found = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return (getattr(error, "errno", None) or 0,)
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _deny_rules(file: str, said: Permissions) -> list[Rule]:
    return [Rule(text, file) for text in said.deny]


def _ask_rules(file: str, said: Permissions) -> list[Rule]:
    return [Rule(text, file, asks=True) for text in said.ask]


def _drop_in_names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
    except OSError:
        return []


def _parsed(file: str) -> Permissions:
    data = json_of(file)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    permissions = _object(data.get("permissions"))
    return Permissions(
        _strings(permissions.get("deny")),
        _strings(permissions.get("ask")),
        _strings(permissions.get("additionalDirectories")),
    )


def json_of(file: str) -> object:
    """What a file of Claude Code holds. Raises OSError, ValueError or RecursionError."""
    # Not waiting on a FIFO, and nothing but a regular file: a device could be read for ever.
    descriptor = os.open(file, READ)
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    parsed: object = json.loads(data.decode("utf-8-sig"))
    return parsed


def _first_line(file: str) -> str:
    """ "" unless it is a regular file: opening a FIFO would wait."""
    try:
        if not os.path.isfile(file):
            return ""
        with open(file, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.readline(4_096).rstrip("\n")
    except (OSError, ValueError):
        return ""


def _is_possible(path: str) -> bool:
    """Whether the file system could have such a path: JSON can spell half characters and NUL."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
