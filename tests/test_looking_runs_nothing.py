"""A project that is looked at runs nothing, whatever its files and its configuration of git are named and say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hostile_project import careless, hostile_project

from mcp_lean.claude_code.init.entry import server_entry
from mcp_lean.claude_code.plugin_files import FOLDER

OURS = (sys.executable, "-P", "-m", "mcp_lean")
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
}
CALLS = (
    ("repo_summary", {}),
    ("read_many", {"items": ["app.py#price"]}),
    ("grep_and_read", {"patterns": ["price"]}),
)


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def project(tmp_path: Path, witness: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    hostile_project(folder, witness)
    return folder


def ran(
    words: Sequence[str], project: Path, said: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {**careless(os.environ, project.parent / "home"), **(env or {})}
    return subprocess.run(words, cwd=project, env=environ, input=said, capture_output=True, text=True, timeout=120)


def answers(words: Sequence[str], project: Path, env: dict[str, str] | None = None) -> dict[int, dict[str, object]]:
    """What a server answers that is started with these words in the project."""
    notice = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    calls = [
        {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(CALLS, 2)
    ]
    environ = {**careless(os.environ, project.parent / "home"), **(env or {})}
    found: dict[int, dict[str, object]] = {}
    with subprocess.Popen(
        words, cwd=project, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        for message in (HELLO, notice, *calls):
            server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        while len(found) < 1 + len(CALLS) and (line := server.stdout.readline()):
            message = json.loads(line)
            if "id" in message and "result" in message:
                found[message["id"]] = message["result"]
        server.stdin.close()
    return found


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("try", "."), 0),
        (("map",), 0),
        (("grep", "price"), 0),
        (("read", "app.py"), 0),
        (("doctor", "--days", "0"), 1),
        (("init", "--dry-run"), 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_that_looks(project: Path, witness: Path, command: tuple[str, ...], status: int) -> None:
    done = ran((*OURS, *command), project)

    assert not witness.exists(), witness.read_text()
    assert (done.returncode, done.stderr) == (status, "")


def test_the_server_that_init_s_entry_starts_there(
    project: Path, witness: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["pytest"])
    entry, _ = server_entry("user", {})
    arguments = entry["args"]
    assert isinstance(arguments, list)

    found = answers((str(entry["command"]), *arguments), project)

    assert not witness.exists(), witness.read_text()
    assert sorted(found) == [1, 2, 3, 4]
    assert "app.py" in json.dumps(found[2])
    assert "def price(items):" in json.dumps(found[3])
    assert "def price(items):" in json.dumps(found[4])


def test_the_plugin_s_server_there(project: Path, witness: Path) -> None:
    """The relative entries of PATH come first; its own search ends at the program in the person's home."""
    program = project.parent / "home/.local/bin/mcp-lean"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {" ".join(OURS)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    plugin = project.parent / "plugin"
    shutil.copytree(FOLDER, plugin)

    found = answers(("/bin/sh", str(plugin / "run"), "serve"), project)

    assert not witness.exists(), witness.read_text()
    assert sorted(found) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "words",
    [
        (sys.executable, "-m", "mcp_lean", "--version"),
        ("git", "ls-files", "-o"),
        ("rg", "price", "app.py"),
    ],
    ids=lambda words: words[0].rpartition("/")[2],
)
def test_the_witness_would_speak(project: Path, witness: Path, words: tuple[str, ...]) -> None:
    """The same project, looked at without our care."""
    ran(("/usr/bin/env", *words), project)

    assert witness.exists()


def test_git_s_own_configuration_would_speak(project: Path, witness: Path) -> None:
    path = os.environ["PATH"]
    ran(("git", "diff"), project, env={"PATH": path})
    ran(("git", "status"), project, env={"PATH": path})

    assert {"ran spy"} <= set(witness.read_text().splitlines())
