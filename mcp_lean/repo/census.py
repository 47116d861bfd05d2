"""What a repository is made of: languages, the parts that files play, and everything that is no source code.

In:  its paths, and the sizes of the source files.
Out: `Census`: counts and bytes, largest first.
Not here: reading anything, which of the files matter (`rank.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mcp_lean.repo.languages import language_of
from mcp_lean.repo.roles import role_of

NOT_CODE = frozenset(
    {"markdown", "rst", "text", "latex", "html", "css", "scss", "xml", "json", "jsonl", "yaml", "toml", "ini", "csv"}
    | {"make", "just", "dockerfile", "cmake"}
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
    """languages: source files that are ranked. beside: the other source files, by role. other: by extension."""

    languages: tuple[Share, ...]
    beside: tuple[Share, ...]
    other: tuple[Share, ...]


def code_language(path: str) -> str | None:
    """The programming language of a file, judged by its name; None for prose, data and what is not known."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    language = (_language_of(f"x{name[dot:]}") if dot > 0 else None) or _language_of(name)
    return None if language in NOT_CODE else language


_language_of = lru_cache(maxsize=16_384)(language_of)
"""Asked of extensions first, of which a repository has few. No name gives code where its extension gives something."""


def take_census(paths: Iterable[str], ranked: Container[str], size_bytes: Mapping[str, int]) -> Census:
    """Count files. A ranked file without a size is not there any more, and is not counted."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for path in paths:
        language = code_language(path)
        if language is None:
            other[_extension(path)] += 1
        elif path not in ranked:
            beside[role_of(path)] += 1
        elif path in size_bytes:
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
    """With its dot, in lower case; "without extension" for `LICENSE` and `.gitignore`."""
    stem, dot, extension = path[path.rfind("/") + 1 :].rpartition(".")
    return f".{extension.lower()}" if stem and dot and len(extension) <= 10 else "without extension"
