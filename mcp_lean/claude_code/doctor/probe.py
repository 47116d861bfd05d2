"""Programs started and asked: MCP servers over stdio, the client's version.

In:  a command line, an environment.
Out: `Listing`, `OwnStart`; whatever goes wrong is a `problem` in words.
Not here: judging the answers (`servers`, `own`, `client`).

A server is started in a session of its own, gets a bounded time and a bounded answer, and is ended with everything
that it started.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_lean.claude_code.doctor.servers import Listing, listing
from mcp_lean.errors import EngineMissing
from mcp_lean.repo.programs import search_path

if TYPE_CHECKING:
    import subprocess

SERVER_SECONDS = 20.0
"""For a package that is fetched first."""
OWN_SECONDS = 10.0
END_SECONDS = 1.0
"""For a server to end by itself when its input ends, and again when it is told to."""
CLIENT_SECONDS = 5.0
MOST_BYTES = 8 << 20
MOST_PAGES = 20
PROTOCOL = "2025-11-25"
HOOK = "hook"
"""Name of our tool for hooks."""


@dataclass(frozen=True, slots=True)
class OwnStart:
    """How our server started: seconds from the spawn to the answered `tools/list`, and to the first answered call, for
    which all of it has to be loaded; what the hook tool answered to that, and how fast when asked again."""

    seconds: float = 0.0
    tools: tuple[str, ...] = ()
    hook_answer: str = ""
    ready_seconds: float = 0.0
    hook_seconds: float = 0.0
    problem: str = ""


def listed(words: Sequence[str], cwd: str, environ: Mapping[str, str]) -> Listing:
    """A server's tools after one start."""
    try:
        began = time.monotonic()
        with _server(words, cwd, environ, SERVER_SECONDS) as wire:
            hello = wire.open()
            tools = wire.tools()
            return listing(tools, str(hello.get("instructions") or ""), time.monotonic() - began)
    except (EngineMissing, OSError, ValueError) as error:
        return Listing(problem=_words(error))


def own_start(words: Sequence[str], cwd: str, environ: Mapping[str, str]) -> OwnStart:
    """One start of our server. Its ledger and caches are in a folder that goes."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="mcp-lean-doctor-") as folder:
        # Run by an agent, the doctor has that session's variables; this server is not of that session.
        own = {name: value for name, value in environ.items() if not name.startswith("CLAUDE_CODE_")}
        own |= {"XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder, "CLAUDE_PROJECT_DIR": cwd}
        own["PATH"] = search_path(environ)
        event = {"event": "SubagentStart", "session_id": "doctor", "agent_id": "doctor", "cwd": cwd}
        try:
            began = time.monotonic()
            with _server(words, cwd, own, OWN_SECONDS) as wire:
                wire.open()
                # The tool for hooks is hidden from models, and no tool to a person.
                tools = tuple(str(tool.get("name")) for tool in wire.tools() if tool.get("name") != HOOK)
                listed_at = time.monotonic()
                answer = wire.ask("tools/call", {"name": HOOK, "arguments": event})
                ready_at = time.monotonic()
                wire.ask("tools/call", {"name": HOOK, "arguments": event})
                seconds = time.monotonic() - ready_at
                content = answer.get("content")
                text = content[0].get("text") if isinstance(content, list) and content else None
                return OwnStart(listed_at - began, tools, str(text or ""), ready_at - began, seconds)
        except (EngineMissing, OSError, ValueError) as error:
            return OwnStart(problem=_words(error))


def client_version(program: str, environ: Mapping[str, str]) -> str:
    """What `claude --version` says, the number alone; empty where it cannot be asked."""
    import subprocess

    try:
        done = subprocess.run(
            (program, "--version"),
            capture_output=True,
            timeout=CLIENT_SECONDS,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+\.\d+", done.stdout.decode("utf-8", "replace"))
    return found[0] if found else ""


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` in a server's entry, as the client replaces them."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda found: environ.get(found[1]) or found[2] or "", text)


class _Wire:
    """Requests and answers of one server."""

    def __init__(self, process: subprocess.Popen[bytes], until: float) -> None:
        self._process, self._until = process, until
        self._read = b""
        self._number = 0

    def open(self) -> Mapping[str, object]:
        hello = self.ask(
            "initialize",
            {
                "protocolVersion": PROTOCOL,
                "capabilities": {},
                "clientInfo": {"name": "mcp-lean doctor", "version": "1"},
            },
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return hello

    def tools(self) -> list[Mapping[str, object]]:
        found: list[Mapping[str, object]] = []
        cursor: object = None
        for _ in range(MOST_PAGES):
            answer = self.ask("tools/list", {"cursor": cursor} if cursor else {})
            page = answer.get("tools")
            found += [tool for tool in page if isinstance(tool, dict)] if isinstance(page, list) else []
            cursor = answer.get("nextCursor")
            if not cursor:
                return found
        raise EngineMissing(f"lists its tools on more than {MOST_PAGES} pages")

    def ask(self, method: str, params: Mapping[str, object]) -> Mapping[str, object]:
        """The result of one request.

        Raises:
            EngineMissing: an error, no answer in time, or the server has ended.
        """
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            message = self._next(method)
            if isinstance(message, dict) and message.get("id") == self._number and "method" not in message:
                if "error" in message:
                    raise EngineMissing(f"refuses {method}: {str(message['error'])[:200]}")
                result = message.get("result")
                return result if isinstance(result, dict) else {}

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise EngineMissing(self._ended()) from error

    def _next(self, method: str) -> object:
        import select

        assert self._process.stdout is not None
        while b"\n" not in self._read:
            left = self._until - time.monotonic()
            ready = select.select([self._process.stdout], [], [], max(left, 0))[0] if left > 0 else []
            if not ready:
                raise EngineMissing(f"gives no answer to {method} in time")
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
            if not piece:
                raise EngineMissing(self._ended())
            self._read += piece
            if len(self._read) > MOST_BYTES:
                raise EngineMissing(f"answers {method} with more than {MOST_BYTES >> 20} MiB")
        line, _, self._read = self._read.partition(b"\n")
        try:
            message: object = json.loads(line)
        except (ValueError, RecursionError):
            return None  # a line of log on stdout: the client skips it, too
        return message

    def _ended(self) -> str:
        status = self._process.poll()
        return f"ends without an answer{f' (status {status})' if status is not None else ''}"


@contextmanager
def _server(words: Sequence[str], cwd: str, environ: Mapping[str, str], seconds: float) -> Iterator[_Wire]:
    """A running server; it is ended with all that it started."""
    import subprocess

    if sys.platform == "win32":
        raise EngineMissing("cannot be tried on Windows: it could not be ended with all that it starts")
    process = subprocess.Popen(
        list(words),
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _Wire(process, time.monotonic() + seconds)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    import subprocess

    if sys.platform == "win32":
        return  # nothing was started
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(BrokenPipeError):  # what was not sent is of no use to a server that has gone
                stream.close()
    for how in (None, signal.SIGTERM, signal.SIGKILL):
        if how is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        try:
            process.wait(END_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what it has started and left behind


def _words(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return f"cannot be started: {strerror}" if strerror else str(error)
