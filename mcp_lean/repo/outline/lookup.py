"""Asking an outline: a symbol, what is near a symbol, what is around a line.

In:  an `Outline` and a name as a model or a person writes it.
Out: definitions, or names.
Not here: reading the text of a definition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher

from ..languages.base import VALUES
from .model import Definition, Outline

_SEPARATORS = re.compile(r"::|->|[.#/\\]")
MAX_COMPARED = 5_000
"""Comparing a symbol with 5,000 names takes some 50 ms; no file that a person wrote has more."""


def find(outline: Outline, symbol: str) -> tuple[Definition, ...]:
    """All definitions that `symbol` may mean, in source order: overloads, redefinitions, a type and its `impl`s.

    The first of these that finds anything: the qualified name as it is; its end ("get" or "Client.get" for
    "Api.Client.get"); a longer symbol that ends with a qualified name ("package.module.Client.get"); each of them
    again without regard to case; a heading by its anchor ("getting-started"). Parts may be joined by `.`, `::`, `#`,
    `->`, `/` or `\\`; a trailing `()` is dropped.
    """
    for matches in _rules(symbol.strip()):
        if found := tuple(definition for definition in outline.definitions if matches(definition)):
            return found
    return ()


def _rules(symbol: str) -> Iterator[Callable[[Definition], bool]]:
    if not symbol:
        return
    yield lambda definition: symbol in (definition.qualified, definition.name) and symbol == definition.qualified
    bare = symbol.removesuffix("()") or symbol
    for fold in (str, str.casefold):
        wanted = _parts(fold(bare))

        def parts(definition: Definition, fold: Callable[[str], str] = fold) -> tuple[str, ...]:
            return _parts(fold(definition.qualified))

        yield lambda definition, wanted=wanted, parts=parts: parts(definition) == wanted
        yield lambda definition, wanted=wanted, parts=parts: _ends_with(parts(definition), wanted)
        yield lambda definition, wanted=wanted, parts=parts: _ends_with(wanted, parts(definition))
    yield lambda definition: definition.kind == "heading" and _anchor(definition.name) == _anchor(symbol)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a qualified name; a name that is nothing but separators (an operator) is itself."""
    return tuple(part for part in (part.strip("()* ") for part in _SEPARATORS.split(name)) if part) or (name,)


def _ends_with(whole: tuple[str, ...], end: tuple[str, ...]) -> bool:
    return len(end) <= len(whole) and whole[len(whole) - len(end) :] == end


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
