"""The process around the server: how it ends, and what it writes where."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import ends
from wire.driver import HOSTILE, LEGACY, PATIENCE_SECONDS, SERVE, Wire, appears

INITIALIZE = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}
CANARY = "canary-5f1e0c-do-not-log"


def test_the_end_of_stdin_ends_calls_that_run_wait_and_hear_nothing(era: str, tmp_path: Path) -> None:
    """Deaf calls would last for ten minutes; the server does not wait for them, and stops the others."""
    wire = Wire(era, HOSTILE, cwd=tmp_path)
    for name in ("waiting", "other"):
        wire.start("wait", name=name)
    wire.start("sleep", name="deaf")
    wire.start("child", name="child")
    wire.start("wait", name="queued")
    for file in ("waiting.began", "other.began", "deaf.began", "child.pid"):
        assert appears(tmp_path / file)

    assert wire.end() == 0
    assert (tmp_path / "waiting.ended").exists()
    assert not (tmp_path / "queued.began").exists()
    assert ends(int(os.readlink(tmp_path / "child.pid"))), "the program that a call ran has ended too"
    assert wire.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_the_server_also_during_a_call(number: signal.Signals, tmp_path: Path) -> None:
    wire = Wire(LEGACY, HOSTILE, cwd=tmp_path)
    wire.start("sleep", name="deaf")
    assert appears(tmp_path / "deaf.began")

    wire.process.send_signal(number)

    assert wire.wait() == -number


def test_a_client_that_is_gone_leaves_no_traceback(tmp_path: Path) -> None:
    """Both ends closed: the answer to a call that is under way has nowhere to go."""
    read_end, write_end = os.pipe()
    wire = Wire(LEGACY, HOSTILE, cwd=tmp_path, open_now=False, stdout=write_end)
    os.close(write_end)
    wire.send("initialize", INITIALIZE)
    assert b"serverInfo" in os.read(read_end, 65_536)
    wire.notify("notifications/initialized")
    wire.start("sleep", name="deaf")
    assert appears(tmp_path / "deaf.began")
    os.close(read_end)

    assert wire.end() == 0
    assert wire.stderr == ""


def test_a_reader_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    """Only stdout is closed: the server notices when it answers, and ends with its stdin at the latest."""
    read_end, write_end = os.pipe()
    wire = Wire(LEGACY, cwd=tmp_path, open_now=False, stdout=write_end)
    os.close(write_end)
    os.close(read_end)
    with suppress(BrokenPipeError):  # it may have ended at the first answer
        for _ in range(3):
            wire.send("initialize", INITIALIZE)
            time.sleep(0.1)

    assert wire.end() == 0
    assert wire.stderr == ""


@pytest.mark.parametrize("calls", [0, 1], ids=["in the opening", "with the SDK"])
def test_a_client_with_one_socket_for_both_directions_may_go_without_reading(calls: int, tmp_path: Path) -> None:
    """Then it is reading that fails, where a pipe would just end."""
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "read_many", "arguments": {}}},
    ]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(SERVE, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, cwd=tmp_path)
        theirs.close()
        for line in lines[: 1 + 2 * calls]:
            ours.sendall(json.dumps(line).encode() + b"\n")
        said = b""
        while said.count(b"\n") < calls:
            said += ours.recv(1 << 16)
        assert select.select([ours], [], [], PATIENCE_SECONDS)[0]
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, stderr) == (0, b"")


def test_a_server_that_is_started_without_stderr_serves(tmp_path: Path) -> None:
    with Wire(command=("sh", "-c", f"exec {shlex.join(SERVE)} 2>&-"), cwd=tmp_path) as wire:
        assert wire.call("read_many", items=["gone.py"])[1]
        assert wire.is_alive()


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_server_that_is_started_without_stdin_ends(closed: str) -> None:
    done = subprocess.run(
        ("sh", "-c", f"exec {shlex.join(SERVE)} {closed}"), capture_output=True, timeout=PATIENCE_SECONDS
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_only_protocol_reaches_stdout_whatever_a_tool_prints(tmp_path: Path) -> None:
    wire = Wire(LEGACY, HOSTILE, cwd=tmp_path)

    with wire:
        assert wire.call("chatter") == ("stdin of a child: ''; own: ''", False)
        assert wire.is_alive()

    for line in wire.lines:
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        assert message.get("result") != "forged"
    assert "printed and flushed\n" in wire.stderr
    assert "a child spoke\n" in wire.stderr
    assert '"forged"' in wire.stderr


def test_the_environment_is_never_logged(tmp_path: Path) -> None:
    """Claude Code hands its whole environment down, API keys included."""
    secrets = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_MESSAGING_TOKEN", "CLAUDE_CODE_SESSION_ID", "ANYTHING", "HOME")
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text("{ broken")
    wire = Wire(
        LEGACY,
        HOSTILE,
        cwd=tmp_path,
        env={name: f"/{CANARY}/{name}" for name in secrets} | {"CLAUDE_PROJECT_DIR": str(tmp_path)},
    )

    with wire:
        for name in ("value", "exit", "recursion", "none", "nonsense"):
            wire.call("fail", name=name)
        wire.raw(b"{ malformed")
        wire.call("unheard of")
        assert wire.is_alive()

    assert wire.stderr.count("fail failed") == 5
    assert CANARY not in wire.stderr
    assert CANARY not in b"".join(wire.lines).decode()


def test_the_log_goes_to_stderr(tmp_path: Path) -> None:
    settings = tmp_path / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{ broken")

    with Wire(LEGACY, cwd=tmp_path, env={"HOME": str(tmp_path / "home")}) as wire:
        for _ in range(3):
            assert wire.call("read_many", items=["a.py"])[1]
            time.sleep(0.11)

    [line] = wire.stderr.splitlines()
    assert line.startswith(f"mcp-lean: {settings}: not readable as settings, its rules are not applied: ")


def test_a_working_directory_that_is_gone_is_told_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    script = f"cd {shlex.quote(str(folder))} && rmdir ../{folder.name} && exec {shlex.join(SERVE)}"
    wire = Wire(LEGACY, ("sh", "-c", script), open_now=False)

    assert wire.end() == 3
    assert wire.stderr == "mcp-lean serve: the working directory is not there any more; set CLAUDE_PROJECT_DIR\n"


def test_a_project_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    wire = Wire(LEGACY, env={"CLAUDE_PROJECT_DIR": nowhere}, open_now=False)

    assert wire.end() == 3
    assert wire.stderr == f"mcp-lean serve: CLAUDE_PROJECT_DIR is no folder: {nowhere}\n"
