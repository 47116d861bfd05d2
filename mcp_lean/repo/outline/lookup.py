"""Asking an outline: a symbol, what is near a symbol, what is around a line.

In:  an `Outline` and a name as a model or a person writes it.
Out: definitions, or names.
Not here: reading the text of a definition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from mcp_lean.repo.languages.base import VALUES

from .model import Definition, Outline

_SEPARATORS = re.compile(r"::|->|[.#/\\]")
MAX_COMPARED = 5_000
"""Comparing a symbol with 5,000 names takes some 50 ms; no file that a person wrote has more."""


Parts = tuple[str, ...]
Reading = Callable[[Definition], bool]


def find(outline: Outline, symbol: str) -> tuple[Definition, ...]:
    """All definitions that `symbol` may mean, in source order: overloads, redefinitions, a type and its `impl`s.

    The first of these that finds anything: the qualified name as it is; its end ("get" or "Client.get" for
    "Api.Client.get"); a longer symbol that ends with a qualified name ("package.module.Client.get"); each of them
    again without regard to case; a heading by its anchor ("getting-started"). Parts may be joined by `.`, `::`, `#`,
    `->`, `/` or `\\`; a trailing `()` is dropped.
    """
    for reading in _readings(outline, symbol.strip()):
        if found := tuple(definition for definition in outline.definitions if reading(definition)):
            return found
    return ()


def _readings(outline: Outline, symbol: str) -> Iterator[Reading]:
    if not symbol:
        return
    yield lambda definition: definition.qualified == symbol
    bare = symbol if symbol.endswith("operator()") else symbol.removesuffix("()")
    for fold in (str, str.casefold):
        wanted = _parts(fold(bare))
        own = frozenset(fold(definition.name) for definition in outline.definitions)
        yield partial(_is_whole, fold, wanted)
        yield partial(_is_end, fold, wanted)
        yield partial(_is_in_package, fold, wanted, own)
    yield lambda definition: definition.kind == "heading" and _anchor(definition.name) == _anchor(symbol)


def _parts(name: str) -> Parts:
    """The parts of a qualified name, without Go's `(*...)`; one that is nothing but separators is itself."""
    parts = (part.strip("(*)") if part.startswith("(") else part for part in _SEPARATORS.split(name))
    return tuple(part for part in parts if part) or (name,)


Fold = Callable[[str], str]


def _is_whole(fold: Fold, wanted: Parts, definition: Definition) -> bool:
    return _parts(fold(definition.qualified)) == wanted


def _is_end(fold: Fold, wanted: Parts, definition: Definition) -> bool:
    return _parts(fold(definition.qualified))[-len(wanted) :] == wanted


def _is_in_package(fold: Fold, wanted: Parts, own: frozenset[str], definition: Definition) -> bool:
    """`package.Client.get`; but in `Client.post`, `Client` is no package if this file defines it."""
    parts = _parts(fold(definition.qualified))
    package = wanted[: -len(parts)]
    return wanted[-len(parts) :] == parts and own.isdisjoint(package)


def _anchor(text: str) -> str:
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", text.casefold().lstrip("#")).strip().replace(" ", "-")


def nearest(outline: Outline, symbol: str, limit: int = 5) -> tuple[str, ...]:
    """Qualified names of the file that a mistaken symbol may have meant, the likeliest first; possibly none."""
    wanted = (_parts(symbol.strip().casefold()) or ("",))[-1]
    names = dict.fromkeys(definition.qualified for definition in outline.definitions[:MAX_COMPARED])
    scored = ((_likeness(wanted, name), i, name) for i, name in enumerate(names))
    best = sorted((-score, i, name) for score, i, name in scored if score >= 0.6)
    return tuple(name for _, _, name in best[:limit])


def _likeness(wanted: str, qualified: str) -> float:
    """0 to 1. A part of the name counts as a near miss, if it is more than a letter or two."""
    name = _parts(qualified.casefold())[-1]
    if len(wanted) > 2 and (wanted in name or (name in wanted and len(name) > 2)):
        return 0.8 + 0.2 * min(len(wanted), len(name)) / max(len(wanted), len(name))
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, wanted, name, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= 0.6 and matcher.quick_ratio() >= 0.6 else 0.0


def enclosing(outline: Outline, line: int) -> Definition | None:
    """The innermost definition around a line (from 1).

    A single line that gives a value inside something else does not count: whoever asks what is around `limit = 10`
    in a class means the class.
    """
    around = [definition for definition in outline.definitions if definition.start <= line <= definition.end]
    for definition in reversed(around):
        if definition.kind not in VALUES or definition.start != definition.end or definition == around[0]:
            return definition
    return None
