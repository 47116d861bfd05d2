"""Bash and other shells of its family: grammar rules and regex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Grammar, Language, Named, Place, Rule, define, inside, local

if TYPE_CHECKING:
    from tree_sitter import Node


def _variable(node: Node, place: Place) -> Sequence[Named]:
    """A variable counts where the script's first level sets it; `X=1 command` is somebody's environment."""
    name = node.child_by_field_name("name")
    at_top = all(ancestor.type in ("program", "declaration_command") for ancestor in place.ancestors)
    if not at_top or name is None or name.type != "variable_name":
        return []
    return [Named("constant", place.text(name))]


LANGUAGES = {
    "bash": Language(
        name="bash",
        pattern=rb"""
            ^[ \t]*+ (?: function[ \t]++ ([^\s(){}<>;&|$"'`=]++) | ([^\s(){}<>;&|$"'`=\#]++) [ \t]*+ \( [ \t]*+ \) )
        """,
        keywords={},
        grammar=Grammar(
            package="tree_sitter_bash",
            rules={
                "function_definition": define("function"),
                "variable_assignment": Rule(_variable, outside=True, leaf=True),
                **inside("declaration_command", "compound_statement", "subshell", "list", "ERROR"),
                **local("if_statement", "else_clause", "elif_clause", "case_statement", "case_item"),
                **local("for_statement", "while_statement", "do_group", "c_style_for_statement"),
            },
            wrappers=frozenset({"declaration_command"}),
        ),
    )
}
