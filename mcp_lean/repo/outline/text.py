"""Bytes of a file as UTF-8, so that lines and names come out right whatever the file was saved in."""

from __future__ import annotations

import codecs
import re

from .model import SIGNATURE_CHARS

_ENOUGH_CHARS = 10 * SIGNATURE_CHARS


_AFTER_OPENING = re.compile(r"([(\[]|(?<=\w)<) ")
_BEFORE_CLOSING = re.compile(r",? ([)\]])|, (>)")


def as_utf8(source: bytes) -> bytes:
    """The same lines in UTF-8 without a byte order mark: by mark, else UTF-8, else Latin-1 (which never fails)."""
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return source.decode("utf-16", "replace").encode("utf-8", "replace")
    source = source.removeprefix(codecs.BOM_UTF8)
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return source.decode("latin-1").encode()
    return source


def squeezed(text: str) -> str:
    """A name: white space squeezed, nothing else changed, unless it is absurdly long."""
    return " ".join(text[:_ENOUGH_CHARS].split())[:SIGNATURE_CHARS]


def one_line(text: str) -> str:
    """A signature: lines joined, white space squeezed, nothing at the end that opens a body."""
    is_wrapped = "\n" in text
    text = " ".join(text[:_ENOUGH_CHARS].split())
    if is_wrapped:
        text = _AFTER_OPENING.sub(r"\1", text)
        text = _BEFORE_CLOSING.sub(r"\1\2", text)
    text = text.rstrip(" {:;,\\").removesuffix(" =")
    return text if len(text) <= SIGNATURE_CHARS else text[: SIGNATURE_CHARS - 1] + "…"
