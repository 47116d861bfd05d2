"""Commands that raise a limit, in the spellings that a model may try; and those that only look like it."""

from __future__ import annotations

import pytest

from mcp_lean.guard.budget.raising import is_for_people
from mcp_lean.guard.event import ToolUse


@pytest.mark.parametrize(
    "command",
    [
        "mcp-lean budget --raise 5",
        "mcp-lean budget --raise=5",
        "mcp-lean  budget   --session x --raise 5 --json",
        "mcp-lean budget --rai 5",
        "mcp-lean budget --r 5",
        "/home/ann/.local/bin/mcp-lean budget --raise 5",
        "cd /tmp && uvx mcp-lean budget --raise 5; echo done",
        "python -m mcp_lean budget --raise 5",
        "python3.12 -I -m mcp_lean budget --raise 5",
        "uv run --with mcp_lean python -m mcp_lean budget --raise 100requests",
        "X=--raise; mcp-lean budget $X 5",
        'LEAN=mcp-lean\n$LEAN "budget" --raise 5',
        "$LEAN budget --raise 5",
        "'mcp-lean' 'budget' '--raise' 5",
        'mcp-lean budget --ra"ise" 5',
        "mcp-lean budget \\\n  --raise 5",
        "mcp\\-lean budget --raise 5",
        "bash -c 'mcp-lean budget --raise 5'",
        "echo budget --raise 5 | xargs mcp-lean",
        "python -c \"from mcp_lean.cli.main import main; main(['budget', '--raise', '5'])\"",
        'train.sh; -"-"raise 5 mcp-lean budget',
        "mcp-lean init --undo",
        "env -u CLAUDECODE mcp-lean init --budget-usd 500 --yes",
        "python -m mcp_lean init --und --yes",
        "echo '{}' | mcp-lean hook UserPromptSubmit",
        "python3 -m mcp_lean hook < event.json",
        "mcp-lean budget --raise 5" + " " * 200_000,
        " " * 200_000 + "mcp-lean budget --raise 5",
    ],
)
def test_every_plain_spelling_is_seen(command: str) -> None:
    assert is_for_people(ToolUse("t", "Bash", {"command": command}))


@pytest.mark.parametrize(
    "command",
    [
        "mcp-lean budget",
        "mcp-lean budget --json --watch",
        "mcp-lean cost --last",
        "git commit -m 'raise the budget in mcp-lean'",
        "grep -rn raise budget.py",
        "mcp-lean budget --raised",
        "tool --raise 5 --budget 3",
        "train.py --budget 100 --r 0.1",
        "mcp-lean init --dry-run; git undo --yes",
        "mcp-lean doctor",
        "ls mcp_lean/cli/hook.py mcp-lean/hooks",
        "",
    ],
)
def test_other_uses_are_none_of_its_business(command: str) -> None:
    assert not is_for_people(ToolUse("t", "Bash", {"command": command}))


@pytest.mark.parametrize("tool", [None, ToolUse(), ToolUse("t", "Bash", {"command": ["mcp-lean budget --raise 5"]})])
def test_no_command_is_no_raise(tool: ToolUse | None) -> None:
    assert not is_for_people(tool)


def test_a_command_made_to_be_slow_is_looked_at_in_one_pass() -> None:
    """An expression with gaps took eleven seconds for a quarter of this, and nothing else of the server ran."""
    assert is_for_people(ToolUse("t", "Bash", {"command": "--raise; " + "mcp-lean budget " * 6_000}))
