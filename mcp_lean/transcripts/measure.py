"""Sizes, digests and short descriptions of what went into a tool and came out of it.

In:  the `input` of a tool call, and the `content` of its result, as the transcript holds them.
Out: characters, bytes, digests; enough to bill, to compare calls, and to name them in a table.
Not here: which request a result belongs to (`thread`); characters to tokens (`costs`, `packing`).
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import orjson

from mcp_lean.transcripts.fields import Json, items, mapping, text

SUBJECT_CHARS = 200
PERSISTED = "<persisted-output>"
CLEARED = "[Old tool result content cleared]"
DIGITS = b"0123456789"

SUBJECT_KEYS = ("file_path", "notebook_path", "command", "pattern", "query", "url", "skill", "task_id", "bash_id",
                "shell_id", "path", "description", "prompt")  # fmt: skip
"""Arguments that say what a call is about, the most telling first."""

RANGE_KEYS = frozenset(("offset", "limit", "pages"))


class Content(NamedTuple):
    """The text of a list of content blocks, and what is in them besides text."""

    text: str
    images: int
    image_chars: int = 0
    """Of the encoded data; two screenshots seldom have the same."""


def digest(data: bytes) -> str:
    """Checksum and length: equal bytes, equal digest; others of one length share it once in four thousand million.

    For telling calls of one session apart, not for security; a cryptographic hash takes a tenth of a reading's time.
    """
    return f"{crc32(data):08x}.{len(data):x}"


def utf8(value: str) -> bytes:
    """UTF-8 of a text; half an emoji becomes a question mark."""
    return value.encode("utf-8", "replace")


def as_json(value: object) -> bytes:
    """Compact JSON with sorted keys; equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def written_chars(value: object, compact: bytes) -> int:
    """Length of a value as JSON with a space after `,` and `:`, text outside ASCII unescaped."""
    chars = len(compact) if compact.isascii() else len(compact.decode())
    return chars + _separators(value)


def _separators(value: object) -> int:
    if type(value) is dict:
        inner = list(value.values())
        marks = 2 * len(inner) - 1
    elif type(value) is list:
        inner = value
        marks = len(inner) - 1
    else:
        return 0
    for part in inner:
        if type(part) is dict or type(part) is list:
            marks += _separators(part)
    return max(0, marks)


def subject(arguments: Json, compact: bytes) -> str:
    """What a call is about, in one line: its telling argument, else the arguments themselves."""
    for key in SUBJECT_KEYS:
        value = arguments.get(key)
        if isinstance(value, str) and value:
            return value[:SUBJECT_CHARS]
    return compact[: 4 * SUBJECT_CHARS].decode("utf-8", "ignore")[:SUBJECT_CHARS] if arguments else ""


def is_partial_read(arguments: Json) -> bool:
    """Whether the arguments ask for a part only."""
    return not RANGE_KEYS.isdisjoint(arguments) and any(arguments.get(key) is not None for key in RANGE_KEYS)


def content(value: object) -> Content:
    """A message's or a result's content: a string, or blocks of which some are text.

    Images and documents are counted; a block of another kind (a tool reference, for example) stands with its JSON.
    """
    if isinstance(value, str):
        return Content(value, 0)
    parts: list[str] = []
    images = image_chars = 0
    for block in map(mapping, items(value)):
        kind = block.get("type")
        if kind == "text":
            parts.append(text(block.get("text")))
        elif kind in ("image", "document"):
            images += 1
            image_chars += len(text(mapping(block.get("source")).get("data")))
        elif block:
            parts.append(as_json(block).decode())
    return Content("\n".join(parts) if len(parts) != 1 else parts[0], images, image_chars)


def string_chars(value: object) -> int:
    """Characters of all strings in a value, keys not counted."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(string_chars, value.values()))
    if isinstance(value, list):
        return sum(map(string_chars, value))
    return 0
