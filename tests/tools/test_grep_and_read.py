"""grep_and_read as the model sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mcp_lean.errors import AskError, Cancelled, OutsideWorkspace
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS
from mcp_lean.packing.tokens import cost
from mcp_lean.repo import ripgrep
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.schema import slim
from mcp_lean.tools import grep_and_read, read_many
from mcp_lean.tools.base import Context
from mcp_lean.tools.grep_and_read import TOOL, GrepAndRead, run

Ask = Callable[..., str]

NET = '''\
"""Net."""

import time

LIMIT = 3


class Client:
    """Talks to a server."""

    def send(self, data: bytes) -> None:
        for _ in range(LIMIT):
            if self.try_send(data):
                return
            backoff(1)

    def try_send(self, data: bytes) -> bool:
        return False


def backoff(seconds: float) -> None:
    time.sleep(seconds)
'''

USE = """\
from net import backoff

def poll():
    backoff(2)
"""


FILLER = "".join(f"\n\ndef helper_{i}(value: int) -> int:\n    return value * {i}\n" for i in range(100, 140))
"""Makes a file too long to be shown whole."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, "src/net.py", NET + FILLER)
    write(root, "src/poll.py", USE + FILLER)
    write(root, "tests/test_net.py", "from net import backoff\n\n\ndef test_backoff():\n    backoff(0)\n" + FILLER)
    write(root, "README.md", "# Net\n\nCalls `backoff` between attempts.\n")
    return root


def write(root: Path, name: str, text: str | bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def context(root: Path) -> Context:
    return Context(Workspace(str(root), {"HOME": str(root.parent / "home")}))


@pytest.fixture
def ask(folder: Path) -> Ask:
    def call(*patterns: str, **more: object) -> str:
        return run(GrepAndRead(patterns=list(patterns), **more), context(folder))  # type: ignore[arg-type]

    return call


def items(answer: str) -> list[str]:
    return [line.removeprefix("more: ") for line in answer.splitlines() if line.startswith("more: ")]


def shown_files(answer: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"^== (.+?):\d+-\d+", answer, re.MULTILINE)))


def deny(root: Path, *rules: str) -> None:
    write(root, ".claude/settings.json", json.dumps({"permissions": {"deny": list(rules)}}))


# ------------------------------------------------------------------------------------------------ whole answers


def test_the_definition_and_its_file_first_then_uses_then_prose_then_tests(ask: Ask) -> None:
    assert ask("backoff") == """\
== src/net.py:11-15  Client.send  (backoff)
    def send(self, data: bytes) -> None:
        for _ in range(LIMIT):
            if self.try_send(data):
                return
            backoff(1)
== src/net.py:21-22  backoff  (backoff)
def backoff(seconds: float) -> None:
    time.sleep(seconds)
== src/poll.py:1-4  poll  (backoff x2)
from net import backoff

def poll():
    backoff(2)
== README.md:1-3  (backoff)
# Net

Calls `backoff` between attempts.
== tests/test_net.py:1-5  test_backoff  (backoff x3)
from net import backoff


def test_backoff():
    backoff(0)"""


def test_what_does_not_fit_is_named_with_its_hits_and_the_rest_is_counted(ask: Ask, folder: Path) -> None:
    for i in range(30):
        write(folder, f"src/more/{i:02}_with_a_rather_long_file_name_that_costs_tokens.py", "helper_101()\n" * 3 + FILLER)

    answer = ask("backoff", "helper_101", budget=400)

    assert cost(answer) <= 400
    assert answer.splitlines()[:4] == [
        "== src/net.py:26-27  helper_101  (helper_101)",
        "def helper_101(value: int) -> int:",
        "    return value * 101",
        "== src/poll.py:1-4  poll  (backoff x2)",
    ]
    assert answer.splitlines()[-5:] == []


def test_a_pattern_without_hits_is_named_above_the_rest(ask: Ask) -> None:
    assert ask("try_send", "absent", "(", paths=["src"]).splitlines()[:3] == [
        "(: not a valid regex here, taken literally",
        "no hits: absent",
        "== src/net.py:8-22  Client 8-18, Client.send, Client.try_send, backoff  (try_send x2, ( x5)",
    ]
