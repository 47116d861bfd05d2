"""Every example prints what its page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.cli import person

EXAMPLES = sorted(path.parent for path in (Path(__file__).parent.parent / "examples").glob("*/run"))

FOR_PEOPLE = ("doctor", "guard")
"""They undo an installation and raise a limit, which is refused inside of Claude Code."""


PATIENT = """#!{python}
from mcp_lean.server import hook_socket

hook_socket.DEADLINE_SECONDS = 60.0

from mcp_lean.guard.continuing import after_clear

after_clear.LATEST_SECONDS = 60.0

from mcp_lean.cli.main import main

raise SystemExit(main())
"""
"""`mcp-lean` with a guard that may take its time: on a busy machine a process is not even started within its second."""


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_prints_what_its_page_shows(folder: Path, tmp_path: Path) -> None:
    if folder.name in FOR_PEOPLE and (why := person.why_not(os.environ)):
        pytest.skip(why)
    found = re.search(r"```text\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    program = tmp_path / "mcp-lean"
    program.write_text(PATIENT.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o700)
    path = os.pathsep.join((str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]))

    done = subprocess.run([folder / "run"], capture_output=True, text=True, env={**os.environ, "PATH": path})

    assert done.stderr == ""
    assert [line.rstrip() for line in done.stdout.strip().split("\n")] == found[1].strip().split("\n")
