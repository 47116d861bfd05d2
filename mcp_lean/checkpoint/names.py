"""The names in a text: paths, symbols, options, ids, hashes and numbers that somebody may need again as they stand.

In:  text, its secrets masked.
Out: names in order, each once.
Not here: which of them are worth their tokens (`in_use`).

A plain word is no name. What looks drawn by lot is none either: that is how keys look.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mcp_lean.checkpoint.secrets import MASK, is_random

NAME = re.compile(
    r"""
    (?=[\w~./@+\#:$-])(?:                                               # what a name can begin with
      https?://[^\s"'<>()\[\]{}`|«»]+                                   # an address
    | (?:~|\.{1,2})?(?:/?[\w@+-][\w.@+-]{0,99}+)?(?:/[\w.@+-]{1,99}+)+/?  # a path
    | --?[a-z][\w-]+                                                    # an option
    | [@\#]?\w[\w-]*+(?:(?:\.|::|\#)\w[\w-]*+)+[?!]?                    # dotted, and file names
    | [@\#:$]?\w[\w-]*[?!]?                                             # a word, with - and _
    )""",
    re.VERBOSE,
)
"""Every text is read by it, so it gives up early: at a blank at once, and in a word without trying its beginnings."""
SHORTEST, LONGEST = 4, 120
WORDS_KEPT = 10_000
"""About as many as the newest texts hold; most words come again in the next one."""
INNER = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]|\w_\w|_\w{3}|\w/\w|\w[.:#]+\w|^--?\w|\d")
NUMBER = re.compile(r"[\d.,:/x%_-]+")
ENDING = ".,:;/-"
JUNK = re.compile(
    r"#(?:[0-9a-f]{3}|[0-9a-f]{6}|(?!\d+$)[0-9a-f]{4,8})|/\w{1,12}|\d[\d.]*(?:px|rem|em|ms|s|kb|mb|gb|th|nd|rd|st|x|k|m|h|%)|\d+-?[a-z]{1,6}|-\w+",
    re.IGNORECASE,
)
"""Colours, the ends of tags, measures, short options; numbers alone are looked at first."""
DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+[?!]?")
PARTS = re.compile(r"\.|::|[?!]")
SIGN = re.compile(r"^[:@$](?=\w)|^#(?!\d)")
"""What marks a name in a language and is not part of it."""


def names_in(text: str) -> tuple[str, ...]:
    """Names in the order of their first place."""
    found: dict[str, None] = {}
    for name in dict.fromkeys(NAME.findall(text.replace("\\n", "\n"))):
        if name not in found and SHORTEST <= len(name) <= LONGEST and (name := name_of(name)):
            found[name] = None
    return tuple(found)


@lru_cache(WORDS_KEPT)
def name_of(word: str) -> str:
    """The name that a word is without the marks around it; empty for none."""
    word = word.rstrip(ENDING)
    name = SIGN.sub("", word)
    return name if JUNK.fullmatch(word) is None and is_name(name) else ""


def is_name(word: str) -> bool:
    """Whether a word is more than a word of a language, and no secret."""
    if len(word) < SHORTEST or not INNER.search(word) or MASK in word:
        return False
    if NUMBER.fullmatch(word):
        return sum(character.isdigit() for character in word) >= 4 and len(word) <= 16
    return not JUNK.fullmatch(word) and not (len(word) >= 20 and is_random(word))


def parts_of(name: str) -> tuple[str, ...]:
    """The names that a dotted one is made of: `Cart.find_item` is a use of `find_item` as well."""
    if DOTTED.fullmatch(name) is None:
        return ()
    return tuple(part for part in PARTS.split(name) if is_name(part))
