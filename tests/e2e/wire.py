"""The traffic between the client and a stdio MCP server, recorded both ways.

In:  (as a program) `wire.py FOLDER START_DELAY_S ANSWER_DELAY_S -- command`: runs the command in its place and passes
     every line on. `START_DELAY_S` passes before the server exists; every answer to tools/call is held back for
     `ANSWER_DELAY_S`.
Out: FOLDER/<pid>.jsonl, read back by `read_wire` as `WireMessage`s.
Not here: the environment of the server (it holds the user's secrets; none of it is written down).

Standard library only, and started with `-IS`: what it adds to the server's start is a bare Python.
"""

import contextlib
import json
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
    """Writes down what passes; one lock for the file, one per direction, so that a full pipe stops nobody else."""

    def __init__(self, file: IO[str], answer_delay_s: float) -> None:
        self.file = file
        self.answer_delay_s = answer_delay_s
        self.calls: set[object] = set()
        self.file_lock = threading.Lock()
        self.sink_locks = {CLIENT: threading.Lock(), SERVER: threading.Lock()}

    def pump(self, source: IO[bytes], sink: IO[bytes], sender: str) -> None:
        """Passes lines on until `source` ends or nobody reads `sink` any more."""
        for line in source:
            if self.answer_delay_s and self._answers_a_call(line, sender):
                threading.Timer(self.answer_delay_s, self._pass_on, (line, sink, sender)).start()
            elif not self._pass_on(line, sink, sender):
                return

    def pump_input(self, source: IO[bytes], sink: IO[bytes]) -> None:
        """The client's side: its end of input is the server's signal to stop."""
        with contextlib.suppress(BrokenPipeError), sink:
            self.pump(source, sink, CLIENT)

    def _answers_a_call(self, line: bytes, sender: str) -> bool:
        message = json.loads(line)
        if message.get("method") == "tools/call":
            self.calls.add(message["id"])
        return sender == SERVER and "method" not in message and message.get("id") in self.calls

    def _pass_on(self, line: bytes, sink: IO[bytes], sender: str) -> bool:
        record = {"at": time.monotonic(), "from": sender, "line": line.decode("utf-8")}
        with self.file_lock:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()
        try:
            with self.sink_locks[sender]:
                sink.write(line)
                sink.flush()
        except BrokenPipeError:
            return False
        return True


def _main(folder: Path, start_delay_s: float, answer_delay_s: float, command: list[str]) -> int:
    time.sleep(start_delay_s)
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin
    assert server.stdout
    with open(folder / f"{server.pid}.jsonl", "w", encoding="utf-8") as file:
        recorder = _Recorder(file, answer_delay_s)
        threading.Thread(target=recorder.pump_input, args=(sys.stdin.buffer, server.stdin), daemon=True).start()
        recorder.pump(server.stdout, sys.stdout.buffer, SERVER)
        return server.wait()


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[5:]))
