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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, "src/net.py", NET)
    write(root, "src/poll.py", USE)
    write(root, "tests/test_net.py", "from net import backoff\n\ndef test_backoff():\n    backoff(0)\n")
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


def test_definition_first_then_uses_then_tests_then_prose(ask: Ask) -> None:
    assert ask("backoff") == (
        "== src/net.py:11-22  Client.send, Client.try_send, backoff  (backoff x2)\n"
        "    def send(self, data: bytes) -> None:\n"
        "..."
    )


def test_nothing_left_out_leaves_no_closing_lines(ask: Ask) -> None:
    assert ask("try_send", "LIMIT", paths=["src"], budget=2_000) == ""
