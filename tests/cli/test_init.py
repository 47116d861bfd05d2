"""`mcp-lean init` as a person or a script types it: what is printed, asked, written, and the status."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from mcp_lean.cli import person
from mcp_lean.cli.main import main


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project, home = tmp_path / "app", tmp_path / "home"
    for folder in (project, home):
        folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("MCP_LEAN_", "CLAUDE", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    # Whoever works on this works in Claude Code: what stands above the test run is not what these tests are about.
    monkeypatch.setattr(person, "PROCESSES", str(tmp_path / "no processes"))
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


AS_A_PERSON = (
    "import sys; from mcp_lean.cli import person; person.why_not = lambda environ: ''; "
    "from mcp_lean.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


def printed(arguments: Sequence[str], folder: Path, columns: int) -> str:
    """What stands on a terminal of so many columns, without colours; every question is answered with Ctrl-D."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    words = (sys.executable, "-c", AS_A_PERSON, *arguments)
    with subprocess.Popen(words, cwd=folder, stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        os.write(master, b"\x04\x04")
        screen = b""
        with suppress(OSError):  # EIO: nobody has the other end any more
            while piece := os.read(master, 65_536):
                screen += piece
    os.close(master)
    assert process.returncode in (0, 1)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.decode()).replace("\r\n", "\n")


def test_in_a_pipe_it_shows_the_change_and_writes_only_with_yes(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 2
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == "Every line of it: the same command with --dry-run (--json)."
    assert shown.err == "mcp-lean init: nothing was written: this is no terminal to ask on; --yes writes it\n"
    assert files(project) == []

    assert main(["init", "--yes"]) == 0
    assert "mcp-lean init --undo takes it back" in capsys.readouterr().out
    assert {".mcp.json", ".claude/settings.json", ".claude/agents/lean-scout.md"} <= set(files(project))

    assert main(["init", "--yes"]) == 0
    assert capsys.readouterr().out == "nothing to do: everything is as it should be\n"


def test_a_dry_run_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--dry-run", "--budget-usd", "5"]) == 0

    shown = capsys.readouterr().out
    assert "+run_usd = 5.0" in shown
    assert "+++ .mcp.json\n" in shown
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
    assert "remove  .mcp.json " in capsys.readouterr().out
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


def test_the_person_sees_first_what_it_does_where_and_how_to_undo_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init", "--yes", "--budget-usd", "5"])
    lines = capsys.readouterr().out.splitlines()

    assert lines[:11] == [
        "This registers server, hooks and agents of mcp_lean with Claude Code, in this folder.",
        "",
        "create  .mcp.json                        the server",
        "create  .claude/settings.json            hooks, and the permission if given",
        *(
            f"create  .claude/agents/lean-{name}.md{' ' * (8 - len(name))}  an agent"
            for name in ("scout", "reviewer", "runner", "worker")
        ),
        "create  .mcp-lean.toml                   our settings",
        "",
        "mcp-lean init --undo takes all of it back, to the byte.",
    ]
    assert lines[11].startswith("note: ")

    main(["init", "--undo", "--yes"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "This takes back what mcp-lean init has done in this folder."
    assert lines[2] == "remove  .mcp.json                        the server"
    assert "mcp-lean init writes it again." in lines


def test_the_question_is_not_below_a_wall(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Our hooks are 280 lines: of a new file its name is shown, of one that was there what is changed in it."""
    (project / ".claude").mkdir()
    (project / ".claude/settings.json").write_text(
        '{\n  "permissions": {"deny": ["Read(.env)"]}\n}\n', encoding="utf-8"
    )

    lines = printed(["init"], project, 80).splitlines()

    assert len(lines) < 40
    assert lines[lines.index("--- .claude/settings.json") :][:9] == [
        "--- .claude/settings.json",
        "+++ .claude/settings.json",
        "@@ -1,3 +1,288 @@",
        " {",
        '-  "permissions": {"deny": ["Read(.env)"]}',
        '+  "permissions": {"deny": ["Read(.env)"]},',
        '+  "hooks": {',
        '+    "PreToolUse": [',
        "+      {",
    ]
    assert "+ ... and 280 more lines that are added here" in lines
    assert "--- /dev/null" not in lines
    assert lines[-3:] == [
        "Every line of it: the same command with --dry-run (--json).",
        "Write this? [y/N] ",
        "nothing was written",
    ]

    assert main(["init", "--dry-run"]) == 0
    whole = capsys.readouterr().out.splitlines()
    assert len(whole) > 300
    assert "--- /dev/null" in whole
    assert not any("more lines" in line for line in whole)

    main(["init", "--yes"])
    undoing = printed(["init", "--undo"], project, 80).splitlines()
    assert len(undoing) < 40
    assert "- ... and 280 more lines that are removed here" in undoing


@pytest.mark.parametrize("columns", [60, 80])
def test_no_word_is_cut_on_a_terminal(project: Path, columns: int) -> None:
    screen = printed(["init"], project, columns)

    assert [line for line in screen.splitlines() if len(line) > columns and " " in line.strip()] == []
    assert "create  .claude/agents/lean-reviewer.md  an agent" in screen


@pytest.mark.parametrize("command", ["init --yes", "init --undo --yes"])
def test_a_reader_that_has_gone_leaves_it_done(project: Path, command: str) -> None:
    """`mcp-lean init --yes | head -1`: it is written before it is told."""
    if "--undo" in command:
        main(["init", "--yes"])
    read_end, write_end = os.pipe()
    os.close(read_end)
    words = (sys.executable, "-c", AS_A_PERSON, *command.split())
    done = subprocess.run(words, cwd=project, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, "")
    assert (".mcp.json" in files(project)) is ("--undo" not in command)


def client_of(version: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = project.parent / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{version} (Claude Code)'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_client_that_would_drop_the_person_s_own_rules_is_in_the_way(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.1.117 was tried: it does not know our hooks, and ignores the whole file, deny rules included."""
    client_of("2.1.117", project, monkeypatch)

    assert main(["init", "--yes"]) == 2
    assert "it ignores the whole of a settings file" in capsys.readouterr().err
    assert files(project) == []
    assert main(["init", "--dry-run"]) == 0
    assert "note: Claude Code 2.1.117 is older than 2.1.118: it ignores the whole" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "is_said"), [("2.1.118", True), ("2.1.330", False), ("2.4.0", False)])
def test_an_old_client_is_said_before_anything_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, version: str, is_said: bool
) -> None:
    client_of(version, project, monkeypatch)

    assert main(["init", "--dry-run"]) == 0

    shown = capsys.readouterr().out
    assert (f"note: Claude Code {version} is older than the oldest that was tried" in shown) is is_said
    assert ("hooks of type mcp_tool" in shown.partition("--- ")[0]) is is_said


WAITS = "mcp-lean init: another one is at work; this one goes on when it ends\n"


def test_who_waits_for_another_one_says_so(project: Path) -> None:
    folder = os.open(os.environ["HOME"], os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    command = (sys.executable, "-P", "-m", "mcp_lean", "init", "--yes")
    second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr
    assert second.stderr.readline() == WAITS
    assert files(project) == []

    os.close(folder)
    said, errors = second.communicate(timeout=60)

    assert (said.splitlines()[-1].partition(";")[0].partition(":")[0], errors, second.returncode) == ("done", "", 0)


def test_two_at_once_are_one_after_the_other(project: Path) -> None:
    """The second took the unfinished files of the first for leftovers, and its undoing removed what the first wrote."""
    command = (sys.executable, "-P", "-m", "mcp_lean", "init", "--yes")
    for _ in range(4):
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "12"]
        said = [(one.communicate(timeout=60), one.returncode) for one in both]

        assert [status for _, status in said] == [0, 0]
        assert {errors for (_, errors), _ in said} <= {"", WAITS}
        last = sorted(text.splitlines()[-1].partition(";")[0].partition(":")[0] for (text, _), _ in said)
        assert last == ["done", "nothing to do"]
        assert ".mcp.json" in files(project)
        assert main(["init", "--undo", "--yes"]) == 0
        assert files(project) == []
