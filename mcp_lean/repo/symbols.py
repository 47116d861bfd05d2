"""The main definitions of a file, for a line that names only a few.

In:  a path and its bytes; how many files use each name; the words that are looked for.
Out: `symbols_of`, kept in the store by content; `main_symbols`, the first few in order of importance.
Not here: finding definitions (`outline`), which files are shown (`rank.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from mcp_lean.repo.store import Store
from mcp_lean.repo.tags import number_of, words_of

if TYPE_CHECKING:
    from mcp_lean.repo.outline import Definition

PARSE_SECONDS = 3.0
"""A file that is ranked is parsed in 0.2 s at most; this only ends what never would. It is long because a parse that a
busy machine cuts short gives another answer than the same parse next time."""

NOT_SHOWN = frozenset({"constant", "field", "key", "block", "heading", "table", "impl", "target", "stage", "test"})
TEST_MODULES = frozenset({"tests", "test"})
"""Rust keeps them in the file that they test."""

SPELLABLE = re.compile(r"[\w$~.:?!*+<>=-]+")
"""Names that stand in a list without being taken apart; `declare module "@vue/runtime-core"` is none."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition: its own name, its name as an item spells it, first and last line."""

    name: str
    qualified: str
    start: int
    end: int


def symbols_of(path: str, source: bytes, store: Store) -> tuple[Symbol, ...]:
    """The definitions of a file that can be named in an item, in source order, each name once."""
    key = blake2b(path.rpartition("/")[2].encode("utf-8", "surrogateescape") + b"\0" + source, digest_size=16).digest()
    kept = store.text(key)
    if kept is not None:
        return tuple(_from_row(row) for row in kept.split("\n") if row)
    from mcp_lean.repo.outline import outline

    definitions = [one for one in outline(path, source, deadline_s=PARSE_SECONDS).definitions if _is_named(one)]
    found: dict[str, Symbol] = {}
    for one, qualified in _without_namespaces(definitions):
        found.setdefault(qualified, Symbol(one.name, qualified, one.start, one.end))
    store.keep_text(key, "\n".join(f"{s.start} {s.end} {s.name} {s.qualified}" for s in found.values()))
    return tuple(found.values())


def _is_named(one: Definition) -> bool:
    """Whether the name can stand in a list, and says more than the names around it (a constructor's does not)."""
    if one.kind in NOT_SHOWN or not (SPELLABLE.fullmatch(one.qualified) and SPELLABLE.fullmatch(one.name)):
        return False
    *outer, name = one.qualified.split(".")
    return TEST_MODULES.isdisjoint([*outer, name]) and outer[-1:] != [name]


def _without_namespaces(definitions: Sequence[Definition]) -> list[tuple[Definition, str]]:
    """Definitions with the names that items spell: without namespaces, if all of a file stands in some.

    An item finds a definition by the end of its name as well, so `Json.Linq.JToken` is asked for as `JToken`; unless
    another name in the file ends so too.
    """
    rest, cut = list(definitions), 0
    while rest:
        outermost = {(one.kind, one.qualified) for one in _outermost(rest)}
        kind, namespace = next(iter(outermost))
        inside = [one for one in rest if one.qualified != namespace]
        if len(outermost) > 1 or kind != "module" or not inside:
            break
        rest, cut = inside, len(namespace) + 1
    named_so = Counter(ending for name in {one.qualified for one in definitions} for ending in _endings(name))
    return [(one, one.qualified[cut:] if named_so[one.qualified[cut:]] == 1 else one.qualified) for one in rest]


def _endings(qualified: str) -> Iterator[str]:
    names = qualified.split(".")
    return (".".join(names[i:]) for i in range(len(names)))


def _outermost(definitions: Sequence[Definition]) -> list[Definition]:
    """Those that stand in no other. Nested ones follow what they are nested in."""
    found: list[Definition] = []
    for one in definitions:
        if not found or not one.qualified.startswith(found[-1].qualified + "."):
            found.append(one)
    return found


def main_symbols(
    symbols: Sequence[Symbol], references: Mapping[int, int], wanted: AbstractSet[bytes], limit: int
) -> tuple[Symbol, ...]:
    """First what the wanted words name, then what most other files use, then what is public, outermost and long."""
    uses = _uses_with_members(symbols, references)

    def order(symbol: Symbol) -> tuple[float, ...]:
        words = set(words_of(symbol.name.encode("utf-8", "replace")))
        match = len(words & wanted) / len(words)
        is_private, depth = symbol.name.startswith("_"), symbol.qualified.count(".")
        return -match, -uses[symbol.qualified], is_private, depth, symbol.start - symbol.end, symbol.start

    return tuple(sorted(symbols, key=order)[:limit])


def _uses_with_members(symbols: Sequence[Symbol], references: Mapping[int, int]) -> dict[str, int]:
    """How many files use each definition or the most used one inside it, so that classes precede their methods."""
    uses: dict[str, int] = {}
    for symbol in symbols:
        own = references.get(number_of(symbol.name.encode("utf-8", "replace")), 0)
        names = symbol.qualified.split(".")
        for depth in range(1, len(names) + 1):
            outer = ".".join(names[:depth])
            uses[outer] = max(uses.get(outer, 0), own)
    return uses


def _from_row(row: str) -> Symbol:
    start, end, name, qualified = row.split(" ")
    return Symbol(name, qualified, int(start), int(end))
