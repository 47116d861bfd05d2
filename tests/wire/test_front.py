"""With and without the front the same answers: it may be faster, and nothing else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wire.driver import ENVELOPE, ERAS, LEGACY, MODERN, Message, Wire

ROOT = Path(__file__).parents[2]
HUGE = 300_000
SEEDS = range(12)


def test_the_shipped_answers_are_the_servers() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "update_opening", "--check"], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_holds_the_answers() -> None:
    """They stand beside the module that reads them, so that no packaging rule can lose one without the other."""
    assert (ROOT / "mcp_lean" / "server" / "opening.json").is_file()


@pytest.mark.parametrize("era", ERAS)
def test_the_opening_is_answered_without_the_sdk(era: str, tmp_path: Path) -> None:
    """A package of the name `mcp` that cannot be imported stands in for one that takes its time."""
    (tmp_path / "mcp").mkdir()
    (tmp_path / "mcp" / "__init__.py").write_text("import time; time.sleep(3600)")

    with Wire(era, env={"PYTHONPATH": str(tmp_path)}) as wire:
        assert [tool["name"] for tool in wire.result("tools/list")["tools"]][:2] == ["read_many", "grep_and_read"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_messages_has_the_same_answers_with_and_without(era: str, seed: int, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alpha\n")
    script = messages(random.Random(f"{era} {seed}"), era)

    with ThreadPoolExecutor() as pool:
        with_it, without_it = pool.map(lambda front: answers(script, tmp_path, front), ("1", "0"))
    assert with_it == without_it


def messages(rng: random.Random, era: str) -> list[bytes]:
    """An opening, whole or in parts, with other lines before, in and after it; then calls, which load the SDK."""
    meta = {"_meta": ENVELOPE} if era == MODERN else {}
    handshake = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
    opening: list[Message] = (
        [{"method": "server/discover", "params": meta}]
        if era == MODERN
        else [{"method": "initialize", "params": handshake}, {"method": "notifications/initialized", "note": True}]
    )
    others: list[Message | bytes] = [
        {"method": "tools/list", "params": meta},
        {"method": "tools/list", "params": meta},
        {"method": "ping", "params": meta},
        {"method": "no/such", "params": meta},
        {"method": "initialize", "params": handshake},
        {"method": "server/discover", "params": {"_meta": ENVELOPE}},
        {"method": "notifications/cancelled", "params": {"requestId": 999}, "note": True},
        {"method": "tools/call", "params": {**meta, "name": "read_many", "arguments": {"items": ["a.txt"]}}},
        {"method": "tools/call", "params": {**meta, "name": "no_such", "arguments": {}}},
        {"method": "tools/call", "params": {**meta, "name": "read_many", "arguments": {"items": ["x" * HUGE]}}},
        b"{broken",
        b"",
        b"[]",
        b"\xff\xfe{}",
    ]
    chosen: list[Message | bytes] = [*opening, *rng.sample(others, rng.randint(1, len(others)))]
    if rng.random() < 0.3:  # something stands before the opening
        chosen.insert(0, rng.choice(others))
    lines = []
    for number, each in enumerate(chosen):
        if isinstance(each, bytes):
            lines.append(each)
            continue
        message = {"jsonrpc": "2.0", **{key: value for key, value in each.items() if key != "note"}}
        if "note" not in each:
            message["id"] = rng.choice([number, f"id-{number}"])
        lines.append(json.dumps(message).encode())
    return lines


def answers(script: list[bytes], folder: Path, front: str) -> tuple[dict[str, Message], int]:
    """Answers by id, and the exit status. Each request is answered before the next line is sent, as clients do."""
    found: dict[str, Message] = {}
    with Wire(env={"MCP_LEAN_FRONT": front}, cwd=folder, open_now=False) as wire:
        for line in script:
            wire.raw(line)
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict) and "id" in message:
                answer = wire.receive(message["id"])
                found[str(message["id"])] = answer or {}
        return found, wire.end()


@pytest.mark.parametrize("era", ERAS)
def test_lines_sent_at_once_are_all_answered(era: str, tmp_path: Path) -> None:
    """A client may not wait; then only the order of the answers is free."""
    (tmp_path / "a.txt").write_text("alpha\n")
    with Wire(era, cwd=tmp_path) as wire:
        numbers = [wire.send("tools/list"), wire.start("read_many", items=["a.txt"]), wire.send("tools/list")]
        answers = [wire.receive(number) for number in numbers]

    assert [answer is not None and "result" in answer for answer in answers] == [True, True, True]
    assert answers[0]["result"] == answers[2]["result"]  # type: ignore[index]


@pytest.mark.parametrize("sent", [0, 1, 2])
@pytest.mark.parametrize("era", ERAS)
def test_the_end_of_stdin_is_the_end_at_every_stage_of_the_opening(era: str, sent: int) -> None:
    wire = Wire(era, open_now=sent > 0)
    if sent > 1:
        wire.result("tools/list")

    assert wire.end() == 0
    assert wire.stderr == ""
