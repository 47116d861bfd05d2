"""Does grep_and_read hand over the code that a problem report is about? At 2,000, 5,000 and 10,000 tokens.

    python bench/localise.py INSTANCES.json CLONES WORK [--patterns 20] [--direct] [--misses] [--jobs 2]

INSTANCES.json is a list of objects with `instance_id`, `repo` (owner/name), `base_commit`, `problem_statement` and
`patch` (the gold one). CLONES holds the repositories, as owner+name/repo, owner/name or name, each also with `.git`.
WORK is a folder outside the project that gets a worktree per instance (some 10 MB each) and keeps it for the next time.

Patterns come from the report by a fixed rule, see `patterns_of`; no pattern knows the patch. The tool is called over
stdio as a client does; --direct calls its function in this process. Beside it, at the same budgets: BM25 with the whole
report as query, as ten paths or as whole files, and the same patterns with rg and whole files in order of hits.

What is reported, as the share of instances:
    named     a file of the patch stands in the answer, as a block or as an item to read
    shown     some lines of it do
    a hunk    at least one hunk's lines are shown: what is removed, or a line next to what is only added
    all       every hunk's lines are
    lines     mean share of a patch's hunks that are shown
and how many answers exceed their budget, counted by `ctok` (extra `test`) where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from statistics import mean

BUDGETS = (2_000, 5_000, 10_000)
TARGETS = {("named", 2_000): 0.80, ("lines", 10_000): 0.55}
TOO_MUCH = 1.05
CHARS_PER_TOKEN = 2.91
"""Of Python source on current models: what cuts the whole files of the methods beside ours."""

TESTS = re.compile(r"(?:^|/)(?:tests?|testing|docs?|examples?)/|(?:^|/)(?:test_[^/]*|conftest)\.py$")


@dataclass(frozen=True, slots=True)
class Instance:
    """One report, its repository as it was, and where the patch changed it."""

    name: str
    root: Path
    report: str
    hunks: tuple[Hunk, ...]

    @property
    def files(self) -> frozenset[str]:
        return frozenset(hunk.path for hunk in self.hunks)


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines: those removed, or (for a pure addition) the two that it was put between."""

    path: str
    lines: tuple[int, ...]
    is_addition: bool

    def share_in(self, shown: set[int]) -> float:
        seen = sum(line in shown for line in self.lines)
        return float(seen > 0) if self.is_addition else seen / len(self.lines)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method handed over: paths that it names, and the lines that it shows of them."""

    named: frozenset[str]
    shown: Mapping[str, set[int]]
    tokens: int | None = None


# ---------------------------------------------------------------------------------------------------- instances


def hunks_of(patch: str) -> Iterator[Hunk]:
    """Runs of changed lines of a unified diff, in lines of the old files."""
    path, at, removed, touched = "", 0, list[int](), False
    for row in [*patch.split("\n"), "diff"]:
        is_change = row.startswith(("-", "+")) and not row.startswith(("--- ", "+++ "))
        if not is_change and touched:
            yield Hunk(path, tuple(removed) or (at - 1, at), not removed)
            removed, touched = [], False
        if row.startswith("--- a/"):
            path = row[6:]
        elif found := re.match(r"@@ -(\d+)", row):
            at = int(found[1])
        elif is_change:
            touched = True
            if row.startswith("-"):
                removed.append(at)
                at += 1
        elif row.startswith(" "):
            at += 1


def prepare(entry: Mapping[str, str], clones: Path, work: Path) -> Instance:
    """The instance with its repository checked out at the base commit."""
    repository = work / entry["repo"].replace("/", "+")
    root = work / "trees" / entry["instance_id"]
    if not repository.is_dir():
        git("clone", "-q", "--shared", "--no-checkout", str(clone_of(entry["repo"], clones)), str(repository))
    if not root.is_dir():
        git("-C", str(repository), "worktree", "add", "-q", "--detach", str(root), entry["base_commit"])
    return Instance(entry["instance_id"], root, entry["problem_statement"], tuple(hunks_of(entry["patch"])))


def clone_of(name: str, clones: Path) -> Path:
    owner, _, short = name.partition("/")
    for folder in (f"{owner}+{short}/repo", f"{owner}+{short}", name, short, f"{name}.git", f"{short}.git"):
        if (clones / folder).is_dir():
            return clones / folder
    sys.exit(f"bench/localise.py: no clone of {name} in {clones}")


def git(*arguments: str) -> None:
    subprocess.run(("git", *arguments), check=True)


# ----------------------------------------------------------------------------------------------------- patterns

PATH = re.compile(r"[\w./\\-]*\w\.(?:py|rst|txt|cfg|ini|toml|md|js|c|h)\b")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
COMPOUND = re.compile(r"[a-z0-9][A-Z]|[^_]_|^__")
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """the and for with not are was from this that have has had will does did should would could can when then than
        there here what which where how why any some all only also into out after before because being such too very
        just like use used using get make bug issue error problem version python code following example expected actual
        behavior behaviour result results please see via its you your they them""",
    )
)


def patterns_of(report: str, limit: int) -> list[str]:
    """What somebody who reads the report would search for, the most telling first, escaped.

    Paths (without what stands before a package folder); names: with an underscore or inner capital, dotted, called, or
    in back-ticks; words of the title that are longer than three letters and no stop words. A candidate counts two per
    occurrence, three for a name in the title, six at most; ties by first appearance.
    """
    text = re.sub(r"https?://\S+", " ", report).replace("\r", "")
    title_chars = len(text.partition("\n")[0])
    worth: Counter[str] = Counter()
    for path in PATH.findall(text):
        worth[path.replace("\\", "/").split("site-packages/")[-1].lstrip("./")] += 2
    for found in DOTTED.finditer(text):
        in_title = found.start() < title_chars
        parts = found[0].split(".")
        marked = len(parts) > 1 or text[found.end() : found.end() + 1] == "(" or text[: found.start()][-1:] == "`"
        for part in parts:
            if len(part) < 3 or part.lower() in STOP_WORDS:
                continue
            if marked or COMPOUND.search(part):
                worth[part] += 3 if in_title else 2
            elif in_title and len(part) > 3:
                worth[part.lower()] += 2
    first = {candidate: place for place, candidate in enumerate(worth)}
    best = sorted(worth, key=lambda candidate: (-min(6, worth[candidate]), first[candidate]))
    return [re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", candidate) for candidate in best if len(candidate) > 2][:limit]


# ------------------------------------------------------------------------------------------------------ our tool

Ask = Callable[[Sequence[str], int], str]


@contextmanager
def server(root: Path) -> Iterator[Ask]:
    """The tool behind `python -m mcp_lean serve`, one request at a time."""
    environ = {**os.environ, "CLAUDE_PROJECT_DIR": str(root)}
    command = [sys.executable, "-m", "mcp_lean", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def send(**message: object) -> None:
            stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            stdin.flush()

        def request(method: str, **params: object) -> dict[str, object]:
            send(id=1, method=method, params=params)
            while line := stdout.readline():
                reply = json.loads(line)
                if reply.get("id") == 1 and "method" not in reply:
                    return dict(reply["result"])
            sys.exit(f"bench/localise.py: the server ended during {method}")

        info = {"name": "bench", "version": "1"}
        request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
        send(method="notifications/initialized")

        def ask(patterns: Sequence[str], budget: int) -> str:
            arguments = {"patterns": patterns, "budget": budget}
            content = request("tools/call", name="grep_and_read", arguments=arguments)["content"]
            assert isinstance(content, list)
            return "".join(part["text"] for part in content)

        yield ask
        stdin.close()


@contextmanager
def in_process(root: Path) -> Iterator[Ask]:
    from mcp_lean.repo.workspace import Workspace
    from mcp_lean.tools.base import Context
    from mcp_lean.tools.grep_and_read import GrepAndRead, run

    context = Context(Workspace(str(root), {"HOME": "/nonexistent"}))
    yield lambda patterns, budget: run(GrepAndRead(patterns=list(patterns), budget=budget), context)


def understood(text: str) -> Answer:
    """An answer of our tool as a reader of it understands it."""
    shown: dict[str, set[int]] = {}
    for path, first, last in re.findall(r"^== (.+?):(\d+)-(\d+)(?:  |$)", text, re.MULTILINE):
        shown.setdefault(path, set()).update(range(int(first), int(last) + 1))
    items = re.findall(r"^more: (.+?)(?::\d+(?:-\d*)?)?$", text, re.MULTILINE)
    return Answer(frozenset(shown) | frozenset(items), shown, exact_tokens(text))


def exact_tokens(text: str) -> int | None:
    try:
        import ctok
    except ImportError:
        return None
    return int(ctok.token_count(text, "4.7") - (ctok.token_count("a", "4.7") - 1))


# ------------------------------------------------------------------------------------------- methods beside ours


def sources(root: Path) -> dict[str, str]:
    from mcp_lean.repo.listing import list_files

    texts = {}
    for path in list_files(str(root)).paths:
        if path.endswith(".py") and not TESTS.search(path) and (root / path).is_file():
            texts[path] = (root / path).read_text(encoding="utf-8", errors="replace")
    return texts


def bm25(report: str, texts: Mapping[str, str]) -> list[str]:
    """All files, the best first: textbook BM25 over identifiers and their parts."""
    bags = {path: Counter(words(text)) for path, text in texts.items()}
    typical = mean(bag.total() for bag in bags.values())
    scores = dict.fromkeys(texts, 0.0)
    for word in set(words(report)):
        holding = [path for path, bag in bags.items() if word in bag]
        weight = log(1 + (len(bags) - len(holding) + 0.5) / (len(holding) + 0.5))
        for path in holding:
            count = bags[path][word]
            scores[path] += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * bags[path].total() / typical))
    return sorted(texts, key=lambda path: (-scores[path], path))


def words(text: str) -> list[str]:
    found = []
    for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]+", text):
        parts = [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]
        found += [name.lower(), *parts] if len(parts) > 1 else [name.lower()]
    return found


def by_hits(patterns: Sequence[str], texts: Mapping[str, str]) -> list[str]:
    """Files in the order of distinct patterns, then of hits."""
    counts = {path: [len(re.findall(pattern, text)) for pattern in patterns] for path, text in texts.items()}
    return sorted(texts, key=lambda path: (-sum(n > 0 for n in counts[path]), -sum(counts[path]), path))


def whole_files(order: Sequence[str], texts: Mapping[str, str], budget: int) -> Answer:
    """As many of the files as fit, the last one cut."""
    left, shown = budget * CHARS_PER_TOKEN, dict[str, set[int]]()
    for path in order:
        shown[path] = set()
        for number, line in enumerate(texts[path].split("\n"), 1):
            left -= len(line) + 1
            if left < 0:
                break
            shown[path].add(number)
        if left < 0:
            break
    return Answer(frozenset(shown), shown)


def ten_paths(order: Sequence[str], budget: int) -> Answer:
    return Answer(frozenset(order[:10]), {})


# ------------------------------------------------------------------------------------------------------ measuring


@dataclass(frozen=True, slots=True)
class Score:
    """How one answer to one instance did."""

    named: float
    shown: float
    a_hunk: float
    all: float
    lines: float


def score(answer: Answer, instance: Instance) -> Score:
    shares = [hunk.share_in(answer.shown.get(hunk.path, set())) for hunk in instance.hunks]
    return Score(
        float(not instance.files.isdisjoint(answer.named)),
        float(not instance.files.isdisjoint(answer.shown)),
        float(any(shares)),
        float(all(share == 1 for share in shares)),
        mean(shares),
    )


def measure(
    instance: Instance, limit: int, direct: bool
) -> tuple[str, dict[tuple[str, int], Score], dict[int, float], float]:
    """Scores per method and budget; our tokens per budget, as shares of it; seconds of our slowest call."""
    patterns = patterns_of(instance.report, limit)
    texts = sources(instance.root)
    ranked, hit = bm25(instance.report, texts), by_hits(patterns, texts)
    methods: dict[str, Callable[[int], Answer]] = {
        "bm25, ten paths": partial(ten_paths, ranked),
        "bm25, whole files": partial(whole_files, ranked, texts),
        "rg, whole files": partial(whole_files, hit, texts),
    }
    scores = {(name, budget): score(method(budget), instance) for name, method in methods.items() for budget in BUDGETS}
    fill, slowest = {}, 0.0
    with (in_process if direct else server)(instance.root) as ask:
        for budget in BUDGETS:
            start = time.perf_counter()
            text = ask(patterns, budget)
            slowest = max(slowest, time.perf_counter() - start)
            answer = understood(text)
            scores["grep_and_read", budget] = score(answer, instance)
            if answer.tokens is not None:
                fill[budget] = answer.tokens / budget
    return instance.name, scores, fill, slowest


def main() -> int:
    """0: all targets met; 1: one was not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", type=Path)
    parser.add_argument("clones", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--patterns", type=int, default=20, help="at most so many per report")
    parser.add_argument("--direct", action="store_true", help="call the function, not the server")
    parser.add_argument("--misses", action="store_true", help="name the instances that our tool misses")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    if not (args.instances.is_file() and args.clones.is_dir()):
        parser.error(f"{args.instances}, {args.clones}: a file and a folder that are there")
    args.work.mkdir(parents=True, exist_ok=True)
    work = args.work.resolve()
    entries = json.loads(args.instances.read_text(encoding="utf-8"))
    instances = [prepare(entry, args.clones.resolve(), work) for entry in entries]
    with ProcessPoolExecutor(args.jobs) as pool:
        results = list(pool.map(partial(measure, limit=args.patterns, direct=args.direct), instances))

    print(f"{len(results)} instances, at most {args.patterns} patterns each")
    print(f"{'':22}{'tokens':>7}" + "".join(f"{field:>8}" for field in Score.__slots__))
    means: dict[tuple[str, int], float] = {}
    for method in ("grep_and_read", "bm25, ten paths", "bm25, whole files", "rg, whole files"):
        for budget in BUDGETS:
            row = [
                mean(getattr(scores[method, budget], field) for _, scores, _, _ in results) for field in Score.__slots__
            ]
            print(f"{method:22}{budget:7,}" + "".join(f"{value:8.2f}" for value in row))
            if method == "grep_and_read":
                means.update({(field, budget): value for field, value in zip(Score.__slots__, row, strict=True)})
    met = [
        _compare(f"{field} at {budget:,} tokens", means[field, budget], at_least)
        for (field, budget), at_least in TARGETS.items()
    ]
    fills = sorted(share for _, _, fill, _ in results for share in fill.values())
    if fills:
        over = sum(share > TOO_MUCH for share in fills) / len(fills)
        print(f"exact tokens / budget: median {fills[len(fills) // 2]:.2f}, most {fills[-1]:.2f}")
        met.append(_compare("answers within 5 % of their budget", 1 - over, 0.95))
    print(f"slowest call {max(slowest for _, _, _, slowest in results):.1f} s")
    if args.misses:
        for name, scores, _, _ in results:
            ours = [scores["grep_and_read", budget] for budget in BUDGETS]
            marks = (f"{'named' if one.named else 'not named'}, lines {one.lines:.2f}" for one in ours)
            print(f"  {name:32} {'; '.join(marks)}")
    return 0 if all(met) else 1


def _compare(what: str, value: float, at_least: float) -> bool:
    print(f"{what}: {value:.3f}, target {at_least}: {'met' if value >= at_least else 'not met'}")
    return value >= at_least


if __name__ == "__main__":
    sys.exit(main())
