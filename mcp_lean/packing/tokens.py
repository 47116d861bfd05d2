"""How many tokens a text costs on a Claude model, estimated from 14 features, without a tokenizer.

In:  text.
Out: tokens as a float. Additive over lines: estimate(a + "\\n" + b) = estimate(a + "\\n") + estimate(b).
Not here: what was really billed (`transcripts`: always to be preferred where it exists), prices (`costs`).

Two families of tokenizers: `NEW` for models from Opus 4.7 on (Sonnet 5, Haiku 5.5, Fable, Mythos), `OLD` before.
Within a sixth of recorded API counts for fourteen texts of all kinds (tests/packing/test_tokens.py). Below about 150
tokens an estimate means little. Characters / 4, the usual rule, is about half too low on the new family.
docs/figures.md#token-estimate
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

SAFETY = 1.08
"""What `cost` adds to the estimate: 95 % of multi-file answers then stay inside their budget when counted exactly."""


@dataclass(frozen=True, slots=True)
class Family:
    """Tokens per occurrence of each feature.

    A non-negative least-squares fit of relative errors over 153 samples of 25 kinds of text, against counts that a
    reconstruction of the tokenizers gives (`ctok`, exact on 250 of 250 recorded counts). Runs are maximal and ASCII.
    """

    lower_short: float  # runs of 1-3 lower-case letters
    lower_medium: float  # runs of 4-6
    lower_beyond: float  # letters beyond the 6th, in longer runs (the run itself costs nothing)
    upper_run: float
    upper_char: float
    digit_run: float
    digit_triple: float  # ceil(length / 3) of each run
    punct_run: float
    punct_char: float
    newline: float
    space_run: float  # two or more spaces, or one or more tabs; again for every further 16 of them
    cjk_char: float
    other_char: float  # any other character outside ASCII that `_BLOCKS` does not price


NEW = Family(1.36, 1.11, 0.71, 0.22, 0.75, 0.61, 0.58, 0.86, 0.41, 1.55, 0.73, 1.06, 0.69)
OLD = Family(1.10, 0.79, 0.22, 0.08, 0.43, 0.97, 0.44, 0.91, 0.21, 1.47, 0.95, 1.06, 0.62)

# Code point from which on -> tokens per character, both families within 0.03; None: the family's own numbers hold.
# Without these, Cyrillic is counted 40 % too high, and emoji and mathematical signs at a third of what they cost.
# Scripts: from message files of 21 languages. Signs and emoji: common ones in a run, counted with `ctok`; a lone one
# among words costs about two tokens more.
_OWN = None
_BLOCKS: tuple[tuple[int, float | None], ...] = (
    (0x0000, _OWN),
    (0x0370, 0.82),  # Greek
    (0x0400, 0.40),  # Cyrillic
    (0x0530, 0.82),  # Armenian
    (0x0590, 0.74),  # Hebrew, Arabic
    (0x0700, _OWN),
    (0x0750, 0.74),  # Arabic, continued
    (0x0780, _OWN),
    (0x0900, 0.80),  # Devanagari
    (0x0980, 0.93),  # Bengali
    (0x0A00, _OWN),
    (0x0B80, 0.57),  # Tamil
    (0x0C00, _OWN),
    (0x0E00, 0.93),  # Thai
    (0x0E80, _OWN),
    (0x10A0, 0.70),  # Georgian
    (0x1100, _OWN),
    (0x2190, 2.00),  # arrows, mathematical and technical signs
    (0x2400, _OWN),  # box drawing among them
    (0x2600, 2.20),  # symbols, dingbats
    (0x27C0, 2.00),  # more arrows and mathematics
    (0x2C00, _OWN),
    (0xAC00, 1.10),  # Hangul
    (0xD7B0, _OWN),
    (0x10000, 2.70),  # emoji, rare Chinese characters, mathematical letters
)
_STARTS = [start for start, _ in _BLOCKS]
_CJK = (range(0x3040, 0x3100), range(0x3400, 0xA000))

BEYOND_ASCII = re.compile("[^\x00-\x7f]+")
SPACES = re.compile(b"  +")  # one alternative of its own for each: a joint pattern takes seven times as long
TABS = re.compile(b"\t+")
LONG_SPACES, LONG_TABS = b" " * 17, b"\t" * 17
SPACES_PER_TOKEN = 16
"""A longer run of white space is split into tokens of this length; the fit saw only ordinary indentation."""


def _keeping(characters: str) -> bytes:
    """A translation table that turns every byte except these into a space, so that `split` finds the runs."""
    return bytes(byte if chr(byte) in characters else 0x20 for byte in range(256))


LOWER, UPPER = _keeping(string.ascii_lowercase), _keeping(string.ascii_uppercase)
DIGIT, PUNCT = _keeping(string.digits), _keeping(string.punctuation)


def estimate(text: str, family: Family = NEW) -> float:
    """Tokens of `text` inside a message; the message's own frame (5-11 tokens) is not included."""
    tokens = 0.0
    if not text.isascii():
        tokens += _beyond_ascii("".join(BEYOND_ASCII.findall(text)), family)
        text = BEYOND_ASCII.sub("\0", text)  # costs nothing, and keeps the runs around it apart
    data = text.encode("ascii")

    short = medium = beyond = 0
    for length in map(len, data.translate(LOWER).split()):
        if length <= 3:
            short += 1
        elif length <= 6:
            medium += 1
        else:
            beyond += length - 6
    tokens += family.lower_short * short + family.lower_medium * medium + family.lower_beyond * beyond
    for length in map(len, data.translate(DIGIT).split()):
        tokens += family.digit_run + family.digit_triple * -(-length // 3)
    for table, per_run, per_char in (
        (UPPER, family.upper_run, family.upper_char),
        (PUNCT, family.punct_run, family.punct_char),
    ):
        kept = data.translate(table)
        tokens += per_run * len(kept.split()) + per_char * (len(kept) - kept.count(b" "))
    tokens += family.newline * data.count(b"\n")
    return tokens + family.space_run * _white_space(data)


def cost(text: str) -> float:
    """What a budget is charged for `text`: the estimate of the dearer family plus the safety margin."""
    return estimate(text) * SAFETY


def _white_space(data: bytes) -> int:
    """Runs of two or more spaces and of one or more tabs; a very long one counts as several."""
    runs = SPACES.findall(data)
    if b"\t" in data:
        runs += TABS.findall(data)
    if LONG_SPACES not in data and LONG_TABS not in data:
        return len(runs)
    return sum(-(-len(run) // SPACES_PER_TOKEN) for run in runs)


def _beyond_ascii(characters: str, family: Family) -> float:
    return sum(count * _weight(character, family) for character, count in Counter(characters).items())


def _weight(character: str, family: Family) -> float:
    code = ord(character)
    if any(code in block for block in _CJK):
        return family.cjk_char
    weight = _BLOCKS[bisect_right(_STARTS, code) - 1][1]
    return family.other_char if weight is None else weight
