"""What a file defines, what it uses, and which words it is made of: one quick pass over its bytes, for ranking.

In:  a path, its language, its bytes.
Out: `Tags`. Names are numbers here (`number_of`): a repository uses hundreds of thousands, and only few are ever shown.
Not here: exact definitions and their ends (`outline`), the cache (`index.py`), the graph (`rank.py`, `focus.py`).
"""

from __future__ import annotations

import re
import string
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from mcp_lean.repo.outline import definitions_by_regex

MACHINE_CHARS = 5_000
MACHINE_MEAN_CHARS = 200
"""A file that exceeds the first plus the second per line is minified or a table; one long literal is no sign of it."""

MADE_BY_PROGRAM = re.compile(
    rb"code generated .{0,200}do not edit|@generated\b|auto-?generated (?:by|file|from)|generated automatically"
    rb"|do not (?:edit|modify) (?:this file|by hand)"
)
SIGNS = (b"generated", b"do not ")
"""Without these the regex cannot match, and need not be tried on every file."""

HEAD_BYTES = 1_024
"""Generators say so at the top. Further down the words belong to a generator's own source."""

TABLE_LINES = 200
"""A longer file that defines nothing is a table of data: the names in it refer to nothing."""

COMPOUND = re.compile(rb"(?=.{4}).*?(?:[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z]|[A-Z][a-z]{4}|[A-Z]{2}[a-z])", re.DOTALL)
"""Names that mean one thing wherever they stand: `read_all`, `readAll`, `Session`. A plain `read` is a word of English
and a method of anything; ranking with plain names where they are called barely changed the first ten of Vue and Redis
by one file each, and took half as long again."""

NAME_BYTES = bytes(c if chr(c) in string.ascii_letters + string.digits + "_" else 0x20 for c in range(256))
"""Turns everything else into spaces, so that `split` finds the names. Letters beyond ASCII separate."""

HASH_LANGUAGES = frozenset({"python", "ruby", "bash", "perl", "elixir", "r", "julia", "powershell", "nix"})
HASH_COMMENT = re.compile(rb"^[ \t]*+#.*+", re.MULTILINE)
SLASH_COMMENT = re.compile(rb"^[ \t]*+(?://|/?\*).*+", re.MULTILINE)
DOCSTRING = re.compile(rb'"""(?>(?:[^"]|"(?!""))*)"""')

WORDS = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
MAX_NAME_BYTES = 100
"""A longer run of letters is data, such as base64."""

MEMO_NAMES = 100_000
"""Names whose numbers are remembered during a pass; about 40 MB."""

Numbers = array  # of 32-bit numbers, typecode "I"


@dataclass(frozen=True, slots=True)
class Tags:
    """One source file as ranking and search see it. The numbers are sorted and unique.

    is_written: by a person, as far as its head and the length of its lines tell; nothing else is known of the others.
    defines: names defined here that can be followed from elsewhere. uses: names that can be followed.
    words: all names and their parts, without case: `readAll` is "readall", "read", "all".
    names: what is defined, in order, one "name:line" per row.
    """

    path: str
    lines: int
    is_written: bool
    defines: Numbers[int]
    uses: Numbers[int]
    words: Numbers[int]
    names: bytes


class Vocabulary:
    """The numbers of names, remembered: a pass meets most names many times. For one pass, by one thread."""

    def __init__(self) -> None:
        self.uses = _Uses()
        self.words = _Words()


def tag(path: str, language: str, source: bytes, vocabulary: Vocabulary) -> Tags:
    """One pass over a file."""
    lines = source.count(b"\n") + (not source.endswith(b"\n") and bool(source))
    if not is_written(source, lines):
        return Tags(path, lines, False, _numbers(), _numbers(), _numbers(), b"")
    code = _without_comments(language, source)
    named = [(name.encode("utf-8", "replace"), line) for name, line in definitions_by_regex(language, code)]
    names = set(code.translate(NAME_BYTES).split())
    uses = set(map(vocabulary.uses.__getitem__, names)) if named or lines <= TABLE_LINES else set()
    return Tags(
        path,
        lines,
        True,
        _numbers({number_of(name) for name, _ in named if COMPOUND.match(name)}),
        _numbers(uses - {0}),
        _numbers(set().union(*map(vocabulary.words.__getitem__, names))),
        b"\n".join([b"%b:%d" % pair for pair in named]),
    )


def is_written(source: bytes, lines: int) -> bool:
    """Whether a person wrote it: text, not minified, and without a generator's mark at its top."""
    if b"\0" in source or len(source) > MACHINE_CHARS + MACHINE_MEAN_CHARS * lines:
        return False
    head = source[:HEAD_BYTES].lower()
    return not (any(sign in head for sign in SIGNS) and MADE_BY_PROGRAM.search(head))


def number_of(name: bytes) -> int:
    """A number for a name, the same in every process.

    Among 10,000 defined names two share a number in one repository of a hundred; the rank then has one false edge.
    """
    return crc32(name)


def words_of(name: bytes) -> list[bytes]:
    """A name without case, and its parts: `HTTPServer2` is "httpserver2", "http", "server", "2"."""
    whole = name.lower()
    if whole == name and name.isalpha():
        return [name]
    parts = b" ".join(WORDS.findall(name)).lower().split()
    return parts if parts == [whole] else [whole, *parts]


def path_words(paths: Iterable[str]) -> set[int]:
    """Numbers of the lower-case words that paths are made of: a name `kubernetes` is mostly the folder."""
    words: set[str] = set()
    for path in paths:
        *folders, file = path.split("/")
        words.update(folders)
        words.add(file.partition(".")[0])
    return {number_of(word.encode("utf-8", "surrogateescape")) for word in words if word.islower()}


class _Uses(dict[bytes, int]):
    """Name -> its number; 0 where it may mean anything."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= MEMO_NAMES:
            self.clear()
        number = self[name] = number_of(name) if len(name) <= MAX_NAME_BYTES and COMPOUND.match(name) else 0
        return number


class _Words(dict[bytes, tuple[int, ...]]):
    """Name -> the numbers of its words."""

    def __missing__(self, name: bytes) -> tuple[int, ...]:
        if len(self) >= MEMO_NAMES:
            self.clear()
        numbers = self[name] = tuple(map(crc32, words_of(name))) if len(name) <= MAX_NAME_BYTES else ()
        return numbers


def _numbers(found: Iterable[int] = ()) -> Numbers[int]:
    return array("I", sorted(found))


def _without_comments(language: str, source: bytes) -> bytes:
    """The source without its whole-line comments and docstrings, each line in its place: prose names many things."""
    if language == "python":
        source = DOCSTRING.sub(lambda found: b"\n" * found[0].count(b"\n"), source)
    return (HASH_COMMENT if language in HASH_LANGUAGES else SLASH_COMMENT).sub(b"", source)
