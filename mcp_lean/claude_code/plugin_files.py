"""The plugin folder, as text: what `claude --plugin-dir` and the marketplace of this repository load.

In:  nothing; versions, agents and hooks are taken from where they are at home.
Out: the content of each file, by its path in the folder; the manifest of the marketplace.
Not here: writing them (`scripts/update_plugin`), where the folder is (`mcp-lean plugin`).

The files are written down in the repository and shipped, so that the client reads plain files; a test holds them
against this module. The licence and the icon, which are no text of this module, stand in the folder alone.

Recorded on Claude Code 2.1.330: in a plugin a hook names its server `plugin:<plugin>:<server>`; a server that does not
start leaves the session without its tools, and each hook without an answer, which stops nothing.
"""

from __future__ import annotations

import json
import os

from mcp_lean import __version__
from mcp_lean.claude_code.agents import PLUGIN, PLUGIN_PREFIX, SERVER, agent_files
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config

JsonObject = dict[str, object]

FOLDER = os.path.join(os.path.dirname(__file__), "plugin")
IN_REPOSITORY = "./mcp_lean/claude_code/plugin"

SAYS = "Cuts what parallel agents cost: batched reading, small agents, budgets for each agent, and a meter."
AUTHOR: JsonObject = {"name": "mcp_lean"}

RUN = """\
#!/bin/sh
# Runs `mcp-lean` with the arguments given. In this order: the program that MCP_LEAN names; the environment that holds
# this folder; a `.venv` beside the sources; `mcp-lean` on the PATH, or where pipx and uv put it.
here=$(dirname "$0")
found=$(command -v mcp-lean)
case $found in /*) ;; *) found= ;; esac # a relative PATH would find what lies in the project
for program in "${MCP_LEAN:-}" "$here/../../../../../../bin/mcp-lean" "$here/../../../.venv/bin/mcp-lean" \\
    "$found" "$HOME/.local/bin/mcp-lean"; do
    if [ -n "$program" ] && [ -x "$program" ]; then
        exec "$program" "$@"
    fi
done
echo "mcp-lean is not installed: install the Python package mcp_lean where Claude Code finds the command mcp-lean," \\
    "or set MCP_LEAN to its path. Until then the plugin's tools and hooks do nothing." >&2
exit 127
"""

CONTINUE = """\
---
name: continue
description: Go on with the work of the session before this one, from its checkpoint.
disable-model-invocation: true
allowed-tools: Bash(sh ${CLAUDE_PLUGIN_ROOT}/run compact --previous)
---

Below is the checkpoint of the session before this one. Say in one line what the next step is, then take it. Read a file
again only where the step needs its text.

!`sh ${CLAUDE_PLUGIN_ROOT}/run compact --previous`
"""

README = f"""\
# lean

A plugin for Claude Code that makes parallel agents cheaper. It starts the MCP server of the Python package `mcp_lean`,
which has to be installed (the command `mcp-lean` on the PATH, or its path in the variable `MCP_LEAN`).

* **Tools** for reading in batches, in every agent: `read_many`, `grep_and_read`; the scout has `repo_summary`, too.
* **Agents** with few tools and a short prompt: `{PLUGIN}:scout` finds and reads, `{PLUGIN}:reviewer` reads a change,
  `{PLUGIN}:runner` runs a command and digests its output, `{PLUGIN}:worker` edits.
* **Hooks** that call the running server: a budget for every agent, a loop detector, and routing of agents whose kind
  was left open to the cheapest one that can do the work. `.mcp-lean.toml` in a project switches each of them off.
* **A skill**, `/{PLUGIN}:continue`: go on from the checkpoint of the session before.

Nothing leaves the machine: the server has no network access of its own.
"""


def plugin_files() -> dict[str, str]:
    """The content of each file, by its path in the plugin's folder."""
    manifest: JsonObject = {
        "name": PLUGIN,
        "version": __version__,
        "description": SAYS,
        "author": AUTHOR,
        "license": "MIT",
        "keywords": ["tokens", "cost", "subagents", "budget"],
        "icon": "./.claude-plugin/icon.png",
        "network": {"hosts": []},
    }
    server: JsonObject = {
        "command": "sh",
        "args": ["${CLAUDE_PLUGIN_ROOT}/run", "serve"],
        "env": {"MCP_LEAN_PLUGIN": PLUGIN},
    }
    files = {
        ".claude-plugin/plugin.json": _json(manifest),
        ".mcp.json": _json({"mcpServers": {SERVER: server}}),
        "hooks/hooks.json": _json({"hooks": hooks(Config(), f"plugin:{PLUGIN}:{SERVER}")}),
        "README.md": README,
        "run": RUN,
        "skills/continue/SKILL.md": CONTINUE,
    }
    return files | {f"agents/{name}.md": text for name, text in agent_files(PLUGIN_PREFIX).items()}


def marketplace() -> str:
    """`.claude-plugin/marketplace.json` of the repository."""
    plugin: JsonObject = {"name": PLUGIN, "source": IN_REPOSITORY, "description": SAYS, "license": "MIT"}
    return _json({"name": "mcp-lean", "owner": AUTHOR, "metadata": {"description": SAYS}, "plugins": [plugin]})


def _json(value: JsonObject) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
