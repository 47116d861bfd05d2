"""Which calls look, wait, or change something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.loops.call_kind import Kind, kind_of, kind_of_failed


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("cat a.py | head -40", Kind.LOOK),
        ("cd src && rg -n 'a > b' .; git log --oneline -3", Kind.LOOK),
        ("git -C x status", Kind.CHANGE),
        ("git status", Kind.LOOK),
        ("git commit -m 'a'", Kind.CHANGE),
        ("git diff 2>/dev/null | wc -l", Kind.LOOK),
        ("find . -name '*.py'", Kind.LOOK),
        ("find . -name '*.pyc' -delete", Kind.CHANGE),
        ("find . -exec rm {} +", Kind.CHANGE),
        ("sed -n 1,5p a", Kind.LOOK),
        ("sed -i s/a/b/ a", Kind.CHANGE),
        ("echo a > b", Kind.CHANGE),
        ("echo $(rm b)", Kind.CHANGE),
        ("pytest -q", Kind.CHANGE),
        ("X=1 cat a", Kind.CHANGE),
        ("cat " + "a" * 5_000, Kind.CHANGE),
        ("sleep 5 && cat log", Kind.WAIT),
        ("cat log; sleep 5", Kind.WAIT),
        ("until curl -s x; do sleep 1; done", Kind.WAIT),
        ("echo 'sleep 5'", Kind.LOOK),
        ("cat sleep.py", Kind.LOOK),
        ("tail -n 5 -f log", Kind.WAIT),
        ("gh run view 12", Kind.WAIT),
        ("kubectl get pods", Kind.WAIT),
        ("npm test --watch", Kind.WAIT),
        ("cat /tmp/claude/x/tasks/b1.output", Kind.WAIT),
        ("", Kind.LOOK),
        (None, Kind.CHANGE),
    ],
)
def test_a_command_is(command: object, kind: Kind) -> None:
    assert kind_of(ToolUse(name="Bash", input={"command": command})) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Read", Kind.LOOK),
        ("TaskOutput", Kind.WAIT),
        ("TodoWrite", Kind.NEUTRAL),
        ("Edit", Kind.CHANGE),
        ("Agent", Kind.CHANGE),
        ("mcp__lean__read_many", Kind.LOOK),
        ("mcp__lean__budget_check", Kind.NEUTRAL),
        ("mcp__browser__click", Kind.ACT),
        ("SomethingNew", Kind.CHANGE),
        ("", Kind.CHANGE),
    ],
)
def test_a_tool_is(name: str, kind: Kind) -> None:
    assert kind_of(ToolUse(name=name)) is kind


def test_reading_the_output_of_a_task_is_waiting() -> None:
    assert kind_of(ToolUse(name="Read", input={"file_path": "/tmp/x/tasks/b1.output"})) is Kind.WAIT


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (ToolUse(name="TaskOutput"), Kind.LOOK),
        (ToolUse(name="Bash", input={"command": "gh run view 12"}), Kind.LOOK),
        (ToolUse(name="Bash", input={"command": "sleep 5 && curl -s x"}), Kind.WAIT),
        (ToolUse(name="Bash", input={"command": "pytest"}), Kind.CHANGE),
    ],
)
def test_asking_for_what_is_not_there_is_no_waiting(call: ToolUse, kind: Kind) -> None:
    assert kind_of_failed(call) is kind


@given(st.text(max_size=200))
def test_any_command_is_something(command: str) -> None:
    assert kind_of(ToolUse(name="Bash", input={"command": command})) in Kind
