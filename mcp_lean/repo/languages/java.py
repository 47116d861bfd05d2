"""Java: grammar rules and regex. Method bodies are not entered: what is defined in them is local."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import PARAMETERS, Grammar, Language, Named, Place, Rule, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node


def _field(node: Node, place: Place) -> Sequence[Named]:
    return [Named("field", place.text(node.child_by_field_name("name")))]


LANGUAGES = {
    "java": Language(
        name="java",
        pattern=rb"""
            ^[ \t]*+ (?>(?:(?:public|private|protected|static|final|abstract|sealed|non-sealed|strictfp)[ \t]++){0,6})
            (?: (?:class|interface|@interface|enum|record)[ \t]++(\w++)
              | (?!(?:return|throw|new|else|case|package|import|yield)\b)
                (?>(?:(?:default|synchronized|native)[ \t]++){0,2}) (?:<[^(){}\n]{0,120}>[ \t]++)?
                (?>(?:[\w.]++ (?>(?:<[^(){};=\n]{0,120}>)?) (?>(?:\[\])*) [ \t]++)?)
                (?!(?:if|for|while|switch|catch|try|super|this|synchronized)\b) (\w++) [ \t]*+
        """
        + PARAMETERS
        + rb" [^;{}()=]{0,200}+ \{ )",
        keywords={
            "class": "class",
            "record": "class",
            "interface": "interface",
            "@interface": "interface",
            "enum": "enum",
        },
        grammar=Grammar(
            package="tree_sitter_java",
            rules={
                "class_declaration": define("class"),
                "record_declaration": define("class"),
                "interface_declaration": define("interface"),
                "annotation_type_declaration": define("interface"),
                "enum_declaration": define("enum"),
                "method_declaration": define("method"),
                "constructor_declaration": define("method"),
                "compact_constructor_declaration": define("method"),
                "annotation_type_element_declaration": define("method"),
                "variable_declarator": Rule(_field, leaf=True),
                **inside("class_body", "interface_body", "enum_body", "enum_body_declarations"),
                **inside("annotation_type_body", "field_declaration", "constant_declaration", "ERROR"),
            },
            wrappers=frozenset({"field_declaration", "constant_declaration"}),
            notes=frozenset({"annotation", "marker_annotation"}),
        ),
    )
}
