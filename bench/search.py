"""What grep_and_read costs beside `rg -c` with the same patterns: CPU of this process and its children, and memory.

    python bench/search.py FOLDER [--rounds 7] [--budget 8000]

FOLDER is a checkout of some 20,000 files. Patterns are identifiers of the repository itself, picked by a fixed rule
from rare to common, some of them as regular expressions. Both programs run in turns, so that a busy machine hits both;
the figure is the ratio of the medians. Opening and parsing what is shown is timed apart: it grows with the answer, not
with the repository. The first call of a process, which loads grammars, is told apart too.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest import mock

from mcp_lean.repo import ripgrep
from mcp_lean.repo.listing import list_files
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools import grep_and_read
from mcp_lean.tools.base import Context

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{5,}")
SAMPLED_FILES = 400
PATTERN_COUNTS = (1, 5, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=int, default=8_000)
    args = parser.parse_args()
    if not args.folder.is_dir():
        parser.error(f"{args.folder}: no such folder")
    rg = ripgrep.program()
    if rg is None:
        sys.exit("bench/search.py: rg is not installed")
    root = args.folder.resolve()
    paths = list_files(str(root)).paths
    names = pick_names(root, paths, max(PATTERN_COUNTS))
    print(f"{root.name}: {len(paths):,} files; patterns {' '.join(names)}")
    for count in PATTERN_COUNTS:
        measure(rg, root, [*names[::-1]][:: max(PATTERN_COUNTS) // count][:count], args.rounds, args.budget)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"peak memory {peak / 1024:.0f} MB (self or rg)")


def pick_names(root: Path, paths: tuple[str, ...], count: int) -> list[str]:
    """Identifiers from the rarest to the commonest tenth of a sample, every fourth as a regular expression."""
    seen: Counter[str] = Counter()
    for path in paths[:: max(1, len(paths) // SAMPLED_FILES)]:
        try:
            seen.update(set(NAME.findall((root / path).read_text(encoding="utf-8"))))
        except (OSError, UnicodeDecodeError):
            continue
    ordered = [name for name, _ in sorted(seen.items(), key=lambda one: (one[1], one[0]))]
    ordered = ordered[: len(ordered) * 99 // 100]
    names = [ordered[(len(ordered) - 1) * i // (count - 1)] for i in range(count)]
    shapes = ("{0}", "{0}", "{0}", r"\b{0}\b", "{0}", "{0}", "{0}", r"{0}.*\(")
    return [shapes[i % len(shapes)].format(name) for i, name in enumerate(names)]


def measure(rg: str, root: Path, patterns: list[str], rounds: int, budget: int) -> None:
    context = Context(Workspace(str(root), {"HOME": "/nonexistent"}))
    arguments = grep_and_read.GrepAndRead(patterns=patterns, budget=budget)
    opening: list[float] = []
    original = grep_and_read._open

    def timed(*given: object) -> object:
        before = cpu_seconds()
        opened = original(*given)  # type: ignore[arg-type]
        opening.append(cpu_seconds() - before)
        return opened

    def ask() -> None:
        grep_and_read.run(arguments, context)

    def count() -> None:
        subprocess.run(
            [rg, "-c", *(f"--regexp={pattern}" for pattern in patterns), "./"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )

    first = spent(ask)
    with mock.patch.object(grep_and_read, "_open", timed):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(spent(count))
            ours.append(spent(ask))
    search = median(whole - opened for whole, opened in zip(ours, opening, strict=True))
    ratio, base = search / median(theirs), median(theirs) * 1000
    print(f"{len(patterns):3} patterns: search and rank {ratio:.2f} x rg -c ({base:.0f} ms CPU)", end=", ")
    print(f"open and parse {median(opening) * 1000:.0f} ms; first call {first * 1000:.0f} ms")


def spent(work: Callable[[], None]) -> float:
    before = cpu_seconds()
    work()
    return cpu_seconds() - before


def cpu_seconds() -> float:
    """User and system time of this process and of its ended children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
