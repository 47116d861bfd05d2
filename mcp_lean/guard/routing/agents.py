"""Which of our agents a client has, and which of its own general types somebody has taken over.

In:  the project, the environment.
Out: short name -> the type to ask for; overridden types.
Not here: what stands in the agents' files (`claude_code/agents`), choosing one (`policy`).

The client reads its agents' files when it starts, as does the guard; one that has gone since is not asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcp_lean.config import IN_PLUGIN
from mcp_lean.guard.routing.policy import GENERAL, POLICIES
from mcp_lean.repo.settings import client_folder

NAMES = tuple(sorted({policy.agent for policy in POLICIES.values() if policy.agent}))

OWN_MARK = "lean-"
"""Begins the names of our agents outside of the plugin."""

HEAD_CHARS, MOST_FILES = 2_000, 500
NAME = re.compile(r"^name:\s*[\"']?([^\"'\n]+?)[\"']?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installed:
    """files: type -> its file, of those that are files."""

    agents: Mapping[str, str] = field(default_factory=dict)
    overridden: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)

    def present(self) -> dict[str, str]:
        """Short name -> type, of those whose file is still there."""
        return {
            name: agent_type
            for name, agent_type in self.agents.items()
            if agent_type not in self.files or os.path.isfile(self.files[agent_type])
        }


def installed(project: str, environ: Mapping[str, str]) -> Installed:
    """What is there now. Folders that cannot be read hold nothing."""
    files: dict[str, str] = {}
    for folder in _folders(project, environ):
        for name, path in _agents(folder):
            files.setdefault(name, path)
    plugin = environ.get(IN_PLUGIN, "")
    agents = {name: f"{OWN_MARK}{name}" for name in NAMES if f"{OWN_MARK}{name}" in files}
    if plugin:
        agents |= {name: f"{plugin}:{name}" for name in NAMES}
    return Installed(agents, frozenset(files) & frozenset(GENERAL), files)


def _folders(project: str, environ: Mapping[str, str]) -> list[str]:
    return [os.path.join(project, ".claude", "agents"), os.path.join(client_folder(environ), "agents")]


def _agents(folder: str) -> Iterator[tuple[str, str]]:
    """(name, path) of each agent's file below a folder, in the order of the paths."""
    paths = [os.path.join(where, file) for where, _, files in os.walk(folder) for file in files if file.endswith(".md")]
    for path in sorted(paths)[:MOST_FILES]:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = NAME.search(file.read(HEAD_CHARS))
        except OSError:
            continue
        if found:
            yield found[1], path
