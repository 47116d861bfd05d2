"""Python: grammar rules and regex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, first_part, inside, local

if TYPE_CHECKING:
    from tree_sitter import Node


def _assignment(node: Node, place: Place) -> Sequence[Named]:
    """The statement around `a = 1`, `a: int`, `a = b = 1`."""
    found = []
    part = first_part(node)
    while part is not None and part.type == "assignment":
        left = part.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            found.append(Named("constant", place.text(left)))
        part = part.child_by_field_name("right")
    return found


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
                "expression_statement": Rule(_assignment, outside=True, leaf=True),
                "type_alias_statement": Rule(_alias, leaf=True),
                "if_statement": Rule(_entry_point),
                **inside("decorated_definition", "block", "elif_clause", "else_clause"),
                **inside("try_statement", "except_clause", "except_group_clause", "finally_clause", "ERROR"),
                **local("with_statement", "for_statement", "while_statement", "match_statement", "case_clause"),
            },
            wrappers=frozenset({"decorated_definition"}),
            notes=frozenset({"decorator"}),
        ),
    )
}
