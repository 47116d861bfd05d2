"""`mcp-lean compact` as a person runs it: which run, which form, which status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from checkpoint.talk import ROOT, Talk
from transcripts.records import OTHER_SESSION, SESSION, agent_file

from mcp_lean.cli.main import main
from mcp_lean.guard.continuing.seams import Seams
from mcp_lean.guard.ledger.ledger import Ledger


@pytest.fixture(autouse=True)
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders with two runs of one project."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", ROOT)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID", raising=False)
    folder = tmp_path / "claude" / "projects" / "-home-ann-app"
    old = Talk(prefix="old").user("the older task").says("Yes.").file(folder, OTHER_SESSION)
    new = Talk().user("the newer task").read("shop/cart.py").file(folder, SESSION)
    sub = agent_file(folder, "a1", *Talk(prefix="sub").user("the part of it").says("Yes.").records)
    for number, path in enumerate((old, new, sub)):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["compact", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def asked(out: str) -> str:
    """The last request in a checkpoint."""
    return next(line[2:] for line in out.splitlines() if line.startswith("> "))


@pytest.mark.parametrize(
    ("arguments", "request_shown"),
    [
        ((), "the newer task"),
        (("--previous",), "the older task"),
        (("--session", OTHER_SESSION[:6]), "the older task"),
        (("--agent", "a1"), "the part of it"),
        (("--brief",), "the newer task"),
    ],
)
def test_the_run_that_is_meant(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], request_shown: str
) -> None:
    status, out, err = run(capsys, *arguments)

    assert (status, asked(out), err) == (0, request_shown, "")


def test_the_run_before_is_told_by_the_session_that_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversation that was just cleared may have nothing in its transcript yet, or be the newest."""
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", OTHER_SESSION)

    assert asked(run(capsys, "--previous")[1]) == "the newer task"


def test_the_run_before_is_the_one_that_was_cleared_whatever_another_terminal_did_since(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, projects: Path
) -> None:
    """Two terminals in one folder: `SESSION` is the other one's and the newest. Between clears nothing is asked."""
    empty = Talk().file(projects, "empty")
    ledger = Ledger.open(os.environ)
    left, right = Seams(ledger, "1"), Seams(ledger, "2")
    left.prompt(OTHER_SESSION, str(projects / f"{OTHER_SESSION}.jsonl"), ROOT)
    left.cleared("empty", str(empty), ROOT)
    left.cleared("gone", str(projects / "gone.jsonl"), ROOT)
    left.cleared("now", str(projects / "now.jsonl"), ROOT)
    right.prompt(SESSION, str(projects / f"{SESSION}.jsonl"), ROOT)
    ledger.close()
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "now")

    assert asked(run(capsys, "--previous")[1]) == "the older task"


def test_a_transcript_by_its_path(capsys: pytest.CaptureFixture[str], projects: Path) -> None:
    own = projects / SESSION / "subagents" / "agent-a1.jsonl"

    assert asked(run(capsys, "--transcript", str(projects / f"{OTHER_SESSION}.jsonl"))[1]) == "the older task"
    status, out, _ = run(capsys, "--transcript", str(own))
    assert (status, asked(out)) == (0, "the part of it")
    assert out.startswith("State of a subagent, ")


def test_a_subagent_is_meant_by_the_beginning_of_its_id_unless_two_begin_so(
    capsys: pytest.CaptureFixture[str], projects: Path
) -> None:
    agent_file(projects, "b22", *Talk(prefix="b22").user("another part").says("Yes.").records)

    assert asked(run(capsys, "--agent", "b2")[1]) == "another part"
    agent_file(projects, "b23", *Talk(prefix="b23").user("a third part").says("Yes.").records)
    assert run(capsys, "--agent", "b2")[2] == (
        "mcp-lean compact: --agent b2: 2 agents of this session begin so; "
        "it has a1 (subagent), b22 (subagent), b23 (subagent)\n"
    )


def test_a_brief_says_whose_task_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--brief")

    assert out.startswith("Background from the agent that starts you: its own task and what it knows.")
    assert "- shop/cart.py" in out.splitlines()
    assert "line 7" not in out


def test_json_holds_sections_and_what_was_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--json")
    found = json.loads(out)

    assert status == 0
    assert [part["name"] for part in found["sections"]] == ["task", "files"]
    assert (found["dropped"], found["reason"], found["tokens"] <= 1_500) == ({}, "", True)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--session", "none"), 3, "0 sessions found with an id that begins none; looked for <session>.jsonl"),
        (("--transcript", "none.jsonl"), 3, "--transcript none.jsonl: no such file"),
        (("--budget", "5"), 2, "--budget 5: between 120 and 20000 tokens"),
        (("--agent", "a9"), 3, "--agent a9: no agent of this session; it has a1 (subagent)"),
        (("--agent", "a9", "--session", OTHER_SESSION), 3, "--agent a9: no agent of this session; it has no subagents"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, message: str
) -> None:
    assert run(capsys, *arguments) == (status, "", f"mcp-lean compact: {message}\n")


def test_another_project_has_no_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", "/home/ann/other")

    found_nothing = "0 sessions found of /home/ann/other; looked for <session>.jsonl"
    elsewhere = "--session ID takes one of any project"

    assert run(capsys) == (3, "", f"mcp-lean compact: {found_nothing}; {elsewhere}\n")
