"""Taking part in a run while it goes on: waiting, talking over stream-json, typing into the terminal program.

In:  the streams of the running client and what the harness records of it.
Out: `Dialogue` and `Terminal`, which tests get as the argument of their `dialogue=` or `terminal=` function.
Not here: starting and ending the client (`client`).
"""

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TypeVar

from .records import JsonObject, Request
from .wire import WireMessage, read_wire

POLL_S = 0.02
T = TypeVar("T")

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_MOVES_RIGHT = re.compile(r"\x1b\[\d*C")


class TookTooLong(AssertionError):
    """What was waited for did not happen; the text says what it was."""


class Live:
    """A run that is under way."""

    def __init__(self, requests: Sequence[Request], wire_folder: Path, started: float, deadline: float) -> None:
        self.requests = requests
        self._wire_folder = wire_folder
        self._started = started
        self._deadline = deadline

    def wire(self, server: str = "lean") -> tuple[WireMessage, ...]:
        """The traffic with this server up to now."""
        return read_wire(self._wire_folder / server, self._started)

    def calls(self, tool: str, server: str = "lean") -> list[WireMessage]:
        """The tools/call messages for this tool up to now."""
        return [entry for entry in self.wire(server) if entry.tool == tool]

    def until(self, look: Callable[[], T], what: str) -> T:
        """Waits for `look` to give something true, and gives that.

        Raises:
            TookTooLong: the run's time is over.
        """
        while not (found := look()):
            if time.monotonic() > self._deadline:
                raise TookTooLong(f"waited in vain for {what}")
            time.sleep(POLL_S)
        return found


class Dialogue(Live):
    """The print-mode client with stream-json on both sides."""

    def attach(self, stdin: IO[bytes], stream_file: Path) -> None:
        self._stdin = stdin
        self._stream_file = stream_file

    @property
    def stream(self) -> list[JsonObject]:
        """The client's output up to now."""
        return read_stream(self._stream_file)

    def say(self, text: str) -> None:
        """One user message; does not wait for the answer."""
        self._write({"type": "user", "message": {"role": "user", "content": text}})

    def interrupt(self) -> None:
        """What Escape does in the terminal program."""
        self._write({"type": "control_request", "request_id": "interrupt", "request": {"subtype": "interrupt"}})

    def until_result(self, number: int) -> JsonObject:
        """Waits for the end of the `number`th turn (from 1) and gives its `result` message."""
        return self.until(lambda: self._results()[number - 1 :], f"result {number} of the stream")[0]

    def _results(self) -> list[JsonObject]:
        return [message for message in self.stream if message["type"] == "result"]

    def _write(self, message: JsonObject) -> None:
        self._stdin.write(json.dumps(message).encode() + b"\n")
        self._stdin.flush()


class Terminal(Live):
    """The interactive client in a pseudo-terminal."""

    def attach(self, master: int) -> None:
        self._master = master
        self._printed = bytearray()
        threading.Thread(target=self._drain, daemon=True).start()

    @property
    def screen(self) -> str:
        """Everything that was printed, without control sequences. Redrawn parts stand there again."""
        text = _MOVES_RIGHT.sub(" ", self._printed.decode("utf-8", errors="replace"))
        return _ESCAPES.sub("", text)

    def shows(self, text: str) -> None:
        """Waits until `text` has been printed."""
        self.until(lambda: text in self.screen, f"{text!r} on the screen")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def _drain(self) -> None:
        with contextlib.suppress(OSError):  # EIO: nobody holds the other end any more
            while piece := os.read(self._master, 65536):
                self._printed += piece


def read_stream(file: Path) -> list[JsonObject]:
    """The complete lines of a stream-json file."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
