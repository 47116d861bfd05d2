"""The patterns of Claude Code's rules as regular expressions.

In:  a pattern without its start: what stands behind `//`, `~/`, `/` or `./`.
Out: expressions for the part of a path below that start: `match` finds what the pattern names and all that is below
     it, `fullmatch` what it names alone (a folder ends with a slash).
Not here: where a rule starts, which rule decides (`deny.py`).

The patterns are gitignore's and `pathspec` translates them. What Claude Code 2.1.330 was seen to do besides, by asking
it to read files under such rules (tests/repo/test_rule_patterns.py):

* case does not matter, and braces are plain characters;
* `dir/**` is `dir`;
* `x\\*` at a pattern's end is `x*`;
* `[!a]` and `[^a]` are the two characters, where gitignore reads "any but a": a rule covers both readings;
* a pattern that gitignore cannot read guards the path that it spells (as documented; seen to guard nothing);
* a bracket that is not closed before the next slash runs on over it, or is dropped: here all that begins like the
  pattern up to the bracket is covered, which is more.
"""

from __future__ import annotations

import re

FLAGS = re.IGNORECASE | re.DOTALL
"""DOTALL: a folder's name may hold a line end, and must not hide what is in it from `**`."""

OPEN_BRACKET = re.compile(r"(?<=[^/\\])\[(?=[^]/]*(?:/|$))")

ANYTHING = re.compile(".+", FLAGS)


def expressions(pattern: str, *, both_readings: bool) -> tuple[re.Pattern[str], ...]:
    """The expressions of one pattern; () for one that is empty.

    Args:
        both_readings: also gitignore's reading of `[!a]`. Not wanted where a match opens something.
    """
    body = re.sub("/{2,}", "/", pattern)
    while body.startswith("./"):
        body = body[2:]
    if body.endswith("/**"):
        body = body.removesuffix("/**") or "**"
    if body.endswith("\\*"):
        body = body[:-2] + "*"
    open_bracket = OPEN_BRACKET.search(body)
    broken = (body[: open_bracket.start()] + "*",) if open_bracket else ()
    literal = re.sub(r"\[([!^])", r"[\\\1", body)
    bodies = (literal, body, *broken) if both_readings else (literal,)
    found = (_translated(text) for text in dict.fromkeys(bodies))
    return tuple(expression for expression in found if expression is not None)


def exactly(name: str) -> re.Pattern[str]:
    """A path that is spelled out, and all below it."""
    return re.compile(re.escape(name) + "(?:/|$)", FLAGS) if name else ANYTHING


def _translated(pattern: str) -> re.Pattern[str] | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    # A leading "!" or "#" has a meaning in an ignore file and, at this point, none in a rule.
    try:
        found = GitIgnoreSpecPattern("\\" + pattern if pattern[:1] in ("!", "#") else pattern).regex
    except (ValueError, re.error):  # the latter for a range such as [z-a]
        found = None
    if found is None:
        return exactly(pattern.strip("/")) if pattern.strip("/ ") else None
    text = re.sub(r"\(\?P<\w+>", "(?:", found.pattern)  # names may not repeat where expressions are joined
    if text == ".":
        return ANYTHING
    # What means "anything in a folder" comes without an anchor, for `search`.
    return re.compile(text.removeprefix("^") if text.startswith("^") else f".*?{text}", FLAGS)
