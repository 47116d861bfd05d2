"""read_many on a repository: time per call, and whether its budgets hold when counted exactly.

    python bench/read_many.py REPOSITORY [--files 20] [--rounds 30] [--answers 200] [--seed 1]

1. Reading 20 source files in one call: milliseconds inside the tool, without protocol, beside `open().read()` of the
   same files. Target: 15 ms at the default budget. A busy machine shows in the ratio less than in the milliseconds.
2. Answers at random budgets of 1,000 to 10,000 tokens, over random files and ranges, counted by `ctok` (extra `test`;
   Python 3.12 or newer; left out with --answers 0). Target: at most 5 % of them exceed their budget by more than 5 %.

Exit status: 0 all targets met; 1 one was not; 3 nothing to read.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from mcp_lean.errors import AskError
from mcp_lean.packing.allocate import DEFAULT_BUDGET_TOKENS, MAX_BUDGET_TOKENS
from mcp_lean.repo.languages import language_of
from mcp_lean.repo.listing import list_files
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools.base import Context
from mcp_lean.tools.read_many import ReadMany, run

TARGET_MS = 15.0
BUDGETS = (1_000, 10_000)
TOO_MUCH = 1.05
SHARE_OF_ANSWERS = 0.05
FILE_BYTES = (500, 60_000)


def source_files(root: str) -> list[str]:
    """Ordinary source files of a repository, relative to it."""
    found = []
    for path in list_files(root).paths:
        full = os.path.join(root, path)
        if language_of(path) and os.path.isfile(full) and FILE_BYTES[0] <= os.path.getsize(full) <= FILE_BYTES[1]:
            found.append(path)
    return found


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """Of each round, after one that warms up."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1_000)
    return times


def read_plainly(root: str, paths: Sequence[str]) -> int:
    size = 0
    for path in paths:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            size += len(file.read())
    return size


def time_calls(root: str, paths: Sequence[str], rounds: int) -> bool:
    """Print the times; whether the target is met."""
    workspace = Workspace(root, os.environ)
    chars = read_plainly(root, paths)
    plain = milliseconds(lambda: read_plainly(root, paths), rounds)
    print(f"{len(paths)} files, {chars:,} characters, {rounds} rounds; best / median in ms, ratio of the medians\n")
    print(f"{'open().read()':<32}{min(plain):8.2f} /{statistics.median(plain):8.2f}")
    met = True
    for budget in (DEFAULT_BUDGET_TOKENS, MAX_BUDGET_TOKENS):
        times = milliseconds(lambda: run(ReadMany(items=list(paths), budget=budget), Context(workspace)), rounds)  # noqa: B023
        ratio = statistics.median(times) / statistics.median(plain)
        name = f"read_many, budget {budget:,}"
        print(f"{name:<32}{min(times):8.2f} /{statistics.median(times):8.2f}{ratio:8.1f}")
        met = met and (budget != DEFAULT_BUDGET_TOKENS or min(times) <= TARGET_MS)
    return met


def random_items(paths: Sequence[str], rng: random.Random) -> list[str]:
    """Whole files and ranges, as an agent asks for them."""
    chosen = rng.sample(paths, min(len(paths), rng.randint(1, 12)))
    starts = [rng.randint(1, 300) for _ in chosen]
    return [path if rng.random() < 0.7 else f"{path}:{at}-{at + 150}" for path, at in zip(chosen, starts, strict=True)]


def count_answers(root: str, paths: Sequence[str], answers: int, seed: int) -> bool:
    """Print how far the budgets are kept; whether the target is met."""
    import ctok

    frame = ctok.token_count("a", "4.7") - 1
    rng, context = random.Random(seed), Context(Workspace(root, os.environ))
    shares: list[float] = []
    while len(shares) < answers:
        budget = rng.randint(*BUDGETS)
        try:
            answer = run(ReadMany(items=random_items(paths, rng), budget=budget), context)
        except AskError:
            continue  # nothing but ranges beyond the end
        shares.append((ctok.token_count(answer, "4.7") - frame) / budget)
    shares.sort()
    over = sum(share > TOO_MUCH for share in shares) / answers
    p5, p50, p95 = (shares[round(q * (answers - 1))] for q in (0.05, 0.5, 0.95))
    print(f"\n{answers} answers, exact tokens / budget:", end=" ")
    print(f"p5 {p5:.2f}, median {p50:.2f}, p95 {p95:.2f}, most {shares[-1]:.2f}")
    print(f"above the budget: {sum(share > 1 for share in shares) / answers:.1%}; by more than 5 %: {over:.1%}")
    return over <= SHARE_OF_ANSWERS


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository")
    parser.add_argument("--files", type=int, default=20, help="files in the timed call (default 20)")
    parser.add_argument("--rounds", type=int, default=30, help="timed calls (default 30)")
    parser.add_argument("--answers", type=int, default=200, help="answers that are counted exactly (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    root = os.path.abspath(options.repository)
    if not os.path.isdir(root):
        parser.error(f"{options.repository}: no such folder")
    paths = source_files(root)
    if not paths:
        print(f"no source files in {options.repository}", file=sys.stderr)
        return 3
    chosen = random.Random(options.seed).sample(paths, min(options.files, len(paths)))
    met = time_calls(root, chosen, options.rounds)
    if options.answers:
        met = count_answers(root, paths, options.answers, options.seed) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
