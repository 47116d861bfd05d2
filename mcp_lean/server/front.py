"""The opening of a connection, answered before the SDK is loaded: loading it takes a second or two, this a few
hundredths, and a client that waits for our tools holds back its first request to the model meanwhile.

In:  the lines of stdin; `opening.json`, the SDK server's own answers (written by `scripts/update_opening`).
Out: answers to `server/discover`, `initialize`, `ping`, `tools/list` and calls of the hidden tool; everything else is
     the SDK's, and from the first such line on all of it.
Not here: the SDK (`stdio.py`, which takes over the same wire), what the answers say (`app.py`).

Only what is known byte for byte is answered: a request of another shape is handed over. The SDK is then told what was
said so far, so that it knows the connection's era; its answer to that is kept from the client, which has had it.
Standard library only, and little of that.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mcp_lean.server.command_door import CommandDoor
from mcp_lean.server.early_hooks import EarlyHooks, guard_of

if TYPE_CHECKING:
    from typing import NoReturn

MODERN = "2026-07-28"
LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
META = "io.modelcontextprotocol/"
REPLAYED = "mcp-lean-opening"
"""Id of the first request when it is told to the SDK again."""

PLAIN_ID = re.compile(r"[\w:./-]{1,100}", re.ASCII)
HOOK_TOOL = "hook"
EMPTY_TEXT = '"text":""'
HAND_OVER = None
NO_ANSWER = b""


class Opening:
    """Which lines can be answered from what the SDK server would say.

    first: the request that fixed the connection's era, and `initialized` the notification that completes the older
    handshake: what the SDK has to be told when it takes over.
    """

    def __init__(
        self,
        answers: Mapping[str, Mapping[str, str]],
        hook: Callable[[Mapping[str, object]], str] | None = None,
    ) -> None:
        self._answers = answers
        self._hook = hook
        self._era = ""
        self.first = b""
        self.initialized = b""
        self.is_listed = False

    def answer(self, line: bytes) -> bytes | None:
        """The line to write, `NO_ANSWER`, or `HAND_OVER`."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return HAND_OVER
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return HAND_OVER
        if message.keys() - {"jsonrpc", "id", "method", "params"}:
            return HAND_OVER
        method, params = message.get("method"), message.get("params")
        if "id" not in message:
            return self._notified(line, method, params)
        request_id = message["id"]
        is_plain = type(request_id) is int or (isinstance(request_id, str) and PLAIN_ID.fullmatch(request_id))
        if not is_plain or not isinstance(method, str):
            return HAND_OVER
        result = self._result(line, method, params)
        if result is None:
            return HAND_OVER
        self.is_listed = self.is_listed or method == "tools/list"
        return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (json.dumps(request_id).encode(), result.encode())

    def _notified(self, line: bytes, method: object, params: object) -> bytes | None:
        if method == "notifications/initialized" and not params and self._era == "legacy" and not self.initialized:
            self.initialized = line
            return NO_ANSWER
        return HAND_OVER

    def _result(self, line: bytes, method: str, params: object) -> str | None:
        if method == "tools/call":
            return self._hook_result(params)
        if _is_modern(params) and self._era in ("", "modern"):
            answers = self._answers["modern"]
            if method in answers:
                self._era = "modern"
                self.first = self.first or line
                return answers[method]
        elif method == "initialize" and not self._era and _is_handshake(params):
            assert isinstance(params, dict)
            self._era, self.first = "legacy", line
            return self._answers["legacy"]["initialize"].replace(LEGACY[-1], params["protocolVersion"])
        elif self._era == "legacy" and self.initialized and not params and method in ("tools/list", "ping"):
            return self._answers["legacy"][method]
        return None

    def _hook_result(self, params: object) -> str | None:
        """The result of a call of the hidden tool: the recorded one, with the hook's output for its empty text."""
        if self._hook is None or not isinstance(params, dict) or params.get("name") != HOOK_TOOL:
            return None
        arguments = params.get("arguments")
        if params.keys() - {"_meta"} != {"name", "arguments"} or not isinstance(arguments, dict):
            return None
        is_modern = self._era == "modern" and _is_modern({"_meta": params.get("_meta")})
        is_legacy = self._era == "legacy" and bool(self.initialized) and "_meta" not in params
        if not is_modern and not is_legacy:
            return None
        text = json.dumps(self._hook(arguments))
        return self._answers[self._era]["tools/call"].replace(EMPTY_TEXT, f'"text":{text}')


def _is_modern(params: object) -> bool:
    """Whether a request carries what the newer revision asks for, and nothing else."""
    if not isinstance(params, dict) or params.keys() != {"_meta"} or not isinstance(params["_meta"], dict):
        return False
    meta = params["_meta"]
    client = meta.get(META + "clientInfo")
    return (
        meta.get(META + "protocolVersion") == MODERN
        and _is_capabilities(meta.get(META + "clientCapabilities"))
        and (client is None or _is_implementation(client))
        and meta.keys() <= {META + "protocolVersion", META + "clientCapabilities", META + "clientInfo"}
    )


def _is_handshake(params: object) -> bool:
    return (
        isinstance(params, dict)
        and params.keys() == {"protocolVersion", "capabilities", "clientInfo"}
        and params["protocolVersion"] in LEGACY
        and _is_capabilities(params["capabilities"])
        and _is_implementation(params["clientInfo"])
    )


def _is_capabilities(value: object) -> bool:
    """Objects in an object, holding objects or booleans: what no client's declaration goes beyond."""
    return isinstance(value, dict) and all(
        isinstance(each, dict) and all(isinstance(inner, dict | bool) for inner in each.values())
        for each in value.values()
    )


def _is_implementation(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {"name", "version"} <= value.keys()
        and all(isinstance(each, str) for each in value.values())
    )


class Wire:
    """Stdin and stdout as the SDK takes them over: what it must be told first, then the client's lines as they come.

    Both sides are used by one thread each. Descriptors 0 and 1 no longer lead to the client, so that nothing that a
    tool or its child prints gets into the protocol.
    """

    def __init__(self) -> None:
        self._in = os.fdopen(_moved(0, os.open(os.devnull, os.O_RDONLY)), "rb")
        self._out = os.fdopen(_moved(1, os.dup(2)), "wb")
        self._told: list[bytes] = []
        self._is_acknowledged = threading.Event()
        self._is_acknowledged.set()

    def receive(self) -> bytes:
        """The client's next line; empty at the end."""
        try:
            return self._in.readline()
        except ConnectionError:  # one socket for both directions, closed with answers in it that nobody has read
            return b""

    def send(self, line: bytes) -> None:
        self._out.write(line)
        self._out.flush()

    def retell(self, opening: Opening, line: bytes) -> None:
        """What the SDK is to read before the client's further lines: the opening, and the line that it could not do."""
        self._told = [line]
        if opening.first:
            first = json.loads(opening.first)
            again = json.dumps({**first, "id": REPLAYED}).encode() + b"\n"
            self._told = [again, *([opening.initialized] if opening.initialized else []), line]
            self._is_acknowledged.clear()

    def readline(self) -> str:
        """For the SDK: the next line as text."""
        if not self._told:
            return self.receive().decode("utf-8", "replace")
        line = self._told.pop(0)
        if REPLAYED.encode() not in line:
            self._is_acknowledged.wait()  # the handshake is over before anything follows, as with a client
        return line.decode("utf-8", "replace")

    def write(self, text: str) -> int:
        """For the SDK: a line for the client, unless it answers what was retold."""
        if not self._is_acknowledged.is_set() and f'"id":"{REPLAYED}"' in text[:100]:
            self._is_acknowledged.set()
        else:
            self._out.write(text.encode())
        return len(text)

    def flush(self) -> None:
        self._out.flush()


def _moved(descriptor: int, replacement: int) -> int:
    """Another descriptor for what `descriptor` was, which now is what `replacement` was."""
    kept = os.dup(descriptor)
    os.dup2(replacement, descriptor)
    os.close(replacement)
    return kept


def shipped_answers() -> dict[str, dict[str, str]]:
    """The SDK server's answers, as `scripts/update_opening` recorded them."""
    with open(os.path.join(os.path.dirname(__file__), "opening.json"), encoding="utf-8") as stream:
        answers: dict[str, dict[str, str]] = json.load(stream)
    return answers


def main() -> None:
    """Answer the opening, then let the SDK serve; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    wire = Wire()
    project = os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()
    guard = guard_of(project)
    hooks, commands = EarlyHooks(guard), CommandDoor(guard, project, os.environ)
    opening = Opening(shipped_answers(), hooks.answer)
    loading = threading.Thread(target=_load, args=(commands,), daemon=True)
    try:
        while line := wire.receive():
            answer = opening.answer(line)
            if answer is HAND_OVER:
                break
            if answer:
                wire.send(answer)
            if opening.is_listed and not loading.is_alive() and loading.ident is None:
                loading.start()
        else:
            _end(commands)
    except ConnectionError:  # nobody reads our answers
        _end(commands)
    wire.retell(opening, line)
    if loading.ident is None:
        _load(commands)
    else:
        loading.join()
    from mcp_lean.server import stdio

    stdio.main(wire=wire, start_guard=hooks.started, commands=commands)


def _end(commands: CommandDoor) -> NoReturn:
    commands.close()
    os._exit(0)


def _load(commands: CommandDoor) -> None:
    """Load the SDK and everything on top of it; no cycles are worth collecting while modules load."""
    commands.open()
    gc.disable()
    importlib.import_module("mcp_lean.server.stdio")
    gc.freeze()
    gc.enable()
