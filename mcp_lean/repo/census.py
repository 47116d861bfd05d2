"""What a repository is made of: languages, the parts that files play, and everything that is no source code.

In:  its paths, and the sizes of the source files.
Out: `Census`: counts and bytes, largest first.
Not here: reading anything, which of the files matter (`rank.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mcp_lean.repo.languages import language_of
from mcp_lean.repo.roles import MAIN, role_of

NOT_CODE = frozenset(
    "markdown rst text latex html css scss xml json jsonl yaml toml ini csv make just dockerfile cmake".split()
)
"""Known to `language_of`, but prose, data or configuration: not ranked, and counted by extension."""

WRITTEN = {
    "bash": "shell",
    "cpp": "C++",
    "csharp": "C#",
    "fsharp": "F#",
    "graphql": "GraphQL",
    "javascript": "JavaScript",
    "objective-c": "Objective-C",
    "ocaml": "OCaml",
    "php": "PHP",
    "powershell": "PowerShell",
    "proto": "protobuf",
    "sql": "SQL",
    "tsx": "TypeScript",
    "typescript": "TypeScript",
}
"""Names of languages that are not written with one capital letter at the front."""


@dataclass(frozen=True, slots=True)
class Share:
    """Some files of one kind."""

    name: str
    files: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """languages: source files of the program itself. beside: the other source files, by role. other: by extension."""

    languages: tuple[Share, ...]
    beside: tuple[Share, ...]
    other: tuple[Share, ...]


@lru_cache(maxsize=65_536)
def _code_language(name: str) -> str | None:
    language = language_of(name)
    return None if language in NOT_CODE else language


def code_language(path: str) -> str | None:
    """The programming language of a file, judged by its name; None for prose, data and what is not known."""
    return _code_language(path[path.rfind("/") + 1 :])


def take_census(paths: Iterable[str], size_bytes: Mapping[str, int]) -> Census:
    """Count files. Source files without a size are not there any more and are not counted."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for path in paths:
        language = code_language(path)
        if language is None:
            other[_extension(path)] += 1
        elif path in size_bytes:
            role = role_of(path)
            if role != MAIN:
                beside[role] += 1
                continue
            name = WRITTEN.get(language, language.capitalize())
            files[name] += 1
            sizes[name] += size_bytes[path]
    return Census(
        tuple(sorted((Share(name, count, sizes[name]) for name, count in files.items()), key=_largest_first)),
        tuple(sorted((Share(name, count) for name, count in beside.items()), key=_largest_first)),
        tuple(sorted((Share(name, count) for name, count in other.items()), key=_largest_first)),
    )


def _largest_first(share: Share) -> tuple[int, int, str]:
    return -share.size_bytes, -share.files, share.name


def _extension(path: str) -> str:
    """With its dot, in lower case; "no extension" for `LICENSE` and `.gitignore`."""
    stem, dot, extension = path[path.rfind("/") + 1 :].rpartition(".")
    return f".{extension.lower()}" if stem and dot and len(extension) <= 10 else "no extension"
