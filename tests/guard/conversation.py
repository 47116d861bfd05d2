"""A conversation as Claude Code 2.1.330 keeps and writes it: messages in memory, records in a transcript. All made up.

What the agent really holds (`sent`) and what the file says are kept apart, so that tests can compare them. Recorded on
the real client: the shapes of records; the digest of a message (SHA-256 of its JSON, keys sorted, no spaces); how
`base`, `keep` and `parentUuid` move with a rewind, a compaction and a restart; that results of one turn are one message
in the order in which they came in, and that each hangs on the record of its own call.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from mcp_lean.guard.identity import Caller

Json = dict[str, Any]

CLEARED = "[Old tool result content cleared]"
CHARS_PER_TOKEN = 3
THINKING: Json = {"type": "clear_thinking_20251015", "keep": "all"}
TOOL_USES: Json = {"type": "clear_tool_uses_20250919"}
SUMMARY = "This session is being continued from a previous conversation."

numbers = count(1)


@dataclass(frozen=True)
class Message:
    """One message in memory: its JSON, and the uuid of its last record."""

    spelt: str
    uuid: str

    @classmethod
    def of(cls, role: str, content: object, uuid: str) -> Message:
        return cls(json.dumps({"content": content, "role": role}, sort_keys=True, ensure_ascii=False), uuid)

    @property
    def blocks(self) -> list[Json]:
        content = json.loads(self.spelt)["content"]
        return content if isinstance(content, list) else []

    @property
    def digest(self) -> str:
        value = json.loads(self.spelt)
        compact = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return sha256(compact.encode()).hexdigest()


@dataclass
class Conversation:
    """Of one agent.

    messages: what the next request will send.
    sent: what the newest request has sent, and so what the agent holds while its calls run.
    unwritten: what the client has not written to the file yet.
    """

    path: Path
    session: str
    agent_id: str = ""
    messages: list[Message] = field(default_factory=list)
    sent: tuple[Message, ...] = ()
    sent_edits: tuple[Json, ...] = ()
    prompts: list[int] = field(default_factory=list)
    edits: list[Json] = field(default_factory=lambda: [THINKING])
    unwritten: bytes = b""
    last_request: str = ""
    tip: str = ""
    carriers: dict[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """As hooks tell of it."""
        main = self.path.parent.parent.with_suffix(".jsonl") if self.agent_id else self.path
        return Caller(self.session, self.agent_id, "scout" if self.agent_id else "", str(main))

    @property
    def context_tokens(self) -> int:
        """Of the next request."""
        return 8_000 + sum(len(message.spelt) for message in self.messages) // CHARS_PER_TOKEN

    def results(self) -> list[tuple[int, str, str]]:
        """Results that the newest request sent: number of the message, id of the call, text."""
        if TOOL_USES in self.sent_edits:
            return []
        return [
            (number, block["tool_use_id"], _words(block))
            for number, message in enumerate(self.sent)
            for block in message.blocks
            if block["type"] == "tool_result" and not block.get("is_error")
        ]

    def tokens_since(self, number: int) -> int:
        """How much the context has grown from a message on."""
        return sum(len(message.spelt) for message in self.sent[number:]) // CHARS_PER_TOKEN

    # --- records ------------------------------------------------------------------------------------------------

    def record(self, kind: str, **fields: Any) -> str:
        """Appends a record to the chain; its uuid."""
        uuid = f"uuid-{next(numbers)}"
        self.plain(kind, parentUuid=self.tip or None, isSidechain=bool(self.agent_id), uuid=uuid, **fields)
        self.tip = uuid
        return uuid

    def plain(self, kind: str, **fields: Any) -> None:
        """Appends a record outside of the chain."""
        record = {"type": kind, "sessionId": self.session, "version": "2.1.330", **fields}
        self.unwritten += json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def flush(self) -> None:
        """The file has all of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(self.unwritten)
        self.unwritten = b""

    # --- turns --------------------------------------------------------------------------------------------------

    def prompt(self, words: str = "go on") -> None:
        self.prompts.append(len(self.messages))
        self.record("user", message={"role": "user", "content": words})
        self.messages.append(Message.of("user", words, self.tip))

    def call(self, names: Sequence[str] = ("mcp__lean__read_many",)) -> list[str]:
        """A request, and its answer with a call of each name: their ids."""
        ids = [f"toolu_{next(numbers)}" for _ in names]
        blocks = [
            {"type": "tool_use", "id": call_id, "name": name, "input": {"items": ["a.py"]}}
            for call_id, name in zip(ids, names, strict=True)
        ]
        self._answer(blocks)
        return ids

    def say(self, words: str = "done") -> None:
        """The turn ends."""
        self._answer([{"type": "text", "text": words}])
        self.record("system", subtype="stop_hook_summary")
        self.plain("last-prompt", leafUuid=self.tip)

    def _answer(self, blocks: list[Json]) -> None:
        """One record per block, each with the same usage."""
        usage = {"input_tokens": 1, "cache_creation_input_tokens": 2, "cache_read_input_tokens": self.context_tokens}
        request = self._request()
        common = {"id": f"msg_{request}", "role": "assistant", "model": "claude-opus-5-5", "usage": usage}
        for block in blocks:
            uuid = self.record("assistant", message={**common, "content": [block]}, requestRef=request)
            self.carriers[block.get("id", "")] = uuid
        self.messages.append(Message.of("assistant", blocks, self.tip))

    def _request(self) -> str:
        kept = 0
        for old, new in zip(self.sent, self.messages, strict=False):
            if old.spelt != new.spelt:
                break
            kept += 1
        base = {"base": self.last_request} if self.last_request else {}
        kept = kept if base else 0
        tail = [message.digest for message in self.messages[kept:]]
        self.last_request = f"request-{next(numbers)}"
        params = {"model": "claude-opus-5-5", "context_management": {"edits": self.edits}}
        self.plain("api-request", id=self.last_request, params=params, keep=kept, tail=tail, **base)
        self.sent, self.sent_edits = tuple(self.messages), tuple(self.edits)
        return self.last_request

    def result(self, call_id: str, words: str, *, is_error: bool = False, as_text: bool = False) -> None:
        """The result of a call reaches the conversation, in these words."""
        content: object = words if as_text else [{"type": "text", "text": words}]
        block: Json = {"tool_use_id": call_id, "type": "tool_result", "content": content}
        if is_error:
            block["is_error"] = True
        self.tip = carrier = self.carriers[call_id]
        message = {"role": "user", "content": [block]}
        uuid = self.record("user", message=message, toolUseResult=words, sourceToolAssistantUUID=carrier)
        self.record("attachment", attachment={"type": "hook_success"})
        before = self.messages[-1].blocks
        if before and before[-1]["type"] == "tool_result":
            self.messages[-1] = Message.of("user", [*before, block], uuid)
        else:
            self.messages.append(Message.of("user", [block], uuid))

    # --- what takes text out of a context -----------------------------------------------------------------------

    def compact(self, trigger: str = "auto", keep: int = 0) -> None:
        """Everything becomes a summary, but for the last `keep` messages."""
        before, self.tip = self.tip, ""
        fields = {"logicalParentUuid": before, "compactMetadata": {"trigger": trigger, "preTokens": 1}}
        self.record("system", subtype="compact_boundary", **fields)
        self.record("user", message={"role": "user", "content": SUMMARY}, isCompactSummary=True)
        self.messages = [Message.of("user", SUMMARY, self.tip), *self.messages[len(self.messages) - keep :]]
        self.prompts = []
        self.last_request = ""

    def rewind(self, prompts: int = 1) -> None:
        """To before one of the last prompts; nothing is written until the next one."""
        at = self.prompts[-prompts]
        del self.prompts[-prompts:]
        del self.messages[at:]
        self.tip = self.messages[-1].uuid if self.messages else ""

    def clear_results(self, keep: int = 0) -> None:
        """Results are replaced in memory, but for the newest ones; no record tells of it."""
        where = [i for i, message in enumerate(self.messages) if '"tool_result"' in message.spelt]
        for index in where[: len(where) - keep]:
            blocks = [{**block, "content": CLEARED} for block in self.messages[index].blocks]
            self.messages[index] = Message.of("user", blocks, self.messages[index].uuid)

    def restart(self) -> None:
        """Another process goes on with the transcript; its first request names no base."""
        self.plain("cost-state", totalCostUSD=1.0)
        self.last_request = ""


def _words(block: Json) -> str:
    content = block["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def main_of(folder: Path, session: str = "s1") -> Conversation:
    """A main agent with a prompt."""
    conversation = Conversation(folder / f"{session}.jsonl", session)
    conversation.prompt()
    return conversation


def subagent_of(folder: Path, agent_id: str, session: str = "s1") -> Conversation:
    """A subagent with a prompt."""
    path = folder / session / "subagents" / f"agent-{agent_id}.jsonl"
    conversation = Conversation(path, session, agent_id)
    conversation.prompt()
    return conversation
