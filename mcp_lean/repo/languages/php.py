"""PHP: grammar rules and regex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, first_part, inside

if TYPE_CHECKING:
    from tree_sitter import Node


def _namespace(node: Node, place: Place) -> Sequence[Named]:
    """Only the form with braces contains anything; `namespace App;` speaks for the whole file."""
    body = node.child_by_field_name("body")
    name = place.text(node.child_by_field_name("name")).replace("\\", ".")
    return [Named("module", name, body=body)] if body is not None and name else []


def _constant(node: Node, place: Place) -> Sequence[Named]:
    first = first_part(node)
    return [Named("constant", place.text(first))] if first is not None and first.type == "name" else []


def _property(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("name")).lstrip("$")
    return [Named("field", name)] if name else []


LANGUAGES = {
    "php": Language(
        name="php",
        pattern=rb"""
            ^[ \t]*+ (?>(?:<\?php[ \t]++)?)
            (?>(?:(?:public|private|protected|static|final|abstract|readonly)[ \t]++){0,5})
            (?: function[ \t]++ &?+ (\w++) | (?:class|interface|trait|enum)[ \t]++ (\w++) [^\n(;=]{0,200} $
              | (?:class|interface|trait|enum)[ \t]++ (\w++) [^\n(;=]{0,200} \{ )
        """,
        keywords={"class": "class", "interface": "interface", "trait": "interface", "enum": "enum"},
        grammar=Grammar(
            package="tree_sitter_php",
            function="language_php",
            rules={
                "namespace_definition": Rule(_namespace),
                "class_declaration": define("class"),
                "interface_declaration": define("interface"),
                "trait_declaration": define("interface"),
                "enum_declaration": define("enum"),
                "function_definition": define("function"),
                "method_declaration": define("method"),
                "const_element": Rule(_constant, leaf=True),
                "property_element": Rule(_property, leaf=True),
                **inside("declaration_list", "enum_declaration_list", "const_declaration", "property_declaration"),
                **inside("compound_statement", "if_statement", "else_clause", "expression_statement", "ERROR"),
                **inside("return_statement", "assignment_expression", "object_creation_expression", "anonymous_class"),
            },
            wrappers=frozenset({"const_declaration", "property_declaration"}),
            notes=frozenset({"attribute_list"}),
        ),
    )
}
