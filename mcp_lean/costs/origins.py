"""Where the tokens of a context come from, and about how many each thing is.

In:  requests as recorded.
Out: `Origin` (what a piece is) and estimates in tokens. The estimates only split what the client reports: the growth
     of the context from one request to the next is known exactly.
Not here: money (`context`, `attribution`).

Characters per token by kind of text: measured on adjacent requests of recorded sessions, median absolute error 5 % over
an agent, 7-8 % for a step (docs/cost.md#estimates).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from mcp_lean.costs.context import apportion
from mcp_lean.transcripts.estimate import (
    INPUT_CHARS_PER_TOKEN,
    TEXT_CHARS_PER_TOKEN,
    TOKENS_PER_CALL,
    characters_scale,
)
from mcp_lean.transcripts.model import Entered, Request, ToolCall, ToolResult

Kind = Literal[
    "base",
    "prompt",
    "result",
    "arguments",
    "answer",
    "reminder",
    "summary",
    "unexplained",
    "search",
    "auxiliary",
    "unrecorded",
]
"""
base: system prompt, tool definitions, memory, and what the client puts before the first prompt.
prompt: typed by a person, or the task of a subagent.
result, arguments: of tool calls. answer: the model's text and thinking.
reminder: attachments and other messages that the client writes; our own: what our hooks put in.
summary: what a compaction left, with the files that the client attaches again.
unexplained: growth of the context that nothing in the transcript accounts for.
search: web searches, billed by number. auxiliary: compaction and warm-up requests, undivided.
unrecorded: in the client's own account, but in no transcript.
"""


class Origin(NamedTuple):
    """What a piece of context is."""

    kind: Kind
    tool: str = ""
    own: bool = False
    """Brought in by mcp_lean: its definitions, its texts, and the calls of its tools."""
    call_id: str = ""


class Piece(NamedTuple):
    """Something that entered the context, with its estimated size."""

    origin: Origin
    tokens: int


CHARS_PER_TOKEN = {
    "Read": 3.05,
    "Grep": 2.75,
    "Glob": 2.65,
    "Bash": 2.8,
    "Edit": 2.8,
    "MultiEdit": 2.8,
    "Write": 3.1,
    "Task": 3.3,
    "Agent": 3.3,
    "WebFetch": 3.4,
    "WebSearch": 3.4,
}
"""Of tool results, for models up to 4.6."""

OTHER_RESULT, PROMPT, CLIENT_TEXT = 3.2, 3.5, 3.7
RESULT_TOKENS, IMAGE_TOKENS = 36, 1_200
"""What a result and an image cost beyond their text."""

NON_ASCII = 0.3
"""Tokens on top per byte beyond one byte per character."""

_OWN_TOOL = re.compile(r"mcp__(?:plugin_.+_)?lean__")


def is_own_tool(name: str) -> bool:
    """True for a tool of mcp_lean, installed as a server of its own or by the plugin."""
    return _OWN_TOOL.match(name) is not None


def result_tokens(name: str, result: ToolResult, k: float) -> int:
    """Estimated size of a tool result; `k` is the model's `characters_scale`."""
    text = result.result_chars / (CHARS_PER_TOKEN.get(name, OTHER_RESULT) * k)
    return round(
        text + NON_ASCII * (result.result_bytes - result.result_chars) + RESULT_TOKENS + IMAGE_TOKENS * result.images
    )


def argument_tokens(call: ToolCall, k: float) -> int:
    """Estimated size of a call as the model wrote it."""
    return round(TOKENS_PER_CALL + call.input_chars / (INPUT_CHARS_PER_TOKEN * k))


def output_pieces(request: Request) -> list[Piece]:
    """What the model wrote, split over its calls and its text; the sizes add up to the output that is charged."""
    total = request.usage.output_estimated_tokens
    k = characters_scale(request.model)
    calls = [argument_tokens(call, k) for call in request.calls]
    text = max(round(request.text_chars / (TEXT_CHARS_PER_TOKEN * k)), 0)
    if sum(calls) + text > total:
        *calls, text = apportion([*calls, text], total)
    pieces = [Piece(Origin("answer"), total - sum(calls))]
    for call, tokens in zip(request.calls, calls, strict=True):
        pieces.append(Piece(Origin("arguments", call.name, is_own_tool(call.name), call.id), tokens))
    return [piece for piece in pieces if piece.tokens > 0]


def entered_pieces(entered: Entered, calls: Mapping[str, ToolCall], model: str) -> list[Piece]:
    """What came in from outside the model between two requests, in the order in which it is sent."""
    k = characters_scale(model)
    pieces = []
    if entered.summary_chars:
        pieces.append(Piece(Origin("summary"), round(entered.summary_chars / (TEXT_CHARS_PER_TOKEN * k))))
    result_images = 0
    for call_id in entered.results:
        call = calls.get(call_id)
        if call is None or call.result is None:
            continue
        result_images += call.result.images
        origin = Origin("result", call.name, is_own_tool(call.name), call_id)
        pieces.append(Piece(origin, result_tokens(call.name, call.result, k)))
    images = max(entered.images - result_images, 0)
    pieces.append(Piece(Origin("prompt"), round(entered.prompt_chars / (PROMPT * k)) + IMAGE_TOKENS * images))
    client = entered.attachment_chars + entered.meta_chars - entered.own_chars
    pieces.append(Piece(Origin("reminder"), round(client / (CLIENT_TEXT * k))))
    pieces.append(Piece(Origin("reminder", own=True), round(entered.own_chars / (CLIENT_TEXT * k))))
    return [piece for piece in pieces if piece.tokens > 0]


def first_pieces(entered: Entered, calls: Mapping[str, ToolCall], model: str) -> list[Piece]:
    """What came in with an agent's first request on top of its base; the client's first attachments are of the base."""
    return entered_pieces(replace(entered, attachment_chars=entered.own_chars), calls, model)


def total(pieces: Sequence[Piece]) -> int:
    """Estimated tokens of all pieces."""
    return sum(piece.tokens for piece in pieces)
