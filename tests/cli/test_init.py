"""`mcp-lean init` as a person or a script types it: what is printed, asked, written, and the status."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcp_lean.cli.main import main


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project, home = tmp_path / "app", tmp_path / "home"
    for folder in (project, home):
        folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("MCP_LEAN_", "CLAUDE", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(project)
    return project


def files(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, answers: Sequence[str]) -> list[str]:
    """Answers typed by a person; gives the questions that were asked."""
    asked: list[str] = []
    waiting = iter(answers)

    def typed(question: str) -> str:
        asked.append(question)
        answer = next(waiting, None)
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    return asked


def test_in_a_pipe_it_shows_the_change_and_writes_only_with_yes(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 2
    shown = capsys.readouterr()
    assert f"+++ {project}/.mcp.json" in shown.out
    assert shown.err == "mcp-lean init: nothing was written: this is no terminal to ask on; --yes writes it\n"
    assert files(project) == []

    assert main(["init", "--yes"]) == 0
    assert "mcp-lean init --undo takes it back" in capsys.readouterr().out
    assert {".mcp.json", ".claude/settings.json", ".claude/agents/lean-scout.md"} <= set(files(project))

    assert main(["init", "--yes"]) == 0
    assert capsys.readouterr().out == "nothing to do: everything is as it should be\n"


def test_a_dry_run_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--dry-run", "--budget-usd", "5"]) == 0

    assert "+run_usd = 5.0" in capsys.readouterr().out
    assert files(project) == []


@pytest.mark.parametrize(
    ("answers", "status", "is_written", "is_allowed"),
    [(["n", "y"], 0, True, False), (["y", "y"], 0, True, True), (["n", "n"], 1, False, False), ([], 1, False, False)],
)
def test_on_a_terminal_it_asks(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str],
    status: int,
    is_written: bool,
    is_allowed: bool,
) -> None:
    asked = on_a_terminal(monkeypatch, answers)

    assert main(["init"]) == status

    assert asked == ["Let agents call our tools unasked (they only read)? [y/N] ", "Write this? [y/N] "]
    assert (".mcp.json" in files(project)) == is_written
    if is_written:
        assert ("permissions" in json.loads((project / ".claude/settings.json").read_text())) == is_allowed


def test_undo_shows_and_takes_back(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--yes", "--allow"])
    capsys.readouterr()

    assert main(["init", "--undo", "--yes"]) == 0
    assert "+++ /dev/null" in capsys.readouterr().out
    assert list(project.iterdir()) == []
    assert main(["init", "--undo", "--yes"]) == 0
    assert capsys.readouterr().out == "nothing to undo: init has done nothing here at scope project\n"


def test_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--json"]) == 2
    capsys.readouterr()
    assert main(["init", "--json", "--yes", "--no-agents"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["scope"], said["written"]) == ("project", True)
    assert [(change["path"], change["action"]) for change in said["changes"]] == [
        (f"{project}/.mcp.json", "create"),
        (f"{project}/.claude/settings.json", "create"),
    ]
    assert said["changes"][0]["diff"].startswith("--- /dev/null\n+++ ")


@pytest.mark.parametrize(
    "words", [["--budget-usd", "-1"], ["--budget-usd", "inf"], ["--budget-usd", "x"], ["--scope", "x"]]
)
def test_wrong_words_are_wrong_usage(project: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["init", "--yes", *words])

    assert ended.value.code == 2
    assert files(project) == []


def test_what_is_in_the_way_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".mcp.json").write_text("{", encoding="utf-8")

    assert main(["init", "--yes"]) == 2

    said = capsys.readouterr()
    assert said.err == f"mcp-lean init: {project}/.mcp.json: line 1: not JSON at the end; nothing was changed\n"
    assert said.out == ""


@pytest.mark.parametrize("words", [["--undo"], ["--budget-usd", "0"], ["--routing", "off"]])
def test_an_agent_s_shell_may_not_lift_what_limits_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    main(["init", "--yes", "--budget-usd", "5"])
    before = {name: (project / name).read_bytes() for name in files(project)}
    monkeypatch.setenv("CLAUDECODE", "1")
    capsys.readouterr()

    assert main(["init", "--yes", *words]) == 2

    assert "by a person" in capsys.readouterr().err
    assert {name: (project / name).read_bytes() for name in files(project)} == before


def test_what_stands_in_a_file_is_not_obeyed_by_the_terminal(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".mcp.json").write_text('{"x": 1 /* \x1b[2J\u202e */}', encoding="utf-8")

    main(["init", "--dry-run"])

    said = capsys.readouterr().out
    assert "\\x1b[2J\\u202e" in said
    assert "\x1b" not in said
