"""Which calls only look; in doubt a call is a change."""

from __future__ import annotations

import pytest

from mcp_lean.costs.read_only import changes_nothing, is_looking_command, only_looks

from .runs import call


@pytest.mark.parametrize(
    "command",
    [
        "ls -la src",
        "cat a.py | head -20",
        "git log --oneline -5",
        "git -C . status",
        "git --no-pager diff HEAD~1",
        "rg -n 'a|b > c' src && wc -l src/app.py",
        'grep -rn "rm -rf" . 2>/dev/null | sort | uniq -c',
        "sed -n '1,20p' a.py; echo done",
        "/usr/bin/find . -name '*.py' 2>&1",
        "cd src && ls",
        "grep -i total src/app.py",
        "rg -o 'v[0-9]+' src",
        "find src -name '*.py' -o -name '*.md'",
        r"find src -name '*.py' -exec grep -l total {} \; 2>/dev/null",
        "find src -type f -exec wc -l {} +",
    ],
)
def test_commands_that_only_look(command: str) -> None:
    assert is_looking_command(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "rm -rf build",
        "cat a > b",
        "echo x >> notes",
        "sed -i s/a/b/ f",
        "git checkout main",
        "git branch new",
        "git",
        "find . -name x -delete",
        "find . -exec rm {} +",
        "sort -o out in",
        "sort -oout in",
        "tree -o out",
        "sed -n -i p f",
        "sed -ni p f",
        "uniq in out",
        "find . -fprint out",
        "find . -ok rm {} \\;",
        "find . -execdir rm {} \\;",
        "find . -exec",
        "find . -exec sort -o {} {} +",
        "fd x -x rm",
        "ls $(rm x)",
        "cat `rm x`",
        'echo "$(rm x)"',
        "ls & rm x",
        "pytest -q",
        "python -c 'print(1)'",
        "make && ls",
        "cat a | tee b",
        "ls " + "x" * 200,
    ],
)
def test_everything_else_may_change_something(command: str) -> None:
    assert not is_looking_command(command)


def test_tools() -> None:
    looking = ["Read", "Grep", "Glob", "mcp__lean__read_many"]
    assert all(only_looks(call("t", name)) for name in looking)
    assert not only_looks(call("t", "WebFetch"))
    assert changes_nothing(call("t", "WebFetch"))
    assert not changes_nothing(call("t", "Edit"))
    assert not changes_nothing(call("t", "mcp__github__create_issue"))
    assert not changes_nothing(call("t", "Agent"))
