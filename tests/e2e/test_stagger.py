"""Agents launched together: the client starts them at once, so each writes the whole prompt; what a hold would change.

Nothing of ours holds agents back (docs/figures.md#stagger says why). A client that begins to stagger them by itself,
or a hook that no longer can, makes one of these tests fail: then that decision is due for a look.
"""

import shlex
import sys
import threading
from collections.abc import Callable

import pytest

from .client import Claude
from .live import Scene
from .plugged import our_agents
from .records import Request
from .script import Says, spawn
from .test_guard import is_listed, once_ready

pytestmark = pytest.mark.e2e

NAMES = ("one", "two", "three", "four")

HOLD = """
import os, sys, time
first, let_go = sys.argv[1:]
try:
    os.close(os.open(first, os.O_CREAT | os.O_EXCL))
except FileExistsError:
    while not os.path.exists(let_go):
        time.sleep(0.01)
print("{}")
"""
"""A hook that lets the first one through, and the others when they are let go."""


def read_tokens(claude: Claude, kind: str, event: str, answer: Callable[[Scene], Says]) -> list[int]:
    """What each of four agents finds in the cache with its first request, the least first.

    Args:
        event: at which the others are held until `let_go`; empty: nobody is.
    """
    script = claude.root / "hold.py"
    script.write_text(HOLD, encoding="utf-8")
    command = shlex.join((sys.executable, "-IS", str(script), str(claude.root / "first"), str(claude.root / "go")))
    matcher = {"matcher": "Agent"} if event == "PreToolUse" else {}
    hook = {**matcher, "hooks": [{"type": "command", "command": command}]}
    run = claude(
        files=our_agents(),
        settings={"hooks": {event: [hook]}} if event else {},
        turns=[once_ready([spawn(name, kind) for name in NAMES], is_listed), "done"],
        subagents={name: [answer] for name in NAMES},
    )
    return sorted(int(run.of(name)[0].usage["cache_read_input_tokens"]) for name in NAMES)


def let_go(scene: Scene) -> None:
    (scene.place.root.parent / "go").touch()


def once_all_have_asked(scene: Scene) -> Says:
    """None of them is answered before. A client that staggers them makes this wait in vain."""
    scene.until(lambda: {request.agent for request in scene.requests} >= set(NAMES), "the first request of each agent")
    return "found"


@pytest.mark.parametrize("kind", ["lean-scout", "general-purpose"])
def test_the_client_starts_agents_of_one_turn_at_once(claude: Claude, kind: str) -> None:
    assert read_tokens(claude, kind, "", once_all_have_asked) == [0, 0, 0, 0]


@pytest.mark.parametrize("event", ["PreToolUse", "SubagentStart"])
def test_a_hold_helps_where_the_first_answer_begins_before_its_end(claude: Claude, event: str) -> None:
    def let_go_once_answered(scene: Scene, first: Request) -> None:
        scene.until(lambda: first.usage, "the first answer")
        let_go(scene)

    def answer(scene: Scene) -> Says:
        if len(scene.requests) == 2:  # of the main agent, and of the first one
            threading.Thread(target=let_go_once_answered, args=(scene, scene.requests[1]), daemon=True).start()
        return "found"

    first, *others = read_tokens(claude, "lean-scout", event, answer)

    assert first == 0
    assert min(others) > 800


def test_a_hold_helps_nobody_where_the_first_answer_begins_later(claude: Claude) -> None:
    def answer(scene: Scene) -> Says:
        let_go(scene)
        return once_all_have_asked(scene)

    assert read_tokens(claude, "lean-scout", "PreToolUse", answer) == [0, 0, 0, 0]
