"""JSON text edited in place: a part put in or taken out, and every other byte left as it is.

In:  the text of a settings file; comments, trailing commas, any indentation, CRLF and a byte order mark may be in it.
Out: `Node`s that know where they stand; the text with one member or item more, or less.
Not here: what is put in (`init/parts`), files (`init/files`).

A text goes through no serializer, so key order, comments, spacing and escapes of the other parts stay. Whoever edits
reads the result again and compares the values: `checked`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.errors import ConfigError

MOST_DEPTH = 200
"""Real settings nest six deep; deeper ones are somebody's trap."""

_SPACE = re.compile(r"[ \t\r\n\ufeff]+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: `text[start:end]`. `keys` is empty unless it is an object; as many as `items` then."""

    value: object
    start: int
    end: int
    items: tuple[Node, ...] = ()
    keys: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    """Where each item begins, with its key."""
    comma: int = -1
    """Where a comma stands behind the last item; -1: there is none."""

    def child(self, key: str) -> Node | None:
        """The member of an object; of two with one name the last, as JSON readers have it."""
        found = [item for name, item in zip(self.keys, self.items, strict=False) if name == key]
        return found[-1] if found else None

    def at(self, *path: str) -> Node | None:
        """The value at a path of keys."""
        node: Node | None = self
        for key in path:
            node = node.child(key) if node else None
        return node

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_array(self) -> bool:
        return isinstance(self.value, list)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text. `is_plain`: without comments and trailing commas, which plain JSON readers refuse."""

    text: str
    root: Node
    is_plain: bool


def parse(text: str) -> Document:
    """The text as values with places.

    Raises:
        ConfigError: not JSON, also when comments and trailing commas are allowed for; says in which line.
    """
    reader = _Reader(text)
    try:
        root = reader.value(reader.skip(0), 0)
        rest = reader.skip(root.end)
    except RecursionError as error:
        raise ConfigError("nested too deep") from error
    if rest != len(text):
        raise reader.fault(rest)
    return Document(text, root, reader.is_plain)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.is_plain = True

    def fault(self, at: int) -> ConfigError:
        line = self.text.count("\n", 0, at) + 1
        found = "the end" if at >= len(self.text) else repr(self.text[at : at + 12])
        return ConfigError(f"line {line}: not JSON at {found}")

    def skip(self, at: int) -> int:
        """Behind white space and comments."""
        while True:
            if found := _SPACE.match(self.text, at):
                at = found.end()
            elif found := _COMMENT.match(self.text, at):
                self.is_plain, at = False, found.end()
            else:
                return at

    def value(self, at: int, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise ConfigError("nested too deep")
        opening = self.text[at : at + 1]
        if opening in ("{", "["):
            return self.container(at, depth, "}" if opening == "{" else "]")
        if found := _STRING.match(self.text, at) or _SCALAR.match(self.text, at):
            return Node(self.loaded(found[0], at), at, found.end())
        raise self.fault(at)

    def loaded(self, source: str, at: int) -> object:
        try:
            value: object = json.loads(source)
        except ValueError as error:  # an escape that is none, a number beyond what Python turns into an integer
            raise self.fault(at) from error
        return value

    def container(self, opening: int, depth: int, closing: str) -> Node:
        items: list[Node] = []
        keys: list[str] = []
        starts: list[int] = []
        comma = -1
        at = self.skip(opening + 1)
        while self.text[at : at + 1] != closing:
            if items and comma < 0:
                raise self.fault(at)
            starts.append(at)
            if closing == "}":
                found = _STRING.match(self.text, at)
                if not found:
                    raise self.fault(at)
                keys.append(str(self.loaded(found[0], at)))
                at = self.skip(found.end())
                if self.text[at : at + 1] != ":":
                    raise self.fault(at)
                at = self.skip(at + 1)
            items.append(self.value(at, depth + 1))
            at, comma = self.skip(items[-1].end), -1
            if self.text[at : at + 1] == ",":
                comma, at = at, self.skip(at + 1)
        if comma >= 0:
            self.is_plain = False
        held = [item.value for item in items]
        value: object = dict(zip(keys, held, strict=True)) if closing == "}" else held
        return Node(value, opening, at + 1, tuple(items), tuple(keys), tuple(starts), comma)


def added(document: Document, container: Node, value: object, key: str | None = None) -> str:
    """The text with one item more at the end of an array, or one member more at the end of an object."""
    text, last = document.text, container.items[-1] if container.items else None
    content_end = _content_end(document, container)
    head = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
    is_flat = "\n" not in text[container.start : container.end]
    if is_flat and (last or "\n" not in text.strip() or not isinstance(value, dict | list)):
        # A list or an object on one line stays on one line.
        compact = head + json.dumps(value, ensure_ascii=False)
        separator = ", " if last and container.comma < 0 else " " if last else ""
        return text[:content_end] + separator + compact + text[content_end:]
    eol, unit = _newline(text), _unit(text)
    outer = _indent_of_line(text, container.start)
    inner = _indent_of_line(text, container.starts[0]) if _is_first_on_line(text, container) else outer + unit
    lines = json.dumps(value, ensure_ascii=False, indent=unit).split("\n")
    piece = eol + inner + head + (eol + inner).join(lines)
    if "\n" not in text[content_end : container.end]:
        piece += eol + outer
    if last and container.comma < 0:
        return text[: last.end] + "," + text[last.end : content_end] + piece + text[content_end:]
    return text[:content_end] + piece + text[content_end:]


def removed(document: Document, container: Node, index: int) -> str:
    """The text with one item or member less; comments stay."""
    text, item = document.text, container.items[index]
    start, is_last = container.starts[index], index == len(container.items) - 1
    before = len(text[:start].rstrip(" \t\r\n"))
    if not is_last:
        comma = text.index(",", _behind(text, item.end))
        behind = _SPACE.match(text, comma + 1)
        return text[:start] + text[behind.end() if behind else comma + 1 :]
    if container.comma >= 0:
        return text[:before] + text[container.comma + 1 :]
    if index == 0:
        inside = text[container.start + 1 : start] + text[item.end : container.end - 1]
        if not inside.strip():
            return text[: container.start + 1] + text[container.end - 1 :]
        return text[:before] + text[item.end :]
    previous = container.items[index - 1].end
    comma = text.index(",", _behind(text, previous))
    return text[:comma] + text[comma + 1 : before] + text[item.end :]


def checked(text: str, expected: object) -> Document:
    """The edited text, read again.

    Raises:
        ConfigError: it does not hold what it should; nothing of it is to be written.
    """
    document = parse(text)
    if document.root.value != expected:
        raise ConfigError("its layout is too unusual to be edited safely")
    return document


def dumped(value: object) -> str:
    """The text of a new file."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def path_of(root: Node, path: Sequence[str]) -> tuple[Node, list[str]]:
    """The deepest existing value on a path, and the keys that are missing below it."""
    node, left = root, list(path)
    while left and (below := node.child(left[0])):
        node = below
        left.pop(0)
    return node, left


def _content_end(document: Document, container: Node) -> int:
    """Behind the last thing in a container, comments included."""
    text, at = document.text, container.start + 1
    if container.items:
        at = container.comma + 1 if container.comma >= 0 else container.items[-1].end
    return _behind(text, at)


def _behind(text: str, at: int) -> int:
    """Behind the comments that follow, without the white space after the last of them."""
    while True:
        space = _SPACE.match(text, at)
        comment = _COMMENT.match(text, space.end() if space else at)
        if not comment:
            return at
        at = comment.end()


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    """One step of indentation: as the first indented line has it."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _indent_of_line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    found = re.match(r"\ufeff?([ \t]*)", text[start:at])
    return found[1] if found else ""


def _is_first_on_line(text: str, container: Node) -> bool:
    if not container.starts:
        return False
    line = text[text.rfind("\n", 0, container.starts[0]) + 1 : container.starts[0]]
    return not line.strip() and container.start < container.starts[0] - len(line)
