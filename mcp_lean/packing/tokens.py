"""How many tokens a text costs on a Claude model, estimated from 14 features, without a tokenizer.

In:  text.
Out: tokens as a float. Additive over lines: estimate(a + "\\n" + b) = estimate(a + "\\n") + estimate(b).
Not here: what was really billed (`transcripts`: always to be preferred where it exists), prices (`costs`).

Two families of tokenizers: `NEW` for models from Opus 4.7 on (Sonnet 5, Haiku 5.5, Fable, Mythos), `OLD` before.
Error on recorded API counts of 180 held-out documents: median 4.6 %, 90th percentile 12 %; over answers of eight
documents 95 % lie within -5.8 and +3.3 %. Below about 150 tokens an estimate means little. Characters / 4, the usual
rule, is 48 % low on the new family. docs/figures.md#token-estimate
"""

from __future__ import annotations

import re
import string
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
    space_run: float  # two or more spaces, or one or more tabs
    cjk_char: float
    other_char: float  # any other character outside ASCII that `SCRIPTS` does not name


NEW = Family(1.36, 1.11, 0.71, 0.22, 0.75, 0.61, 0.58, 0.86, 0.41, 1.55, 0.73, 1.06, 0.69)
OLD = Family(1.10, 0.79, 0.22, 0.08, 0.43, 0.97, 0.44, 0.91, 0.21, 1.47, 0.95, 1.06, 0.62)

# Tokens per character, both families within 0.03. Without these, Cyrillic is counted 40 % too high.
SCRIPTS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile("[\u0370-\u03ff\u0530-\u058f]"), 0.82),  # Greek, Armenian
    (re.compile("[\u0400-\u052f]"), 0.40),  # Cyrillic
    (re.compile("[\u0590-\u06ff\u0750-\u077f]"), 0.74),  # Hebrew, Arabic
    (re.compile("[\u0900-\u097f]"), 0.80),  # Devanagari
    (re.compile("[\u0980-\u09ff\u0e00-\u0e7f]"), 0.93),  # Bengali, Thai
    (re.compile("[\u0b80-\u0bff]"), 0.57),  # Tamil
    (re.compile("[\u10a0-\u10ff]"), 0.70),  # Georgian
    (re.compile("[\uac00-\ud7af]"), 1.10),  # Hangul
)
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
NON_ASCII = re.compile("[^\x00-\x7f]")
SPACE_RUNS = re.compile(rb" {2,}|\t+")


def _keeping(characters: str) -> bytes:
    """A translation table that turns every byte except these into a space, so that `split` finds the runs."""
    return bytes(byte if chr(byte) in characters else 0x20 for byte in range(256))


LOWER, UPPER = _keeping(string.ascii_lowercase), _keeping(string.ascii_uppercase)
DIGIT, PUNCT = _keeping(string.digits), _keeping(string.punctuation)


def estimate(text: str, family: Family = NEW) -> float:
    """Tokens of `text` inside a message; the message's own frame (5-11 tokens) is not included."""
    tokens = 0.0
    if not text.isascii():
        tokens += _beyond_ascii(text, family)
        text = NON_ASCII.sub("\0", text)  # one character for one, so that runs stay apart
    data = text.encode("ascii")

    for length, count in Counter(map(len, data.translate(LOWER).split())).items():
        if length <= 3:
            tokens += family.lower_short * count
        elif length <= 6:
            tokens += family.lower_medium * count
        else:
            tokens += family.lower_beyond * (length - 6) * count
    for length, count in Counter(map(len, data.translate(DIGIT).split())).items():
        tokens += (family.digit_run + family.digit_triple * -(-length // 3)) * count
    for table, per_run, per_char in (
        (UPPER, family.upper_run, family.upper_char),
        (PUNCT, family.punct_run, family.punct_char),
    ):
        kept = data.translate(table)
        tokens += per_run * len(kept.split()) + per_char * (len(kept) - kept.count(b" "))
    tokens += family.newline * data.count(b"\n")
    tokens += family.space_run * len(SPACE_RUNS.findall(data))
    return tokens


def cost(text: str) -> float:
    """What a budget is charged for `text`: the estimate of the dearer family plus the safety margin."""
    return estimate(text) * SAFETY


def _beyond_ascii(text: str, family: Family) -> float:
    left = len(NON_ASCII.findall(text))
    tokens = 0.0
    for script, per_char in (*SCRIPTS, (CJK, family.cjk_char)):
        found = len(script.findall(text))
        tokens += per_char * found
        left -= found
    return tokens + family.other_char * left
