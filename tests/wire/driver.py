"""A client that sends bytes, and nothing between the test and the wire.

In:  a command that speaks MCP on stdin and stdout.
Out: `Wire`: lines out, messages in, each in both protocol eras.
Not here: what is expected.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

LEGACY, MODERN = "2025-11-25", "2026-07-28"
ERAS = (LEGACY, MODERN)

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
}
SERVE = (sys.executable, "-m", "mcp_lean", "serve")
PATIENT = (sys.executable, str(Path(__file__).with_name("patient.py")))
"""The words of `mcp-lean`, for a test that needs the answer of a hook; without one in time work goes on."""

HOSTILE = (sys.executable, str(Path(__file__).with_name("hostile.py")))
PATIENCE_SECONDS = 30.0
"""Far more than anything here takes on a loaded machine; a test that waits so long has failed."""

Message = dict[str, Any]


def appears(file: Path, seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait for a file that a tool leaves behind."""
    end = time.monotonic() + seconds
    while not os.path.lexists(file):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Wire:
    """One server process. Leave the block to close its stdin and wait for its end."""

    def __init__(
        self,
        era: str = LEGACY,
        command: Sequence[str] = SERVE,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        *,
        open_now: bool = True,
        stdout: int = subprocess.PIPE,
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDE")}
        self.era = era
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**inherited, **(env or {})},
        )
        self.lines: list[bytes] = []
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self._kept: list[Message] = []
        self._stderr: list[bytes] = []
        self.next_id = 1
        # Daemons: a test that fails before the server's end must not hold up the end of all tests.
        readers = (self._read_stdout, self._read_stderr)
        self._threads = [threading.Thread(target=reader, daemon=True) for reader in readers]
        for thread in self._threads:
            thread.start()
        if open_now:
            self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def open(self) -> Message:
        """The first exchange of the era; its result."""
        if self.era == MODERN:
            return self.result("server/discover")
        result = self.result(
            "initialize",
            {"protocolVersion": self.era, "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
        )
        self.notify("notifications/initialized")
        return result

    def raw(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def send(self, method: str, params: Mapping[str, object] | None = None) -> int:
        """Send a request, and return its id without waiting."""
        number = self.next_id
        self.next_id += 1
        self.raw(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": self.params(params)}).encode())
        return number

    def notify(self, method: str, params: Mapping[str, object] | None = None) -> None:
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": self.params(params)}).encode())

    def receive(self, number: int, seconds: float = PATIENCE_SECONDS) -> Message | None:
        """The answer to a request; None when none came in time."""
        for message in self._kept:
            if message.get("id") == number:
                self._kept.remove(message)
                return message
        while True:
            try:
                message = self._messages.get(timeout=seconds)
            except queue.Empty:
                return None
            if message is None:
                raise EOFError(f"the server closed stdout; stderr: {self.stderr}")
            if message.get("id") == number:
                return message
            self._kept.append(message)

    def request(self, method: str, params: Mapping[str, object] | None = None) -> Message:
        answer = self.receive(self.send(method, params))
        assert answer is not None, f"no answer to {method}"
        return answer

    def result(self, method: str, params: Mapping[str, object] | None = None) -> Message:
        answer = self.request(method, params)
        assert "result" in answer, answer
        found: Message = answer["result"]
        return found

    def start(self, tool: str, **arguments: object) -> int:
        """Call a tool without waiting for the answer."""
        return self.send("tools/call", {"name": tool, "arguments": arguments})

    def call(self, tool: str, **arguments: object) -> tuple[str, bool]:
        """A tool's text, and whether it is an error."""
        return self.text_of(self.request("tools/call", {"name": tool, "arguments": arguments}))

    @staticmethod
    def text_of(answer: Message | None) -> tuple[str, bool]:
        assert answer is not None
        result = answer["result"]
        [content] = result["content"]
        assert content["type"] == "text"
        assert "structuredContent" not in result
        return content["text"], result["isError"]

    def is_alive(self) -> bool:
        """Whether the server still answers, whatever was sent before."""
        answer = self.receive(self.send("tools/list"))
        return answer is not None and "result" in answer

    def logs(self, words: str) -> bool:
        """Whether the words stand in the log, or will in a moment: it comes by another way than the answers."""
        end = time.monotonic() + PATIENCE_SECONDS
        while words not in self.stderr:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    @property
    def stderr(self) -> str:
        return b"".join(self._stderr).decode("utf-8", "backslashreplace")

    def end(self) -> int:
        """Close stdin and wait; the exit status."""
        self._close_stdin()
        return self.wait()

    def wait(self) -> int:
        """Wait for a server that ends by itself; the exit status."""
        try:
            status = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._close_stdin()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def _close_stdin(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already; its status tells
            self.process.stdin.close()

    def params(self, params: Mapping[str, Any] | None) -> Message:
        """Parameters with what the era wants in every request."""
        given = dict(params or {})
        if self.era == MODERN:
            given["_meta"] = {**given.get("_meta", {}), **ENVELOPE}
        return given

    def _read_stdout(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line)
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while piece := os.read(self.process.stderr.fileno(), 65_536):
            self._stderr.append(piece)
