"""What a run leaves behind, as values: requests, tool results, and the run itself.

In:  raw bodies of requests, JSON-RPC messages, lines of stream-json.
Out: `Request`, `ToolResult`, `Run`, with the questions that tests ask of them.
Not here: producing any of it (`fake_api`, `wire`, `client`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .place import Place
from .wire import JsonObject, WireMessage

MAIN = "main"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What one tool call gave the model. `text` joins the text blocks with newlines; `blocks` keeps them apart."""

    agent: str
    tool: str
    input: JsonObject
    blocks: tuple[str, ...]
    is_error: bool

    @property
    def text(self) -> str:
        return "\n".join(self.blocks)


@dataclass(frozen=True, slots=True)
class Request:
    """One Messages request. `at_s` counts from the moment the client was started; `raw` is the body as sent."""

    at_s: float
    agent: str
    agent_id: str
    parent_agent_id: str
    raw: bytes
    body: JsonObject
    usage: JsonObject

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def tool_names(self) -> list[str]:
        return [str(tool["name"]) for tool in self.body.get("tools") or []]

    @property
    def ready_tools(self) -> list[str]:
        """Names whose definitions are in the prefix; a deferred one has to be searched for first."""
        return [str(tool["name"]) for tool in self.body.get("tools") or [] if not tool.get("defer_loading")]

    def definition(self, tool: str) -> bytes:
        """The definition as it was sent, byte for byte.

        Raises:
            AssertionError: the tool is not there, or is written in the body in another way than we re-encode it.
        """
        [found] = [entry for entry in self.body.get("tools") or [] if entry["name"] == tool]
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
        assert text in self.raw, f"{tool}: its bytes in the request are not compact JSON"
        return text

    @property
    def system(self) -> str:
        """The system blocks' text, joined by newlines."""
        return "\n".join(texts_of(self.body.get("system")))

    @property
    def messages(self) -> list[JsonObject]:
        return list(self.body["messages"])

    @property
    def text(self) -> str:
        """Everything in the messages that the model reads as text, tool results included."""
        return "\n".join(line for message in self.messages for line in texts_of(message.get("content")))


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. `exit_code` is negative when the client had to be killed by a signal."""

    requests: tuple[Request, ...]
    counted: tuple[Request, ...]
    wires: dict[str, tuple[WireMessage, ...]]
    stream: tuple[JsonObject, ...]
    hooks: tuple[JsonObject, ...]
    screen: str
    stderr: str
    exit_code: int
    left_behind: tuple[str, ...]
    place: Place

    @property
    def listed(self) -> list[JsonObject]:
        """The tools as the server `lean` gave them in its last tools/list, without those that are for hooks only."""
        lists = [e.message["result"]["tools"] for e in self.mcp if "tools" in (e.message.get("result") or {})]
        return [tool for tool in lists[-1] if "ui" not in (tool.get("_meta") or {})]

    def of(self, agent: str) -> list[Request]:
        """The requests of one agent, in order."""
        return [request for request in self.requests if request.agent == agent]

    @property
    def mcp(self) -> tuple[WireMessage, ...]:
        """The JSON-RPC messages to and from the server `lean`."""
        return self.wires["lean"]

    def results(self, tool: str = "", agent: str = "") -> list[ToolResult]:
        """Results that reached a model, in the order in which the models saw them."""
        found = tool_results(self.requests)
        return [result for result in found if tool in ("", result.tool) and agent in ("", result.agent)]

    def result(self, tool: str, agent: str = MAIN) -> ToolResult:
        """The one result of this tool in this agent."""
        found = self.results(tool, agent)
        assert len(found) == 1, f"{agent} has {len(found)} results of {tool}, not one"
        return found[0]

    def result_text(self, tool: str, agent: str = MAIN) -> str:
        return self.result(tool, agent).text


def tool_results(requests: Iterable[Request]) -> list[ToolResult]:
    """Tool uses joined with their results; each once, although every later request repeats it."""
    found: dict[str, ToolResult] = {}
    for request in requests:
        uses = {block["id"]: block for block in _blocks(request.messages) if block.get("type") == "tool_use"}
        for block in _blocks(request.messages):
            if block.get("type") == "tool_result" and block["tool_use_id"] not in found:
                use = uses[block["tool_use_id"]]
                texts = tuple(texts_of(block.get("content")))
                failed = bool(block.get("is_error"))
                found[use["id"]] = ToolResult(request.agent, use["name"], use["input"], texts, failed)
    return list(found.values())


def texts_of(content: object) -> list[str]:
    """The text blocks of a message's or result's content, nested tool results included."""
    if isinstance(content, str):
        return [content]
    texts: list[str] = []
    for block in content if isinstance(content, list) else []:
        if block.get("type") == "text":
            texts.append(block["text"])
        elif block.get("type") == "tool_result":
            texts += texts_of(block.get("content"))
    return texts


def read_json_lines(file: Path) -> list[JsonObject]:
    """The complete lines of a file that may still be growing."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _blocks(messages: Sequence[JsonObject]) -> list[JsonObject]:
    return [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
