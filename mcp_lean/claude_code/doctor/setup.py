"""A set-up of Claude Code as values: settings, memory, agents, servers, our own configuration.

In:  nothing; `reading` fills these.
Out: `Setup` and its parts.
Not here: reading files (`reading`), judging any of it (the checks), starting anything (`probe`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp_lean.claude_code.json_edit import Document
from mcp_lean.config import Config


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with its text; empty, with the reason, where it could not be read."""

    path: str
    text: str
    problem: str = ""

    def line_of(self, at: int) -> int:
        """The line of a position, from 1."""
        return self.text.count("\n", 0, at) + 1


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file that stands in the context of each session. `imported_by`: the file and line that bring it in."""

    file: TextFile
    imported_by: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Settings:
    """A settings file of Claude Code. `document` is `None` where it cannot be parsed."""

    scope: str
    file: TextFile
    document: Document | None

    @property
    def data(self) -> Mapping[str, object]:
        value = self.document.root.value if self.document else None
        return value if isinstance(value, dict) else {}

    def line(self, *path: str) -> int:
        """The line of a value; 1 where it is not there."""
        node = self.document.root.at(*path) if self.document else None
        return self.file.line_of(node.start) if node else 1


@dataclass(frozen=True, slots=True)
class AgentFile:
    """An agent's file: its frontmatter as text by key, and the prompt."""

    file: TextFile
    fields: Mapping[str, str]
    prompt: str

    @property
    def name(self) -> str:
        return self.fields.get("name") or os.path.basename(self.file.path).removesuffix(".md")

    @property
    def tools(self) -> tuple[str, ...] | None:
        """The tools that it names, in its order; `None`: it has all."""
        listed = self.fields.get("tools")
        return _words(listed) if listed else None

    @property
    def disallowed(self) -> tuple[str, ...]:
        return _words(self.fields.get("disallowedTools", ""))

    def line(self, key: str) -> int:
        found = re.search(rf"^{re.escape(key)}\s*:", self.file.text, re.MULTILINE)
        return self.file.line_of(found.start()) if found else 1


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the client is told to start."""

    name: str
    scope: str
    path: str
    line: int
    entry: Mapping[str, object]

    @property
    def words(self) -> tuple[str, ...]:
        """Its command line; empty for one that is reached over a network."""
        command, args = self.entry.get("command"), self.entry.get("args")
        listed = args if isinstance(args, list) else []
        return tuple(word for word in (command, *listed) if isinstance(word, str)) if command else ()


@dataclass(frozen=True, slots=True)
class Plugin:
    """An enabled plugin as it is installed. `id`: with its marketplace, as settings name it. hooks: files with them."""

    id: str
    folder: str
    version: str
    servers: tuple[Server, ...] = ()
    hooks: tuple[Settings, ...] = ()
    problems: tuple[TextFile, ...] = ()

    @property
    def name(self) -> str:
        return self.id.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that the checks look at. `environ` is the whole environment: print names of it, never values."""

    project: str
    environ: Mapping[str, str] = field(repr=False)
    settings: tuple[Settings, ...] = ()
    memory: tuple[MemoryFile, ...] = ()
    agents: tuple[AgentFile, ...] = ()
    servers: tuple[Server, ...] = ()
    server_problems: tuple[TextFile, ...] = ()
    enabled_plugins: tuple[str, ...] = ()
    plugins: tuple[Plugin, ...] = ()
    """Those of the enabled ones that are installed. The servers of all but ours are among `servers`."""
    managed_servers: str = ""
    """The administrator's file of servers; where it exists the client starts no others."""
    config: Config = field(default_factory=Config)
    written: Config = field(default_factory=Config)
    """Our configuration as files have it, without this shell's variables: what `init` goes by."""
    config_problem: str = ""

    def variable(self, name: str) -> tuple[str, str, int]:
        """(value, file, line) of an environment variable as the client sees it: `env` in settings beats the shell's."""
        for settings in reversed(self.settings):
            held = settings.data.get("env")
            if isinstance(held, dict) and name in held:
                return str(held[name]), settings.file.path, settings.line("env", name)
        return self.environ.get(name, ""), "", 0

    @property
    def model(self) -> str:
        """The main model that is named; empty: the client's default."""
        named = [settings.data.get("model") for settings in self.settings]
        chosen = self.variable("ANTHROPIC_MODEL")[0] or next((m for m in reversed(named) if isinstance(m, str)), "")
        return chosen.removesuffix("[1m]")


def _words(listed: str) -> tuple[str, ...]:
    """The entries of a list in a frontmatter, in either form."""
    return tuple(word.strip().strip("\"'") for word in listed.strip("[]").split(",") if word.strip())
