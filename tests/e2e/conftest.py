"""The fixture `claude`: the real client, or a skip that says why not."""

import os
from pathlib import Path

import pytest

from .client import Claude
from .namespace import why_no_namespace

PROGRAM = "MCP_LEAN_CLAUDE"


@pytest.fixture
def claude(tmp_path: Path) -> Claude:
    """Runs the program that MCP_LEAN_CLAUDE names; each run gets a folder of its own."""
    program = os.environ.get(PROGRAM)
    if not program:
        pytest.skip(f"{PROGRAM} is not set; scripts/install_claude installs the client and prints its path")
    if not os.access(program, os.X_OK):
        pytest.fail(f"{PROGRAM}={program}: no such program")
    if reason := why_no_namespace():
        pytest.skip(reason)
    return Claude(Path(program).resolve(), tmp_path)
