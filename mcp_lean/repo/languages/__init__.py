"""The languages that are recognised, and what is known of each.

In:  a path (and the first bytes of the file), or a language name.
Out: `language_of`, a name or None; `describe`, the `Language` with its rules and regex.
Not here: making an outline (`mcp_lean.repo.outline`).

One file per language. To add one: its rules and regex in a new file, a row in `_HOME`, its extensions in `names.py`,
a sample in tests/data/outline.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .base import Language
from .names import language_of

__all__ = ["Language", "describe", "language_of"]

_HOME = {
    "python": "python",
    "javascript": "javascript",
    "typescript": "javascript",
    "tsx": "javascript",
    "go": "go",
    "rust": "rust",
    "java": "java",
    "c": "c",
    "cpp": "c",
    "ruby": "ruby",
    "php": "php",
    "csharp": "csharp",
    "bash": "bash",
}


@cache
def describe(language: str) -> Language | None:
    """What is known of a language; None when its definitions are not known (prose, configuration, unknown names)."""
    table: dict[str, Language] = import_module(f"{__name__}.{_HOME.get(language, 'others')}").LANGUAGES
    return table.get(language)
