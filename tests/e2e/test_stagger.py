"""Agents launched together: the client starts them at once, so each writes the whole prompt; what a hold would change.

Nothing of ours holds agents back (docs/figures.md#stagger says why). A client that begins to stagger them by itself,
or a hook that no longer can, makes one of these tests fail: then that decision is due for a look.
"""

import shlex
import sys

import pytest

from .client import Claude
from .plugged import our_agents
from .script import Turn, spawn
from .test_guard import is_listed, once_ready

pytestmark = pytest.mark.e2e

NAMES = ("one", "two", "three", "four")
HOLD_S = 0.9

HOLD = """
import os, sys, time
try:
    os.close(os.open(sys.argv[1], os.O_CREAT | os.O_EXCL))
except FileExistsError:
    time.sleep(float(sys.argv[2]))
print("{}")
"""
"""A hook that lets the first one through, and the others after a while."""


def read_tokens(claude: Claude, kind: str, event: str, hold_s: float, answers_after_s: float) -> list[int]:
    """What each of four agents finds in the cache with its first request, the least first."""
    script = claude.root / "hold.py"
    script.write_text(HOLD, encoding="utf-8")
    command = shlex.join((sys.executable, "-IS", str(script), str(claude.root / "first"), str(hold_s)))
    matcher = {"matcher": "Agent"} if event == "PreToolUse" else {}
    hook = {**matcher, "hooks": [{"type": "command", "command": command}]}
    run = claude(
        files=our_agents(),
        settings={"hooks": {event: [hook]}} if hold_s else {},
        turns=[once_ready([spawn(name, kind) for name in NAMES], is_listed), "done"],
        subagents={name: [Turn(["found"], delay_s=answers_after_s)] for name in NAMES},
    )
    return sorted(int(run.of(name)[0].usage["cache_read_input_tokens"]) for name in NAMES)


@pytest.mark.parametrize("kind", ["lean-scout", "general-purpose"])
def test_the_client_starts_agents_of_one_turn_at_once(claude: Claude, kind: str) -> None:
    assert read_tokens(claude, kind, "PreToolUse", 0.0, 1.0) == [0, 0, 0, 0]


@pytest.mark.parametrize("event", ["PreToolUse", "SubagentStart"])
def test_a_hold_helps_where_the_first_answer_begins_before_its_end(claude: Claude, event: str) -> None:
    first, *others = read_tokens(claude, "lean-scout", event, HOLD_S, 0.2)

    assert first == 0
    assert min(others) > 800


def test_a_hold_helps_nobody_where_the_first_answer_begins_later(claude: Claude) -> None:
    assert read_tokens(claude, "lean-scout", "PreToolUse", HOLD_S, 3 * HOLD_S) == [0, 0, 0, 0]
