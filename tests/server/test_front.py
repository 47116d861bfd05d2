"""What the front answers by itself, and what it leaves to the SDK."""

from __future__ import annotations

import json

import pytest

from mcp_lean.server.front import HAND_OVER, LEGACY, NO_ANSWER, Opening, shipped_answers

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"roots": {"listChanged": True}, "elicitation": {"form": {}}},
    "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "title": "Claude Code", "version": "2.1.330"},
}
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
ANSWERS = shipped_answers()


def line(method: str, params: object = ..., *, request_id: object = 1, **more: object) -> bytes:
    message: dict[str, object] = {"jsonrpc": "2.0", "method": method, **more}
    if request_id is not None:
        message["id"] = request_id
    if params is not ...:
        message["params"] = params
    return json.dumps(message).encode() + b"\n"


def modern(method: str, **more: object) -> bytes:
    return line(method, {"_meta": META, **more})


INITIALIZE, INITIALIZED = line("initialize", HANDSHAKE), line("notifications/initialized", request_id=None)


def answer(*lines: bytes) -> bytes | None:
    """The answer to the last of these lines."""
    opening = Opening(ANSWERS)
    *before, last = lines
    for each in before:
        opening.answer(each)
    return opening.answer(last)


@pytest.mark.parametrize(
    ("lines", "era", "method"),
    [
        ([modern("server/discover")], "modern", "server/discover"),
        ([modern("tools/list")], "modern", "tools/list"),
        ([modern("server/discover"), modern("tools/list")], "modern", "tools/list"),
        ([INITIALIZE], "legacy", "initialize"),
        ([INITIALIZE, INITIALIZED, line("tools/list")], "legacy", "tools/list"),
        ([INITIALIZE, INITIALIZED, line("tools/list", {})], "legacy", "tools/list"),
        ([INITIALIZE, INITIALIZED, line("ping")], "legacy", "ping"),
    ],
)
def test_the_opening_is_answered_with_the_recorded_result(lines: list[bytes], era: str, method: str) -> None:
    assert answer(*lines) == b'{"jsonrpc":"2.0","id":1,"result":%b}\n' % ANSWERS[era][method].encode()


@pytest.mark.parametrize("version", LEGACY)
def test_the_handshake_names_the_revision_that_was_asked_for(version: str) -> None:
    found = answer(line("initialize", {**HANDSHAKE, "protocolVersion": version}))

    assert found is not None
    assert json.loads(found)["result"]["protocolVersion"] == version


def test_the_notification_that_ends_the_handshake_has_no_answer() -> None:
    assert answer(INITIALIZE, INITIALIZED) == NO_ANSWER


@pytest.mark.parametrize("request_id", ["server-discover-probe-1", 0, -1, 2**70])
def test_an_id_comes_back_as_it_was(request_id: object) -> None:
    found = answer(line("server/discover", {"_meta": META}, request_id=request_id))

    assert found is not None
    assert json.loads(found)["id"] == request_id


@pytest.mark.parametrize(
    "lines",
    [
        [modern("tools/call", name="read_many", arguments={})],
        [modern("ping")],
        [modern("tools/list", cursor="x")],
        [line("tools/list")],
        [line("server/discover", {})],
        [line("server/discover", {"_meta": {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}})],
        [line("server/discover", {"_meta": {**META, "io.modelcontextprotocol/clientCapabilities": {"roots": 3}}})],
        [line("server/discover", {"_meta": {**META, "io.modelcontextprotocol/clientInfo": {"name": "t"}}})],
        [line("server/discover", {"_meta": {**META, "progressToken": 1}})],
        [line("server/discover", {"_meta": META}, request_id="\ud800")],
        [line("server/discover", {"_meta": META}, request_id=1.5)],
        [line("server/discover", {"_meta": META}, request_id=True)],
        [line("server/discover", {"_meta": META}, extra=1)],
        [line("initialize", {**HANDSHAKE, "protocolVersion": "2026-07-28"})],
        [line("initialize", {**HANDSHAKE, "clientInfo": {}})],
        [line("initialize")],
        [INITIALIZED],
        [INITIALIZE, line("tools/list")],
        [INITIALIZE, INITIALIZE],
        [INITIALIZE, modern("server/discover")],
        [INITIALIZE, INITIALIZED, INITIALIZED],
        [modern("server/discover"), INITIALIZE],
        [modern("server/discover"), line("notifications/cancelled", {"requestId": 1}, request_id=None)],
        [b"\n"],
        [b"{"],
        [b"[]\n"],
        [b"[" * 100_000],
        [b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n'],
    ],
)
def test_everything_else_is_the_sdks(lines: list[bytes]) -> None:
    assert answer(*lines) is HAND_OVER
