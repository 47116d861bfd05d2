"""Bytes of a file as text.

In:  a file's bytes, whole or piece by piece.
Out: text, and a note on its encoding where that is not plain UTF-8; `NotText` for a binary.
Not here: lines (`lines.py`), reading (`text.py`).

The order: byte-order mark, then UTF-8, then a declared encoding (PEP 263, `charset=`), then Latin-1, which is said.
A detector library guesses wrong on short files and costs 3 ms each; a wrong guess is worse than a visible Latin-1.
"""

from __future__ import annotations

import codecs
import re

from mcp_lean.errors import NotText

SNIFF_BYTES = 8_192
"""A NUL in the first 8 KB makes a file binary, as for git: it is not read to its end for that."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = ("utf-16", "utf-32")
"""Their line end is more than the byte 0x0A."""

DECLARED = re.compile(rb"(?:coding[:=]|charset=)[ \t\"']*([-\w.]+)")
DECLARED_WITHIN_BYTES = 1_024
NO_DECLARATION = ("utf", "unicode", "raw", "idna", "punycode", "undefined")
"""Codecs that a file which is no UTF-8 and has no mark cannot be in, or that would change its line ends."""


def decode(data: bytes, shown: str) -> tuple[str, tuple[str, ...]]:
    """Text and a note on its encoding, if that is not plain UTF-8. Raises `NotText` for a binary."""
    encoding, skip = encoding_of(data, shown)
    body = data[skip:]
    if encoding == "utf-8":
        try:
            return body.decode(), ("utf-8 with BOM",) if skip else ()
        except UnicodeDecodeError:
            encoding = declared(data) or "latin-1"
    try:
        text, errors = body.decode(encoding), ""
    except (UnicodeDecodeError, ValueError):
        encoding = encoding if encoding.startswith(WIDE) else "latin-1"
        text, errors = body.decode(encoding, "replace"), ", with errors" if encoding != "latin-1" else ""
    if encoding.startswith(WIDE) and "\0" in text[:SNIFF_BYTES]:
        raise NotText(f"{shown}: a binary file, not shown")
    return text, (f"decoded as {encoding}{errors}",)


def encoding_of(head: bytes, shown: str) -> tuple[str, int]:
    """The encoding that a file's first bytes promise, and how many of them are the mark."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if b"\0" in head[:SNIFF_BYTES]:
        raise NotText(f"{shown}: a binary file, not shown")
    return "utf-8", 0


def declared(data: bytes) -> str | None:
    found = DECLARED.search(data[:DECLARED_WITHIN_BYTES])
    if found is None:
        return None
    try:
        codec = codecs.lookup(found[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return None
    is_text = getattr(codec, "_is_text_encoding", False)  # keeps out rot13, zip and their like
    return codec.name if is_text and not codec.name.startswith(NO_DECLARATION) else None


class Decoder:
    """Decodes piece by piece; from the first undecodable byte on with replacement characters, which `failed` tells."""

    def __init__(self, encoding: str) -> None:
        self._make = codecs.getincrementaldecoder(encoding)
        self._decoder = self._make("strict")
        self.failed = False

    def decode(self, data: bytes, *, final: bool = False) -> str:
        if not self.failed:
            state = self._decoder.getstate()
            try:
                return self._decoder.decode(data, final)
            except UnicodeDecodeError:
                self.failed = True
                self._decoder = self._make("replace")
                self._decoder.setstate(state)
        return self._decoder.decode(data, final)
