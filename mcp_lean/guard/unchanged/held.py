"""Which tool results an agent still holds, by what its client wrote down about its own requests.

In:  the end of the transcript of the agent that makes a call, the id of that call, and of earlier ones.
Out: the texts of those earlier results that were in the very request which led to the call.
Not here: what these calls delivered, and what follows (`deliveries`).

Claude Code 2.1.330 writes an `api-request` record for each request: `tail` has a SHA-256 of each message that is new in
it, and `keep` says how many messages it took over from the request that `base` names. A message with results counts as
held when its digest, made from the transcript, is among those of the request that the present call came from. So it
does not matter how a text can leave a context (compaction, rewind, clearing, another process, a hook that alters
results), nor whether a record tells of it: what was not sent has no digest there.

Clients that write no such records, or compute another digest, give no proof, and then nothing is held.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from mcp_lean.open_flags import READ_NO_LINK
from mcp_lean.transcripts.fields import Json, count, items, mapping, text
from mcp_lean.transcripts.lines import parse

TAIL_BYTES = 1 << 20
"""Of a transcript; `RECENT_TOKENS` take a quarter to a half of that."""

RECENT_TOKENS = 40_000
"""How much the context may have grown since the earlier call. An answer has 20,000 at most, so as much again may have
come since. Models quote what stands near better, and of old results it was reported that they were cleared from about
80,000 tokens of context on."""

CLEARS_THINKING = "clear_thinking_"
"""Beginning of the only kind of edit by the service that leaves tool results alone: what it does is in no digest."""


def read_tail(path: str, most_bytes: int = TAIL_BYTES) -> bytes:
    """The last whole lines of a regular file; nothing of one whose last line is not complete yet.

    Raises:
        OSError: it is not there, or is a symlink or anything else but a file.
    """
    descriptor = os.open(path, READ_NO_LINK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path}: not a regular file")
        start = max(0, found.st_size - most_bytes)
        os.lseek(descriptor, start, os.SEEK_SET)
        tail = os.read(descriptor, most_bytes)
    finally:
        os.close(descriptor)
    if not tail.endswith(b"\n"):
        return b""
    return tail if start == 0 else tail.partition(b"\n")[2]


def held_results(tail: bytes, call_id: str, wanted: Collection[str]) -> Mapping[str, str] | None:
    """Texts of those of the `wanted` calls' results that are held; None: the present call is not written down yet."""
    if call_id.encode() not in tail:
        return None
    known = _Known(call_id)
    for line in reversed(tail.removesuffix(b"\n").split(b"\n")):
        record = parse(line)
        if record is None or not known.add(record):
            break
    return None if known.present is None else known.held(wanted)


@dataclass(slots=True)
class _Answer:
    """A message of the model. `context_tokens`: what the request behind it sent."""

    request_id: str
    context_tokens: int
    calls: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Request:
    """Digests of its new messages, and how many came before them, from its base."""

    base: str
    keep: int
    tail: list[object]


class _Known:
    """What the end of a transcript says; records come the newest first."""

    def __init__(self, call_id: str) -> None:
        self.present: _Answer | None = None
        """The message with the present call."""
        self._call_id = call_id
        self._answers: dict[str, _Answer] = {}
        self._requests: dict[str, _Request] = {}
        self._results: list[Json] = []
        """Blocks, the newest first."""

    def add(self, record: Json) -> bool:
        """Takes in a record. False: what stands before it is too far back, or before a compaction."""
        kind = record.get("type")
        if record.get("subtype") == "compact_boundary" or record.get("isCompactSummary") is True:
            return False  # the client may have kept the last messages; the agent takes all of it for a summary
        if kind == "assistant":
            return self._add_answer(record)
        if kind == "user":
            self._results += [block for block in reversed(_blocks(record)) if block.get("type") == "tool_result"]
        elif kind == "api-request" and _leaves_results(record):
            base, keep = text(record.get("base")), count(record.get("keep"))
            self._requests[text(record.get("id"))] = _Request(base, keep, items(record.get("tail")))
        return True

    def _add_answer(self, record: Json) -> bool:
        message = mapping(record.get("message"))
        new = _Answer(text(record.get("requestRef")), _context_tokens(message))
        answer = self._answers.setdefault(text(message.get("id")), new)
        answer.calls |= {text(block.get("id")) for block in _blocks(record) if block.get("type") == "tool_use"}
        if self._call_id in answer.calls:
            self.present = answer
        return self.present is None or self.present.context_tokens <= answer.context_tokens + RECENT_TOKENS

    def held(self, calls: Collection[str]) -> dict[str, str]:
        """Texts of results by id of their call, as far as it is proved that they are held."""
        if self.present is None:
            return {}
        sent = self._sent(self.present.request_id)
        return {call: words for call in calls if (words := self._text(call, self.present, sent))}

    def _text(self, call: str, present: _Answer, sent: Collection[object]) -> str:
        answer = next((answer for answer in self._answers.values() if call in answer.calls), None)
        if answer is None or not _is_recent(answer, present):
            return ""
        # All results of one message of the model are one message, in the order in which they came in.
        blocks = [block for block in reversed(self._results) if block.get("tool_use_id") in answer.calls]
        if message_digest(blocks) not in sent:
            return ""
        texts = [_only_text(block) for block in blocks if block.get("tool_use_id") == call]
        return texts[0] if len(texts) == 1 else ""

    def _sent(self, request_id: str) -> set[object]:
        """Digests of the messages of a request, as far back as the records go."""
        digests = set[object]()
        waiting = dict(self._requests)
        request, most = waiting.pop(request_id, None), None
        while request is not None:
            total = request.keep + len(request.tail)
            if most is not None and most > total:
                break  # more taken over than there was: not the base that it seems to be
            most = total if most is None else most
            digests.update(request.tail[: max(0, most - request.keep)])
            most = min(most, request.keep)
            request = waiting.pop(request.base, None)
        return digests


def message_digest(blocks: list[Json]) -> str:
    """As the client computes it: of the message as JSON with sorted keys and without spaces."""
    return sha256(orjson.dumps({"content": blocks, "role": "user"}, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _is_recent(answer: _Answer, present: _Answer) -> bool:
    return 0 < answer.context_tokens <= present.context_tokens <= answer.context_tokens + RECENT_TOKENS


def _leaves_results(record: Json) -> bool:
    edits = items(mapping(mapping(record.get("params")).get("context_management")).get("edits"))
    return all(text(mapping(edit).get("type")).startswith(CLEARS_THINKING) for edit in edits)


def _blocks(record: Json) -> list[Json]:
    return [mapping(block) for block in items(mapping(record.get("message")).get("content"))]


def _only_text(block: Json) -> str:
    """The text of a result, if it is one text and no error; else nothing."""
    content = block.get("content")
    if block.get("is_error"):
        return ""
    if isinstance(content, str):
        return content
    parts = [mapping(part) for part in items(content)]
    return text(parts[0].get("text")) if len(parts) == 1 and parts[0].get("type") == "text" else ""


def _context_tokens(message: Json) -> int:
    """What the request behind a message sent; 0 where that is not said."""
    usage = mapping(message.get("usage"))
    kinds = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(count(usage.get(kind)) for kind in kinds)
