"""Taking part in a run while it goes on: waiting, talking over stream-json, typing into the terminal program.

In:  the streams of the running client and what the harness records of it.
Out: `Dialogue` and `Terminal`, which tests get as the argument of their `dialogue=` or `terminal=` function.
Not here: starting and ending the client (`client`).
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from .place import Place
from .records import Request, read_json_lines
from .wire import JsonObject, WireMessage, read_wire

POLL_S, REST_S = 0.02, 0.1
ROWS, COLUMNS = 50, 160
T = TypeVar("T")

_CONTROL = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])|\r")
_SPACE = re.compile(r"\s+")


class TookTooLong(AssertionError):
    """What was waited for did not happen in the run's time."""


class Faulty(AssertionError):
    """The stand-in could not answer: the script has a gap, or the harness a fault."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of a run under way. `started` and `deadline` are monotonic seconds; a fault ends the run."""

    requests: list[Request]
    place: Place
    started: float
    deadline: float
    faults: list[str] = field(default_factory=list)

    def wire(self, server: str = "lean") -> tuple[WireMessage, ...]:
        """The traffic with this server up to now."""
        return read_wire(self.place.wires / server, self.started)

    def calls(self, tool: str, server: str = "lean") -> list[WireMessage]:
        """The tools/call messages for this tool up to now."""
        return [entry for entry in self.wire(server) if entry.tool == tool]

    def until(self, look: Callable[[], T], what: str) -> T:
        """Waits for `look` to give something true, and gives that.

        Raises:
            Faulty: a request could not be answered.
            TookTooLong: the run's time is over; the text says what was waited for, and what was asked until then.
        """
        while not (found := look()):
            self.check()
            if time.monotonic() > self.deadline:
                asked = ", ".join(f"{request.agent} at {request.at_s} s" for request in self.requests)
                raise TookTooLong(f"waited in vain for {what}; requests: {asked or 'none'}")
            time.sleep(POLL_S)
        return found

    def check(self) -> None:
        """Raises `Faulty` when a request could not be answered."""
        if self.faults:
            raise Faulty("; ".join(self.faults))


def is_at_rest(place: Place) -> bool:
    """Whether our servers of this place have nothing to do: each thread sleeps, and has not run for `REST_S`.

    A test's own server is not waited for.
    """
    before = _threads_of_servers(place)
    time.sleep(REST_S)
    return all(state == "S" for _, state, _ in before) and before == _threads_of_servers(place)


def _threads_of_servers(place: Place) -> list[tuple[str, str, str]]:
    """(file, state, how often it was given up or taken the processor) of each thread."""
    found = []
    home = f"HOME={place.root / 'home'}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[-2:-1] != [b"serve"] or home not in (process / "environ").read_bytes().split(b"\0"):
                continue
            for status in sorted(process.glob("task/*/status")):
                fields = dict(
                    line.split(":\t", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":\t" in line
                )
                switches = f"{fields['voluntary_ctxt_switches']} {fields['nonvoluntary_ctxt_switches']}"
                found.append((str(status), fields["State"][0], switches))
    return found


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The print-mode client with stream-json on both sides."""

    scene: Scene
    stdin: IO[bytes]
    stream_file: Path

    def say(self, text: str) -> None:
        """One user message; does not wait for the answer."""
        self._write({"type": "user", "message": {"role": "user", "content": text}})

    def interrupt(self) -> None:
        """What Escape does in the terminal program."""
        self._write({"type": "control_request", "request_id": "interrupt", "request": {"subtype": "interrupt"}})

    def until_result(self, number: int) -> JsonObject:
        """Waits for the end of the `number`th turn (from 1) and gives its `result` message."""
        return self.scene.until(lambda: self._results()[number - 1 :], f"result {number} of the stream")[0]

    def _results(self) -> list[JsonObject]:
        return [message for message in read_json_lines(self.stream_file) if message["type"] == "result"]

    def _write(self, message: JsonObject) -> None:
        self.stdin.write(json.dumps(message).encode() + b"\n")
        self.stdin.flush()


@dataclass(slots=True)
class PseudoTerminal:
    """Both ends of a pseudo-terminal, and what has been printed on it."""

    master: int
    slave: int
    printed: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """Everything that was printed, without control sequences. What was redrawn stands there again."""
        return _CONTROL.sub("", self.printed.decode("utf-8", errors="replace"))

    def times(self, words: str) -> int:
        """How often `words` were printed, whatever is between them: the client moves the cursor instead of a space."""
        return _SPACE.sub("", self.text).count(_SPACE.sub("", words))

    def drain(self) -> None:
        """Collects what is printed, until nobody holds the slave end any more (EIO)."""
        with contextlib.suppress(OSError):
            while piece := os.read(self.master, 65536):
                self.printed += piece


@contextmanager
def pseudo_terminal() -> Iterator[PseudoTerminal]:
    """Ends when every process that has it open has ended; so it is to be the outer block."""
    ends = PseudoTerminal(*pty.openpty())
    fcntl.ioctl(ends.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    reader = threading.Thread(target=ends.drain, daemon=True)
    reader.start()
    try:
        yield ends
    finally:
        os.close(ends.slave)
        reader.join()
        os.close(ends.master)


@dataclass(frozen=True, slots=True)
class Terminal:
    """The interactive client."""

    scene: Scene
    ends: PseudoTerminal

    def shows(self, text: str) -> None:
        """Waits until `text` has been printed."""
        self.scene.until(lambda: self.ends.times(text), f"{text!r} on the screen")

    def type(self, keys: str) -> None:
        os.write(self.ends.master, keys.encode())

    def submit(self, line: str) -> None:
        """Types a line, and Return once the line is on the screen: together they would count as pasted text."""
        before = self.ends.times(line)
        self.type(line)
        self.scene.until(lambda: self.ends.times(line) > before, f"{line!r} in the input field")
        self.type("\r")
