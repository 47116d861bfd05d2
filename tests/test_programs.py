"""The programs beside the package, in bench/ and scripts/: what they are for is asked of them, and costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted(path for folder in ("bench", "scripts") for path in (ROOT / folder).iterdir() if path.is_file())


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    interpreter = [sys.executable] if program.suffix == ".py" else []
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path}
    return subprocess.run([*interpreter, program, *arguments], capture_output=True, text=True, env=environ)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_help_says_how_a_program_is_called_and_does_nothing(program: Path) -> None:
    done = run(program, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert program.name in done.stdout
    assert len(done.stdout.split()) > 15


@pytest.mark.parametrize("program", [path for path in PROGRAMS if path.name != "check"], ids=lambda path: path.name)
def test_a_wrong_argument_ends_in_one_line_that_says_so(program: Path) -> None:
    """`scripts/check` is left out: it hands its arguments to pytest."""
    done = run(program, "--no-such-option")

    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert program.name in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
