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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

LINE_CHARS = 400
"""As much of a line as a matcher with a repetition is tried on: its time can grow with the square of the length."""

MAX_PATTERNS = 200
MAX_NAMES = 8

_SIGN = r"\\(?:[^\w\s<>]| )"
_ESCAPE = rf"(?:\\[wWsSdD]|{_SIGN})"
_EDGE = r"\\[bB](?![*+?{])"
_CLASS = rf"\[\^?(?:[^\[\]\\&~^\n-]|\w-\w|\\[wsd]|{_SIGN})+-?\]"
_ATOM = rf"(?:[^\\\[\](){{}}*+?|.^$\n]|\.|{_ESCAPE}|{_CLASS})"
_FEW = r"(?:\?|\{\d\})?"
_PLAIN = rf"(?:{_ATOM}{_FEW}|{_EDGE})"
_GROUP = rf"\((?:\?:)?{_PLAIN}+(?:\|{_PLAIN}+)*\)\??"
_STEP = rf"(?:{_PLAIN}|{_GROUP})"
_BRANCH = rf"\^?{_STEP}+(?:{_ATOM}[*+]\??{_STEP}*)?\$?"
SIMPLE = re.compile(rf"(?:\(\?i\))?{_BRANCH}(?:\|{_BRANCH})*")
"""At most one unbounded repetition per branch, never nested and never first: `re` takes linear time, in practice, and
means by it what rg means."""

LONG_LINE = re.compile(rf"([^\n]{{{LINE_CHARS}}})[^\n]+")
TOKEN = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d\}|\\.|.", re.DOTALL)
ONE_LINE = {r"\s": r"[^\S\n]", r"\W": r"[^\w\n]", r"\D": r"[^\d\n]"}
LITERAL = re.compile(rf"(?:[^\\\[\](){{}}*+?|.^$\n]|{_SIGN})+")
SPECIAL = re.compile(r"([\\\[\](){}*+?|.^$])")
UNESCAPED = re.compile(r"\\(.)")
BACKSLASHED = re.compile(r"\\(?:[a-zA-Z](?:\{[^}]*\})?|.)", re.DOTALL)
NAME = re.compile(r"[A-Za-z_$][\w$]{2,}")
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
WORD_CHARS = 3
LINE_ENDS = (r"\r", r"\n")

DEFINING = frozenset(
    {
        *("def", "class", "func", "function", "fn", "fun", "sub", "defp", "defmodule", "macro", "macro_rules!"),
        *("type", "typedef", "struct", "enum", "union", "interface", "trait", "protocol", "record", "object", "impl"),
        *("module", "namespace", "package", "extension", "const", "let", "var", "val", "static", "#define"),
    }
)
"""The word before a name that is being defined, in about any language."""

NOT_NAMES = DEFINING | {"async", "return", "import", "from", "self", "this", "public", "private"}
ASSIGNED = re.compile(r"[ \t]*(?::[^=\n]{1,80})?=(?!=)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of a search.

    asked: as it was written; what an answer calls it.
    regex: what rg is given; differs from `asked` where that cannot be searched as it stands, and `note` says how.
    needle: the plain text it looks for, if it is nothing else.
    matcher: finds its hits in lines that rg has found; None where only rg can.
    required: plain text in every hit of the matcher ("" if there is none); looked for first, as that is fast.
    repeats: whether the matcher has an unbounded repetition.
    names: identifiers in it, for telling a definition from a use.
    """

    asked: str
    regex: str
    needle: str | None = None
    matcher: re.Pattern[str] | None = None
    required: str = ""
    repeats: bool = False
    names: tuple[str, ...] = ()
    note: str = ""

    def count(self, text: str) -> int:
        """How often it is seen in `text`, by its matcher."""
        if self.needle is not None:
            return text.count(self.needle)
        if self.matcher is None or self.required not in text:
            return 0
        return len(self.matcher.findall(text))

    def lines(self, text: str) -> Iterator[int]:
        """Numbers, from 1, of the lines of `text` in which its matcher finds it."""
        if self.matcher is None or self.required not in text:
            return
        if self.repeats:
            text = LONG_LINE.sub(r"\1", text)
        line, counted, given = 1, 0, 0
        for match in self.matcher.finditer(text):
            line += text.count("\n", counted, match.start())
            counted = match.start()
            if line != given:
                yield line
            given = line

    def start_in(self, line: str) -> int | None:
        """Where its matcher finds it first in one line."""
        if self.matcher is None or self.required not in line:
            return None
        found = self.matcher.search(line[:LINE_CHARS] if self.repeats else line)
        return found.start() if found else None

    def is_defined_in(self, lines: str) -> bool:
        """Whether one of these `defining_lines` looks like the definition of one of `names`."""
        return any(_defines(name, lines) for name in self.names)


def parse(asked: str) -> Pattern:
    """Read a pattern. A pattern over several lines is searched by its longest line: rg looks at one line at a time."""
    regex, note = asked, ""
    lines = _split(asked)
    if len(lines) > 1:
        regex = max(lines, key=len).strip()
        note = f"{shown(asked)}: a pattern is matched within one line; searched {shown(regex)}"
    return _understood(asked, regex, note)


def _split(regex: str) -> list[str]:
    """The parts of a regular expression between its line ends."""
    lines: list[str] = []
    for part in regex.replace("\r", "\n").split("\n"):
        lines.append("")
        for token in TOKEN.findall(part):
            if token in LINE_ENDS:
                lines.append("")
            else:
                lines[-1] += token
    return lines


def literally(pattern: Pattern, because: str = "not a valid regex here") -> Pattern:
    """The pattern as plain text, for one that an engine does not take as a regular expression, and why."""
    note = f"{shown(pattern.asked)}: {because}, taken literally"
    return _understood(pattern.asked, SPECIAL.sub(r"\\\1", pattern.regex), note)


def defining_lines(text: str) -> str:
    """The lines of `text` that may define something: a word such as `def` near their start, or an assignment."""
    return "\n".join(
        line
        for line in text.split("\n")
        if not DEFINING.isdisjoint(line.split(None, 4)[:4]) or ("=" in line and not line[0].isspace())
    )


@lru_cache(maxsize=8_192)
def words(name: str) -> frozenset[str]:
    """Words of a name, in lower case and without the s of a plural: `userSessions` as user, session."""
    found = (word.lower() for word in WORD.findall(name))
    return frozenset(word.removesuffix("s") for word in found if len(word) >= WORD_CHARS)


def shown(text: str, limit: int = 60) -> str:
    """A pattern on one line, shortened."""
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _understood(asked: str, regex: str, note: str) -> Pattern:
    needle = UNESCAPED.sub(r"\1", regex) if LITERAL.fullmatch(regex) else None
    matcher, required, repeats = None, "", False
    if SIMPLE.fullmatch(regex):
        tokens = TOKEN.findall(regex)
        # Lines are searched many at a time, so nothing may match their ends.
        matcher = re.compile("".join(map(_within_line, tokens)), re.MULTILINE)
        required = _longest_plain_run(tokens)
        repeats = not {"*", "+"}.isdisjoint(tokens)
    names = dict.fromkeys(name for name in NAME.findall(BACKSLASHED.sub(" ", regex)) if name not in NOT_NAMES)
    return Pattern(asked, regex, needle, matcher, required, repeats, tuple(names)[:MAX_NAMES], note)


def _within_line(token: str) -> str:
    if token.startswith("[^"):
        return "[^\\n" + token[2:]
    if token.startswith("["):
        return token.replace(r"\s", " \\t\\r\\f\\v")
    return ONE_LINE.get(token, token)


def _longest_plain_run(tokens: Sequence[str]) -> str:
    """The longest text that each match holds; "" where branches or groups make that hard to say."""
    if not {"(", "|"}.isdisjoint(tokens):
        return ""
    runs = [""]
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if LITERAL.fullmatch(token) and following[:1] not in ("*", "+", "?", "{"):
            runs[-1] += token[-1]
        else:
            runs.append("")
    return max(runs, key=len)


def _defines(name: str, text: str) -> bool:
    """`def name`, `func (receiver) name`, `function Some.name`, or `name = ` at the start of a line."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        before = text[at - 1] if at else "\n"
        if before == "\n":
            if ASSIGNED.match(text, end):
                return True
        elif before in " \t.:" and _follows_defining_word(text[text.rfind("\n", 0, at) + 1 : at]):
            following = text[end : end + 1]
            if not (following.isalnum() or following in ("_", "$")):
                return True
        at = text.find(name, end)
    return False


def _follows_defining_word(before: str) -> bool:
    words = before.split()
    if before[-1] in ".:" and words:  # `Some.` or `Some::`, written together with the name
        words.pop()
    return bool(words) and (words[-1] in DEFINING or (words[0] == "func" and words[-1].endswith(")")))
