"""Go: grammar rules and regex. Function bodies are not entered: Go has no named definitions in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node


def _method(node: Node, place: Place) -> Sequence[Named]:
    """The receiver's type owns the method: `func (c *Client[K]) Get()` is `Client.Get`."""
    name = place.text(node.child_by_field_name("name"))
    receiver = place.text(node.child_by_field_name("receiver"))
    owner = receiver.strip("()").partition("[")[0].split()[-1:] or [""]
    return [Named("method", name, owner=owner[0].lstrip("*("), body=node.child_by_field_name("body"))] if name else []


def _values(node: Node, place: Place) -> Sequence[Named]:
    names = [place.text(child) for child in node.children_by_field_name("name") if child.type == "identifier"]
    return [Named("constant", name) for name in names if name not in ("_", "")]


def _type(node: Node, place: Place) -> Sequence[Named]:
    definition = node.child_by_field_name("type")
    form = definition.type if definition is not None else ""
    kind = {"struct_type": "class", "interface_type": "interface"}.get(form, "type")
    name = place.text(node.child_by_field_name("name"))
    return [Named(kind, name)] if name else []


LANGUAGES = {
    "go": Language(
        name="go",
        pattern=rb"""
            ^func[ \t]++ (?>(?:\([^)\n]{0,200}\)[ \t]*+)?) (\w++)
            | ^type[ \t]++ (\w++)
            | ^\t (\w++) (?>(?:\[[^\]\n]{0,100}\])?) [ \t]++ (?:struct|interface) [ \t]*+ \{
        """,
        keywords={"func": "function", "interface": "interface", "struct": "class", "type": "type"},
        grammar=Grammar(
            package="tree_sitter_go",
            rules={
                "function_declaration": define("function"),
                "method_declaration": Rule(_method),
                "type_spec": Rule(_type),
                "type_alias": Rule(_type),
                "method_elem": define("method"),
                "const_spec": Rule(_values, leaf=True),
                "var_spec": Rule(_values, leaf=True),
                **inside("const_declaration", "var_declaration", "var_spec_list", "type_declaration", "ERROR"),
                **inside("interface_type"),
            },
            wrappers=frozenset({"type_declaration", "const_declaration", "var_declaration"}),
        ),
    )
}
