"""Rust: grammar rules and regex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import OPAQUE, Grammar, Language, Named, Place, Rule, constant, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node


def _impl(node: Node, place: Place) -> Sequence[Named]:
    """`impl Trait for Point<T>` belongs to `Point`, so asking for `Point` brings its methods too."""
    kind = node.child_by_field_name("type")
    while kind is not None and kind.type in ("generic_type", "reference_type", "scoped_type_identifier"):
        kind = kind.child_by_field_name("name") or kind.child_by_field_name("type")
    name = " ".join(place.text(kind).split())
    return [Named("impl", name, body=node.child_by_field_name("body"))] if name else []


def _macro_call(node: Node, place: Place) -> Sequence[Named]:
    """`cfg_net! { ... }` around items is a list of tokens to the grammar."""
    tokens = node.named_child(node.named_child_count - 1) if node.named_child_count else None
    return [Named(OPAQUE, "{}")] if tokens is not None and place.text(tokens).startswith("{") else []


def _module(node: Node, place: Place) -> Sequence[Named]:
    """`mod tests { ... }`; a bare `mod parser;` is an import."""
    body = node.child_by_field_name("body")
    return [Named("module", place.text(node.child_by_field_name("name")), body=body)] if body else []


LANGUAGES = {
    "rust": Language(
        name="rust",
        pattern=rb"""
            ^[ \t]*+ (?>(?:pub(?>(?:\([^)\n]{0,40}\))?)[ \t]++)?)
            (?>(?:(?:default|const|async|unsafe|extern(?>(?:[ \t]++"[^"\n]{0,20}")?))[ \t]++){0,5})
            (?: (?:(?:fn|struct|enum|union|trait|type)[ \t]++|macro_rules![ \t]*+) (?>(?:r\#)?) (\w++)
              | mod[ \t]++ (\w++) (?=[ \t]*+\{) )
            | ^[ \t]*+ (?>(?:unsafe[ \t]++)?) impl\b [^\n;{]{0,200}? (\w++)
              (?>(?:<[^\n{;]{0,100}>)?) [ \t]*+ (?:where\b|\{|$)
        """,
        keywords={
            "fn": "function",
            "struct": "class",
            "union": "class",
            "enum": "enum",
            "trait": "interface",
            "impl": "impl",
            "mod": "module",
            "type": "type",
            "macro_rules!": "macro",
        },
        grammar=Grammar(
            package="tree_sitter_rust",
            rules={
                "function_item": define("function"),
                "function_signature_item": define("function"),
                "struct_item": define("class"),
                "union_item": define("class"),
                "enum_item": define("enum"),
                "trait_item": define("interface"),
                "impl_item": Rule(_impl),
                "mod_item": Rule(_module),
                "const_item": constant(),
                "static_item": constant(),
                "type_item": define("type"),
                "associated_type": define("type"),
                "macro_definition": define("macro"),
                "macro_invocation": Rule(_macro_call, outside=True, leaf=True),
                **inside("declaration_list", "foreign_mod_item", "block", "ERROR"),
            },
            leads=frozenset({"attribute_item"}),
        ),
    )
}
