"""The recorder between client and server: it passes everything on and writes everything down."""

import json
import subprocess
import sys
from pathlib import Path

from .place import Server
from .wire import JsonObject, answer_to, read_wire

ANSWERS = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"text": "gr\\u00fcn"}}), flush=True)
"""


def run_through(folder: Path, *messages: JsonObject) -> list[JsonObject]:
    entry = Server((sys.executable, "-c", ANSWERS)).entry(folder)
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run([entry["command"], *entry["args"]], input=lines.encode(), capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_both_directions_are_passed_on_and_recorded_in_order(tmp_path: Path) -> None:
    call: JsonObject = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read_many"}}
    note: JsonObject = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    answers = run_through(tmp_path, call, note)

    wire = read_wire(tmp_path, started=0.0)
    assert [entry.message for entry in wire if entry.sender == "client"] == [call, note]
    assert [entry.message for entry in wire if entry.sender == "server"] == answers
    [asked] = [entry for entry in wire if entry.tool == "read_many"]
    answer = answer_to(asked, wire)
    assert answer
    assert answer.message == {"jsonrpc": "2.0", "id": 1, "result": {"text": "grün"}}


def test_what_was_recorded_before_this_run_is_left_out(tmp_path: Path) -> None:
    run_through(tmp_path, {"jsonrpc": "2.0", "id": 1, "method": "ping"})

    assert len(read_wire(tmp_path, started=0.0)) == 2
    assert read_wire(tmp_path, started=1e12) == ()


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    record = json.dumps({"at": 1.0, "from": "client", "line": '{"method": "ping"}'})
    (tmp_path / "7.jsonl").write_text(f"{record}\n{record[:20]}", encoding="utf-8")

    assert [entry.method for entry in read_wire(tmp_path, started=0.0)] == ["ping"]
