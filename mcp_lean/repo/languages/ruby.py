"""Ruby: grammar rules and regex. Method bodies are not entered; the blocks of calls are (`Struct.new`, `describe`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node

ATTRIBUTES = frozenset({"attr_accessor", "attr_reader", "attr_writer"})
TESTS = frozenset({"describe", "context", "it", "specify", "test", "feature", "scenario"})


def _scoped(kind: str) -> Rule:
    """`class Blog::Comment` is `Blog.Comment`."""

    def names(node: Node, place: Place) -> Sequence[Named]:
        owner, _, name = place.text(node.child_by_field_name("name")).rpartition("::")
        return (
            [Named(kind, name, owner=owner.replace("::", "."), body=node.child_by_field_name("body"))] if name else []
        )

    return Rule(names)


def _assignment(node: Node, place: Place) -> Sequence[Named]:
    left = node.child_by_field_name("left")
    return [Named("constant", place.text(left))] if left is not None and left.type == "constant" else []


def _call(node: Node, place: Place) -> Sequence[Named]:
    method, arguments = place.text(node.child_by_field_name("method")), node.child_by_field_name("arguments")
    block = node.child_by_field_name("block")
    if arguments is None:
        return []
    given = arguments.named_children
    if method in ATTRIBUTES:
        return [Named("field", place.text(child).lstrip(":")) for child in given if child.type == "simple_symbol"]
    if block is None or not given:
        return []
    title = " ".join(place.text(given[0]).strip("'\":").split())
    if method == "define_method":
        return [Named("method", title, body=block)]
    return [Named("test", title, body=block)] if method in TESTS and title else []


LANGUAGES = {
    "ruby": Language(
        name="ruby",
        pattern=rb"""
            ^[ \t]*+ (?>(?:(?:private|protected|public|private_class_method|module_function)[ \t]++)?)
            (?: def[ \t]++ (?>(?:[\w@]++\.)?) ([a-zA-Z_]\w*+[?!=]?+|[<>=~!+*/%&|^\[\]-]++)
              | (?:class|module)[ \t]++ (?>(?:\w*+::)*) ([A-Z]\w*+) )
        """,
        keywords={"class": "class", "module": "module"},
        blocks="indent",
        grammar=Grammar(
            package="tree_sitter_ruby",
            rules={
                "class": _scoped("class"),
                "module": _scoped("module"),
                "method": define("method"),
                "singleton_method": define("method"),
                "assignment": Rule(_assignment, outside=True),
                "call": Rule(_call),
                **inside("body_statement", "singleton_class", "argument_list", "do_block", "block", "block_body"),
                **inside("if", "unless", "if_modifier", "unless_modifier", "then", "else", "elsif", "begin", "ERROR"),
            },
        ),
    )
}
