"""The Inspector's strict lint and the TypeScript clients, each in its era."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.server.registry import HIDDEN, TOOLS
from slow.conftest import SERVER, Run

pytestmark = pytest.mark.slow

INSPECTOR = "node_modules/.bin/mcp-inspector"
OURS = Path(__file__).parent / "clients"
NAMES = [tool.name for tool in (*TOOLS, *HIDDEN)]


@pytest.mark.parametrize("era", [[], ["--protocol-era", "modern"]], ids=["legacy", "modern"])
def test_the_inspector_finds_nothing_to_complain_about_in_the_list(node: Run, era: list[str]) -> None:
    done = node(INSPECTOR, "--cli", *era, *SERVER, "--method", "tools/list", "--strict", "--format", "json", "-q")

    assert done.returncode == 0, done.stderr
    assert [tool["name"] for tool in json.loads(done.stdout)["result"]["tools"]] == NAMES


@pytest.mark.parametrize("era", [[], ["--protocol-era", "modern"]], ids=["legacy", "modern"])
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ({"items": ["a.py"]}, 0, "def first():"),
        ({"items": '["a.py"]'}, 0, "def first():"),
        ({"path": "a.py"}, 5, "items: required; read_many takes items, budget"),
        ({"items": ["none.py"]}, 5, "none.py: no such file"),
    ],
    ids=["list", "text", "wrong argument", "no file"],
)
def test_the_inspector_tells_answers_from_errors(
    node: Run, era: list[str], arguments: dict[str, object], status: int, words: str
) -> None:
    call = ("--method", "tools/call", "--tool-name", "read_many", "--tool-args-json", json.dumps(arguments))
    done = node(INSPECTOR, "--cli", *era, *SERVER, *call, "--format", "json")

    assert done.returncode == status, done.stderr
    assert words in done.stdout


@pytest.mark.parametrize("client", ["legacy.mjs", "modern.mjs"])
def test_a_typescript_client_lists_and_calls(node: Run, client: str) -> None:
    done = node(OURS / client, *SERVER)

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [tool["name"] for tool in found["listed"]["tools"]] == NAMES
    assert "def first():" in found["read"]["content"][0]["text"]
    assert not found["read"].get("isError")
    assert found["wrong"]["isError"] is True
    assert found["wrong"]["content"][0]["text"] == "items: required; read_many takes items, budget"


def test_many_calls_at_once_all_succeed(node: Run) -> None:
    call = ("--method", "tools/call", "--tool-name", "read_many", "--tool-args-json", '{"items": ["a.py"]}')
    load = ("--load", "--load-requests", "200", "--load-concurrency", "8", "--format", "json")
    done = node(INSPECTOR, "--cli", *SERVER, *call, *load)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["result"]
    assert (found["requests"], found["ok"], found["errorRate"]) == (200, 200, 0)
