"""What makes two results the same for the loop detector, and which lines of a result are new.

In:  texts of results, arguments of calls.
Out: digests (64-bit numbers) of what is left when noise is masked; a filter of lines that were seen.
Not here: what follows from equal digests (`detector`).

Masked everywhere: terminal colours, dates, times of day, durations, hexadecimal ids. In failures also positions in
files, which move with every edit, fractions, and numbers of five digits or more: seeds, process ids, ports. Plain
counts stay: "40 errors" after "41 errors", or "12 of 30" after "11 of 30", is progress.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from zlib import crc32

MOST_LINE_CHARS = 2_000

KEPT_CHARS = 8_000
"""Of each end of a text, masked by expressions; what lies between is compared without its digits."""

TAIL_CHARS = 2_000
"""The end of a failure says what failed; before it stand steps that differ from run to run."""

CLASS_CHARS = 80

FILTER_BITS = 1 << 16
"""8 KB per agent. Some ten thousand lines fit before a new line is taken for a known one in one of six cases."""

SHORTEST_LINE_CHARS, MOST_LINES = 4, 1_000
"""A shorter line is a bracket. Of more lines, every second, third, ... is looked at."""

MOST_CHARS = 200_000
"""Of a result, looked at for lines."""

NO_REASON = ("description", "timeout", "run_in_background")
"""Arguments of Bash that do not change what is run."""

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
VOLATILE = re.compile(
    r"\b(?=\w*\d)(?:"  # few words have a digit; the others are done with here
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"  # dates, with or without a time
    r"|\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b(?!:)"  # times of day, 1:02:03
    r"|0x[0-9a-fA-F]+\b"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|(?=\d*[a-f])[0-9a-f]{7,64}\b"  # digits and letters: a hash
    r"|(?:\d+h ?)?(?:\d+m ?)?\d+(?:[.,]\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b"
    r")"
)
POSITIONS = re.compile(r"(?<=[:(,])\d+(?=[:),]|\b)|\b(?:lines?|line:|col|column) ?\d+|\b\d{5,}\b|\b\d+\.\d+\b(?!\s*%)")
LINE_NUMBER = re.compile(r"^\s*(?:[^\s:]{1,300}:)?\d{1,7}[:\t→-]\s?")
EXIT_CODE = re.compile(r"^Exit code \d+\s*")
DIGITS = re.compile(r"\d+")


def digest(text: str) -> int:
    """Of the exact text."""
    return _digest(_bytes(text))


def _digest(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def mask(text: str) -> str:
    """The text without what differs between two runs of the same thing."""
    return VOLATILE.sub("#", COLOURS.sub("", text)).strip()


def of_success(text: str) -> int:
    """Equal for results that say the same."""
    if len(text) <= 2 * KEPT_CHARS:
        return digest(mask(text))
    middle = _bytes(text[KEPT_CHARS:-KEPT_CHARS]).translate(None, b"0123456789")
    return _digest(b"\0".join((_bytes(mask(text[:KEPT_CHARS])), middle, _bytes(mask(text[-KEPT_CHARS:])))))


def of_failure(text: str) -> int:
    """Equal for failures with the same end, wherever in the files it now is."""
    code = EXIT_CODE.match(text)
    tail = POSITIONS.sub("#", mask(text[-2 * TAIL_CHARS :]))[-TAIL_CHARS:]
    return digest(f"{code.group() if code else ''}\0{tail}")


def of_class(text: str) -> int:
    """Equal for errors of one class: the first words, whatever the numbers in them."""
    words = " ".join(text.removeprefix("<tool_use_error>").split())
    return digest(DIGITS.sub("#", mask(words[: 2 * CLASS_CHARS]))[:CLASS_CHARS])


def of_call(name: str, arguments: Mapping[str, object]) -> int:
    """Equal for calls that ask for the same."""
    asked = dict(arguments)
    if name == "Bash":
        asked = {key: value for key, value in asked.items() if key not in NO_REASON}
        if isinstance(command := asked.get("command"), str):
            asked["command"] = " ".join(command.split())
    return digest(f"{name}\0{json.dumps(asked, sort_keys=True, default=str)}")


def learn(known: bytes, text: str) -> tuple[bytes, int, int]:
    """Puts the lines of a text to those that are known: the new filter, how many were new, and how many there were.

    Line numbers and file names in front of lines do not count: what a search has shown is no news to a reader.
    """
    bits = bytearray(known or bytes(FILTER_BITS // 8))
    lines = text[:MOST_CHARS].split("\n")
    some = lines[:: 1 + len(lines) // MOST_LINES]
    new = total = 0
    for line in {LINE_NUMBER.sub("", line[:MOST_LINE_CHARS]).strip() for line in some}:
        if len(line) < SHORTEST_LINE_CHARS:
            continue
        total += 1
        place, bit = divmod(crc32(_bytes(line)) % FILTER_BITS, 8)
        if not bits[place] >> bit & 1:
            new += 1
            bits[place] |= 1 << bit
    is_full = new and bits.count(0) < FILTER_BITS // 8 // 256  # half of the bits set leave 1 of 256 bytes empty
    return b"" if is_full else bytes(bits), new, total
