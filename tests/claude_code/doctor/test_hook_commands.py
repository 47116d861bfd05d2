"""Which commands print something else each time, as far as their text shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor.finding import Finding
from mcp_lean.claude_code.doctor.hook_commands import varying_output
from mcp_lean.claude_code.doctor.reading import read_setup


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("date", "the time"),
        ("echo now $(date +%H:%M)", "the time"),
        ("echo `date`", "the time"),
        ("cd x && date", "the time"),
        ('python3 -c "import datetime; print(datetime.datetime.now())"', "the time"),
        ("node -e 'console.log(Date.now())'", "the time"),
        ("echo $RANDOM", "a random number"),
        ("uuidgen", "a random number"),
        ("git status --short", "the state of git"),
        ("git -C sub log -3", "the state of git"),
        ("if true; then git diff --stat; fi", "the state of git"),
        ("curl -s localhost/news", "the state of the machine"),
        ("echo keep everything up to date", ""),
        ("echo run git status before you commit", ""),
        ("./update --date=2026", ""),
        ("date >> ~/.sessions.log", ""),
        ("date > log 2>&1; echo hello", ""),
        ("date >&2", ""),
        ("date 2>/dev/null", "the time"),
        ("git fetch origin", ""),
        ("cat .claude/rules.md", ""),
        ("cat date.txt; ls top/who", ""),
    ],
)
def test_a_command_s_output(tmp_path: Path, command: str, what: str) -> None:
    file = tmp_path / "app/.claude/settings.json"
    file.parent.mkdir(parents=True)
    hooks = {"SessionStart": [{"hooks": [{"type": "command", "command": command}]}]}
    file.write_text(json.dumps({"hooks": hooks}, indent=2), encoding="utf-8")

    found = list(varying_output(read_setup(str(tmp_path / "app"), {"HOME": str(tmp_path)})))

    assert [what in result.says for result in found if isinstance(result, Finding)] == ([True] if what else [])


def test_other_events_may_print_what_they_like(tmp_path: Path) -> None:
    file = tmp_path / "app/.claude/settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(
        json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "date"}]}]}}), encoding="utf-8"
    )

    assert list(varying_output(read_setup(str(tmp_path / "app"), {"HOME": str(tmp_path)}))) == []
