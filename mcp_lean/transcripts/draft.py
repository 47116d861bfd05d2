"""Requests and tool calls while their lines still come in.

In:  the lines of one message, in any number, each with some of its blocks and a snapshot of its usage.
Out: a `Request` with each field at its maximum, blocks united, tool calls counted once.
Not here: the order of requests and what came between them (`thread`).
"""

from __future__ import annotations

from mcp_lean.transcripts import measure
from mcp_lean.transcripts.build import builder
from mcp_lean.transcripts.estimate import estimated_output_tokens, is_final
from mcp_lean.transcripts.fields import Json, count, mapping, text
from mcp_lean.transcripts.model import Entered, Request, ResetKind, Spawn, ToolCall, ToolResult, Usage

_request, _usage = builder(Request), builder(Usage)
_tool_call, _tool_result = builder(ToolCall), builder(ToolResult)

SPAWNING_TOOLS = ("Task", "Agent")
"""One tool under two names: `Task` up to about 2.1.6x, `Agent` since."""

SHRINK_SHARE = 0.6
SHRINK_FLOOR_TOKENS = 20_000
"""A context below 60 % of the one before counts as cut, if that one was over 20k: below it, side requests of the
client look the same."""


class CallDraft:
    """One tool call; its result comes in later, or never."""

    __slots__ = ("agent_id", "input_chars", "input_digest", "input_json", "name", "request_id", "result", "spawn",
                 "status", "subject", "tool_id", "was_partial")  # fmt: skip

    def __init__(self, request_id: str, tool_id: str, block: Json, *, with_text: bool) -> None:
        arguments = mapping(block.get("input"))
        compact = measure.as_json(block.get("input"))
        self.request_id = request_id
        """Its request by name: a reference would close a circle, and keep both alive where nothing collects circles."""
        self.tool_id = tool_id
        self.name = text(block.get("name"))
        self.input_chars = measure.written_chars(block.get("input"), compact)
        self.input_digest = measure.digest(compact)
        self.subject = measure.subject(arguments, compact)
        self.was_partial = measure.is_partial_read(arguments)
        self.input_json = compact.decode() if with_text else None
        self.spawn = arguments if self.name in SPAWNING_TOOLS else None
        self.result: ToolResult | None = None
        self.status = ""
        self.agent_id = ""

    def frozen(self) -> ToolCall:
        return _tool_call(
            self.tool_id, self.name, self.input_chars, self.input_digest, self.subject, self.was_partial,
            self.result, self._spawn(), self.input_json,
        )  # fmt: skip

    def _spawn(self) -> Spawn | None:
        if self.spawn is None:
            return None
        prompt = text(self.spawn.get("prompt"))
        return Spawn(
            text(self.spawn.get("subagent_type")),
            text(self.spawn.get("description")),
            text(self.spawn.get("model")),
            len(prompt),
            measure.digest(measure.utf8(prompt)),
            self.status,
            self.agent_id,
        )


class RequestDraft:
    """One request, under the id that all its lines share."""

    __slots__ = (
        "_blocks", "_frozen", "_is_clean", "_last_usage", "_usage", "cache_ttl", "calls", "effort", "ended_s",
        "entered", "geo", "has_usage", "is_compacted", "largest", "message_id", "model", "number", "session_id",
        "shape", "signature_chars", "speed", "started_s", "stop_reason", "text_chars", "texts", "thinking_chars",
        "tier", "version",
    )  # fmt: skip

    def __init__(self, message_id: str, number: int, entered: Entered, *, is_compacted: bool, with_text: bool) -> None:
        self.message_id = message_id
        self.number = number
        """Position in its thread."""
        self.entered = entered
        self.is_compacted = is_compacted
        self.model = self.stop_reason = self.speed = self.tier = self.effort = self.geo = ""
        self.cache_ttl = self.shape = self.version = self.session_id = ""
        self.started_s: float | None = None
        self.ended_s: float | None = None
        self.largest = [0] * 7
        """Uncached input; writes in all, for 5 minutes, for an hour; reads; output; web searches."""
        self.text_chars = self.thinking_chars = self.signature_chars = 0
        self.has_usage = False
        self.calls: dict[str, CallDraft] = {}
        self.texts: list[str] | None = [] if with_text else None
        self._blocks: set[int] = set()
        self._last_usage: Json | None = None
        self._is_clean = True
        self._usage: Usage | None = None
        self._frozen: Request | None = None

    def add_line(self, record: Json, message: Json, at_s: float | None, shape: str) -> bool:
        """Takes in one line of the message; its blocks come through `add_block`. False if a number is none."""
        self._frozen = self._usage = None
        if at_s is not None:
            if self.started_s is None or at_s < self.started_s:
                self.started_s = at_s
            if self.ended_s is None or at_s > self.ended_s:
                self.ended_s = at_s
        if not (self.model and self.version and self.session_id):
            self._add_names(record, message)
        stop_reason = message.get("stop_reason")
        if stop_reason is not None:
            self.stop_reason = text(stop_reason) or self.stop_reason
        self.shape = self.shape or shape
        usage = message.get("usage")
        if type(usage) is not dict:
            return usage is None
        if usage != self._last_usage:  # most lines repeat it
            self._last_usage = usage
            self._is_clean = self._add_usage(usage)
        return self._is_clean

    def _add_names(self, record: Json, message: Json) -> None:
        """What is the same on all lines: the first one that says it counts."""
        self.model = self.model or text(message.get("model"))
        self.effort = self.effort or text(record.get("effort"))
        self.cache_ttl = self.cache_ttl or text(record.get("promptCacheRequested"))
        self.version = self.version or text(record.get("version"))
        self.session_id = self.session_id or text(record.get("sessionId"))

    def _add_usage(self, usage: Json) -> bool:
        self.has_usage = True
        split = mapping(usage.get("cache_creation"))
        tools = mapping(usage.get("server_tool_use"))
        numbers = (
            usage.get("input_tokens"), usage.get("cache_creation_input_tokens"),
            split.get("ephemeral_5m_input_tokens"), split.get("ephemeral_1h_input_tokens"),
            usage.get("cache_read_input_tokens"), usage.get("output_tokens"), tools.get("web_search_requests"),
        )  # fmt: skip
        self.speed = text(usage.get("speed")) or self.speed
        self.tier = text(usage.get("service_tier")) or self.tier
        self.geo = text(usage.get("inference_geo")) or self.geo
        is_clean = True
        largest = self.largest
        for place, number in enumerate(numbers):
            if number is not None:
                known = count(number)
                is_clean = is_clean and known == number and type(number) is not bool
                if known > largest[place]:
                    largest[place] = known
        return is_clean

    def add_block(self, block: Json) -> CallDraft | None:
        """Takes in one content block; the draft of a tool call that is new. Repeated blocks count once."""
        kind = block.get("type")
        if kind == "tool_use":
            return self._add_call(block)
        if kind == "text":
            self._add_text(text(block.get("text")))
        elif kind == "thinking":
            self._add_thinking(text(block.get("thinking")), text(block.get("signature")))
        elif kind == "redacted_thinking":
            self._add_thinking("", text(block.get("data")))
        return None

    def _add_call(self, block: Json) -> CallDraft | None:
        tool_id = text(block.get("id")) or f"{self.message_id}/{measure.digest(measure.as_json(block))}"
        if tool_id in self.calls:
            return None
        call = self.calls[tool_id] = CallDraft(self.message_id, tool_id, block, with_text=self.texts is not None)
        return call

    def _add_text(self, words: str) -> None:
        if self._is_new(words):
            self.text_chars += len(words)
            if self.texts is not None:
                self.texts.append(words)

    def _add_thinking(self, words: str, signature: str) -> None:
        if self._is_new(signature or words):
            self.thinking_chars += len(words)
            self.signature_chars += len(signature)

    def _is_new(self, words: str) -> bool:
        known = len(self._blocks)
        self._blocks.add(hash(words))
        return len(self._blocks) > known

    def touch(self) -> None:
        """Something that belongs to this request came in with another record."""
        self._frozen = None

    @property
    def usage(self) -> Usage:
        if self._usage is None:
            estimate = estimated_output_tokens(
                self.model,
                len(self.calls),
                sum(call.input_chars for call in self.calls.values()),
                self.text_chars,
                self.signature_chars,
            )
            uncached, written, for_5m, for_1h, read, output, _ = self.largest
            is_estimated = not is_final(output, self.stop_reason) and estimate > output
            # A missing split, or one that does not add up, leaves the rest at the shorter lifetime.
            for_5m += max(0, written - for_5m - for_1h)
            self._usage = _usage(
                uncached, for_5m, for_1h, read, output, estimate if is_estimated else output, is_estimated
            )
        return self._usage

    def reset(self, previous_context_tokens: int) -> ResetKind:
        if self.is_compacted:
            return "compaction"
        is_cut = (
            previous_context_tokens > SHRINK_FLOOR_TOKENS
            and self.usage.context_tokens < SHRINK_SHARE * previous_context_tokens
        )
        return "shrink" if is_cut else "none"

    def frozen(self, previous_context_tokens: int) -> Request:
        """The request as it is known by now. The argument is the context of the request before it, 0 if none."""
        reset = self.reset(previous_context_tokens)
        if self._frozen is None or self._frozen.reset != reset:
            self._frozen = _request(
                self.message_id, self.model, self.started_s, self.ended_s, self.usage, self.stop_reason, self.speed,
                self.tier, self.effort, self.geo, self.cache_ttl, self.shape, self.version, self.session_id,
                self.text_chars, self.thinking_chars, self.signature_chars, self.largest[-1],
                tuple([call.frozen() for call in self.calls.values()]), self.entered, reset,
                None if self.texts is None else "\n".join(self.texts),
            )  # fmt: skip
        return self._frozen


def result_of(block: Json, at_s: float | None, *, with_text: bool) -> ToolResult:
    """The result that a `tool_result` block holds."""
    content = measure.content(block.get("content"))
    data = measure.utf8(content.text)
    masked = data.translate(None, measure.DIGITS)
    exact = digest = measure.digest(data + b"\0%d" % content.image_chars if content.images else data)
    if len(masked) != len(data):
        digest = measure.digest(masked + b"\0%d" % content.image_chars if content.images else masked)
    is_error = block.get("is_error") is True
    return _tool_result(
        at_s, len(content.text), len(data), data.count(b"\n") + bool(data), content.images,
        exact, digest, is_error, content.text[: measure.SUBJECT_CHARS] if is_error else "",
        content.text.startswith(measure.PERSISTED), content.text[: len(measure.CLEARED) + 1].strip() == measure.CLEARED,
        content.text if with_text else None,
    )  # fmt: skip


def blocks_of(content: object) -> list[Json]:
    """Content as blocks; a bare string is one text block."""
    if type(content) is list:
        return [block for block in content if type(block) is dict]
    return [{"type": "text", "text": content}] if isinstance(content, str) else []
