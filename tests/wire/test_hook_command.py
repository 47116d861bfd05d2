"""`mcp-lean hook` with real processes: the running server answers it, before and after the SDK is loaded; where that
is not possible, the command answers by itself.

That a server answered is seen by the nudge: it comes with the third single read, which no process of one event counts.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from mcp_lean.server import hook_socket
from wire.driver import ERAS, MODERN, PATIENT, Wire, appears

OURS = (sys.executable, "-m", "mcp_lean")
WRITE = {"tool_name": "Edit", "tool_use_id": "t", "tool_input": {"file_path": "/a/.mcp-lean.toml"}}


class Home:
    """A user's folders: short paths, as sockets need them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "p"
        self.project.mkdir()
        self.sockets = Path(hook_socket.folder(self.env()))

    def env(self, session: str = "S") -> dict[str, str]:
        return {"HOME": str(self.root), "XDG_DATA_HOME": str(self.root), "CLAUDE_CODE_SESSION_ID": session}

    def serve(self, era: str = MODERN, session: str = "S", **environ: str) -> Wire:
        """A server whose door is open."""
        before = set(os.listdir(self.sockets)) if self.sockets.exists() else set()
        wire = Wire(era, (*PATIENT, "serve"), cwd=self.project, env={**self.env(session), **environ})
        wire.result("tools/list")
        assert appears(self.sockets)
        while not set(os.listdir(self.sockets)) - before:
            assert wire.process.poll() is None
            time.sleep(0.01)
        return wire

    def hook(
        self, event: str, session: str = "S", stdin: bytes = b"", words: Sequence[str] = PATIENT, **fields: object
    ) -> tuple[str, str]:
        """What the command prints, and its complaint."""
        data = stdin or json.dumps({"session_id": session, "cwd": str(self.project), **fields}).encode()
        env = {"PATH": os.environ["PATH"], **self.env(session)}
        done = subprocess.run((*words, "hook", event), input=data, capture_output=True, env=env, cwd=self.project)
        assert done.returncode == 0
        return done.stdout.decode(), done.stderr.decode()

    def answered(self, event: str, session: str = "S", **fields: object) -> str:
        """What the command prints, without a complaint."""
        said, complaint = self.hook(event, session, **fields)
        assert complaint == ""
        return said

    def read(self, number: int, session: str = "S") -> str:
        """The answer after a single native read."""
        call = {"tool_name": "Read", "tool_use_id": f"t{number}", "tool_input": {}, "tool_response": "x"}
        return self.answered("PostToolBatch", session, tool_calls=[call])


@pytest.fixture
def home() -> Iterator[Home]:
    root = Path(tempfile.mkdtemp())
    yield Home(root)
    shutil.rmtree(root)


@pytest.mark.parametrize("era", ERAS)
def test_the_server_s_guard_answers_before_and_after_the_sdk_takes_over(era: str, home: Home) -> None:
    with home.serve(era) as wire:
        assert [home.read(1), home.read(2)] == ["{}\n", "{}\n"]
        assert wire.call("read_many", items=["."])
        assert "read_many" in home.read(3)
    assert os.listdir(home.sockets) == []


def test_it_answers_while_the_sdk_is_loading(home: Home) -> None:
    """A package of the name `mcp` that cannot be imported stands in for one that takes its time."""
    (home.root / "mcp").mkdir()
    (home.root / "mcp" / "__init__.py").write_text("import time; time.sleep(3600)")
    with home.serve(PYTHONPATH=str(home.root)):
        assert [home.read(number) for number in (1, 2)] == ["{}\n"] * 2
        assert "read_many" in home.read(3)


def test_without_the_front_it_answers_as_well(home: Home) -> None:
    with home.serve(MCP_LEAN_FRONT="0"):
        assert [home.read(number) for number in (1, 2)] == ["{}\n"] * 2
        assert "read_many" in home.read(3)


def test_hooks_of_both_kinds_speak_to_one_guard(home: Home) -> None:
    with home.serve() as wire:
        home.read(1)
        call = {"tool_name": "Read", "tool_use_id": "t2", "tool_input": {}, "tool_response": "x"}
        wire.call("hook", event="PostToolBatch", session_id="S", tool_calls=json.dumps([call]))
        assert "read_many" in home.read(3)


def test_each_session_asks_its_own_server(home: Home) -> None:
    with home.serve(session="S"), home.serve(session="T"):
        assert [home.read(number, session) for number in (1, 2) for session in ("S", "T")] == ["{}\n"] * 4
        assert "read_many" in home.read(3, "S")
        assert "read_many" in home.read(3, "T")
        assert [home.read(number, "U") for number in (1, 2, 3)] == ["{}\n"] * 3


def test_a_killed_server_leaves_the_command_to_itself_and_the_next_server_removes_its_socket(home: Home) -> None:
    wire = home.serve()
    [left] = home.sockets.iterdir()
    wire.process.send_signal(signal.SIGKILL)
    wire.process.wait()
    wire.end()

    answer = home.answered("PreToolUse", **WRITE)
    assert json.loads(answer)["hookSpecificOutput"]["permissionDecision"] == "ask"
    os.utime(left, (0, 0))
    with home.serve():
        assert left not in set(home.sockets.iterdir())


def test_a_server_killed_in_the_middle_of_an_answer_leaves_the_command_to_itself(home: Home) -> None:
    """A server that is stopped has the question, and then it is gone."""
    wire = home.serve()
    wire.process.send_signal(signal.SIGSTOP)
    killing = threading.Timer(0.3, wire.process.kill)
    killing.start()
    answer = home.answered("PreToolUse", **WRITE)
    wire.end()

    assert json.loads(answer)["hookSpecificOutput"]["permissionDecision"] == "ask"


def test_a_server_that_hangs_is_given_up(home: Home) -> None:
    wire = home.serve()
    wire.process.send_signal(signal.SIGSTOP)
    answer = home.hook("PreToolUse", words=OURS, **WRITE)
    wire.process.kill()
    wire.end()

    assert answer == (
        "{}\n",
        "mcp-lean hook: TimeoutError: no answer within 1 s; work goes on without the guard\n",
    )


def test_nonsense_silence_floods_and_twenty_megabytes_do_no_harm(home: Home) -> None:
    with home.serve() as wire, ExitStack() as stack:
        [path] = home.sockets.iterdir()
        home.read(1)
        for number in range(60):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(path))
            if number % 3:
                connection.sendall(os.urandom(number * 100))
            if number % 3 == 2:
                connection.close()
        assert home.hook("Stop", stdin=b"[]")[0] == "{}\n"
        long = json.dumps({"session_id": "other", "tool_calls": [{"tool_response": "x" * 20_000_000}]})
        assert home.hook("PostToolBatch", stdin=long.encode())[0] == "{}\n"
        home.read(2)
        assert "read_many" in home.read(3)
        assert wire.call("read_many", items=["."])


def test_what_cannot_be_read_is_said_by_the_command(home: Home) -> None:
    with home.serve():
        assert home.hook("Stop", stdin=b"[]") == (
            "{}\n",
            "mcp-lean hook: ValueError: stdin is not a JSON object; work goes on without the guard\n",
        )
