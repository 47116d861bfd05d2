"""The traffic between the client and a stdio MCP server, recorded both ways.

In:  (as a program) `wire.py FOLDER START_DELAY_S -- command`: waits, runs the command, and passes every line on.
Out: FOLDER/<pid>.jsonl, read back by `read_wire` as `WireMessage`s.
Not here: the environment of the server (it holds the user's secrets; none of it is written down).

Standard library only, and started with `-IS`: what it adds to the server's start is a bare Python.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

JsonObject = dict[str, Any]
CLIENT, SERVER = "client", "server"


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One JSON-RPC message. `at_s` counts like `Request.at_s`; `process` tells restarts of the server apart."""

    at_s: float
    process: int
    sender: str
    message: JsonObject

    @property
    def method(self) -> str:
        """Empty for an answer."""
        return str(self.message.get("method", ""))

    @property
    def tool(self) -> str:
        """The tool that a tools/call asks for; empty for everything else."""
        return str(self.message["params"]["name"]) if self.method == "tools/call" else ""


def read_wire(folder: Path, started: float) -> tuple[WireMessage, ...]:
    """What has been recorded since `started` (monotonic seconds), in order of time."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # the last line may be half written
                record = json.loads(line)
                at_s = round(record["at"] - started, 3)
                if at_s >= 0:
                    found.append(WireMessage(at_s, int(file.stem), record["from"], json.loads(record["line"])))
    return tuple(sorted(found, key=lambda entry: entry.at_s))


def answer_to(call: WireMessage, wire: Iterable[WireMessage]) -> WireMessage | None:
    """The server's answer to this request, if there was one."""
    for entry in wire:
        same = entry.process == call.process and entry.message.get("id") == call.message["id"]
        if same and entry.sender == SERVER and not entry.method:
            return entry
    return None


class _Recorder:
    """Writes down what passes, one line at a time, from both sides."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.lock = threading.Lock()

    def pump(self, source: IO[bytes], sink: IO[bytes], sender: str) -> None:
        """Passes lines on until `source` ends or nobody reads `sink`; then closes it, which tells the other side."""
        with contextlib.suppress(BrokenPipeError), sink:
            for line in source:
                record = {"at": time.monotonic(), "from": sender, "line": line.decode("utf-8")}
                with self.lock:
                    self.file.write(json.dumps(record) + "\n")
                    self.file.flush()
                sink.write(line)
                sink.flush()


def _main(folder: Path, start_delay_s: float, command: list[str]) -> int:
    time.sleep(start_delay_s)
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin
    assert server.stdout
    with open(folder / f"{server.pid}.jsonl", "w", encoding="utf-8") as file:
        recorder = _Recorder(file)
        client_side = (sys.stdin.buffer, server.stdin, CLIENT)
        threading.Thread(target=recorder.pump, args=client_side, daemon=True).start()
        recorder.pump(server.stdout, sys.stdout.buffer, SERVER)
        return server.wait()


if __name__ == "__main__":
    code = _main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[4:])
    # The reader of stdin may still be waiting for the client: a normal exit would wait for its buffer.
    os._exit(code)
