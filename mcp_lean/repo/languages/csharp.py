"""C#: grammar rules and regex. Method bodies are not entered: what is defined in them is local."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import PARAMETERS, Grammar, Language, Named, Place, Rule, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node


def _first_accessors(node: Node) -> Node | None:
    return node.child_by_field_name("accessors") or node.child_by_field_name("value")


def _property(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("name"))
    return [Named("field", name, body=_first_accessors(node))] if name else []


def _field(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("name"))
    return [Named("field", name)] if name else []


def _indexer(node: Node, place: Place) -> Sequence[Named]:
    return [Named("method", "this[]", body=_first_accessors(node))]


def _operator(node: Node, place: Place) -> Sequence[Named]:
    what = place.text(node.child_by_field_name("operator") or node.child_by_field_name("type"))
    return [Named("method", f"operator {what}", body=node.child_by_field_name("body"))]


def _destructor(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("name"))
    return [Named("method", "~" + name, body=node.child_by_field_name("body"))] if name else []


def _namespace(node: Node, place: Place) -> Sequence[Named]:
    """`namespace Shop;` speaks for the whole file, so only the form with braces is listed."""
    body = node.child_by_field_name("body")
    return [Named("module", place.text(node.child_by_field_name("name")), body=body)] if body is not None else []


LANGUAGES = {
    "csharp": Language(
        name="csharp",
        pattern=rb"""
            ^[ \t]*+ (?>(?:\[[^\]\n]{0,200}\][ \t]*+)?)
            (?: (?>(?:(?:public|private|protected|internal|static|sealed|abstract|partial|readonly|virtual|override
                  |async|extern|unsafe|new|ref|file)[ \t]++){0,7})
                (?: (?:class|interface|struct|enum|record(?>(?:[ \t]++(?:struct|class))?))[ \t]++ (\w++)
                  | (?!(?:return|throw|new|else|case|await|using|namespace|yield|var|get|set|if|for|foreach|while|switch
                    |catch|lock|fixed|base|this|nameof|typeof|where|orderby|select|from|let|join|group)\b)
                    [\w.]++ (?:<[^(){};=\n]{0,120}>)? (?>(?:\[[,]*+\])*) \??+ [ \t]++
                    (?:[\w.<>]{1,80}\.)? (\w++) [ \t]*+ (?>(?:<[^(){};\n]{0,80}>)?)
        """
        + PARAMETERS
        + rb"""
                    [^;{}()=]{0,300}+ (?:\{|=>) )
              | (?>(?:(?:public|private|protected|internal|static)[ \t]++){1,3}) (\w++) [ \t]*+
        """
        + PARAMETERS
        + rb" (?>(?: \s*+:\s*+(?:base|this)\s*+ "
        + PARAMETERS
        + rb" )?) \s*+ (?:\{|=>) )",
        keywords={"class": "class", "struct": "class", "record": "class", "interface": "interface", "enum": "enum"},
        grammar=Grammar(
            package="tree_sitter_c_sharp",
            rules={
                "namespace_declaration": Rule(_namespace),
                "class_declaration": define("class"),
                "struct_declaration": define("class"),
                "record_declaration": define("class"),
                "interface_declaration": define("interface"),
                "enum_declaration": define("enum"),
                "delegate_declaration": define("type"),
                "method_declaration": define("method"),
                "constructor_declaration": define("method"),
                "destructor_declaration": Rule(_destructor),
                "operator_declaration": Rule(_operator),
                "conversion_operator_declaration": Rule(_operator),
                "indexer_declaration": Rule(_indexer),
                "property_declaration": Rule(_property, leaf=True),
                "event_declaration": Rule(_property, leaf=True),
                "variable_declarator": Rule(_field, outside=True, leaf=True),
                "local_function_statement": define("function"),
                **inside("declaration_list", "file_scoped_namespace_declaration", "global_statement", "ERROR"),
                **inside("field_declaration", "event_field_declaration", "variable_declaration"),
                **inside("preproc_if", "preproc_else", "preproc_elif"),
            },
            wrappers=frozenset({"field_declaration", "event_field_declaration", "variable_declaration"}),
            notes=frozenset({"attribute_list"}),
        ),
    )
}
