"""The lines that patterns match, found without ripgrep: slow, and only for patterns that are safe with Python's `re`.

In:  patterns and a `Scope`.
Out: what `rg_search.py` gives.
Not here: everything else.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mcp_lean.errors import AskError
from mcp_lean.repo.listing import list_files
from mcp_lean.repo.patterns import Pattern, literally
from mcp_lean.repo.rg_search import LINES_PER_FILE, Lines
from mcp_lean.repo.scope import Scope
from mcp_lean.repo.text import decode, read_bytes

FILE_BYTES = 4 << 20
NOTE = "searched without ripgrep: slow; files are read up to 4 MB"


class PlainSearch:
    """One search by Python."""

    def __init__(self, scope: Scope, check: Callable[[], None]) -> None:
        self._scope = scope
        self._check = check

    def accepted(self, pattern: Pattern) -> Pattern:
        """A pattern whose matching could take for ever is taken as plain text."""
        return literally(pattern) if pattern.matcher is None else pattern

    def matches_every_line(self, pattern: Pattern) -> bool:
        """Whether it matches an empty line, and with it any."""
        return pattern.matcher is not None and bool(pattern.matcher.search(""))

    def lines(self, patterns: Sequence[Pattern]) -> Lines:
        """The lines that one of the patterns matches."""
        matchers = [pattern.matcher for pattern in patterns if pattern.matcher is not None]
        found: dict[str, str] = {}
        paths = self._paths()
        for path in paths:
            self._check()
            lines = _matching_lines(self._text(path), matchers)
            if lines:
                found[path] = "\n".join(lines)
        return Lines(found, len(paths), LINES_PER_FILE, (NOTE,))

    def counts(self, pattern: Pattern, texts: Mapping[str, str]) -> Counter[str]:
        """Not asked: every accepted pattern has a matcher."""
        raise NotImplementedError

    def _paths(self) -> list[str]:
        root = self._scope.root
        paths = set(list_files(root, check=self._check).paths)
        for named in self._scope.below:
            # What is named outright is searched even if the listing leaves it out.
            if os.path.isdir(os.path.join(root, named)):
                inside = list_files(os.path.join(root, named), check=self._check).paths
                paths.update(f"{named}/{path}" if named else path for path in inside)
            else:
                paths.add(named)
        return sorted(self._scope.select(sorted(paths)))

    def _text(self, path: str) -> str:
        full = os.path.join(self._scope.root, path)
        if os.path.islink(full):
            return ""
        try:
            return decode(read_bytes(full, path, FILE_BYTES), path)[0]
        except AskError:  # gone, or binary
            return ""


def _matching_lines(text: str, matchers: Sequence[re.Pattern[str]]) -> list[str]:
    if not any(matcher.search(text) for matcher in matchers):
        return []
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if any(matcher.search(line) for matcher in matchers)][:LINES_PER_FILE]
