"""C and C++: grammar rules and regex.

A declaration's name is found by following the declarators inwards. Macros make real files unparsable, so the ones
that stand between `class` and its name are blanked out before parsing, and files with errors get the regex as well.
Data members are not listed: whoever asks for a struct reads it whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import BROKEN, PARAMETERS, Grammar, Language, Named, Place, Rule, define, inside

if TYPE_CHECKING:
    from tree_sitter import Node

NAMES = frozenset(
    {"identifier", "type_identifier", "field_identifier", "operator_name", "destructor_name", "operator_cast"}
)


def _declared(node: Node | None) -> tuple[Node | None, list[Node], bool]:
    """Follows a declarator inwards: (name, scopes named before it, is it a function).

    It is a function when the innermost declarator around the name is one: `int (*p)(int)` declares a pointer.
    """
    scopes: list[Node] = []
    is_function = False
    for _ in range(64):
        if node is None or node.type in NAMES:
            return node, scopes, is_function or (node is not None and node.type == "operator_cast")
        if node.type == "qualified_identifier":
            scope = node.child_by_field_name("scope")
            scopes += [scope] if scope is not None else []
            node = node.child_by_field_name("name")
            continue
        if node.type in ("template_type", "template_function", "template_method"):
            node = node.child_by_field_name("name")
            continue
        is_function = node.type == "function_declarator" or (is_function and node.type == "parenthesized_declarator")
        node = node.child_by_field_name("declarator") or _inner(node)
    return None, scopes, False


def _inner(node: Node) -> Node | None:
    """The declarator in a node that has no field for it: brackets, references, attributes."""
    for child in node.named_children:
        if child.type in NAMES or child.type.endswith("declarator") or child.type == "qualified_identifier":
            return child
    return None


def _name(node: Node | None, place: Place) -> str:
    if node is None:
        return ""
    if node.type == "operator_cast":
        return "operator " + place.text(node.child_by_field_name("type"))
    return " ".join(place.text(node).split())


def _owner(scopes: list[Node], place: Place) -> str:
    return ".".join(re.sub(r"<.*", "", place.text(scope), flags=re.DOTALL).strip() for scope in scopes)


def _function(node: Node, place: Place) -> Sequence[Named]:
    target, scopes, is_function = _declared(node.child_by_field_name("declarator"))
    name, body = _name(target, place), node.child_by_field_name("body")
    if not name or not is_function:
        return []
    if node.child_by_field_name("type") is None and name.isupper():
        return _by_macro(node, name, place)
    initializers = [child for child in node.named_children if child.type == "field_initializer_list"]
    if initializers:
        body = initializers[0]
    owner = _owner(scopes, place)
    return [Named("method" if owner else "function", name, owner=owner, body=body)]


def _by_macro(node: Node, macro: str, place: Place) -> Sequence[Named]:
    declarator = node.child_by_field_name("declarator")
    parameters = place.text(declarator.child_by_field_name("parameters")) if declarator is not None else ""
    kind, name = by_macro(macro, parameters)
    return [Named(kind, name, body=node.child_by_field_name("body"))]


def by_macro(macro: str, arguments: str) -> tuple[str, str]:
    """`TEST(Table, Opens) {` and `TEST_CASE("opens") {` define what their arguments say."""
    kind = "test" if "TEST" in macro or macro == "SCENARIO" else "function"
    if title := re.match(r'\(\s*"([^"]+)"', arguments):
        return kind, title[1]
    words = re.findall(r"\w+", arguments)
    if not words:
        return "function", macro
    return kind, ".".join(words[:2]) if kind == "test" else words[0]


def _declaration(node: Node, place: Place) -> Sequence[Named]:
    """Prototypes and global variables; in a class body, the methods."""
    found: list[Named] = []
    for declarator in node.children_by_field_name("declarator"):
        target, scopes, is_function = _declared(declarator)
        name = _name(target, place)
        in_class = place.parent.type == "field_declaration_list"
        if name.isupper() and "_" in name:  # GUARDED_BY(mutex), Q_DECLARE_X(y): a macro, not a function
            continue
        if name and is_function and declarator.type != "init_declarator":
            found.append(Named("function", name, owner=_owner(scopes, place), declared_only=not in_class))
        elif name and not in_class:
            found.append(Named("constant", name, owner=_owner(scopes, place)))
    return found


def _compound(kind: str) -> Rule:
    """A struct, class or enum; one without a body is only mentioned, and one in a `typedef` is listed with it."""

    def names(node: Node, place: Place) -> Sequence[Named]:
        body = node.child_by_field_name("body")
        if body is None or place.parent.type == "type_definition":
            return []
        target, scopes, _ = _declared(node.child_by_field_name("name"))
        name = _name(target, place)
        return [Named(kind, name, owner=_owner(scopes, place), body=body)] if name else []

    return Rule(names)


def _typedef(node: Node, place: Place) -> Sequence[Named]:
    """`typedef struct ring {...} ring_t;` can be asked for by both names."""
    named = node.child_by_field_name("type")
    body = named.child_by_field_name("body") if named is not None else None
    names = [_name(_declared(declarator)[0], place) for declarator in node.children_by_field_name("declarator")]
    kind = "type"
    if named is not None and body is not None:
        kind = "enum" if named.type == "enum_specifier" else "class"
        names.append(place.text(named.child_by_field_name("name")))
    return [Named(kind, name, body=body) for name in dict.fromkeys(names) if name]


def _macro(node: Node, place: Place) -> Sequence[Named]:
    name, value = place.text(node.child_by_field_name("name")), node.child_by_field_name("value")
    if node.type == "preproc_function_def":
        return [Named("macro", name, body=value)] if name else []
    return [Named("constant", name)] if name and value is not None else []


def _namespace(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("name")).replace("::", ".")
    return [Named("module", name, body=node.child_by_field_name("body"))] if name else []


_MACRO_BEFORE_NAME = re.compile(
    rb"\b((?:class|struct)[ \t]+)([A-Z][A-Z0-9_]{2,}(?:\([^()\n]{0,80}\))?)(?=[ \t]+[A-Za-z_]\w*)"
)


def _blank_macros(source: bytes) -> bytes:
    """`class DB_EXPORT Table {` parses as a function; the macro says nothing about the shape of the code."""
    return _MACRO_BEFORE_NAME.sub(lambda match: match[1] + b" " * len(match[2]), source)


_C = {
    "function_definition": Rule(_function),
    "declaration": Rule(_declaration, outside=True),
    "type_definition": Rule(_typedef),
    "struct_specifier": _compound("class"),
    "union_specifier": _compound("class"),
    "enum_specifier": _compound("enum"),
    "preproc_def": Rule(_macro, leaf=True),
    "preproc_function_def": Rule(_macro, leaf=True),
    **inside("preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "preproc_elifdef"),
    **inside("linkage_specification", "declaration_list", "field_declaration_list", "field_declaration", "ERROR"),
    "compound_statement": BROKEN,
}
_CPP = {
    **_C,
    "class_specifier": _compound("class"),
    "namespace_definition": Rule(_namespace),
    "field_declaration": Rule(_declaration),
    "alias_declaration": define("type"),
    "concept_definition": define("interface"),
    **inside("template_declaration"),
}

_PATTERN = (
    rb"""
    ^ (?!(?:if|else|for|while|do|switch|return|typedef|case|goto|using|namespace|extern[ \t]++"C")\b)
      (?>(?:__attribute__[ \t]*+\(\([^;{}\n]{0,80}\)\)[ \t]*+)?)
      (?:[A-Za-z_] [\w \t*&:<>,]{0,160}? (?:(?<=[ \t*&])|\r?\n))?
      (?>(?:[A-Za-z_]\w*+ (?>(?:<[^<>\n]{0,80}>)?) ::)*)
      (?!(?:if|for|while|switch|return|sizeof|defined|__attribute__)\b)
      (~?+[A-Za-z_]\w*+ | operator[ \t]*+[^\s\w(]{1,3}) [ \t]*+
    """
    + PARAMETERS
    + rb"""
      [^;{}()\#=/]{0,200}+ (?>(?:(?:\([^;{}()\#]{0,200}+\)|/[/*][^\n]{0,200}+\n)[^;{}()\#=/]{0,200}+){0,8}) \{
    | ^[ \t]*+ (?>(?:typedef[ \t]++)?) (?>(?:template[ \t]*+<[^;{}]{0,200}>\s*+)?)
      (?:class|struct|union|enum(?>(?:[ \t]++class)?))[ \t]++ (?:[A-Z][A-Z0-9_]++[ \t]++)?
      (?>(?:[A-Za-z_]\w*+::)*) ([A-Za-z_]\w*+)
      [^;{}()=/]{0,200}+ (?>(?:/[/*][^\n]{0,200}+\n [^;{}()=/]{0,200}+){0,3}) \{
    | ^\#[ \t]*+define[ \t]++ (\w++) \(
    """
)
_KEYWORDS = {
    "class": "class",
    "struct": "class",
    "union": "class",
    "enum": "enum",
    "#define": "macro",
    "define": "macro",
}

LANGUAGES = {
    "c": Language(
        name="c",
        pattern=_PATTERN,
        keywords=_KEYWORDS,
        grammar=Grammar(package="tree_sitter_c", rules=_C),
        by_macro=by_macro,
    ),
    "cpp": Language(
        name="cpp",
        pattern=_PATTERN,
        keywords=_KEYWORDS,
        grammar=Grammar(
            package="tree_sitter_cpp",
            rules=_CPP,
            wrappers=frozenset({"template_declaration"}),
            notes=frozenset({"template", "template_parameter_list", "requires_clause"}),
            prepare=_blank_macros,
        ),
        by_macro=by_macro,
    ),
}
