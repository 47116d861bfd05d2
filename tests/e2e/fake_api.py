"""A stand-in for the Messages API: it records each request and answers from a `Script`.

In:  a listening socket (of the run's own network namespace) and a script.
Out: the requests in the order of their arrival, each with the usage that was answered.
Not here: what is said (`script`), what it would be billed as (`prompt_cache`).

It runs in a thread of the test process, so scripts can be functions and requests need no files. It accepts whatever
the client sends and proves nothing about what the real service accepts.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .live import Scene
from .prompt_cache import CHARS_PER_TOKEN, PromptCache, count_tokens
from .records import Request
from .script import Script, ToolUse, Turn, Unscripted
from .wire import JsonObject

TEXT_PIECE_CHARS = 400


class FakeApi:
    """Serves one script; the requests and the faults of the scene grow while it does."""

    def __init__(self, script: Script, scene: Scene) -> None:
        self.script = script
        self.counted: list[Request] = []
        self.scene = scene
        self._cache = PromptCache()
        self._lock = threading.Lock()

    @contextmanager
    def serving(self, listener: socket.socket) -> Iterator[None]:
        """Answers on `listener` until the block ends."""
        server = _Server(listener, self)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def count(self, raw: bytes, headers: dict[str, str]) -> JsonObject:
        """Answers a count_tokens request."""
        body = json.loads(raw)
        answer = {"input_tokens": count_tokens(body)}
        with self._lock:
            self.counted.append(self._record(raw, body, headers, "", answer))
        return answer

    def message(self, raw: bytes, headers: dict[str, str]) -> JsonObject:
        """Answers a messages request with a whole message; waits as long as the script says.

        Raises:
            Unscripted: the script has no answer.
        """
        body = json.loads(raw)
        agent = self.script.agent_of(body, is_subagent="x-claude-code-agent-id" in headers)
        usage: JsonObject = {}
        with self._lock:
            prefix = self._cache.look_up(body)
            number = len(self.scene.requests) + 1
            self.scene.requests.append(self._record(raw, body, headers, agent, usage))
        turn = self.script.answer(body, agent, self.scene)
        time.sleep(turn.delay_s)
        content = _content(turn, number)
        with self._lock:
            self._cache.write(prefix)
            usage |= {**prefix.usage(max(1, len(json.dumps(content)) // CHARS_PER_TOKEN)), **turn.usage}
        stop = "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn"
        return {
            "id": f"msg_{number:020d}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage,
        }

    def _record(self, raw: bytes, body: JsonObject, headers: dict[str, str], agent: str, usage: JsonObject) -> Request:
        ours = headers.get("x-claude-code-agent-id", ""), headers.get("x-claude-code-parent-agent-id", "")
        return Request(round(time.monotonic() - self.scene.started, 3), agent, *ours, raw, body, usage)


def _content(turn: Turn, number: int) -> list[JsonObject]:
    blocks: list[JsonObject] = []
    for i, part in enumerate(turn.says):
        if isinstance(part, ToolUse):
            blocks.append(
                {"type": "tool_use", "id": f"toolu_{number:018d}{i:04d}", "name": part.name, "input": part.input}
            )
        else:
            blocks.append({"type": "text", "text": part})
    return blocks


def events_of(message: JsonObject) -> Iterator[JsonObject]:
    """A whole message as the events of its stream."""
    opening = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": opening}
    for i, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty: JsonObject = {"type": "text", "text": ""}
            starts = range(0, len(block["text"]), TEXT_PIECE_CHARS)
            deltas = [{"type": "text_delta", "text": block["text"][at : at + TEXT_PIECE_CHARS]} for at in starts]
        else:
            empty = {**block, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        yield {"type": "content_block_start", "index": i, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": i, "delta": delta}
        yield {"type": "content_block_stop", "index": i}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a scripted turn may still be waiting for something that will not come

    def __init__(self, listener: socket.socket, api: FakeApi) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.api = api

    def handle_error(self, request: object, client_address: object) -> None:
        """Records a fault, unless the client hung up in the middle of an answer: it was interrupted, or has ended."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.api.scene.faults.append(f"the stand-in failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Requests are recorded, not printed."""

    def do_HEAD(self) -> None:
        self._send(200, {})

    def do_GET(self) -> None:
        self._send(404, _error("not_found_error", self.path))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            return self._send(200, self.server.api.count(raw, headers))
        if path != "/v1/messages":
            return self._send(404, _error("not_found_error", path))
        try:
            message = self.server.api.message(raw, headers)
        except Unscripted as fault:
            self.server.api.scene.faults.append(str(fault))
            return self._send(400, _error("invalid_request_error", str(fault)))
        if json.loads(raw).get("stream"):
            return self._stream(message)
        return self._send(200, message)

    def _send(self, status: int, answer: JsonObject) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, message: JsonObject) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("request-id", f"req_{message['id']}")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events_of(message):
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()


def _error(kind: str, text: str) -> JsonObject:
    return {"type": "error", "error": {"type": kind, "message": text}}
