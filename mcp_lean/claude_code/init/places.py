"""Where things stand for a scope of Claude Code, and the client's own register of servers.

In:  a scope, the folder that the person is in, the environment.
Out: `Places`; the server entry that the client holds; registering through the client's own command.
Not here: what is written there (`parts`), which of it needs a change (`plan`).

Recorded on Claude Code 2.1.330: at project scope a server stands in `.mcp.json`; at user and local scope it stands in
`.claude.json`, which a running client keeps in memory and writes back: one of five edits from outside was lost, none
that went through `claude mcp add-json`. So that file is only read here, and changed by the client.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.config import PROJECT_FILE, user_file
from mcp_lean.errors import ConfigError, EngineMissing
from mcp_lean.folders import data_folder
from mcp_lean.repo.programs import search_path
from mcp_lean.repo.settings import client_file, client_folder, home, json_of, main_checkout
from mcp_lean.transcripts.fields import mapping

JsonObject = dict[str, object]

SERVER = "lean"
CLIENT_SECONDS = 30.0
"""`claude mcp add-json` takes 0.4 s here."""


@dataclass(frozen=True, slots=True)
class Places:
    """Files and folders of one scope; an empty one does not exist there.

    servers: `.mcp.json`; elsewhere the client holds the server. limits: our own settings file.
    inside: files at this scope must lie in it, also when they are links; empty: anywhere.
    record: our folder for what was done here.
    """

    scope: str
    project: str
    settings: str
    servers: str
    agents: str
    limits: str
    inside: str
    record: str

    def content(self, path: str) -> str:
        """What of ours a file has, in words."""
        words = {
            self.settings: "hooks, and the permission if given",
            self.servers: "the server",
            self.limits: "our settings",
        }
        return words.get(path, "an agent")


def places(scope: str, cwd: str, environ: Mapping[str, str]) -> Places:
    """The places of a scope.

    Raises:
        ConfigError: the folder is the home folder, whose project settings are the user's.
    """
    project = os.path.realpath(cwd)
    base = os.path.join(data_folder(environ), "init")
    if scope == "user":
        own = client_folder(environ)
        return Places(
            scope,
            project,
            os.path.join(own, "settings.json"),
            "",
            os.path.join(own, "agents"),
            user_file(environ),
            "",
            os.path.join(base, f"user-{_digest(own)}"),
        )
    if project == os.path.realpath(home(environ)):
        raise ConfigError(f"--scope {scope}: {cwd} is your home folder, whose settings are the user's: --scope user")
    if scope == "local":
        top = os.path.realpath(main_checkout(project))
        file = os.path.join(top, ".claude", "settings.local.json")
        return Places(scope, project, file, "", "", "", top, os.path.join(base, f"local-{_digest(project)}"))
    return Places(
        scope,
        project,
        os.path.join(project, ".claude", "settings.json"),
        os.path.join(project, ".mcp.json"),
        os.path.join(project, ".claude", "agents"),
        os.path.join(project, PROJECT_FILE),
        project,
        os.path.join(base, f"project-{_digest(project)}"),
    )


def client_program(environ: Mapping[str, str]) -> str:
    """The client's command; empty where there is none."""
    own = (os.path.join(home(environ), *rest, "claude") for rest in ((".local", "bin"), (".claude", "local")))
    found = shutil.which("claude", path=search_path(environ))
    return found or next((path for path in own if os.access(path, os.X_OK) and os.path.isfile(path)), "")


def needed_client(environ: Mapping[str, str]) -> str:
    """The client's command.

    Raises:
        EngineMissing: there is none.
    """
    program = client_program(environ)
    if not program:
        raise EngineMissing(
            f"claude: not found on PATH; at this scope the server stands in {client_file(environ)}, which running "
            "clients write back, so it is changed only through the client; --scope project needs no client"
        )
    return program


def registered(scope: str, project: str, environ: Mapping[str, str]) -> object | None:
    """The entry under our name that the client holds at user or local scope; `None`: there is none.

    Raises:
        ConfigError: the client's file cannot be read.
    """
    file = client_file(environ)
    try:
        data = json_of(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}; nothing was changed") from error
    found = [held.get(SERVER) for held in _held_servers(data, scope, project)]
    return next((entry for entry in found if entry is not None), None)


def left_by_client(scope: str, project: str, environ: Mapping[str, str]) -> str:
    """The client's file, if taking our server out leaves an empty object in it (seen on 2.1.330); empty if not."""
    file = client_file(environ)
    return file if any(set(held) == {SERVER} for held in _held_servers(json_of(file), scope, project)) else ""


def _held_servers(data: object, scope: str, project: str) -> list[Mapping[str, object]]:
    holders = [data]
    if scope == "local":
        projects = mapping(mapping(data).get("projects"))
        holders = [projects.get(place) for place in dict.fromkeys((project, main_checkout(project)))]
    return [mapping(mapping(holder).get("mcpServers")) for holder in holders]


def register(scope: str, project: str, entry: JsonObject, environ: Mapping[str, str]) -> None:
    """Adds the server through the client, and looks whether it is there.

    Raises:
        EngineMissing: the client is not found, or refuses.
    """
    _client(("add-json", "-s", scope, SERVER, json.dumps(entry)), project, environ)
    if registered(scope, project, environ) is None:
        raise EngineMissing(f"claude mcp add-json: said it was done, but {client_file(environ)} has no {SERVER}")


def unregister(scope: str, project: str, environ: Mapping[str, str]) -> None:
    """Takes the server out through the client.

    Raises:
        EngineMissing: as in `register`.
    """
    _client(("remove", "-s", scope, SERVER), project, environ)


def _client(words: Sequence[str], project: str, environ: Mapping[str, str]) -> None:
    import subprocess

    program = needed_client(environ)
    try:
        done = subprocess.run(
            (program, "mcp", *words),
            cwd=project,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CLIENT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineMissing(f"claude mcp {words[0]}: {error}") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).decode("utf-8", "replace").split())[:300]
        raise EngineMissing(f"claude mcp {words[0]}: status {done.returncode}: {said}")


def _digest(path: str) -> str:
    return hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
