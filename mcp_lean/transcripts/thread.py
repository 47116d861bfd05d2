"""One conversation of one agent, in the order of its file.

In:  records of type user, assistant, attachment, queue-operation and compact_boundary that belong to the same agent.
Out: its requests, each with what entered the context before it; compactions; what waits for the next request.
Not here: which records belong together (`file`), whose words they bring (`entering`), which threads count
     (`assemble`).

Tool results may stand between the lines of one message (tools start while the answer still streams): a request
takes what came before its *first* line, everything after waits for the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcp_lean.transcripts import measure
from mcp_lean.transcripts.build import builder
from mcp_lean.transcripts.draft import CallDraft, RequestDraft, blocks_of, result_of
from mcp_lean.transcripts.entering import HOOK_WORDS, Piece, Queue, of_attachment, of_message
from mcp_lean.transcripts.fields import Json, items, mapping, seconds, text
from mcp_lean.transcripts.model import AgentSource, Compaction, Entered, Request, ToolResult
from mcp_lean.transcripts.own import START

SILENT_ATTACHMENTS = frozenset(
    ("hook_success", "hook_non_blocking_error", "hook_cancelled", "prompt_snapshot", "session_context",
     "deferred_tools_record", "command_permissions", "structured_output")
)  # fmt: skip
"""Attachments that the model is never shown."""

TOOL_LIST_ATTACHMENTS = frozenset(("deferred_tools_delta", "mcp_instructions_delta", "agent_listing_delta"))

WARM_UP = "Warmup"

_entered = builder(Entered)


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """A thread as far as it is known: the part of one agent that stands in one file."""

    id: str
    """`main`, an agent id, or `sidechain-<uuid>`."""
    source: AgentSource
    call_id: str
    """Tool call that spawned it, where the records say so."""
    agent_type: str
    is_warmup: bool
    prompt_digest: str
    requests: tuple[Request, ...]
    compactions: tuple[Compaction, ...]
    tail: Entered


class _Waiting:
    """What has come in since the last request."""

    __slots__ = ("attachment_chars", "images", "is_compacted", "meta", "meta_chars", "own", "own_chars",
                 "prompt_chars", "prompts", "result_chars", "results", "summary", "summary_chars",
                 "tools_changed")  # fmt: skip

    def __init__(self) -> None:
        self.prompt_chars = self.result_chars = self.attachment_chars = self.meta_chars = self.summary_chars = 0
        self.images = self.own_chars = 0
        self.results: list[str] = []
        self.prompts: list[str] = []
        self.meta: list[str] = []
        self.own: list[str] = []
        self.summary = ""
        self.tools_changed = False
        self.is_compacted = False

    def entered(self, *, with_text: bool) -> Entered:
        texts: tuple[object, ...] = (None, None, None, None)
        if with_text:
            texts = (tuple(self.prompts), tuple(self.meta), self.summary or None, tuple(self.own))
        return _entered(
            self.prompt_chars, self.result_chars, tuple(self.results), self.attachment_chars, self.meta_chars,
            self.summary_chars, self.images, self.tools_changed, self.own_chars, *texts,
        )  # fmt: skip


class Thread:
    """Takes in records one by one; `record()` is what they amount to."""

    __slots__ = ("_calls", "_compactions", "_drafts", "_has_rendered", "_order", "_queue", "_results", "_touched",
                 "_waiting", "_with_text", "agent_type", "call_id", "first_prompt", "id", "prompt_digest",
                 "source")  # fmt: skip

    def __init__(self, thread_id: str, source: AgentSource, *, with_text: bool = False) -> None:
        self.id = thread_id
        self.source: AgentSource = source
        self.call_id = ""
        self.agent_type = ""
        self.prompt_digest = ""
        self.first_prompt = ""
        self._with_text = with_text
        self._drafts: dict[str, RequestDraft] = {}
        self._order: list[RequestDraft] = []
        self._calls: dict[str, CallDraft] = {}
        self._results: dict[str, ToolResult] = {}
        self._compactions: list[tuple[float | None, int]] = []
        self._waiting = _Waiting()
        self._queue = Queue()
        self._has_rendered = False
        self._touched: dict[str, RequestDraft] = {}

    def assistant(self, record: Json, message: Json, at_s: float | None, shape: str) -> bool:
        """One line of a message. False if it has no id at all, or numbers that are none."""
        key = text(message.get("id")) or text(record.get("requestId")) or text(record.get("uuid"))
        if not key:
            return False
        draft = self._drafts.get(key)
        if draft is None:
            draft = self._begin(key)
        if not self.agent_type:
            self.agent_type = text(record.get("attributionAgent"))
        is_clean = draft.add_line(record, message, at_s, shape)
        for block in blocks_of(message.get("content")):
            call = draft.add_block(block)
            if call is not None:
                self._calls[call.tool_id] = call
                call.result = self._results.get(call.tool_id)
        self._touched[key] = draft
        return is_clean

    def _begin(self, key: str) -> RequestDraft:
        waiting, self._waiting = self._waiting, _Waiting()
        draft = self._drafts[key] = RequestDraft(
            key,
            len(self._order),
            waiting.entered(with_text=self._with_text),
            is_compacted=waiting.is_compacted,
            with_text=self._with_text,
        )
        self._order.append(draft)
        return draft

    def user(self, record: Json, message: Json, at_s: float | None) -> None:
        """Tool results, a prompt, or words of the client."""
        for piece in of_message(record, message.get("content")):
            if piece.block is not None:
                self._result(record, piece.block, at_s)
            elif piece.kind == "image":
                self._waiting.images += 1
            elif piece.kind == "summary":
                self._summary(piece.words)
            else:
                self._words(piece)

    def queued(self, record: Json) -> None:
        """An operation on the queue of prompts that were typed while the agent worked."""
        piece = self._queue.sent(record)
        if piece is not None:
            self._words(piece)

    def _summary(self, words: str) -> None:
        self._waiting.summary_chars += len(words)
        if self._with_text:
            self._waiting.summary = words

    def _words(self, piece: Piece) -> None:
        waiting, words = self._waiting, piece.words
        if piece.kind == "client":
            waiting.meta_chars += len(words)
            if self._with_text:
                waiting.meta.append(words)
            return
        waiting.prompt_chars += len(words)
        if self._with_text:
            waiting.prompts.append(words)
        if not self.prompt_digest:
            self.prompt_digest = measure.digest(measure.utf8(words))
            self.first_prompt = words[: measure.SUBJECT_CHARS]

    def _result(self, record: Json, block: Json, at_s: float | None) -> None:
        tool_id = text(block.get("tool_use_id"))
        result = result_of(block, at_s, with_text=self._with_text)
        known = self._results.get(tool_id)
        if known is None:
            self._waiting.result_chars += result.result_chars
            self._waiting.images += result.images
            self._waiting.results.append(tool_id)
        else:
            result = united(known, result)
        self._results[tool_id] = result
        call = self._calls.get(tool_id)
        if call is not None:
            self._answer(call, result, mapping(record.get("toolUseResult")))

    def _answer(self, call: CallDraft, result: ToolResult, said: Json) -> None:
        call.result = result
        if call.spawn is not None:
            call.status = text(said.get("status")) or call.status
            call.agent_id = text(said.get("agentId")) or call.agent_id
        draft = self._touched[call.request_id] = self._drafts[call.request_id]
        draft.touch()

    def attachment(self, record: Json) -> None:
        """A reminder, a listing, a changed file; or a prompt that was typed while the agent worked."""
        self._queue.is_told_elsewhere = True
        payload = mapping(record.get("attachment"))
        for piece in of_attachment(payload):
            if piece.kind == "prompt":
                self._words(piece)
                return
            if self._with_text:
                (self._waiting.own if piece.kind == "hook" else self._waiting.meta).append(piece.words)
        kind = text(payload.get("type"))
        rendered = record.get("rendered")
        chars = 0
        if isinstance(rendered, list):
            self._has_rendered = True
            shown = [measure.content(mapping(part).get("content")) for part in items(rendered)]
            chars = sum(len(part.text) for part in shown)
            self._waiting.images += sum(part.images for part in shown)
        elif kind not in SILENT_ATTACHMENTS and not self._has_rendered:
            chars = measure.string_chars(payload) - len(kind)
        self._waiting.attachment_chars += chars
        if kind == HOOK_WORDS:
            self._waiting.own_chars += own_chars(payload.get("content"), chars)
        if kind in TOOL_LIST_ATTACHMENTS:
            self._waiting.tools_changed = True

    def compaction(self, record: Json) -> None:
        """The marker that the context was replaced by a summary."""
        self._compactions.append((seconds(record.get("timestamp")), len(self._order)))
        self._waiting.is_compacted = True

    def __len__(self) -> int:
        """Number of messages so far."""
        return len(self._order)

    def is_empty(self) -> bool:
        """Whether nothing of a conversation came in."""
        return not (self._order or self._waiting.prompt_chars or self._compactions or self._results)

    def without_usage(self) -> int:
        """Messages that never named any usage: no request can be billed for them."""
        return sum(not draft.has_usage for draft in self._order)

    def touched(self) -> list[Request]:
        """Requests that changed since this was last asked."""
        drafts, self._touched = self._touched, {}
        return [draft.frozen(self._context_before(draft)) for draft in drafts.values() if draft.has_usage]

    def _context_before(self, draft: RequestDraft) -> int:
        for number in range(draft.number - 1, -1, -1):
            if self._order[number].has_usage:
                return self._order[number].usage.context_tokens
        return 0

    def record(self) -> ThreadRecord:
        """The thread as it is known by now."""
        requests: list[Request] = []
        starts = [0]  # starts[n]: how many of the first n drafts became requests
        context_tokens = 0
        for draft in self._order:
            if draft.has_usage:
                requests.append(draft.frozen(context_tokens))
                context_tokens = draft.usage.context_tokens
            starts.append(len(requests))
        return ThreadRecord(
            self.id,
            self.source,
            self.call_id,
            self.agent_type,
            self.first_prompt == WARM_UP,
            self.prompt_digest,
            tuple(requests),
            tuple(Compaction(at_s, starts[number]) for at_s, number in self._compactions),
            self._waiting.entered(with_text=self._with_text),
        )


def own_chars(content: object, shown_chars: int) -> int:
    """How much of a hook attachment is ours: all that was shown where nobody else spoke, else our words alone."""
    texts = [text(part) for part in items(content)] or [text(content)]
    ours = [words for words in texts if words.startswith(START)]
    return shown_chars if len(ours) == len(texts) else min(sum(map(len, ours)), shown_chars)


def united(first: ToolResult, second: ToolResult) -> ToolResult:
    """Two records of one result: the larger text, and whether it was taken out of the context meanwhile."""
    larger = max(first, second, key=lambda result: (not result.is_cleared, result.result_chars))
    return replace(larger, is_cleared=first.is_cleared or second.is_cleared)
