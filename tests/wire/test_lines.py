"""No line that a client can write takes the server down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wire.driver import HOSTILE, LEGACY, MODERN, Wire

DROPPED = {
    "malformed": b'{"jsonrpc": "2.0", "id": 900, "method": ',
    "no JSON": b"hello",
    "empty": b"",
    "white space": b"  \t ",
    "number": b"5",
    "null": b"null",
    "text": b'"x"',
    "empty object": b"{}",
    "no method": b'{"jsonrpc": "2.0", "id": 901}',
    "wrong version": b'{"jsonrpc": "1.0", "id": 902, "method": "tools/list"}',
    "batch": b'[{"jsonrpc": "2.0", "id": 903, "method": "tools/list"}]',
    "empty batch": b"[]",
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep arguments": b'{"jsonrpc": "2.0", "id": 904, "method": "tools/call", "params": ' + b'{"a":' * 100_000,
    "half a character": b'{"jsonrpc": "2.0", "id": 905, "method": "tools/call", "params":'
    b' {"name": "echo", "arguments": {"items": ["\\ud800"]}}}',
    "NUL": b"\0\0\0",
    "ten megabytes of nothing": b"x" * 10_000_000,
    "ten megabytes of blanks": b" " * 10_000_000,
    "carriage returns": b"\r\r\r",
    "an answer nobody asked for": b'{"jsonrpc": "2.0", "id": 906, "result": {}}',
    "an error nobody asked for": b'{"jsonrpc": "2.0", "id": 907, "error": {"code": 1, "message": "x"}}',
    "a notification without a meaning": b'{"jsonrpc": "2.0", "method": "notifications/unheard_of"}',
    "a cancellation of nothing": b'{"jsonrpc": "2.0", "method": "notifications/cancelled", '
    b'"params": {"requestId": 12345}}',
    "a cancellation without a number": b'{"jsonrpc": "2.0", "method": "notifications/cancelled"}',
}


@pytest.mark.parametrize("line", DROPPED.values(), ids=DROPPED)
def test_a_line_that_is_no_request_is_dropped_and_the_server_lives(hostile: Wire, line: bytes) -> None:
    """Documented limits of the SDK: no -32700 comes back, and half a character in an argument loses the request."""
    before = len(hostile.lines)

    hostile.raw(line)

    assert hostile.is_alive()
    assert [json.loads(found).get("id") for found in hostile.lines[before:]] == [hostile.next_id - 1]


def test_the_server_as_it_is_shipped_lives_through_all_of_them(era: str, tmp_path: Path) -> None:
    """It answers the opening before the SDK is there: the lines come before the opening, and once more behind it."""
    with Wire(era, open_now=False, cwd=tmp_path) as wire:
        for line in DROPPED.values():
            wire.raw(line)
        wire.open()
        for line in DROPPED.values():
            wire.raw(line)
        assert wire.is_alive()
        assert wire.call("read_many", items=["none.py"])[1]
    assert "Traceback" not in wire.stderr


def test_bytes_that_are_no_utf_8_are_read_with_replacements(hostile: Wire) -> None:
    params = json.dumps(hostile.params({"name": "echo", "arguments": {"items": ["BYTE"]}})).encode()
    hostile.raw(
        b'{"jsonrpc": "2.0", "id": 950, "method": "tools/call", "params": ' + params.replace(b"BYTE", b"\xff") + b"}"
    )

    assert hostile.text_of(hostile.receive(950)) == ("['\ufffd'] 1 False", False)


@pytest.mark.parametrize("method", ["tools/uncall", "resources/list", "prompts/list", "", "é"])
def test_a_method_that_is_not_there_is_a_protocol_error(hostile: Wire, method: str) -> None:
    assert hostile.request(method)["error"]["code"] == -32601
    assert hostile.is_alive()


@pytest.mark.parametrize("arguments", [5, "x", ["a"], True])
def test_arguments_that_are_no_object_are_the_client_s_mistake(hostile: Wire, arguments: object) -> None:
    answer = hostile.request("tools/call", {"name": "echo", "arguments": arguments})

    assert answer["error"]["code"] == -32602
    assert hostile.is_alive()


def test_an_id_may_be_a_text_and_two_calls_may_share_one(hostile: Wire) -> None:
    params = json.dumps(hostile.params({"name": "halves", "arguments": {}})).encode()
    for number in (b'"abc"', b"960", b"960"):
        hostile.raw(b'{"jsonrpc": "2.0", "id": ' + number + b', "method": "tools/call", "params": ' + params + b"}")

    assert hostile.is_alive()
    for expected in ("abc", 960, 960):
        answer = hostile.receive(expected)  # type: ignore[arg-type]
        assert answer is not None
        assert "result" in answer


def test_the_first_request_fixes_the_era(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("eras")
    for first, other, code in ((LEGACY, MODERN, -32600), (MODERN, LEGACY, -32022)):
        with Wire(first, HOSTILE, cwd=folder) as wire:
            wire.era = other
            opened = wire.request(
                *(
                    ("server/discover",)
                    if other == MODERN
                    else (
                        "initialize",
                        {"protocolVersion": other, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
                    )
                )
            )
            assert opened["error"]["code"] == code
            wire.era = first
            assert wire.is_alive()


def test_both_first_requests_may_wait_before_the_server_is_up() -> None:
    """Claude Code 2.1.330 sends `initialize` too when discover is not answered within 2.9 s, then discovers again."""
    with Wire(MODERN, open_now=False) as wire:
        first = wire.send("server/discover")
        wire.era = LEGACY
        second = wire.send(
            "initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
        )
        wire.era = MODERN

        discovered, initialized = wire.receive(first), wire.receive(second)
        assert discovered is not None
        assert discovered["result"]["supportedVersions"] == [MODERN]
        assert initialized is not None
        assert initialized["error"]["code"] == -32022
        assert "capabilities" in wire.result("server/discover")
        assert wire.is_alive()


def test_a_client_too_early_is_refused_and_one_too_old_gets_the_version_it_asks_for() -> None:
    with Wire(LEGACY, open_now=False) as wire:
        assert wire.request("tools/list")["error"]["code"] == -32602
        wire.era = "2024-11-05"
        assert wire.open()["protocolVersion"] == "2024-11-05"
        assert wire.is_alive()
