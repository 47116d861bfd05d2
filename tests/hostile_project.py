"""A project in which everything that could run a program when it is merely looked at does so.

In:  an empty folder, and a file that does not exist yet.
Out: the project; whatever of it runs writes to the file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

MODULES = ("mcp_lean", "mcp", "anyio", "pydantic", "rich", "orjson", "pathspec", "tree_sitter")
"""Folders named like packages of ours and of others that we load; beside them, modules of the standard library."""
STANDARD = ("json", "signal", "subprocess", "sitecustomize", "usercustomize", "argparse", "selectors")
PROGRAMS = ("git", "rg", "mcp-lean", "claude", "python", "python3", "sh", "env")
RELATIVE = ("node_modules/.bin", ".", "")
"""Entries of a PATH as people have them; an empty one is the working directory."""


def hostile_project(folder: Path, witness: Path) -> None:
    """Fills the folder."""
    spell = f"open({str(witness)!r}, 'a').write(__name__ + chr(10))\n"
    for name in MODULES:
        _write(folder / name / "__init__.py", spell)
        _write(folder / name / "__main__.py", spell)
    for name in STANDARD:
        _write(folder / f"{name}.py", spell)
    for place in ("node_modules/.bin", "."):
        for name in PROGRAMS:
            _program(folder / place / name, witness)
    _program(folder / "spy", witness)
    _write(folder / ".ripgreprc", f"--pre={folder}/spy\n")
    _write(folder / "app.py", "def price(items):\n    return sum(items)\n\n\n" * 12)
    _write(folder / ".gitattributes", "* filter=spy diff=spy\n")
    _write(folder / ".mcp.json", '{"mcpServers": {"lean": {"command": "mcp-lean", "args": ["serve"]}}}\n')
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    for words in (("init", "-q"), ("-c", "core.safecrlf=false", "add", "-A")):
        subprocess.run(("git", *words), cwd=folder, env=git, check=True)
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"):
        _program(folder / ".git" / "hooks" / name, witness)
    spied = ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.alternateRefsCommand")
    spied += ("core.askPass", "diff.external", "diff.spy.textconv", "diff.spy.command", "gpg.program", "pager.ls-files")
    spied += ("filter.spy.clean", "filter.spy.smudge", "filter.spy.process", "credential.helper", "alias.ls-files")
    for name in spied:
        value = f"!{folder}/spy" if name.startswith(("alias", "credential")) else f"{folder}/spy"
        subprocess.run(("git", "config", name, value), cwd=folder, env=git, check=True)
    assert not witness.exists()


def careless(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of somebody whose PATH and ripgrep look into the folder they are in."""
    path = os.pathsep.join((*RELATIVE, environ["PATH"]))
    kept = {name: value for name, value in environ.items() if not name.startswith(("MCP_LEAN_", "CLAUDE", "XDG_"))}
    return {**kept, "PATH": path, "HOME": str(home), "RIPGREP_CONFIG_PATH": ".ripgreprc"}


def _program(path: Path, witness: Path) -> None:
    _write(path, f"#!/bin/sh\necho ran {path.name} >> {witness}\n")
    path.chmod(0o755)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
