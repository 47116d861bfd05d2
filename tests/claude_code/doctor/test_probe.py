"""Starting servers and asking them: good ones, and those that are slow, silent, loud or gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor import probe
from mcp_lean.claude_code.doctor.probe import client_version, expanded, listed, own_start
from tests.processes import ends

SERVER = """
import json, os, sys, subprocess
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "initialize":
        print("a line of log", flush=True)
        result = {"protocolVersion": "2025-11-25", "instructions": "be brief"}
    elif asked["method"] == "tools/list":
        first = not asked["params"]
        names = ["b", "a"] if first else ["c"]
        result = {"tools": [{"name": n, "description": os.environ.get("SAYS", ""), "inputSchema": {}} for n in names]}
        if first:
            result["nextCursor"] = "2"
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-ISc", code)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SERVER_SECONDS", 2.0)
    monkeypatch.setattr(probe, "END_SECONDS", 0.2)


def test_a_server_lists_its_tools_over_all_pages(tmp_path: Path) -> None:
    found = listed(python(SERVER), str(tmp_path), {"SAYS": "x"})

    assert [name for name, _ in found.tools] == ["b", "a", "c"]
    assert found.tools[0][1] == '{"name":"b","description":"x","input_schema":{}}'
    assert (found.instructions, found.problem) == ("be brief", "")
    assert found.tokens > 0


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; sys.exit(3)", "ends without an answer"),
        ("import time; time.sleep(60)", "gives no answer to initialize in time"),
        ("print('x' * (9 << 20), flush=True)", "more than 8 MiB"),
        (
            SERVER.replace("if first:", "if True:"),
            "more than 20 pages",
        ),
        (
            'import sys\nfor _ in sys.stdin: print(\'{"id": 1, "error": {"code": 1}}\', flush=True)',
            "refuses initialize",
        ),
    ],
)
def test_a_server_that_does_not_answer_is_a_problem_in_words(tmp_path: Path, code: str, problem: str) -> None:
    assert problem in listed(python(code), str(tmp_path), {}).problem


def test_a_command_that_is_not_there_is_a_problem_in_words(tmp_path: Path) -> None:
    assert (
        listed((str(tmp_path / "gone"),), str(tmp_path), {}).problem == "cannot be started: No such file or directory"
    )


def test_a_command_that_no_system_has_is_a_problem_in_words(tmp_path: Path) -> None:
    assert "null byte" in listed(("a\0b",), str(tmp_path), {}).problem


def test_a_server_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    """It ignores the end of its input and SIGTERM, and its child does, too."""
    stubborn = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = f"{stubborn}open('child', 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-ISc', {child!r}])\n{stubborn}time.sleep(60)"

    listed(python(code), str(tmp_path), {})

    pid = int((tmp_path / "child").read_text(encoding="utf-8"))
    assert ends(pid)


def test_our_own_server_answers_hooks_and_writes_into_no_ledger(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    found = own_start((sys.executable, "-m", "mcp_lean", "serve"), str(tmp_path), environ)

    assert found.problem == ""
    assert {"read_many", "grep_and_read"} <= set(found.tools)
    assert found.hook_answer.startswith("{")
    assert 0 < found.seconds <= found.ready_seconds
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("text", "becomes"),
    [("${A}/x", "1/x"), ("${B:-two}", "two"), ("${A:-two}", "1"), ("${B}", ""), ("$A plain", "$A plain")],
)
def test_variables_of_an_entry(text: str, becomes: str) -> None:
    assert expanded(text, {"A": "1"}) == becomes


@pytest.mark.parametrize(
    ("script", "version"),
    [("echo '2.1.330 (Claude Code)'", "2.1.330"), ("echo nothing", ""), ("exit 1", ""), ("exec sleep 60", "")],
)
def test_the_client_is_asked_for_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, version: str
) -> None:
    monkeypatch.setattr(probe, "CLIENT_SECONDS", 0.5)
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)

    assert client_version(str(program), {"PATH": os.environ["PATH"]}) == version
