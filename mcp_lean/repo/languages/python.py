"""Python: grammar rules and regex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, inside, local

if TYPE_CHECKING:
    from tree_sitter import Node


def _assignment(node: Node, place: Place) -> Sequence[Named]:
    left = node.child_by_field_name("left")
    if place.local or left is None or left.type != "identifier":
        return []
    return [Named("constant", place.text(left))]


def _alias(node: Node, place: Place) -> Sequence[Named]:
    name = place.text(node.child_by_field_name("left")).partition("[")[0].strip()
    return [Named("type", name)] if name else []


def _entry_point(node: Node, place: Place) -> Sequence[Named]:
    """`if __name__ == "__main__":` is listed: it is where a script starts, and its variables are local."""
    if place.text(node.child_by_field_name("condition")).startswith("__name__ =="):
        return [Named("block", "__main__", body=node.child_by_field_name("consequence"))]
    return []


LANGUAGES = {
    "python": Language(
        name="python",
        pattern=rb"^[ \t]*+(?:async[ \t]++)?(?:def|class)[ \t]++(\w++)",
        keywords={"class": "class"},
        blocks="indent",
        grammar=Grammar(
            package="tree_sitter_python",
            rules={
                "class_definition": define("class"),
                "function_definition": define("function"),
                "assignment": Rule(_assignment),
                "type_alias_statement": Rule(_alias),
                "if_statement": Rule(_entry_point),
                **inside("decorated_definition", "block", "expression_statement", "elif_clause", "else_clause"),
                **inside("try_statement", "except_clause", "except_group_clause", "finally_clause", "ERROR"),
                **local("with_statement", "for_statement", "while_statement", "match_statement", "case_clause"),
            },
            wrappers=frozenset({"decorated_definition"}),
            notes=frozenset({"decorator"}),
        ),
    )
}
