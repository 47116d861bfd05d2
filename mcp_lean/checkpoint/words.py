"""Texts made fit for a line: on one line, cut at a word, marked as somebody's words.

In:  any text.
Out: short texts without line ends.
Not here: what is said (the sections), what is secret (`secrets`).

Text that a tool gave stands between « and », and those two never stand inside: so nothing that a tool printed can
pass for the user's words or for a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mcp_lean.checkpoint.secrets import mask

WHITE = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NAME_CHARS = 60
LINES_KEPT = 1_024
"""A run that goes on says mostly what it said at the checkpoint before, and masking takes longest."""
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")


def one_line(words: str) -> str:
    """The text on one line, without terminal colours and characters that cannot be seen."""
    return WHITE.sub(" ", ESCAPES.sub("", words)).strip()


def cut(words: str, chars: int) -> str:
    """The beginning of a line, with `…` where something is missing."""
    if len(words) <= chars:
        return words
    head = words[: chars - 1]
    space = head.rfind(" ")
    return (head[:space] if space > chars // 2 else head).rstrip() + "…"


@lru_cache(LINES_KEPT)
def quoted(words: str, chars: int) -> str:
    """Words of a tool or a file, masked, cut and marked as such."""
    return f"«{cut(_unmarked(mask(ESCAPES.sub('', words))), chars)}»"


@lru_cache(LINES_KEPT)
def said(words: str, chars: int) -> str:
    """Words of a person or an agent, masked and cut, in quotation marks."""
    return f'"{cut(_unmarked(mask(words)), chars)}"'


@lru_cache(LINES_KEPT)
def plain(name: str) -> str:
    """A name that stands in a line without marks: of an agent, a tool, a task."""
    return cut(_unmarked(mask(name)), NAME_CHARS)


def _unmarked(words: str) -> str:
    return one_line(words).replace("«", "<").replace("»", ">")


def sentences(words: str) -> list[str]:
    """Sentences and lines, in order, each on one line."""
    return [line for part in SENTENCE.split(words) if (line := one_line(part))]


def key_of(words: str) -> str:
    """What two spellings of the same words have in common."""
    return re.sub(r"[^\w]+", " ", words.lower()).strip()


def holds(summary_key: str, words: str) -> bool:
    """Whether a summary (as its `key_of`) says these words already; a long text counts by its first 120 characters."""
    if not summary_key:
        return False
    wanted = key_of(words)[:120]
    return bool(wanted) and wanted in summary_key


def relative(path: str, root: str) -> str:
    """A path as an item: relative inside the root, as it is outside."""
    root = root.rstrip("/")
    return path[len(root) + 1 :] if root and path.startswith(root + "/") else path


def joined(parts: Iterable[str], mark: str = ", ") -> str:
    return mark.join(part for part in parts if part)
