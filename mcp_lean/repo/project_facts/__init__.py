"""How a project is built, tested and started, from the files that say so.

In:  the repository's paths, and a function that reads one of them.
Out: `project_facts`: entry points and short exact commands, each with its file, best first.
Not here: running anything, or guessing where no file says it.

One module per family of tools. To add a tool: a parser there, a row in its PARSERS (a regex for the file's name, or
for its whole path), a case in tests/repo/test_project_facts.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from mcp_lean.repo.roles import MAIN, role_of

from .model import KINDS, Fact, Manifest, Parser

__all__ = ["Fact", "is_manifest", "project_facts"]

MAX_MANIFESTS = 60
MAX_DEPTH = 3
"""Folders above a manifest. Deeper ones belong to a part, and are found when `paths` names that part."""

MAX_BYTES = 256 << 10
"""A longer manifest is generated; lock files are never read."""


@cache
def _parsers() -> tuple[tuple[re.Pattern[str], Parser], ...]:
    from . import ci, compiled, javascript, python, tasks

    tables = (python.PARSERS, javascript.PARSERS, compiled.PARSERS, tasks.PARSERS, ci.PARSERS)
    return tuple((re.compile(pattern), parser) for table in tables for pattern, parser in table.items())


@cache
def _any_name() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _parsers()))
