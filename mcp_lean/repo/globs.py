"""Which paths a pattern means.

In:  the paths of a listing, and patterns as a model or a person writes them.
Out: `glob_paths`: those that match.
Not here: listing (`listing.py`), the deny rules (`workspace.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

GLOB_CHARACTERS = re.compile(r"[*?\[\\]")
BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
MAX_BRACE_PATTERNS = 100


def glob_paths(paths: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The paths that the patterns mean, in the order given.

    A pattern that names an existing file or folder as it stands means that file, or all below that folder; so
    `app/[id]/page.tsx` works. Any other follows gitignore: `*.py` at any depth, `src/**/*.ts` from the top, `{a,b}`
    expanded, `!x` takes out again. Only `!` patterns: everything but those. No pattern: nothing.
    """
    from pathspec import GitIgnoreSpec

    signed = [(pattern.startswith("!"), pattern.removeprefix("!")) for pattern in patterns]
    meant = set(paths) if signed and all(out for out, _ in signed) else set()
    for out, group in groupby(signed, key=itemgetter(0)):
        spec = GitIgnoreSpec.from_lines((line for _, body in group for line in _lines(body, paths)), backend="simple")
        matched = {path for path in paths if spec.match_file(path)}
        meant = meant - matched if out else meant | matched
    return tuple(path for path in paths if path in meant)


def _lines(pattern: str, paths: Sequence[str]) -> list[str]:
    """One pattern as the lines of an ignore file."""
    body = pattern.removeprefix("./")
    name = body.strip("/")
    if name in ("", "."):
        return ["*"] if pattern else []
    if any(path == name or path.startswith(name + "/") for path in paths):
        return ["/" + _escaped(name)]
    # A leading "!" or "#" has a meaning in an ignore file and none here.
    return ["\\" + plain if plain[:1] in ("#", "!") else plain for plain in _expanded(body)]


def _escaped(name: str) -> str:
    literal = GLOB_CHARACTERS.sub(lambda found: "\\" + found[0], name)
    return literal[:-1] + "\\ " if literal.endswith(" ") else literal


def _expanded(pattern: str) -> list[str]:
    """`*.{ts,tsx}` as `*.ts`, `*.tsx`; gitignore has no braces, and models write them all the time."""
    done: list[str] = []
    waiting = [pattern]
    while waiting and len(done) + len(waiting) <= MAX_BRACE_PATTERNS:
        text = waiting.pop(0)
        found = BRACES.search(text)
        if found is None:
            done.append(text)
        else:
            waiting += [text[: found.start()] + choice + text[found.end() :] for choice in found[1].split(",")]
    return done + waiting
