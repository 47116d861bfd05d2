"""What outlines cost: first use, one file, one megabyte. Prints ratios; absolute times belong to this machine.

    python bench/outline.py                     # the samples of the tests, the standard library
    python bench/outline.py --corpus FOLDER     # real code of your own, all languages in it

A "file" of a language is its sample, repeated to about 16 KB, or with `--corpus` each of its first 200 files.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import statistics
import subprocess
import sys
import sysconfig
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

from mcp_lean.repo.languages import describe, language_of
from mcp_lean.repo.outline import definitions_by_regex, outline

SAMPLES = Path(__file__).parents[1] / "tests" / "data" / "outline"
FILE_BYTES = 16_000
MAX_FILES = 200
BARE = re.compile(rb"^[ \t]*(?:def|class|func|fn)\b", re.MULTILINE)

FIRST_USE = """
import sys, time, resource
from mcp_lean.repo.outline import outline
rss = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
source = open(sys.argv[2], "rb").read()
memory, start = rss(), time.perf_counter()
outline(sys.argv[1], source, deadline_s=10)
first = time.perf_counter() - start
memory = rss() - memory
start = time.perf_counter()
outline(sys.argv[1], source, deadline_s=10)
print(first * 1e3, (time.perf_counter() - start) * 1e3, memory)
"""


def sample_files() -> dict[str, list[tuple[str, bytes]]]:
    files: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for sample in sorted(SAMPLES.glob("*.txt")):
        source = sample.read_bytes()
        files[language_of(sample.stem, source) or "?"].append((sample.stem, source * (FILE_BYTES // len(source) + 1)))
    return files


def corpus_files(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    files: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for path in walk(folder):
        if (language := language_of(path)) and len(files[language]) < MAX_FILES and os.path.isfile(path):
            source = Path(path).read_bytes()
            if 0 < len(source) <= 512 * 1024:
                files[language].append((path, source))
    return files


def walk(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(root, name) for name in sorted(names))


def cpu(work: Callable[[], object], rounds: int = 3) -> float:
    """CPU seconds of the fastest round."""
    spent = []
    for _ in range(rounds):
        start = process_time()
        work()
        spent.append(process_time() - start)
    return min(spent)


def first_use(language: str, path: str, file: Path) -> None:
    done = [
        subprocess.run([sys.executable, "-c", FIRST_USE, path, str(file)], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    first, second, memory = (statistics.median(column) for column in zip(*(map(float, d.stdout.split()) for d in done)))
    print(f"{language:12} {first:8.1f} ms first, {second:6.2f} ms again, {memory:5.1f} MB more memory")


def per_file(language: str, files: list[tuple[str, bytes]]) -> None:
    size = sum(len(source) for _, source in files)
    engines = sorted({outline(path, source, deadline_s=10).engine for path, source in files})
    bare = cpu(lambda: [BARE.findall(source) for _, source in files])
    whole = cpu(lambda: [outline(path, source, deadline_s=10) for path, source in files])
    by_regex = cpu(lambda: [definitions_by_regex(language, source) for _, source in files]) or 1e-9
    print(
        f"{language:12} {len(files):4} files {size / 1e6:6.2f} MB  outline {whole / len(files) * 1e3:6.2f} ms/file, "
        f"{size / 1e6 / whole:6.1f} MB/s; by regex {size / 1e6 / by_regex:6.1f} MB/s ({whole / by_regex:4.0f} x as fast), "
        f"{by_regex / bare:4.1f} x a bare regex  [{', '.join(engines)}]"
    )


def against_ast() -> None:
    stdlib = Path(sysconfig.get_path("stdlib"))
    files = [(str(path), path.read_bytes()) for path in sorted(stdlib.glob("*.py"))]
    files = [(path, source) for path, source in files if len(source) <= 512 * 1024]
    warnings.simplefilter("ignore")
    size = sum(len(source) for _, source in files)
    parsed = cpu(lambda: [ast.parse(source) for _, source in files])
    whole = cpu(lambda: [outline(path, source, deadline_s=10) for path, source in files])
    by_regex = cpu(lambda: [definitions_by_regex("python", source) for _, source in files])
    print(
        f"standard library, {len(files)} files, {size / 1e6:.1f} MB, CPU time as a ratio to ast.parse ({size / 1e6 / parsed:.1f} MB/s):"
    )
    print(
        f"  outline {whole / parsed:.2f} ({size / 1e6 / whole:.1f} MB/s), definitions_by_regex {by_regex / parsed:.3f} ({size / 1e6 / by_regex:.0f} MB/s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    print("first use in a process")
    for sample in sorted(SAMPLES.glob("*.txt")):
        language = language_of(sample.stem, sample.read_bytes()) or "?"
        if (described := describe(language)) and described.grammar:
            first_use(language, sample.stem, sample)
    print("\nafterwards, CPU time")
    for language, files in sorted((corpus_files(arguments.corpus) if arguments.corpus else sample_files()).items()):
        if files:
            per_file(language, files)
    print()
    against_ast()


if __name__ == "__main__":
    main()
