"""Words that stand for knowledge: in texts, and in the arguments of a call.

In:  texts; the arguments of a call.
Out: words, whether one is a name out of code, whether a call turns to the next page.
Not here: which words an agent knew (`facts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from mcp_lean.costs.read_only import GIT, PROGRAMS
from mcp_lean.transcripts.fields import Json, count, mapping, text

WORD = re.compile(r"[^\W\d]\w{2,}")
"""Of any script. Shorter ones are not followed."""
_FOREIGN = re.compile(r"\w*[^\W\x00-\x7f]\w*")
"""Runs with letters outside ASCII; short ones carry meaning in many scripts, and count as unknown."""
TELLING_CHARS = 6
"""Shorter words are met again by chance."""
CAMEL = re.compile(r"[a-z0-9][A-Z]")

SETTINGS = frozenset({"description", "output_mode", "type", "timeout", "run_in_background", "multiline", "head_limit"})
"""Arguments that say how, not what."""

COMMON = PROGRAMS | GIT
"""Words of a shell that need not be known from anywhere."""

_FROM_LINE = re.compile(r"\bsed -n ['\"]?(\d{1,9})|\btail (?:-n ?)?\+(\d{1,9})")
_OPTION = re.compile(r"(?<!\w)--?[A-Za-z][\w-]*")
LONGEST_NUMBER = 9


def is_name(word: str) -> bool:
    """snake_case or camelCase inside: a name out of code, no plain word."""
    return "_" in word.strip("_") or CAMEL.search(word) is not None


def words_of(arguments: object) -> Iterator[str]:
    """Words of what a call is about."""
    if isinstance(arguments, str):
        yield from WORD.findall(_OPTION.sub(" ", arguments))
        if not arguments.isascii():
            yield from _FOREIGN.findall(arguments)
    elif isinstance(arguments, dict):
        for key, value in arguments.items():
            if key not in SETTINGS:
                yield from words_of(value)
    elif isinstance(arguments, list):
        for value in arguments:
            yield from words_of(value)


def texts_of(arguments: object) -> Iterator[str]:
    """Everything that a model has written to make a call, names of arguments included, without JSON's escapes."""
    if isinstance(arguments, str):
        yield arguments
    elif isinstance(arguments, dict):
        yield from arguments
        for value in arguments.values():
            yield from texts_of(value)
    elif isinstance(arguments, list):
        for value in arguments:
            yield from texts_of(value)


def reads_on(name: str, arguments: Json) -> bool:
    """The call asks for the next page: an offset above 1, or `sed` or `tail` from such a line on."""
    if name == "Bash":
        return any(int(sed or tail) > 1 for sed, tail in _FROM_LINE.findall(text(arguments.get("command"))))
    return name == "Read" and number(arguments.get("offset")) > 1


def arguments_of(input_json: str) -> Json:
    """The arguments of a call; empty where they are no object."""
    try:
        return mapping(orjson.loads(input_json))
    except ValueError:
        return {}


def number(value: object) -> int:
    """A count; clients and models also write it as a string."""
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else 0
    return count(value)
