"""How long repo_summary takes, and how well its focus finds the file to be changed.

    python bench/summary.py time REPOSITORY...
    python bench/summary.py localise INSTANCES.json CHECKOUTS

`time` works on a copy of each repository. Every figure is from a process of its own that has imported the tool but not
used it: the first call pays for loading sqlite and grammars. Times are the tool's alone, without the interpreter's
start; the ratio is to reading the same source files once, in the same process, right before. "Listing" is `git
ls-files` alone, also right before, and part of the time. "Asked again" is a second call in the same process, which is
what a server does all day. Medians of five.

`localise` asks with a whole problem report as focus. INSTANCES.json is a list of objects with `instance_id`,
`problem_statement` and `patch`; CHECKOUTS has a folder per instance, at the commit before the patch. The answer has
2,000 tokens; whole files in order of BM25 are given for comparison, as if they cost nothing.
"""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from math import log
from pathlib import Path
from statistics import median

ROUNDS = 5
SETTLE_SECONDS = 2.5
"""A file touched within two seconds of being read is read again at the next call; figures are of trees at rest."""


def measure(root: str) -> dict[str, float]:
    """One call in this process."""
    from mcp_lean.repo.census import code_language
    from mcp_lean.repo.listing import list_files
    from mcp_lean.repo.workspace import Workspace
    from mcp_lean.tools.base import Context
    from mcp_lean.tools.repo_summary import TOOL

    started = time.perf_counter()
    paths = list_files(root).paths
    listed_s = time.perf_counter() - started
    source = [path for path in paths if code_language(path)]
    started, size_bytes = time.perf_counter(), 0
    for path in source:
        try:
            size_bytes += len(Path(root, path).read_bytes())
        except OSError:  # a symlink to nowhere
            continue
    read_s = time.perf_counter() - started
    ctx = Context(Workspace(root, os.environ))
    cpu, started = time.process_time(), time.perf_counter()
    text = TOOL.run(TOOL.arguments(), ctx)
    wall_s, cpu_s, started = time.perf_counter() - started, time.process_time() - cpu, time.perf_counter()
    TOOL.run(TOOL.arguments(), ctx)
    return {
        "wall_ms": wall_s * 1e3,
        "cpu_ms": cpu_s * 1e3,
        "again_ms": (time.perf_counter() - started) * 1e3,
        "list_ms": listed_s * 1e3,
        "read_ms": read_s * 1e3,
        "files": len(source),
        "mb": size_bytes / 1e6,
        "chars": len(text),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_a_process(root: Path, cache: Path) -> dict[str, float]:
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, __file__, "once", str(root)], env=environ, check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def time_repository(original: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root, cache = Path(scratch, "copy"), Path(scratch, "cache")
        shutil.copytree(original, root, symlinks=True)
        time.sleep(SETTLE_SECONDS)
        print(f"\n{original.name}")
        cold = [_cold(root, cache) for _ in range(ROUNDS)]
        print(f"  {cold[0]['files']:,.0f} source files, {cold[0]['mb']:.1f} MB")
        _print("cold", cold)
        print(f"  cache file {sum(file.stat().st_size for file in cache.rglob('*.sqlite')) / 1e6:.1f} MB")
        _print("warm", [in_a_process(root, cache) for _ in range(ROUNDS)])
        _print("ten files changed", [_changed(root, cache, number) for number in range(ROUNDS)])


def _cold(root: Path, cache: Path) -> dict[str, float]:
    shutil.rmtree(cache, ignore_errors=True)
    return in_a_process(root, cache)


def _changed(root: Path, cache: Path, number: int) -> dict[str, float]:
    """Ten source files that are ranked get a new definition each."""
    from mcp_lean.repo.listing import list_files
    from mcp_lean.repo.summary import select

    ranked = sorted(select(list_files(str(root)).paths, ()).ranked)
    for path in ranked[:: max(1, len(ranked) // 10)][:10]:
        with open(root / path, "a", encoding="utf-8") as stream:
            stream.write(f"\ndef bench_added_{number}_{len(path)}(): ...\n")
    time.sleep(SETTLE_SECONDS)
    return in_a_process(root, cache)


def _print(name: str, runs: list[dict[str, float]]) -> None:
    value = {key: median(run[key] for run in runs) for key in runs[0]}
    print(
        f"  {name:18} {value['wall_ms']:7.0f} ms = {value['wall_ms'] / value['read_ms']:5.2f} x reading"
        f" ({value['read_ms']:.0f} ms); cpu {value['cpu_ms']:.0f} ms, listing {value['list_ms']:.0f} ms,"
        f" best {min(run['wall_ms'] for run in runs):.0f} ms; asked again {value['again_ms']:.0f} ms,"
        f" best {min(run['again_ms'] for run in runs):.0f} ms; peak {value['peak_mb']:.0f} MB"
    )


def localise(instances: Path, checkouts: Path) -> None:
    """At which place of the answer the first file of the gold patch stands."""
    from mcp_lean.repo.workspace import Workspace
    from mcp_lean.tools.base import Context
    from mcp_lean.tools.repo_summary import TOOL, RepoSummary

    places: list[int | None] = []
    plain: list[int | None] = []
    for instance in json.loads(instances.read_text(encoding="utf-8")):
        root = checkouts / instance["instance_id"]
        arguments = RepoSummary(focus=[instance["problem_statement"]])
        answer = TOOL.run(arguments, Context(Workspace(str(root), os.environ)))
        rows = answer.partition("files by rank")[2].splitlines()[1:]
        shown = [re.split(r"#|:\d", row)[0] for row in rows if not row.startswith(("more:", "note:"))]
        gold = set(re.findall(r"^\+\+\+ b/(.*)$", instance["patch"], re.MULTILINE))
        places.append(next((i for i, path in enumerate(shown) if path in gold), None))
        plain.append(_plain_place(root, instance["problem_statement"], gold))
    for limit in (1, 5, 10, 20, 1_000):
        found, by_plain = (sum(p is not None and p < limit for p in some) for some in (places, plain))
        print(f"  among the first {limit:5}: {found} of {len(places)}; by BM25 over whole files {by_plain}")


def _plain_place(root: Path, report: str, gold: set[str]) -> int:
    """The place by textbook BM25: counts of words and their parts in every ranked file, comments and all."""
    from mcp_lean.repo.focus import LENGTH_SHARE, SATURATION, query_of
    from mcp_lean.repo.listing import list_files
    from mcp_lean.repo.summary import select
    from mcp_lean.repo.tags import words_of

    query = query_of([report])
    bags: dict[str, Counter[bytes]] = {}
    for path in select(list_files(str(root)).paths, ()).compared:
        names = Counter(re.findall(rb"[A-Za-z_][A-Za-z0-9_]*", (root / path).read_bytes()))
        bags[path] = Counter()
        for name, count in names.items():
            for word in words_of(name):
                bags[path][word] += count
    mean = sum(bag.total() for bag in bags.values()) / len(bags)
    files_with = {word: sum(word in bag for bag in bags.values()) for word in query}

    def score(path: str) -> float:
        bag = bags[path]
        slow = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * bag.total() / mean)
        return sum(
            weight * log(1 + (len(bags) - files_with[w] + 0.5) / (files_with[w] + 0.5)) * bag[w] / (bag[w] + slow)
            for w, weight in query.items()
        )

    order = sorted(bags, key=lambda path: (-score(path), path))
    return min(order.index(path) for path in gold if path in bags)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["once", root]:
            print(json.dumps(measure(root)))
        case ["time" | "localise", *paths] if missing := [path for path in paths if not os.path.exists(path)]:
            sys.exit(f"bench/summary.py: {missing[0]}: not there")
        case ["time", *repositories] if repositories:
            print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
            for repository in repositories:
                time_repository(Path(repository))
        case ["localise", instances, checkouts]:
            localise(Path(instances), Path(checkouts))
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            print(
                "bench/summary.py: time REPOSITORY... or localise INSTANCES.json CHECKOUTS; see --help", file=sys.stderr
            )
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
