"""A search pattern: what rg is asked for, and how its hits are told from those of the other patterns.

In:  a regular expression as a model writes it.
Out: `Pattern`: the text for rg, a matcher of our own where that is safe and exact, the names it looks for.
Not here: running anything (`search.py`).

rg is asked for all patterns at once and does not say which one a line matched. Python's `re` is fast enough to find
out, but backtracks: `(a+)+$` on one long line takes longer than the universe has existed. So only patterns of a simple
form get a matcher, the rest are put to rg one by one, on the lines that were found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERNS = 200
MAX_NAMES = 8

_ESCAPE = r"\\(?:[bBwWsSdD]|[^\w\s<>])"
_CLASS = r"\[\^?(?:[^\[\]\\&~^\n-]|\w-\w|\\(?:[wsd]|[^\w\s<>]))+-?\]"
_ATOM = rf"(?:[^\\\[\](){{}}*+?|.^$\n]|\.|{_ESCAPE}|{_CLASS})"
_FEW = r"(?:\?|\{\d\})?"
_GROUP = rf"\((?:\?:)?(?:{_ATOM}{_FEW})+(?:\|(?:{_ATOM}{_FEW})+)*\)\??"
_STEP = rf"(?:{_ATOM}{_FEW}|{_GROUP})"
_BRANCH = rf"\^?(?:{_STEP}+|{_STEP}{{2,}}[*+]\??{_STEP}*)\$?"
SIMPLE = re.compile(rf"(?:\(\?i\))?{_BRANCH}(?:\|{_BRANCH})*")
"""At most one unbounded repetition per branch, never nested and never first: `re` takes linear time, in practice, and
means by it what rg means."""

TOKEN = re.compile(rf"{_CLASS}|\\.|.", re.DOTALL)
ONE_LINE = {r"\s": r"[^\S\n]", r"\W": r"[^\w\n]", r"\D": r"[^\d\n]"}
LITERAL = re.compile(r"(?:[^\\\[\](){}*+?|.^$\n]|\\[^\w\s<>])+")
BACKSLASHED = re.compile(r"\\(?:[a-zA-Z](?:\{[^}]*\})?|.)", re.DOTALL)
NAME = re.compile(r"[A-Za-z_$][\w$]{2,}")
LINE_END = re.compile(r"\\r|\\n|\r|\n")

DEFINING = (
    "def|class|func|function|fn|type|struct|enum|union|interface|trait|protocol|module|namespace|package|record|object"
    "|macro_rules!|macro|typedef|const|let|var|val|static|fun|sub|impl|extension|#define|defp|defmodule"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of a search.

    asked: as it was written; what an answer calls it.
    regex: what rg is given; differs from `asked` where that cannot be searched as it stands, and `note` says how.
    needle: the plain text it looks for, if it is nothing else.
    matcher: finds its hits in lines that rg has found; None where only rg can.
    names: identifiers in it, for telling a definition from a use.
    """

    asked: str
    regex: str
    needle: str | None = None
    matcher: re.Pattern[str] | None = None
    names: tuple[str, ...] = ()
    note: str = ""

    @property
    def definition(self) -> re.Pattern[str] | None:
        """Finds a line that looks like the definition of one of `names`, in about any language."""
        return _definition(self.names) if self.names else None


def parse(asked: str) -> Pattern:
    """Read a pattern. A pattern over several lines is searched by its longest line: rg looks at one line at a time."""
    regex, note = asked, ""
    if LINE_END.search(asked):
        regex = max(LINE_END.split(asked), key=len).strip()
        note = f"{shown(asked)}: a pattern is matched within one line; searched {shown(regex)}"
    return _understood(asked, regex, note)


def literally(pattern: Pattern) -> Pattern:
    """The pattern as plain text, for one that rg refuses as a regular expression."""
    note = f"{shown(pattern.asked)}: not a valid regex here, taken literally"
    return _understood(pattern.asked, re.escape(pattern.regex), note)


def shown(text: str, limit: int = 60) -> str:
    """A pattern on one line, shortened."""
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _understood(asked: str, regex: str, note: str) -> Pattern:
    needle = matcher = None
    if LITERAL.fullmatch(regex):
        needle = re.sub(r"\\(.)", r"\1", regex)
    if SIMPLE.fullmatch(regex):
        # Lines are searched many at a time, so nothing may match their ends.
        matcher = re.compile("".join(map(_within_line, TOKEN.findall(regex))), re.MULTILINE)
    names = dict.fromkeys(name for name in NAME.findall(BACKSLASHED.sub(" ", regex)) if not _is_keyword(name))
    return Pattern(asked, regex, needle, matcher, tuple(names)[:MAX_NAMES], note)


def _within_line(token: str) -> str:
    if token.startswith("[^"):
        return "[^\\n" + token[2:]
    if token.startswith("["):
        return token.replace(r"\s", " \\t\\r\\f\\v")
    return ONE_LINE.get(token, token)


def _is_keyword(name: str) -> bool:
    return name in DEFINING.split("|") or name in ("async", "return", "import", "from", "self", "this", "public", "private")


@lru_cache(maxsize=256)
def _definition(names: tuple[str, ...]) -> re.Pattern[str]:
    any_name = "(?:" + "|".join(re.escape(name) for name in names) + r")(?![\w$])"
    return re.compile(
        rf"(?:^|[^\w.])(?:{DEFINING})[ \t]+(?:\([^)\n]*\)[ \t]*)?(?:\w+(?:\.|::))?{any_name}"
        rf"|^{any_name}[ \t]*(?::[^=\n]+)?=(?!=)",
        re.MULTILINE,
    )
