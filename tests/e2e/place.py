"""The folders that a run of the client lives in, and what is put there before it starts.

In:  files, settings, MCP servers.
Out: a `Place`: a committed project, a home, a config folder; the environment that points the client at them.
Not here: starting the client (`client`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .namespace import PORT
from .wire import JsonObject

HERE = Path(__file__).resolve().parent
DUMMY_KEY = "sk-ant-e2e-not-a-key"
COMMIT_DATE = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Server:
    """An entry of `.mcp.json`. `start_delay_s` passes in the recorder, before the server exists."""

    command: Sequence[str]
    always_load: bool | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    start_delay_s: float = 0.0

    def entry(self, log: Path) -> JsonObject:
        """The entry, with the recorder in front of the command."""
        recorder = [str(HERE / "wire.py"), str(log), str(self.start_delay_s)]
        entry: JsonObject = {"command": sys.executable, "args": ["-IS", *recorder, "--", *self.command]}
        if self.env:
            entry["env"] = dict(self.env)
        if self.always_load is not None:
            entry["alwaysLoad"] = self.always_load
        return entry


LEAN = Server((sys.executable, "-m", "mcp_lean", "serve"))
"""The server under test, as a project would write it down without any extra."""


@dataclass(frozen=True, slots=True)
class Place:
    """Everything under one folder. A second run in the same place sees what the first one left."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def transcripts(self) -> Path:
        """Where the client keeps the transcripts of this project's sessions."""
        slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(self.project))
        return self.config / "projects" / slug

    @property
    def wires(self) -> Path:
        """A folder per server, with the recorded traffic."""
        return self.root / "wire"

    @property
    def hook_log(self) -> Path:
        return self.root / "hooks.jsonl"

    @property
    def stdout(self) -> Path:
        return self.root / "stdout"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr"

    def furnish(
        self, files: Mapping[str, str], settings: JsonObject, hooks: Sequence[str], servers: Mapping[str, Server]
    ) -> None:
        """Writes what is asked for."""
        for folder in (self.project, self.config, self.root / "home", self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in servers:
            (self.wires / name).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _write(self.project / name, text)
        entries = {name: server.entry(self.wires / name) for name, server in servers.items()}
        _write_json(self.project / ".mcp.json", {"mcpServers": entries})
        _write_json(self.project / ".claude" / "settings.json", _with_hooks(settings, hooks, self.hook_log))
        self.hook_log.write_text("", encoding="utf-8")
        if not (self.config / ".claude.json").exists():
            _write_json(self.config / ".claude.json", _answered_questions(self.project, sorted(servers)))

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """All that the client is given: nothing of ours but PATH, and whether the server starts with its front."""
        return {
            **{name: os.environ[name] for name in ("MCP_LEAN_FRONT",) if name in os.environ},
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "CLAUDE_CONFIG_DIR": str(self.config),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "GIT_CONFIG_NOSYSTEM": "1",
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{PORT}",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",  # root, or root of a user namespace, may only then bypass permissions
            **extra,
        }

    def commit_once(self) -> None:
        """Makes a new project a repository with one commit of everything that is not ignored."""
        if (self.project / ".git").exists():
            return
        identity = {"GIT_AUTHOR_NAME": "e2e", "GIT_AUTHOR_EMAIL": "e2e@localhost", "GIT_AUTHOR_DATE": COMMIT_DATE}
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
        env |= identity | {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
        for step in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
            subprocess.run(["git", *step], cwd=self.project, env=env, check=True)


def _with_hooks(settings: JsonObject, events: Sequence[str], log: Path) -> JsonObject:
    """The settings, with a recorder added to each of the events."""
    if not events:
        return settings
    command = " ".join([sys.executable, "-IS", str(HERE / "hook_log.py"), str(log)])
    hooks = dict(settings.get("hooks") or {})
    for event in events:
        hooks[event] = [*hooks.get(event, []), {"hooks": [{"type": "command", "command": command}]}]
    return {**settings, "hooks": hooks}


def _answered_questions(project: Path, servers: Sequence[str]) -> JsonObject:
    """What the terminal program asks at its first start: theme, use of the key, trust in the folder and its servers."""
    trust = {
        "hasTrustDialogAccepted": True,
        "hasCompletedProjectOnboarding": True,
        "enabledMcpjsonServers": list(servers),
    }
    return {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [DUMMY_KEY[-20:]], "rejected": []},
        "projects": {str(project): trust},
    }


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _write_json(file: Path, value: JsonObject) -> None:
    _write(file, json.dumps(value, indent=2))
