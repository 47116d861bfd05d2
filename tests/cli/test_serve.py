"""`mcp-lean serve` as somebody types it who wants to know what it is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.cli.serve import TYPED

SERVE = (sys.executable, "-m", "mcp_lean", "serve")
CTRL_D = b"\x04"


@pytest.mark.parametrize("front", ["1", "0"])
def test_typed_in_a_terminal_it_says_what_it_is_and_control_d_ends_it(tmp_path: Path, front: str) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        SERVE,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "MCP_LEAN_FRONT": front},
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        os.close(slave)
        assert server.stderr
        assert server.stderr.readline().decode() == f"{TYPED}\n"
        os.write(master, CTRL_D)
        answered, said = server.communicate(timeout=60)
    os.close(master)

    assert (answered, said, server.returncode) == (b"", b"", 0)


def test_a_client_hears_nothing_of_it(tmp_path: Path) -> None:
    done = subprocess.run(
        SERVE, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, input=b"", capture_output=True
    )

    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)


def test_without_stderr_the_line_is_not_written_to_the_client(tmp_path: Path) -> None:
    """`print` takes a stderr that was closed before the start for stdout."""
    master, slave = pty.openpty()
    command = " ".join(SERVE) + " 2>&-"
    with subprocess.Popen(("sh", "-c", command), cwd=tmp_path, stdin=slave, stdout=subprocess.PIPE) as server:
        os.close(slave)
        os.write(master, CTRL_D)
        answered, _ = server.communicate(timeout=60)
    os.close(master)

    assert (answered, server.returncode) == (b"", 0)
