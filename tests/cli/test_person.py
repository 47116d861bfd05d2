"""Who may lift limits: somebody at a terminal that is not the client's."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from mcp_lean.cli import person

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at in /proc alone")
WHY_NOT = "from mcp_lean.cli.person import why_not; print(why_not({}))"
ASK = "from mcp_lean.cli.person import agrees; print(agrees('Raise it?'), file=__import__('sys').stderr)"


def below(*command: str, env: dict[str, str]) -> str:
    """What a process finds that `command` starts, in an environment that says nothing."""
    script = f"import subprocess, sys; subprocess.run((sys.executable, '-c', {WHY_NOT!r}), env={{}})"
    done = subprocess.run((*command, "-c", script), env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_the_client_starts_has_its_mark() -> None:
    assert person.why_not({"CLAUDECODE": "1"}) == "this runs inside of Claude Code (CLAUDECODE is set)"


@needs_proc
def test_a_mark_that_was_taken_away_stands_in_a_process_above() -> None:
    """`env -u CLAUDECODE mcp-lean budget --raise 5` in an agent's shell."""
    assert below(sys.executable, env={"CLAUDECODE": "1"}).startswith("this runs inside of Claude Code (it is among")


@needs_proc
def test_the_client_is_known_by_its_name(tmp_path: Path) -> None:
    """`exec env -i ...`: nothing between the client and the command has an environment."""
    wrapper = tmp_path / "claude"
    wrapper.symlink_to(sys.executable)
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    script = f"import subprocess; subprocess.run(({sys.executable!r}, '-c', {WHY_NOT!r}), env={{}})"
    done = subprocess.run((str(wrapper), "-c", script), env=env, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("this runs inside of Claude Code (it is among")


@needs_proc
def test_no_process_above_is_the_client_in_an_ordinary_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {"10": ("bash (x", 3), "3": ("tmux: server", 1), "1": ("systemd", 0)}
    for pid, (name, parent) in names.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0", encoding="utf-8")
        (tmp_path / pid / "environ").write_bytes(b"HOME=/home/ann\0NOT_CLAUDECODE=1\0")
    monkeypatch.setattr(os, "getpid", lambda: 10)
    monkeypatch.setattr(person, "PROCESSES", str(tmp_path))

    assert person.why_not({}) == ""
    (tmp_path / "3" / "stat").write_text("3 (claude) S 1 1 1 0", encoding="utf-8")
    assert person.why_not({}) != ""


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False)])
def test_the_question_is_answered_at_the_terminal_whatever_stdin_is(typed: str, answer: bool) -> None:
    master, slave = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    with subprocess.Popen(
        (sys.executable, "-c", ASK),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=take_terminal,  # noqa: PLW1509 - no threads here
        pass_fds=(slave,),
        text=True,
    ) as asked:
        asked_for = os.read(master, 100).decode()
        os.write(master, typed.encode())
        assert asked.stderr
        said = asked.stderr.read().strip()
    os.close(slave)
    os.close(master)

    assert (asked_for, said) == ("Raise it? [y/N] ", str(answer))


def test_without_a_terminal_a_yes_in_a_pipe_is_no_answer() -> None:
    done = subprocess.run(
        (sys.executable, "-c", ASK), input="y\n", capture_output=True, text=True, check=True, start_new_session=True
    )

    assert done.stderr.strip() == "None"
