"""Where Claude Code keeps its transcripts, and which files make up one session.

In:  nothing (the user's own folders), or paths that somebody gave: files, session folders, project folders, roots.
Out: `SessionFiles`, sorted: a main file or none, and the files of its subagents; plus what could not be looked at.
     `newest_sessions`: main files alone, by when a session was written to.
Not here: reading records (`read`); only the first lines of flat agent files are looked at, for their session.

Layouts: `<session>.jsonl` alone (1.0; 2.1.12-2.1.81 with copies inside); flat `agent-<id>.jsonl` beside it (2.0.6x);
`<session>/subagents/**/agent-<id>.jsonl` with `agent-<id>.meta.json` (2.1.38 on), workflow agents one folder deeper.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mcp_lean.transcripts.fields import text
from mcp_lean.transcripts.lines import parse

SUBAGENTS = "subagents"
WORKFLOWS = "workflows"
AGENT_PREFIX = "agent-"
SUFFIX = ".jsonl"
PEEK_BYTES = (8 << 10, 512 << 10)
"""The session is named in the first line; where that is a long prompt, a second look takes more."""
LONGEST_SLUG = 200
"""The client cuts longer folder names here and adds `-` and a hash of its own (seen on 2.1.330)."""

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AgentFile:
    """The transcript of one agent besides the main one."""

    path: str
    agent_id: str
    is_workflow: bool


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """All files of one session."""

    session_id: str
    """As the names say; empty when only the records can tell."""
    project: str
    """Name of the folder that holds the session."""
    folder: str
    """Path without suffix: `<folder>.jsonl` is the main file, `<folder>/subagents` its agents."""
    main: str | None
    agents: tuple[AgentFile, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """What was found, and what could not be looked at: (path, reason)."""

    sessions: tuple[SessionFiles, ...]
    problems: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Session:
    main: str | None = None
    agents: dict[str, AgentFile] = field(default_factory=dict)


def project_slug(cwd: str) -> str:
    """Name of the folder that the client uses for a working folder: every non-alphanumeric becomes `-`.

    The client counts in UTF-16, so a character outside the basic plane becomes two.
    """
    return re.sub(r"[^A-Za-z0-9]", lambda found: "-" if found[0] <= "\uffff" else "--", cwd)


def roots(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Existing folders that hold projects, of the user whose environment this is."""
    configured = environ.get("CLAUDE_CONFIG_DIR")
    if configured:
        candidates = [configured]
    else:
        home = environ.get("HOME") or os.path.expanduser("~")
        candidates = [os.path.join(home, ".claude"), os.path.join(home, ".config", "claude")]
    folders = (os.path.join(os.path.expanduser(candidate), "projects") for candidate in candidates)
    return tuple(folder for folder in folders if os.path.isdir(folder))


def is_in_a_root(path: str, environ: Mapping[str, str]) -> bool:
    """Whether a transcript, links resolved, lies in Claude Code's own folder of projects."""
    try:
        real = os.path.realpath(path)
    except ValueError:  # a NUL in it
        return False
    return any(os.path.commonpath((real, root)) == root for root in map(os.path.realpath, roots(environ)))


def project_folders(cwd: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Existing folders with the sessions of one working folder."""
    slug = project_slug(os.path.abspath(cwd))
    found: list[str] = []
    for root in roots(environ):
        if len(slug) <= LONGEST_SLUG:
            found += [os.path.join(root, slug)]
        else:
            found += [
                os.path.join(root, name)
                for name in sorted(os.listdir(root))
                if name.startswith(slug[:LONGEST_SLUG] + "-")
            ]
    return tuple(folder for folder in found if os.path.isdir(folder))


def newest_sessions(paths: Iterable[str], session: str = "") -> list[str]:
    """Main files of the sessions there whose id begins so, by the last write to any of a session's files."""
    found = [
        (max(map(_changed_s, (files.main, *(agent.path for agent in files.agents)))), files.main)
        for files in locate(paths).sessions
        if files.main and os.path.basename(files.folder).startswith(session)
    ]
    return [main for _, main in sorted(found, key=lambda each: (-each[0], each[1]))]


def _changed_s(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0  # gone since it was listed


def locate(paths: Iterable[str]) -> Located:
    """Sessions in the given files and folders; a file or folder named twice counts once.

    A main file brings its agents along; an agent file comes alone. A folder that holds `projects` stands for that.
    """
    sessions: dict[str, _Session] = {}
    problems: list[tuple[str, str]] = []
    for path in paths:
        path = os.path.abspath(os.path.expanduser(path))
        if os.path.isdir(path):
            inner = os.path.join(path, "projects")
            for name in _walk(inner if os.path.isdir(inner) else path, problems):
                _add(sessions, name)
        elif os.path.isfile(path):
            _add(sessions, path)
            if not os.path.basename(path).startswith(AGENT_PREFIX):
                _add_companions(sessions, path, problems)
        else:
            problems.append((path, "no such file or folder"))
    found = (
        session_files(folder, session.main, tuple(agent for _, agent in sorted(session.agents.items())))
        for folder, session in sorted(sessions.items())
    )
    return Located(tuple(found), tuple(problems))


def _walk(folder: str, problems: list[tuple[str, str]]) -> Iterator[str]:
    def note(error: OSError) -> None:
        problems.append((str(error.filename), error.strerror or "cannot be listed"))

    for where, folders, names in os.walk(folder, onerror=note):
        folders.sort()
        for name in sorted(names):
            if name.endswith(SUFFIX):
                yield os.path.join(where, name)


def _add_companions(sessions: dict[str, _Session], main: str, problems: list[tuple[str, str]]) -> None:
    """The agents of a main file that was named alone."""
    folder = main.removesuffix(SUFFIX)
    subagents = os.path.join(folder, SUBAGENTS)
    if os.path.isdir(subagents):
        for path in _walk(subagents, problems):
            _add(sessions, path)
    where = os.path.dirname(main)
    for name in sorted(os.listdir(where)):
        path = os.path.join(where, name)
        if name.startswith(AGENT_PREFIX) and name.endswith(SUFFIX) and _flat_folder(path) == folder:
            _add(sessions, path)


def _add(sessions: dict[str, _Session], path: str) -> None:
    name = os.path.basename(path)
    parts = path.split(os.sep)
    if name.startswith(AGENT_PREFIX):
        below = _below_subagents(parts)
        folder = os.sep.join(parts[: len(parts) - below - 1]) if below else _flat_folder(path)
        agent_id = name[len(AGENT_PREFIX) :].removesuffix(SUFFIX)
        is_workflow = WORKFLOWS in parts[len(parts) - below : -1] if below else False
        sessions.setdefault(folder, _Session()).agents[path] = AgentFile(path, agent_id, is_workflow)
    elif not _below_subagents(parts):
        # Other files below `subagents` are journals of workflows: no requests in them.
        sessions.setdefault(path.removesuffix(SUFFIX), _Session()).main = path


def _below_subagents(parts: list[str]) -> int:
    """How many parts stand after the last `subagents` folder; 0 when there is none."""
    for below in range(1, len(parts)):
        if parts[-1 - below] == SUBAGENTS:
            return below
    return 0


def _flat_folder(path: str) -> str:
    """Folder of the session that a flat agent file names in its records; its own name when it names none."""
    session_id = _peek_session_id(path)
    return os.path.join(os.path.dirname(path), session_id) if session_id else path.removesuffix(SUFFIX)


def _peek_session_id(path: str) -> str:
    for size in PEEK_BYTES:
        try:
            with open(path, "rb", buffering=0) as file:
                head = file.read(size)
        except OSError:
            return ""  # the reading will say so
        for line in head.split(b"\n"):
            session_id = text((parse(line) or {}).get("sessionId"))
            if session_id:
                return os.path.basename(session_id)
    return ""


def session_files(folder: str, main: str | None, agents: tuple[AgentFile, ...]) -> SessionFiles:
    """The files of the session in one folder, under the names that the folder gives it."""
    name = os.path.basename(folder)
    return SessionFiles(
        name if UUID.fullmatch(name) else "",
        os.path.basename(os.path.dirname(folder)),
        folder,
        main,
        agents,
    )
