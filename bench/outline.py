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
from mcp_lean.repo.outline.parse import MAX_BYTES, load, parse
from mcp_lean.repo.outline.walk import walk

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
    for path in paths_in(folder):
        if (language := language_of(path)) and len(files[language]) < MAX_FILES and os.path.isfile(path):
            source = Path(path).read_bytes()
            if 0 < len(source) <= MAX_BYTES:
                files[language].append((path, source))
    return files


def paths_in(folder: Path) -> Iterator[str]:
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
    command = [sys.executable, "-c", FIRST_USE, path, str(file)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    first, second, memory = (statistics.median(map(float, column)) for column in zip(*runs, strict=True))
    print(f"{language:12} {first:8.1f} ms first, {second:6.2f} ms again, {memory:5.1f} MB more memory")


def per_file(language: str, files: list[tuple[str, bytes]]) -> None:
    size = sum(len(source) for _, source in files) / 1e6
    engines = sorted({outline(path, source, deadline_s=10).engine for path, source in files})
    whole = cpu(lambda: [outline(path, source, deadline_s=10) for path, source in files])
    line = f"{language:12} {len(files):4} files {size:6.2f} MB, {whole / len(files) * 1e3:6.2f} ms/file, "
    line += f"{size / whole:5.1f} MB/s"
    if describe(language):
        bare = cpu(lambda: [BARE.findall(source) for _, source in files])
        by_regex = cpu(lambda: [definitions_by_regex(language, source) for _, source in files])
        line += f"; by regex {size / by_regex:4.0f} MB/s, {whole / by_regex:3.0f} times as fast"
        line += f", {by_regex / bare:3.1f} x a bare regex"
    print(f"{line}  [{', '.join(engines)}]")


def stdlib_files() -> list[tuple[str, bytes]]:
    files = [(str(path), path.read_bytes()) for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    return [(path, source) for path, source in files if len(source) <= MAX_BYTES]


def against_ast(files: list[tuple[str, bytes]]) -> None:
    warnings.simplefilter("ignore")
    size = sum(len(source) for _, source in files) / 1e6
    parsed = cpu(lambda: [ast.parse(source) for _, source in files])
    whole = cpu(lambda: [outline(path, source, deadline_s=10) for path, source in files])
    by_regex = cpu(lambda: [definitions_by_regex("python", source) for _, source in files])
    print(f"CPU time as a ratio to ast.parse ({size / parsed:.1f} MB/s):")
    print(f"  outline {whole / parsed:.2f} ({size / whole:.1f} MB/s)")
    print(f"  definitions_by_regex {by_regex / parsed:.3f} ({size / by_regex:.0f} MB/s)")


QUERY = """
(class_definition name: (identifier) @name) @class
(function_definition name: (identifier) @name) @function
(module (expression_statement (assignment left: (identifier) @name) @constant))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @field)))
"""


def against_query(files: list[tuple[str, bytes]]) -> None:
    """Why trees are walked: the same definitions by a tree-sitter query, without signatures and nesting."""
    from tree_sitter import Query, QueryCursor

    grammar = describe("python").grammar
    sources = [source for _, source in files]
    parsing = cpu(lambda: [parse(grammar, source, float("inf")) for source in sources])
    parsed = [parse(grammar, source, float("inf")) for source in sources]
    start = process_time()
    query = Query(load("tree_sitter_python", "language"), QUERY)
    compiling = process_time() - start

    def ask(root: object) -> object:
        cursor = QueryCursor(query)
        cursor.set_max_start_depth(64)
        return cursor.matches(root)

    queried = cpu(lambda: [ask(one.root) for one in parsed])
    walked = cpu(
        lambda: [walk(one.root, grammar, source, float("inf")) for one, source in zip(parsed, sources, strict=True)]
    )
    print(f"CPU time as a ratio to parsing: query {queried / parsing:.2f}, walk {walked / parsing:.2f}", end="")
    print(f" (with signatures); compiling the query {compiling * 1e3:.1f} ms")


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
    corpus = corpus_files(arguments.corpus) if arguments.corpus else sample_files()
    for language, files in sorted(corpus.items()):
        if any(outline(path, source).engine != "none" for path, source in files[:3]):
            per_file(language, files)
    files = stdlib_files()
    print(f"\nstandard library, {len(files)} files")
    against_ast(files)
    against_query(files)


if __name__ == "__main__":
    main()
