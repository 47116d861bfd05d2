"""What line numbers cost: the same source files with numbers on every line, on every tenth, and in the heading only.

    python bench/line_numbers.py [FILE_OR_FOLDER...] [--files 30] [--version 4.7]

Takes files of 2 to 30 KB at even distances from those given; without any, from the standard library of the running
Python. Counted exactly by `ctok` (extra `test`; Python 3.12 or newer). A percentage is of the bare text's tokens.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mcp_lean.packing.render import number, whole

SUFFIXES = frozenset(
    "bash c cc cpp cs css go h java js kt mjs php pl py rb rs sh swift ts tsx".split()  # noqa: SIM905  easier to extend
)
BYTES = (2_000, 30_000)


def bare(name: str, rows: Sequence[str]) -> str:
    return "\n".join(rows)


def heading_only(name: str, rows: Sequence[str]) -> str:
    return "\n".join([whole(name, f"{len(rows)} lines"), *rows])


def every_tenth(name: str, rows: Sequence[str]) -> str:
    return "\n".join([whole(name, f"{len(rows)} lines"), *(number(row, at) for at, row in enumerate(rows, 1))])


def every_line(name: str, rows: Sequence[str]) -> str:
    return "\n".join(f"{at}\t{row}" for at, row in enumerate(rows, 1))


WAYS: dict[str, Callable[[str, Sequence[str]], str]] = {
    "heading only": heading_only,
    "heading, every 10th line": every_tenth,
    "every line, no heading": every_line,
}


def source_files(places: Sequence[str]) -> Iterator[Path]:
    """Source files of a middling size, in the order of their paths."""
    for place in places:
        if os.path.isfile(place):
            yield Path(place)
        for folder, _, names in sorted(os.walk(place)):
            for name in sorted(names):
                path = Path(folder, name)
                if path.suffix[1:] in SUFFIXES and path.is_file() and BYTES[0] <= path.stat().st_size <= BYTES[1]:
                    yield path


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """`count` of them at even distances in each kind of file, so that one language does not crowd out the others."""
    kinds: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        kinds[path.suffix].append(path)
    share = -(-count // max(1, len(kinds)))
    chosen = [
        kind[i * len(kind) // min(share, len(kind))] for kind in kinds.values() for i in range(min(share, len(kind)))
    ]
    return chosen[:count]


def main() -> int:
    """0 measured; 3 nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", metavar="FILE_OR_FOLDER", help="default: Python's standard library")
    parser.add_argument("--files", type=int, default=30, help="how many (default 30)")
    parser.add_argument("--version", default="4.7", help="tokenizer, as ctok names it (default 4.7)")
    options = parser.parse_args()
    import ctok

    paths = spread(list(source_files(options.places or [sysconfig.get_path("stdlib")])), options.files)
    if not paths:
        print("no source files of 2 to 30 KB there", file=sys.stderr)
        return 3
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    lines = 0
    for path in paths:
        rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
        lines += len(rows)
        for way, render in {"bare": bare, **WAYS}.items():
            counts[path.suffix][way].append(ctok.token_count(render(path.name, rows), options.version))
    print(f"{len(paths)} files, {lines:,} lines, tokenizer {options.version}; more tokens than the bare text has\n")
    print(f"{'':8}{'files':>6}{'tokens':>9}" + "".join(f"{way:>28}" for way in WAYS))
    for kind in sorted(counts):
        _print_row(kind, counts[kind])
    together: dict[str, list[int]] = {
        way: [n for kind in counts.values() for n in kind[way]] for way in ("bare", *WAYS)
    }
    _print_row("all", together)
    cells = (f"{_median(together['bare'], together[way]):+.1%}" for way in WAYS)
    print(f"{'median of files':<23}" + "".join(f"{cell:>28}" for cell in cells))
    return 0


def _print_row(name: str, counts: dict[str, list[int]]) -> None:
    tokens = sum(counts["bare"])
    cells = (f"{sum(counts[way]) / tokens - 1:+.1%}" for way in WAYS)
    print(f"{name:8}{len(counts['bare']):>6}{tokens:>9,}" + "".join(f"{cell:>28}" for cell in cells))


def _median(bare_counts: Sequence[int], counts: Sequence[int]) -> float:
    return statistics.median(after / before - 1 for before, after in zip(bare_counts, counts, strict=True))


if __name__ == "__main__":
    sys.exit(main())
