"""`mcp-lean hook`: the same answers as the server's, in a process that loads little and never fails."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wire.driver import PATIENT

from mcp_lean.cli import hook_here

BEFORE_IT_ASKS = ("argparse", "dataclasses", "json", "re", "socket", "sqlite3", "typing")
OF_NO_USE = ("mcp", "mcp_types", "pydantic", "anyio", "asyncio", "rich", "tree_sitter", "pathspec")
SCRIPT = f"""
import sys
from mcp_lean.server import hook_socket
hook_socket.DEADLINE_SECONDS = 20.0
from mcp_lean.cli.main import main
status = main(["hook", *sys.argv[1:]])
print("loaded:", *[name for name in {OF_NO_USE} if name in sys.modules])
sys.exit(status)
"""
WRITE = {"tool_name": "Edit", "tool_use_id": "t", "tool_input": {"file_path": "/a/.mcp-lean.toml"}}


def run(home: Path, stdin: bytes, *arguments: str, script: bool = False) -> subprocess.CompletedProcess[bytes]:
    command = (sys.executable, "-c", SCRIPT) if script else (*PATIENT, "hook")
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run((*command, *arguments), input=stdin, capture_output=True, env=env, cwd=home)


def test_an_event_is_answered_with_little_loaded(tmp_path: Path) -> None:
    event = {"session_id": "S", "agent_id": "a1", "cwd": str(tmp_path), **WRITE}
    done = run(tmp_path, json.dumps(event).encode(), "PreToolUse", script=True)

    answer, loaded = done.stdout.decode().splitlines()
    assert json.loads(answer)["hookSpecificOutput"]["permissionDecision"] == "ask"
    assert (loaded, done.stderr, done.returncode) == ("loaded:", b"", 0)


@pytest.mark.parametrize(
    ("arguments", "stdin", "answer", "complaint"),
    [
        (("PostToolBatch",), b"{}", b"{}\n", b""),
        ((), b'{"hook_event_name": "Stop", "session_id": "S"}', b"{}\n", b""),
        (("PreCompact",), b'{"session_id": "S"}', b"\n", b""),
        (("Nonsense", "--and", "more"), b'{"session_id": "S"}', b"{}\n", b""),
        (("--wrong", "PreToolUse"), b'{"session_id": "S"}', b"{}\n", b""),
        ((), b"", b"{}\n", b"mcp-lean hook: no event on stdin (Claude Code writes one); nothing was done\n"),
        (("PreCompact",), b" \n", b"\n", b"no event on stdin"),
        (("Stop",), b"{", b"{}\n", b"JSONDecodeError"),
        (("Stop",), b"[]", b"{}\n", b"stdin is not a JSON object"),
        (("PreCompact",), b"\xff", b"\n", b"UnicodeDecodeError"),
        (("Stop",), b"[" * 200_000, b"{}\n", b"RecursionError"),
    ],
)
def test_the_status_is_always_0(
    tmp_path: Path, arguments: tuple[str, ...], stdin: bytes, answer: bytes, complaint: bytes
) -> None:
    done = run(tmp_path, stdin, *arguments)

    assert (done.stdout, done.returncode) == (answer, 0)
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == bool(complaint)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="stands for a log on a full disk")
@pytest.mark.parametrize(
    ("stdin", "answer"),
    [
        (json.dumps({"session_id": "S", "agent_id": "a1", **WRITE}).encode(), b'"permissionDecision": "ask"'),
        (b"", b"{}"),
    ],
)
def test_an_answer_is_given_where_what_went_wrong_cannot_be_said(tmp_path: Path, stdin: bytes, answer: bytes) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where the folder of the ledger should be", encoding="utf-8")
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(blocked)}
    with open("/dev/full", "wb") as full:
        command = (*PATIENT, "hook", "PreToolUse")
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=full, env=env, cwd=tmp_path)

    assert answer in done.stdout
    assert done.returncode == 0


def test_twenty_megabytes_are_answered(tmp_path: Path) -> None:
    calls = [{"tool_name": "Read", "tool_use_id": "t", "tool_input": {}, "tool_response": "x" * 20_000_000}]
    done = run(tmp_path, json.dumps({"session_id": "S", "tool_calls": calls}).encode(), "PostToolBatch")

    assert (done.stdout, done.returncode) == (b"{}\n", 0)


def test_a_late_answer_is_given_up() -> None:
    def work_on() -> None:
        with hook_here._deadline(0.01):
            while True:
                pass

    with pytest.raises(TimeoutError, match="no answer in time"):
        work_on()


def test_a_deadline_that_is_lost_comes_again() -> None:
    """What a signal raises while Python clears up an object is printed and forgotten."""

    def work_on() -> None:
        with hook_here._deadline(0.01):
            with contextlib.suppress(BaseException):
                time.sleep(20)
            time.sleep(20)

    with pytest.raises(TimeoutError, match="no answer in time"):
        work_on()


def test_a_part_that_fails_alone_does_not_take_the_deadline_for_its_own_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp_lean.guard.ledger.ledger import Ledger

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(tmp_path))
    asked: list[str] = []
    monkeypatch.setattr(Ledger, "remember", lambda *_: signal.raise_signal(signal.SIGALRM))
    monkeypatch.setattr(Ledger, "take_notes", lambda *_: asked.append("went on"))

    with pytest.raises(TimeoutError, match="no answer in time"):
        hook_here.answer("PreToolUse", b'{"session_id": "S", "tool_name": "Bash", "tool_use_id": "t"}', 5.0)
    assert asked == []


def test_what_one_process_was_told_another_one_knows(tmp_path: Path) -> None:
    from mcp_lean.guard.identity import Caller
    from mcp_lean.guard.start import start

    event = {"session_id": "S", "agent_id": "a1", "tool_name": "mcp__lean__read_many", "tool_use_id": "toolu_1"}
    run(tmp_path, json.dumps(event).encode(), "PreToolUse")

    assert start(str(tmp_path), {"HOME": str(tmp_path)}).guard.identify("toolu_1") == Caller("S", "a1")


def test_next_to_nothing_is_loaded_before_a_server_is_asked() -> None:
    """Each event is a process; what these modules cost is in docs/figures.md."""
    script = f"""
import sys
before = set(sys.modules)
from mcp_lean.cli import hook, main
hook.ask("Stop", b"", {{"HOME": "/nowhere"}}, 1e9)
import _socket
print([name for name in {BEFORE_IT_ASKS} if name in set(sys.modules) - before], len(set(sys.modules) - before) < 30)
"""
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=True)

    assert done.stdout == "[] True\n"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_changes_nothing_about_the_status(tmp_path: Path, closed: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m mcp_lean hook Stop {closed}"
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(("sh", "-c", command), input=b"[]", capture_output=True, env=env, cwd=tmp_path)

    assert (done.stdout, done.returncode) == (b"" if "1>" in closed else b"{}\n", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_output_that_cannot_be_written_changes_nothing_about_the_status(tmp_path: Path) -> None:
    command = (*PATIENT, "hook", "Stop")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, input=b"{}", stdout=full, stderr=subprocess.PIPE, env={"HOME": str(tmp_path)})

    assert (done.returncode, done.stderr) == (0, b"")


NOT_FOR_A_CALL = ("dataclasses", "difflib", "inspect", "mcp_lean.guard.memory", "orjson", "tomllib")
"""What most events without a server do not need. The first two thirds of a process were loading such things."""


@pytest.mark.parametrize(
    ("event", "loads_continuing"),
    [
        ({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "t"}, False),
        ({"hook_event_name": "Stop"}, False),
        ({"hook_event_name": "SubagentStop", "agent_id": "a1"}, False),
        ({"hook_event_name": "SubagentStart", "agent_id": "a1"}, False),
        ({"hook_event_name": "SessionStart", "source": "startup"}, False),
        ({"hook_event_name": "SessionStart", "source": "clear"}, True),
        ({"hook_event_name": "UserPromptSubmit", "prompt": "go on"}, True),
    ],
)
def test_an_event_loads_what_may_have_an_answer_to_it(
    tmp_path: Path, event: dict[str, str], loads_continuing: bool
) -> None:
    continuing = "mcp_lean.guard.continuing.watcher"
    looked_for = (continuing,) if loads_continuing else (*NOT_FOR_A_CALL, continuing)
    script = SCRIPT.replace(str(OF_NO_USE), str(looked_for))
    done = subprocess.run(
        (sys.executable, "-c", script),
        input=json.dumps({"session_id": "S", "cwd": str(tmp_path), **event}).encode(),
        capture_output=True,
        env={"HOME": str(tmp_path)},
        cwd=tmp_path,
    )

    loaded = f"loaded: {continuing}" if loads_continuing else "loaded:"
    assert (done.stdout.decode(), done.stderr) == (f"{{}}\n{loaded}\n", b"")


def test_a_process_that_ends_at_once_leaves_a_whole_ledger_behind(tmp_path: Path) -> None:
    """No journal that the next process would have to go through."""
    event = {"session_id": "S", "tool_name": "Bash", "tool_use_id": "t"}
    done = run(tmp_path, json.dumps(event).encode(), "PreToolUse")

    assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)
    assert [file.name for file in (tmp_path / ".local/share/mcp-lean").iterdir()] == ["ledger.sqlite3"]


def test_what_only_a_memory_of_turns_could_use_loads_no_guard(tmp_path: Path) -> None:
    script = SCRIPT.replace(str(OF_NO_USE), str(("mcp_lean.guard.hooks", "sqlite3", "tomllib")))
    event = {"session_id": "S", "tool_name": "Bash", "tool_use_id": "t", "error": "Exit code 1"}
    done = subprocess.run(
        (sys.executable, "-c", script, "PostToolUseFailure"),
        input=json.dumps(event).encode(),
        capture_output=True,
        env={"HOME": str(tmp_path)},
        cwd=tmp_path,
    )

    assert (done.stdout, done.stderr) == (b"{}\nloaded:\n", b"")
