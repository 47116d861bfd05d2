"""What the outline engine has to know about a language.

In:  nothing; these are the words in which the language files next door are written.
Out: `Language` (one per language), made of a `Grammar` (which syntax nodes are definitions) and a regex for the
     times when a file cannot be parsed.
Not here: walking a tree (`outline/walk.py`), running a regex (`outline/regexes.py`).

A grammar's rules say which nodes are looked at. A node without a rule is passed over with all that is in it, so
expressions cost nothing. `define(kind)` names a definition, `INSIDE` only looks further, `LOCAL` looks further and
says that variables in there are local. A tree walk is used instead of tree-sitter queries: it takes about as long
(`bench/outline.py` compares them), needs no compilation at first use, lets other threads in, and can be stopped by a
deadline, which a query in this process cannot be (tests/repo/test_outline_engines.py keeps the evidence).

In the regexes an atomic group, `(?>(?:ab)*)`, stands where the group could be repeated possessively: that is misread by
Python 3.11.2, the one of Debian 12 (3.11.7 reads it well). Of a single character or class it is right in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Node

CALLABLES = frozenset({"function", "method", "test"})
"""Kinds whose body is local: variables in there are nobody's constants."""

TYPES = frozenset({"class", "interface", "enum", "impl"})
"""Kinds that turn a function into a method and a constant into a field."""

VALUES = frozenset({"constant", "field", "key"})
"""Kinds that hold a value; an outline joins a row of them into one line."""


PARAMETERS = rb"""
    \( [^;{}()]{0,600}+
    (?>(?: \( [^;{}()]{0,200}+ (?>(?:\([^;{}()]{0,200}+\)[^;{}()]{0,200}+){0,4}) \) [^;{}()]{0,600}+ ){0,12}) \)
"""
"""For regexes: a list in brackets, two levels of brackets in it. Possessive, so it cannot be read in many ways."""


@dataclass(frozen=True, slots=True)
class Named:
    """One definition that a rule has found in a node."""

    kind: str
    name: str
    owner: str = ""
    """What the syntax itself names as the container, when that is not the enclosing definition (`func (c *Client)`)."""
    body: Node | None = None
    """Where the signature ends."""
    shown: str = ""
    """The signature, where the text up to the body does not make one."""
    declared_only: bool = False
    """A prototype; dropped where the same file has the definition."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree a rule is asked."""

    source: bytes
    ancestors: list[Node]
    """Outermost first, without the node itself."""
    local: bool
    """Inside a function body or a loop."""

    def text(self, node: Node | None) -> str:
        """A node's text, cut from our own bytes: `Node.text` is not safe with every kind of source."""
        return "" if node is None else self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    @property
    def parent(self) -> Node:
        return self.ancestors[-1]


OPAQUE = "opaque"
"""A kind for engines only: text that the grammar does not look into, and the regex does."""

Names = Callable[["Node", Place], Sequence[Named]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do at a node: ask `names` for definitions, then look at its children."""

    names: Names | None = None
    local: bool = False
    """Variables inside are local."""
    outside: bool = False
    """Only outside function bodies; in them the node is passed over."""
    leaf: bool = False
    """Nothing to be found inside."""
    only_broken: bool = False
    """Look further only if the node has a syntax error."""


INSIDE = Rule()
LOCAL = Rule(local=True)
BROKEN = Rule(local=True, only_broken=True)
"""A function body, in a language without functions inside functions: one that has some has lost a bracket."""


def define(kind: str, name: str = "name", body: str = "body") -> Rule:
    """A node that is one definition; `name` and `body` are field names of the grammar."""

    def names(node: Node, place: Place) -> Sequence[Named]:
        text = place.text(node.child_by_field_name(name))
        return [Named(kind, text, body=node.child_by_field_name(body))] if text else []

    return Rule(names)


def constant(kind: str = "constant", name: str = "name") -> Rule:
    """A node that gives a value to one name; it counts outside function bodies only."""

    def names(node: Node, place: Place) -> Sequence[Named]:
        text = place.text(node.child_by_field_name(name))
        return [Named(kind, text)] if text else []

    return Rule(names, outside=True, leaf=True)


def first_part(node: Node | None) -> Node | None:
    """A node's first named child; asking an empty node for it raises."""
    return node.named_child(0) if node is not None and node.named_child_count else None


def inside(*types: str) -> dict[str, Rule]:
    return dict.fromkeys(types, INSIDE)


def local(*types: str) -> dict[str, Rule]:
    return dict.fromkeys(types, LOCAL)


@dataclass(frozen=True, slots=True)
class Grammar:
    """A tree-sitter grammar and which of its nodes are definitions."""

    package: str
    """The wheel's module, for example "tree_sitter_python"."""
    rules: Mapping[str, Rule]
    function: str = "language"
    wrappers: frozenset[str] = frozenset()
    """Nodes around a definition that belong to it: `export ...`, `@decorator` and what it decorates."""
    leads: frozenset[str] = frozenset()
    """Siblings before a definition that belong to it: `#[attribute]`."""
    notes: frozenset[str] = frozenset()
    """Parts that a signature leaves out: decorators, annotations, attributes."""
    prepare: Callable[[bytes], bytes] | None = None
    """Blanks out what the grammar cannot parse; must keep every byte offset."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its regex, how its blocks end, and its grammar if there is one."""

    name: str
    pattern: bytes
    """Finds definitions line by line, with `re.MULTILINE | re.VERBOSE`; the last group that matched is the name.
    Every repeat that can fail later is bounded or possessive, so that time grows linearly on any input."""
    keywords: Mapping[str, str]
    """Word of the language -> kind. A match without any of these words is a function."""
    blocks: Literal["indent", "braces"] = "braces"
    grammar: Grammar | None = None
    by_macro: Callable[[str, str], tuple[str, str]] | None = None
    """(name, its arguments in brackets) of a head in capitals -> (kind, name) of what that macro defines."""
