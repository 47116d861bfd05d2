"""The lines that patterns match, found without ripgrep: slow, and only for patterns that are safe with Python's `re`.

In:  patterns and a `Scope`.
Out: what `rg_search.py` gives.
Not here: everything else.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mcp_lean.errors import AskError
from mcp_lean.repo.listing import list_files
from mcp_lean.repo.patterns import Pattern, literally
from mcp_lean.repo.rg_search import LINES_PER_FILE, Lines
from mcp_lean.repo.scope import Scope
from mcp_lean.repo.text import decode, read_bytes

FILE_BYTES = 4 << 20
WITHOUT_RG = "not a regex that is searched without ripgrep"
NOTE = "searched without ripgrep: slow; files are read up to 4 MB"


class PlainSearch:
    """One search by Python."""

    def __init__(self, scope: Scope, check: Callable[[], None]) -> None:
        self._scope = scope
        self._check = check

    def accepted(self, pattern: Pattern) -> Pattern:
        """A pattern whose matching could take for ever is taken as plain text."""
        return literally(pattern, WITHOUT_RG) if pattern.matcher is None else pattern

    def matches_every_line(self, pattern: Pattern) -> bool:
        """Whether it matches an empty line, and with it any."""
        return pattern.matcher is not None and bool(pattern.matcher.search(""))

    def lines(self, patterns: Sequence[Pattern]) -> Lines:
        """The lines that one of the patterns matches."""
        found: dict[str, str] = {}
        paths = self._paths()
        for path in paths:
            self._check()
            lines = _matching_lines(self._text(path), patterns)
            if lines:
                found[path] = "\n".join(lines)
        return Lines(found, len(paths), LINES_PER_FILE, False, (NOTE,))

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
        return [
            path
            for path in sorted(self._scope.select(sorted(paths)))
            if not os.path.islink(os.path.join(self._scope.root, path))
        ]

    def _text(self, path: str) -> str:
        try:
            return decode(read_bytes(os.path.join(self._scope.root, path), path, FILE_BYTES), path)[0]
        except AskError:  # gone, or binary
            return ""


def _matching_lines(text: str, patterns: Sequence[Pattern]) -> list[str]:
    text = text.replace("\r\n", "\n")
    numbers = {number for pattern in patterns for number in pattern.lines(text)}
    lines = text.split("\n") if numbers else []
    return [lines[number - 1] for number in sorted(numbers)[:LINES_PER_FILE]]
