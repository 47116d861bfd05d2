"""The entry of Claude Code's configuration that starts our server.

In:  the scope, the environment.
Out: the entry, and why it is written so.
Not here: where it is written (`plan`).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping

from mcp_lean.claude_code.init.places import JsonObject
from mcp_lean.repo.programs import search_path


def server_entry(scope: str, environ: Mapping[str, str]) -> tuple[JsonObject, str]:
    """The entry that starts our server, and why it is written so."""
    found = shutil.which("mcp-lean", path=search_path(environ))
    if scope == "project" and found:
        return (
            {"command": "mcp-lean", "args": ["serve"]},
            f"the command is plain mcp-lean, found on PATH as {found}: a team's file cannot name a folder of yours",
        )
    script = os.path.abspath(sys.argv[0])
    is_script = os.path.basename(script) in ("mcp-lean", "mcp-lean.exe") and os.access(script, os.X_OK)
    entry: JsonObject = (
        {"command": script, "args": ["serve"]}
        if is_script
        else {"command": sys.executable, "args": ["-P", "-m", "mcp_lean", "serve"]}
    )
    why = f"the command is {entry['command']}, the mcp-lean that runs now, whatever PATH a session has"
    if scope == "project":
        why = (
            f"the command is {entry['command']}, since PATH has no mcp-lean: the file is of no use to others. Put "
            "mcp-lean on PATH (pipx install, uv tool install) and run init again for one that a team can share"
        )
    return entry, why


def passing(command: str) -> str:
    """A remark for a command that will be gone one day: a package runner's own environment."""
    if not re.search(r"/(?:\.cache|uv/archive-v\d+|Caches|_npx)/", command):
        return ""
    return f"{command} lies in a package runner's cache and will be gone one day; install with uv tool install or pipx"
