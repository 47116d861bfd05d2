"""What a file defines and what it uses, found by one quick pass over its bytes, for ranking.

In:  a path, its language, its bytes.
Out: `Tags`. Names are numbers here (`name_id`): a repository uses hundreds of thousands, and only few are ever shown.
Not here: exact definitions and their ends (`outline.py`), the cache (`index.py`), the graph (`rank.py`).
"""

from __future__ import annotations

import re
import string
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from mcp_lean.repo.outline import definitions_by_regex

MAX_BYTES = 1 << 20
"""A longer source file is data or generated: counted, neither read nor ranked."""

MACHINE_CHARS = 5_000
MACHINE_MEAN_CHARS = 200
GENERATED = re.compile(rb"(?i)code generated .{0,200}do not edit|@generated\b|auto-?generated (?:by|file)|do not (?:edit|modify) (?:this file|by hand)")
HEAD_BYTES = 1_024

TABLE_LINES = 200
"""A longer file that defines nothing is a table of data: the names in it refer to nothing."""

COMPOUND = re.compile(rb"(?=.{4}).*?(?:[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z]|[A-Z][a-z]{4}|[A-Z]{2}[a-z])")
"""Names that mean one thing wherever they stand: `read_all`, `readAll`, `Session`."""

PLAIN_CALL = re.compile(rb"[a-z][a-z0-9]{3,}\(")
"""A short plain name (`reactive`) is also a word of English or a method of anything: only a bare call counts as a use."""

KEPT = string.ascii_letters + string.digits + "_.("
CODE_BYTES = bytes(c if chr(c) in KEPT else 0x20 for c in range(256))
HASH_LANGUAGES = frozenset({"python", "ruby", "bash", "perl", "elixir", "r"})
HASH_COMMENT = re.compile(rb"^[ \t]*#.*", re.MULTILINE)
SLASH_COMMENT = re.compile(rb"^[ \t]*(?://|/?\*).*", re.MULTILINE)
DOCSTRING = re.compile(rb'"""(?:[^"]|"(?!""))*"""')
MEMO_NAMES = 200_000
"""Names whose numbers are remembered during a pass; about 25 MB."""


@dataclass(frozen=True, slots=True)
class Tags:
    """One source file as the ranking sees it.

    is_written: by a person, as far as its head and the length of its lines tell.
    defines: numbers of the telling names defined here; uses: of the telling names in it, sorted.
    names: what is defined, telling or not, with its line: "name:line", one per row.
    """

    path: str
    lines: int
    is_written: bool
    defines: array[int]
    uses: array[int]
    names: bytes


def name_id(name: bytes) -> int:
    """A number for a defined name, the same in every process; 0 for one too short to follow.

    Two names share a number once in about 40,000 repositories of 400 defined names; the rank then has one false edge.
    """
    return crc32(name) if len(name) > 3 else 0


def use_id(token: bytes) -> int:
    """A number for a token as it stands in code (`name`, `name(`, `.name(`); 0 where it may mean anything."""
    name = token.strip(b".(")
    return crc32(name) if COMPOUND.match(name) or PLAIN_CALL.fullmatch(token) else 0


class UseIds(dict[bytes, int]):
    """`use_id`, remembered: a pass meets most names many times."""

    def __missing__(self, name: bytes) -> int:
        if len(self) >= MEMO_NAMES:
            self.clear()
        number = self[name] = use_id(name)
        return number


def tag(path: str, language: str, source: bytes, ids: UseIds) -> Tags:
    """One pass over a file."""
    lines = source.count(b"\n") + (not source.endswith(b"\n") and bool(source))
    if b"\0" in source or not _is_written(source, lines):
        return Tags(path, lines, False, array("I"), array("I"), b"")
    code = _without_comments(language, source)
    named = [(name.encode("utf-8", "surrogateescape"), line) for name, line in definitions_by_regex(language, code)]
    rows = code.split(b"\n")
    defines = {crc32(name) for name, line in named if COMPOUND.match(name) or _is_plain_function(name, rows[line - 1])}
    tokens = set(code.replace(b"(", b"( ").replace(b".", b" .").translate(CODE_BYTES).split())
    uses = set(map(ids.__getitem__, tokens))
    if not named and lines > TABLE_LINES:
        uses = set()
    return Tags(
        path,
        lines,
        True,
        array("I", sorted(defines - {0})),
        array("I", sorted(uses - {0})),
        b"\n".join(b"%b:%d" % pair for pair in named),
    )


def path_names(paths: Iterable[str]) -> set[int]:
    """Numbers of the lower-case words that paths are made of: `kubernetes` as a name is the folder, more often than not."""
    words: set[str] = set()
    for path in paths:
        *folders, file = path.split("/")
        words.update(folders)
        words.add(file.partition(".")[0])
    return {name_id(word.encode("utf-8", "surrogateescape")) for word in words if word.islower()}


def _is_plain_function(name: bytes, row: bytes) -> bool:
    """Whether a bare call `name(` elsewhere can mean this definition: no method, and long enough."""
    return len(name) > 3 and row[:1] not in (b" ", b"\t") and not row.startswith(b"func (")


def _without_comments(language: str, source: bytes) -> bytes:
    """The source without its whole-line comments and docstrings, every line in its place: prose names many things."""
    if language == "python":
        source = DOCSTRING.sub(lambda found: b"\n" * found[0].count(b"\n"), source)
    return (HASH_COMMENT if language in HASH_LANGUAGES else SLASH_COMMENT).sub(b"", source)


def _is_written(source: bytes, lines: int) -> bool:
    """Minified code and tables have lines of thousands of characters; one long literal in an ordinary file is no sign."""
    return len(source) <= MACHINE_CHARS + MACHINE_MEAN_CHARS * lines and not GENERATED.search(source[:HEAD_BYTES])
