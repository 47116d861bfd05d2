"""The tools are there in time: a client waits about two seconds for a server, and the SDK takes one or two to load."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .client import Claude
from .records import Request
from .script import spawn, use

pytestmark = pytest.mark.e2e

RUNS = int(os.environ.get("MCP_LEAN_E2E_RUNS", "2"))
"""docs/figures.md has 20."""


@contextmanager
def busy_cores() -> Iterator[None]:
    """As many spinning processes as there are cores; they end by themselves after a minute at the latest."""
    spin = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    spinning = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def ours(request: Request) -> list[str]:
    return sorted(name.removeprefix("mcp__lean__") for name in request.ready_tools if name.startswith("mcp__lean__"))


def prefix(request: Request) -> str:
    """What a subagent's cache can share: its tools, and its system text without the line that is the client's bill."""
    system = [block for block in request.body["system"] if "x-anthropic-billing-header" not in block["text"]]
    return json.dumps([request.body["tools"], system])


@pytest.mark.parametrize("number", range(RUNS))
def test_the_always_loaded_tools_stand_in_the_first_request_with_all_cores_busy(claude: Claude, number: int) -> None:
    """No flag on the server's entry: the client does not wait longer than usual."""
    with busy_cores():
        run = claude(turns=[use("Bash", command="true"), "done"])

    assert ours(run.of("main")[0]) == ["grep_and_read", "read_many"]


def test_an_early_and_a_late_subagent_of_one_kind_share_their_prefix(claude: Claude) -> None:
    run = claude(
        turns=[spawn("first"), use("mcp__lean__read_many", items=["a.txt"]), spawn("second"), "done"],
        subagents={"first": ["found"], "second": ["found"]},
        files={"a.txt": "alpha\n"},
    )

    [first], [second] = run.of("first"), run.of("second")
    assert ours(first) == ours(second) == ["grep_and_read", "read_many"]
    assert prefix(first) == prefix(second)
    assert second.usage["cache_read_input_tokens"] > 0
