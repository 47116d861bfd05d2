"""Keys, tokens and passwords, masked.

In:  any text out of a transcript.
Out: the text with `[masked]` in place of what looks like a secret; and the secrets themselves, for finding them again.
Not here: what is quoted at all; the forms of known makers and commands (`secret_forms`).

Three kinds: values with a form of their own (keys of known makers, JWTs, private keys, passwords in addresses), values
that stand beside a word such as `password` or `api_key`, and long runs that look drawn by lot. In doubt a value is
masked: a name too few costs a look at the file, a key too many cannot be called back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import log2

from mcp_lean.checkpoint.secret_forms import FORMS

MASK = "[masked]"
SHORTEST_FOUND_AGAIN = 8
"""A shorter secret is masked where it was recognised, but not looked for elsewhere: it may be a word."""

WORD = re.compile(
    r"(?:password|passwort|passwd|passphrase|passcode|p(?<![a-z]p)ass|pwd|secret|token|credentials?|api[-_. ]?key"
    r"|access[-_. ]?key|private[-_. ]?key"
    r"|auth[-_. ]?key|signing[-_. ]?key|encryption[-_. ]?key|account[-_. ]?key|shared[-_. ]?key|master[-_. ]?key"
    r"|s(?<![a-z]s)alt|cookie"
    r"|d(?<![a-z]d)sn|o(?<![a-z]o)tp|p(?<![a-z]p)in|webhook[-_. ]?url|a(?<![a-z]a)uth|authorization"
    r"|парол[ья]|密码|密碼|口令|パスワード|비밀번호|kennwort|mot de passe|contraseña|senha|hasło|wachtwoord"
    r"|_key(?=[\"']?[ \t]*[:=]))"
    r"(?:s|[-_]?[0-9]{1,3}|[-_][a-z0-9_-]{1,24})?"
)
"""Names, in lower case, whose values are secrets. Each begins with a letter: with a look back at its beginning a search
takes four times as long."""

BESIDE = re.compile(
    r"(?P<before>\\{0,4}[\"'`]?\]?(?:\s{0,2}(?:=>|:=|==?|:|：|是|为|為|は)\s{0,2}"
    r"|[ ](?:is|ist|est|es|é)[ ])|>(?=[^<\s]{1,200}</)"
    r"|[ ](?=[\"']?(?:[^\s0-9]{1,60}[0-9]|[^\sA-Za-z]{1,60}[A-Za-z])))"
    r"(?P<value>\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?|`[^`\n]*`?|[^\s,;)}\]«»<，。；、]+)"
)
"""What follows such a name: a mark and a value, or a blank and a value with letters and digits (`--token abc123`)."""

CODE = re.compile(
    r"""(?:
        (?:[A-Za-z_$@:&*.][\w$.:]*)?(?:[(\[{<|]|->|::).*             # a call, an element, a type
      | [A-Za-z_$]+(?:\.[A-Za-z_$]+)+                               # a field
      | (?:true|false|null|none|nil|undefined|str|string|int|integer|bool|boolean|bytes|any|text
        |varchar|required|optional|number|uuid)
      | \$.* | %\w+%? | <.* | \{.* | \*+ | \.{2,} | x{3,} | \[.* | [:/~.@&+].* | [0-9]{1,5} | [0-9.,]+ | \W+
      | (?:your|my|example|changeme|placeholder|dummy|redacted|masked)(?:[-_ ][-_ \w]*)?
    )[,;)]*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What stands after such a name in code and documentation, and is no value."""

BARE = re.compile(r"[A-Za-z]{1,24}(?:[_:-]{1,2}[A-Za-z]{1,24}){0,6}[?!.:]*")
"""A bare word: in code (`token = parse_token`) a variable; behind an `=` in an environment it may be a password."""
ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*")
SETTING = re.compile(r"[ \t-]{0,40}[\w.-]{1,60}: [a-z][^\s()\[\]{},.]{3,}")
FIELD = re.compile(r"(?!process\.|os\.|env\.)[A-Za-z_]\w*(?:\.[\w-]+)+")
"""`s.abcdef` behind `VAULT_TOKEN=` is no field of anything."""

RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
HEX = re.compile(r"[0-9a-f-]+|[0-9A-F-]+")
BITS = 3.9
"""A run with more bits per character than names have (3.0-3.7); random letters and digits from 20 on have 4.0-5.5."""

WHOLE_LENGTHS = (40, 88)
"""Of well-known keys in base 64, which may hold `/` and `+`; runs of other lengths are judged by their longest part."""


def mask(text: str) -> str:
    """The text without its secrets. Masking twice changes nothing."""
    return _without_spans(text, _merged(_spans(text)))


def _without_spans(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])


def parted(text: str) -> tuple[str, frozenset[str]]:
    """The masked text, and those of its secrets that are worth being looked for elsewhere: long, with letters and
    digits, so that no ordinary word is among them."""
    spans = _merged(_spans(text))
    found = (text[start:end] for start, end in spans)
    return _without_spans(text, spans), frozenset(value for value in found if _can_be_found_again(value))


def _can_be_found_again(value: str) -> bool:
    kinds = (str.isdigit, str.isalpha)
    return len(value) >= SHORTEST_FOUND_AGAIN and "\n" not in value and all(any(map(kind, value)) for kind in kinds)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with every one of these secrets masked wherever it stands."""
    for secret in sorted(secrets, key=lambda value: (-len(value), value)):
        text = text.replace(secret, MASK)
    return text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters outside ASCII become two
        lowered = "".join(character.lower() if character.isascii() else character for character in text)
    for hints, form in FORMS:
        if any(hint in lowered for hint in hints):
            group = "value" if "value" in form.groupindex else 0
            yield from (match.span(group) for match in form.finditer(text) if MASK not in match[group])
    masked_to = 0
    for name in WORD.finditer(lowered):
        found = BESIDE.match(text, name.end()) if name.start() >= masked_to else None
        for span in _beside(text, name, found) if found else ():
            masked_to = span[1]
            yield span
    for run in RUN.finditer(text):
        if is_random(run[0]):
            yield run.span()


def _beside(text: str, name: re.Match[str], found: re.Match[str]) -> Iterator[tuple[int, int]]:
    value, mark = found["value"], found["before"]
    start, end = found.span("value")
    if value[0] in "\"'`":
        quote, value = value[0], value[1:]
        start += 1
        if value.endswith(quote):
            value, end = value[:-1], end - 1
        is_value = bool(value) and not (mark == " " and " " in value)
    else:
        # NAME=word in capitals is an environment, and what ends at a blank no argument; else a bare word is a variable
        # or prose, but for a line of a configuration.
        is_environment = mark == "=" and ENVIRONMENT.fullmatch(text[name.start() : name.end()]) is not None
        is_setting = mark == "=" and text[end : end + 1] not in (")", ",")
        is_value = is_environment or is_setting or BARE.fullmatch(value) is None or _is_line(text, name.start(), end)
        if is_environment and FIELD.fullmatch(value):
            yield start, end
            return
    if is_value and MASK not in value and CODE.fullmatch(value) is None:
        yield start, end


def _is_line(text: str, start: int, end: int) -> bool:
    """Whether a name, and what it may be part of, and a value with a small letter are a line: `  db_password: word`."""
    first = text.rfind("\n", 0, start) + 1
    return text[end : end + 1] in ("", "\n", "\r") and SETTING.fullmatch(text, first, end) is not None


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def is_random(run: str) -> bool:
    """Whether a run of letters and digits looks drawn by lot. Hex is not counted: hashes and ids are needed."""
    kinds = (str.isdigit, str.islower, str.isupper)
    if HEX.fullmatch(run) or not all(any(map(kind, run)) for kind in kinds):
        return False
    longest = run if len(run) in WHOLE_LENGTHS else max(re.split(r"[/_=+-]", run), key=len)
    if len(longest) < 16:
        return False  # a path, or words with marks between them
    counts = Counter(longest)
    bits = -sum(n / len(longest) * log2(n / len(longest)) for n in counts.values())
    return bits >= min(BITS, log2(len(longest)) * 0.85) and _switches(longest) >= len(longest) * (
        0.3 if longest is run else 0.34
    )


def _switches(run: str) -> int:
    """How often the kind of character changes: words keep theirs for longer than chance does."""
    kinds = ["d" if c.isdigit() else "l" if c.islower() else "u" for c in run]
    return sum(a != b for a, b in pairwise(kinds))
