"""Runs of the client with the plugin, or with our agents' files in the project.

In:  what a run takes.
Out: the keyword arguments that add the plugin to it; files of our agents; how large a request is.
Not here: the run itself (`client`), what the plugin holds (`claude_code/plugin_files`).

The plugin starts the server by its own script. The variable MCP_LEAN puts our recorder between the two.
"""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mcp_lean.claude_code.agents import PROJECT_PREFIX, agent_files

from .place import HERE, Place
from .prompt_cache import BILLING_MARK, CHARS_PER_TOKEN
from .records import Request

PLUGIN_FOLDER = HERE.parent.parent / "mcp_lean" / "claude_code" / "plugin"


def plugged(root: Path, *, args: Iterable[str] = (), env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Arguments of a run with the plugin, whose server is recorded as `lean`, and with no other server."""
    place = Place(root / "plugged")
    wire = place.wires / "lean"
    wire.mkdir(parents=True, exist_ok=True)
    program = place.root / "mcp-lean"
    command = (sys.executable, "-IS", str(HERE / "wire.py"), str(wire), "0", "--", sys.executable, "-m", "mcp_lean")
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return {
        "place": place,
        "mcp": {},
        "args": ["--plugin-dir", str(PLUGIN_FOLDER), *args],
        "env": {"MCP_LEAN": str(program), **(env or {})},
    }


def our_agents(prefix: str = PROJECT_PREFIX) -> dict[str, str]:
    """Our agents as files of a project."""
    return {f".claude/agents/{name}.md": text for name, text in agent_files(prefix).items()}


def chars_over_4(request: Request) -> int:
    """Tools, system and messages as compact JSON, in characters / 4; deferred tools count, the billing block does not.

    Comparable with itself only: a real token of the current models is about 2.5 characters.
    """
    parts = [request.body.get("tools") or [], system_of(request), request.messages]
    return sum(len(json.dumps(part, ensure_ascii=False, separators=(",", ":"))) for part in parts) // CHARS_PER_TOKEN


def system_of(request: Request) -> list[Any]:
    """The system blocks without the billing block, which depends on the first prompt."""
    blocks = request.body.get("system") or []
    return [block for block in blocks if not str(block.get("text", "")).startswith(BILLING_MARK)]
