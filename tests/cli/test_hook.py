"""`mcp-lean hook`: the same answers as the server's, in a process that loads little and never fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.cli import hook

OF_NO_USE = ("mcp", "mcp_types", "pydantic", "anyio", "asyncio", "rich", "tree_sitter", "pathspec")
SCRIPT = f"""
import sys
from mcp_lean.cli.main import main
status = main(["hook", *sys.argv[1:]])
print("loaded:", *[name for name in {OF_NO_USE} if name in sys.modules])
sys.exit(status)
"""
RAISE = {"tool_name": "Bash", "tool_use_id": "t", "tool_input": {"command": "mcp-lean budget --raise 5"}}


def run(home: Path, stdin: bytes, *arguments: str, script: bool = False) -> subprocess.CompletedProcess[bytes]:
    command = (sys.executable, "-c", SCRIPT) if script else (sys.executable, "-m", "mcp_lean", "hook")
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run((*command, *arguments), input=stdin, capture_output=True, env=env, cwd=home)


def test_an_event_is_answered_with_little_loaded(tmp_path: Path) -> None:
    event = {"session_id": "S", "agent_id": "a1", "cwd": str(tmp_path), **RAISE}
    done = run(tmp_path, json.dumps(event).encode(), "PreToolUse", script=True)

    answer, loaded = done.stdout.decode().splitlines()
    assert json.loads(answer)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert (loaded, done.stderr, done.returncode) == ("loaded:", b"", 0)


@pytest.mark.parametrize(
    ("arguments", "stdin", "answer", "complaint"),
    [
        (("PostToolBatch",), b"{}", b"{}\n", b""),
        ((), b'{"hook_event_name": "Stop", "session_id": "S"}', b"{}\n", b""),
        (("PreCompact",), b'{"session_id": "S"}', b"\n", b""),
        (("Nonsense", "--and", "more"), b'{"session_id": "S"}', b"{}\n", b""),
        (("Stop",), b"", b"{}\n", b"JSONDecodeError"),
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


def test_twenty_megabytes_are_answered(tmp_path: Path) -> None:
    calls = [{"tool_name": "Read", "tool_use_id": "t", "tool_input": {}, "tool_response": "x" * 20_000_000}]
    done = run(tmp_path, json.dumps({"session_id": "S", "tool_calls": calls}).encode(), "PostToolBatch")

    assert (done.stdout, done.returncode) == (b"{}\n", 0)


def test_a_late_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "DEADLINE_SECONDS", 0.01)

    def work_on() -> None:
        with hook._deadline():
            while True:
                pass

    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 s"):
        work_on()


def test_what_one_process_was_told_another_one_knows(tmp_path: Path) -> None:
    from mcp_lean.guard.identity import Caller
    from mcp_lean.guard.start import start

    event = {"session_id": "S", "agent_id": "a1", "tool_name": "mcp__lean__read_many", "tool_use_id": "toolu_1"}
    run(tmp_path, json.dumps(event).encode(), "PreToolUse")

    assert start(str(tmp_path), {"HOME": str(tmp_path)}).guard.identify("toolu_1") == Caller("S", "a1")
