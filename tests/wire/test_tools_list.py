"""The prefix that every agent pays for: its bytes, and how many there may be.

A changed definition re-bills the prefix of every agent, so it must be seen in review. After adding a tool to
`mcp_lean/server/registry.py`, or changing words or arguments of one:

    scripts/update_opening; MCP_LEAN_UPDATE_GOLDEN=1 pytest tests/wire/test_tools_list.py

then read the diff of tests/data/golden.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcp_lean import __version__
from wire.driver import ERAS, LEGACY, MODERN, Message, Wire

GOLDEN = Path(__file__).parents[1] / "data" / "golden"

ALL_BYTES = 3_000
ALWAYS_LOADED_BYTES = 1_500
"""1,000 tokens of definitions cost 0.7 to 1.4 % of a session, in every agent (docs/design.md)."""


@dataclass(frozen=True)
class Served:
    """One server's first exchange, its list as bytes, all it wrote to stdout, and its log."""

    opened: Message
    listed: bytes
    messages: tuple[Message, ...]
    log: str


def serve(*processes: tuple[str, str], front: str = "1") -> list[Served]:
    """Servers of these eras and hash seeds, started side by side. What differs between versions is taken out."""
    found = []
    with ExitStack() as stack:
        wires = [
            stack.enter_context(Wire(era, env={"PYTHONHASHSEED": seed, "MCP_LEAN_FRONT": front}, open_now=False))
            for era, seed in processes
        ]
        for wire in wires:
            opened = wire.open()
            first, second = listed(wire), listed(wire)
            assert first == second, "the second answer of the same process"
            assert wire.end() == 0, wire.stderr
            found.append(Served(opened, first, tuple(map(json.loads, wire.lines)), wire.stderr))
    return found


def listed(wire: Wire) -> bytes:
    number = wire.send("tools/list")
    assert wire.receive(number) is not None
    return wire.lines[-1].replace(f'"id":{number},'.encode(), b'"id":0,').replace(__version__.encode(), b"VERSION")


@pytest.fixture(scope="module")
def served() -> dict[str, Served]:
    return dict(zip(ERAS, serve((LEGACY, "0"), (MODERN, "0")), strict=True))


@pytest.fixture(scope="module")
def tools(served: dict[str, Served]) -> list[Message]:
    legacy, modern = (json.loads(served[era].listed)["result"]["tools"] for era in ERAS)
    assert legacy == modern
    return list(legacy)


def visible(tool: Message) -> bytes:
    """What Claude Code puts into a request for a tool."""
    shown = {name: tool[name] for name in ("name", "description", "inputSchema")}
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("era", ERAS)
def test_the_list_is_byte_for_byte_the_recorded_one(era: str, served: dict[str, Served]) -> None:
    file = GOLDEN / f"tools_list.{era}.json"
    if os.environ.get("MCP_LEAN_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(served[era].listed)

    assert served[era].listed.decode() == file.read_bytes().decode()


def test_the_list_does_not_depend_on_process_or_hash_seed(served: dict[str, Served]) -> None:
    """Nor on who answers: the front in `served`, the SDK here."""
    first, second, third = serve((LEGACY, "1"), (MODERN, "42"), (MODERN, "random"), front="0")

    assert first.listed == served[LEGACY].listed
    assert second.listed == third.listed == served[MODERN].listed


def test_the_definitions_fit_their_budget(tools: list[Message]) -> None:
    sizes = {tool["name"]: len(visible(tool)) for tool in tools if "app" not in _visibility(tool)}
    always = {tool["name"] for tool in tools if tool.get("_meta", {}).get("anthropic/alwaysLoad")}

    assert sum(sizes.values()) <= ALL_BYTES, sizes
    assert sum(size for name, size in sizes.items() if name in always) < ALWAYS_LOADED_BYTES, sizes


def test_a_definition_says_nothing_that_costs_without_helping(tools: list[Message]) -> None:
    for tool in tools:
        if "app" in _visibility(tool):
            continue
        assert tool["description"]
        assert tool["annotations"] == {"readOnlyHint": True}
        assert set(tool) <= {"name", "description", "inputSchema", "annotations", "_meta"}
        assert tool["inputSchema"]["additionalProperties"] is False
        text = json.dumps(tool["inputSchema"])
        for noise in ('"title"', '"null"', "null", "$defs", "$ref", "anyOf", "minItems", "minimum"):
            assert noise not in text, f"{tool['name']}: {noise}"


def test_names_are_ones_that_every_client_takes(tools: list[Message]) -> None:
    names = [tool["name"] for tool in tools]

    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.replace("_", "").isalnum() and name == name.lower() for name in names)


@pytest.mark.parametrize("era", ERAS)
def test_the_server_announces_tools_and_nothing_else(era: str, served: dict[str, Served]) -> None:
    assert served[era].opened["capabilities"] == {"tools": {"listChanged": False}}
    assert "instructions" not in served[era].opened
    assert all("method" not in message for message in served[era].messages), "the server asks the client nothing"
    assert served[era].log == ""


def _visibility(tool: Message) -> list[str]:
    """Tools that only hooks can see cost no tokens."""
    found: list[str] = tool.get("_meta", {}).get("ui", {}).get("visibility", [])
    return found
