"""JavaScript (with JSX), TypeScript and TSX: grammar rules and regex.

A function has no single form here: `function f`, `const f = () =>`, `f() {}` in a class or an object, `x.f = function`.
All of them count. Anonymous functions are looked through, so the contents of module wrappers and callbacks are found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, first_part, inside, local

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
IMPORTS = frozenset({"require", "import"})
TESTS = frozenset({"describe", "context", "suite", "it", "test", "bench"})


def _callable_value(value: Node | None) -> str | None:
    """The kind that a value gives to the name it is bound to; None for a plain value."""
    if value is None:
        return None
    if value.type in FUNCTIONS:
        return "function"
    return "class" if value.type == "class" else None


def _value(node: Node, field: str = "value") -> Node | None:
    """A node's value without the brackets and casts around it."""
    value = node.child_by_field_name(field)
    while value is not None and value.type in ("parenthesized_expression", "as_expression", "satisfies_expression"):
        value = first_part(value)
    return value


def _body(value: Node | None) -> Node | None:
    return None if value is None else value.child_by_field_name("body")


def _callee(call: Node, place: Place) -> str:
    return place.text(call.child_by_field_name("function"))


def _is_import(value: Node | None, place: Place) -> bool:
    """`require("x")`, `require("x").y`, `await import("x")`."""
    while value is not None and value.type in ("member_expression", "await_expression"):
        value = first_part(value)
    return value is not None and value.type == "call_expression" and _callee(value, place) in IMPORTS


def _declarator(node: Node, place: Place) -> Sequence[Named]:
    name, value = node.child_by_field_name("name"), _value(node)
    if name is None or name.type != "identifier":
        return []
    if kind := _callable_value(value):
        return [Named(kind, place.text(name), body=_body(value))]
    if value is not None and value.type == "call_expression" and _callee(value, place).endswith("useCallback"):
        return [Named("function", place.text(name))]
    if place.local or _is_import(value, place):
        return []
    return [Named("constant", place.text(name))]


def _field(node: Node, place: Place) -> Sequence[Named]:
    name = node.child_by_field_name("name") or node.child_by_field_name("property")
    value = _value(node)
    return [Named(_callable_value(value) or "field", place.text(name), body=_body(value))] if name else []


def _pair(node: Node, place: Place) -> Sequence[Named]:
    value = _value(node)
    kind = _callable_value(value)
    if kind is None or place.local:
        return []
    name = place.text(node.child_by_field_name("key")).strip("'\"")
    return [Named("method" if kind == "function" else kind, name, body=_body(value))]


def _method(node: Node, place: Place) -> Sequence[Named]:
    if place.local and place.parent.type == "object":
        return []
    name = place.text(node.child_by_field_name("name")).strip("'\"")
    return [Named("method", name, body=node.child_by_field_name("body"))] if name else []


def _assignment(node: Node, place: Place) -> Sequence[Named]:
    """`x.f = function`, `X.prototype.f = ...`, `exports.f = ...`; a plain `f = function` too."""
    left, value = node.child_by_field_name("left"), _value(node, "right")
    kind = _callable_value(value)
    if kind is None or left is None or left.type not in ("member_expression", "identifier"):
        return []
    owner, _, name = place.text(left).rpartition(".")
    if (owner, name) == ("module", "exports"):
        owner, name = "", place.text(value.child_by_field_name("name") if value else None) or "exports"
    owner = re.sub(r"(^|\.)(module\.)?exports$|(^|\.)this$|\.prototype$|\s+", "", owner)
    return [Named(kind, name, owner=owner, body=_body(value))] if name.strip() else []


def _call(node: Node, place: Place) -> Sequence[Named]:
    """`describe("...", () => {...})` and its kin: what a test file consists of."""
    arguments = node.child_by_field_name("arguments")
    first = first_part(arguments)
    if first is None or first.type not in ("string", "template_string"):
        return []
    callee = _callee(node, place)[:40].partition(".")[0].partition("(")[0]
    title = " ".join(place.text(first)[1:-1].split())
    return [Named("test", title, shown=f"{callee}('{title}')")] if callee in TESTS and title else []


def _export(node: Node, place: Place) -> Sequence[Named]:
    """`export default function () {}` and `export default class {}` have no name of their own."""
    value = _value(node)
    kind = _callable_value(value)
    if kind and value is not None and value.child_by_field_name("name") is None:
        return [Named(kind, "default", body=_body(value))]
    return []


def _expression(node: Node, place: Place) -> Sequence[Named]:
    """A named function or class that is exported as a value; elsewhere its name is nobody else's business."""
    name = place.text(node.child_by_field_name("name"))
    if place.parent.type != "export_statement" or not name:
        return []
    return [Named("class" if node.type == "class" else "function", name, body=_body(node))]


def _module(node: Node, place: Place) -> Sequence[Named]:
    """`declare module "express" {}` and `namespace Util {}`."""
    name = place.text(node.child_by_field_name("name")).strip("'\"")
    return [Named("module", name, body=node.child_by_field_name("body"))] if name else []


_SCRIPT = {
    "function_declaration": define("function"),
    "generator_function_declaration": define("function"),
    "class_declaration": define("class"),
    "class": Rule(_expression),
    "method_definition": Rule(_method),
    "variable_declarator": Rule(_declarator),
    "assignment_expression": Rule(_assignment),
    "call_expression": Rule(_call),
    "pair": Rule(_pair),
    "field_definition": Rule(_field),
    "export_statement": Rule(_export),
    **dict.fromkeys(FUNCTIONS, Rule(_expression, local=True)),
    **inside("class_body", "lexical_declaration", "variable_declaration", "expression_statement", "object"),
    **inside("arguments", "parenthesized_expression", "unary_expression", "sequence_expression", "new_expression"),
    **inside("statement_block", "if_statement", "else_clause", "try_statement", "finally_clause", "ERROR"),
    **inside("await_expression", "labeled_statement", "class_static_block"),
    **local("return_statement", "catch_clause", "for_statement", "for_in_statement", "while_statement", "do_statement"),
    **local("switch_statement", "switch_body", "switch_case", "switch_default"),
}

_TYPED = {
    **_SCRIPT,
    "abstract_class_declaration": define("class"),
    "interface_declaration": define("interface"),
    "type_alias_declaration": define("type"),
    "enum_declaration": define("enum"),
    "module": Rule(_module),
    "internal_module": define("module"),
    "function_signature": define("function"),
    "method_signature": define("method"),
    "abstract_method_signature": define("method"),
    "public_field_definition": Rule(_field),
    **inside("ambient_declaration", "interface_body", "as_expression", "satisfies_expression"),
}

_WRAPPERS = frozenset(
    {"export_statement", "lexical_declaration", "variable_declaration", "expression_statement", "ambient_declaration"}
)

_START = rb"""
    ^[ \t]*+ (?>(?:export[ \t]++)?) (?>(?:default[ \t]++)?) (?>(?:declare[ \t]++)?) (?>(?:abstract[ \t]++)?)
      (?>(?:async[ \t]++)?)
    (?: (?:function[ \t]*+\*?+|class) [ \t]*+ ([\w$]++)
"""
_BINDING = rb"""
    | ^(?>(?:export[ \t]++)?) (?>(?:declare[ \t]++)?) (?:const|let|var) [ \t]++ ([\w$]++)
      (?![\w$]*+[ \t]*+=[ \t]*+require\b)
"""
_FUNCTION_VALUE = rb"""
    | ^[ \t]*+ (?:[\w$.]{0,80}\.)? ([\w$]++) [ \t]*+ [=:] [ \t]*+ (?>(?:async[ \t]++)?) function\b
    | ^[ \t]++ (?:const|let|var) [ \t]++ ([\w$]++) [ \t]*+ = [ \t]*+ (?>(?:async[ \t]++)?)
      (?:\([^()\n;]{0,200}\)|[\w$]++) [^=\n;]{0,80} =>
"""
_METHOD = rb"""
    | ^[ \t]++ (?>(?:(?:public|private|protected|static|override|readonly|abstract|async|get|set)[ \t]++){0,6}) [*]?+
      (?!(?:if|for|while|switch|catch|function|return|with|else|do|new|await|typeof|super|constructor[ \t]*+[^\s(])\b)
      ([\w$\#]++) [ \t]*+ (?>(?:<[^>\n]{0,80}>)?)
      \( [^;()\n]{0,200}+ (?>(?:\([^;()\n]{0,80}+\)[^;()\n]{0,80}+){0,3}) \) [^;={}()\n]{0,100}+ \{
"""
_TYPES = (
    rb"|(?:interface|enum|namespace)[ \t]++([\w$]++)|const[ \t]++enum[ \t]++([\w$]++)|type[ \t]++([\w$]++)[ \t]*+[=<]"
)


def _language(name: str, package: str, function: str, *, typed: bool) -> Language:
    return Language(
        name=name,
        pattern=_START + (_TYPES if typed else b"") + b")" + _BINDING + _FUNCTION_VALUE + _METHOD,
        keywords={
            "class": "class",
            "function": "function",
            "interface": "interface",
            "enum": "enum",
            "namespace": "module",
            "type": "type",
            "const": "constant",
            "let": "constant",
            "var": "constant",
        },
        grammar=Grammar(
            package=package,
            function=function,
            rules=_TYPED if typed else _SCRIPT,
            wrappers=_WRAPPERS,
            leads=frozenset({"decorator"}),
            notes=frozenset({"decorator"}),
        ),
    )


LANGUAGES = {
    "javascript": _language("javascript", "tree_sitter_javascript", "language", typed=False),
    "typescript": _language("typescript", "tree_sitter_typescript", "language_typescript", typed=True),
    "tsx": _language("tsx", "tree_sitter_typescript", "language_tsx", typed=True),
}
