"""Programs of others that speak to the real server. Optional: they need node packages and a while.

scripts/install_node_clients
MCP_LEAN_SLOW=1 pytest tests/slow
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CLIENTS = (
    Path(
        os.environ.get("MCP_LEAN_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcp-lean-tests"
    )
    / "node-clients"
)
SERVER = (sys.executable, "-m", "mcp_lean", "serve")

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("MCP_LEAN_SLOW"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason="slow; run with MCP_LEAN_SLOW=1"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("def first():\n    return 1\n")
    return tmp_path


@pytest.fixture
def node(project: Path) -> Run:
    """Run a node script of the installed packages, or one of ours among them, in the project."""
    program = CLIENTS / "node"
    if not program.exists():
        pytest.fail(f"no node clients in {CLIENTS}: run scripts/install_node_clients")

    def run(script: str | Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Where a module stands decides which packages it finds: ours is read from stdin, as if it stood there.
        path = CLIENTS / script if isinstance(script, str) else None
        return subprocess.run(
            (program, *((path,) if path else ("--input-type=module", "-")), *arguments),
            input=None if path else Path(script).read_text(),
            cwd=project if path else CLIENTS,
            env={**os.environ, "CLAUDE_PROJECT_DIR": str(project), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
