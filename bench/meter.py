"""The transcript reader against ccusage 20 on the same files: totals side by side, then time and memory.

    python bench/meter.py FOLDER --ccusage PROGRAM_OR_NPM_FOLDER [--speed-mb 300] [--memory-mb 1000] [--rounds 5]

FOLDER holds transcripts in any layout (a root, a project, or one below). ccusage is what `npm install ccusage@20`
leaves in NPM_FOLDER, or a program on PATH; it is run offline. Nothing in FOLDER is changed: it is copied into a
temporary configuration folder, and multiplied there with rewritten ids for the timings.

1. Totals per session and model. Differences are taken apart by rules that are printed; the rest is "unexplained".
2. First reading, second reading with nothing changed, and ccusage, in turns; best of all rounds.
3. Memory of a first reading, sampled 50 times a second: the largest resident set of a process, and the largest sum of
   proportional sets (a page that processes share counts once).
4. Following: one look after one more line of a growing transcript, as a hook causes it.

Exit status: 0 all targets met and nothing unexplained; 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_lean.transcripts.model import Agent, Run, Usage

MB = 1_000_000
FIRST_READING_RATIO = 3.0
SECOND_READING_RATIO = 1.0
MEMORY_MB = 300
LOOK_MS = 2.0
LIVE_MB = 50

Key = tuple[str, str]
"""(session file without its suffix, model)."""
Tokens = tuple[int, int, int, int]
"""Uncached input, cache writes, cache reads, output as reported."""
COLUMNS = ("input", "write", "read", "output")

RULES: tuple[tuple[str, Callable[[Agent], bool]], ...] = (
    ("agents known from copies in the main file (ccusage leaves them out)", lambda agent: agent.source == "progress"),
    ("workflow agents (ccusage shows them as sessions of their own)", lambda agent: agent.kind == "workflow"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program run."""

    wall_s: float
    cpu_s: float


def main() -> int:
    """Runs the comparison; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--ccusage", default="ccusage", help="the program, or the folder that npm installed it into")
    parser.add_argument("--speed-mb", type=int, default=300)
    parser.add_argument("--memory-mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", nargs=2, metavar=("FOLDER", "CACHE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.load:
        return load_and_add_up(*args.load)
    if args.folder is None:
        parser.error("FOLDER is missing")
    program = find_ccusage(args.ccusage)
    if program is None:
        parser.error(f"no ccusage in or at {args.ccusage}; npm install --prefix FOLDER ccusage@20")
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        met = [
            compare_totals(args.folder, program, place),
            compare_speed(args.folder, program, place, args.speed_mb, args.rounds),
            measure_memory(args.folder, place, args.memory_mb),
            measure_following(args.folder, place),
        ]
    return 0 if all(met) else 1


def load_and_add_up(folder: str, cache: str) -> int:
    """What a user waits for: all runs, and their sum. Run as a process of its own."""
    from mcp_lean.transcripts.read import load_runs
    from mcp_lean.transcripts.store import Store

    with Store(cache) as store:
        loaded = load_runs([folder], store=store)
    total = sum((run.usage for run in loaded.runs), Usage())
    print(len(loaded.runs), total.context_tokens, total.output_tokens, loaded.read_files)
    return 0


def find_ccusage(where: str) -> list[str] | None:
    """The command line of ccusage."""
    for name in (where, *(os.path.join(where, tail, "ccusage") for tail in ("", "node_modules/.bin", "bin"))):
        found = shutil.which(name)
        if found and os.path.isfile(found):
            return [found]
    return None


# --- totals ----------------------------------------------------------------------------------------------------------


def compare_totals(folder: str, program: list[str], place: Path) -> bool:
    """Prints both totals and what sets them apart."""
    from mcp_lean.costs.prices import price_request
    from mcp_lean.transcripts.read import load_runs

    config = place / "totals"
    shutil.copytree(folder, config / "projects" / ("" if is_root(folder) else "-bench"))
    theirs, their_usd = ccusage_totals(program, config)
    loaded = load_runs([str(config)])
    agents = [(run, agent) for run in loaded.runs for agent in run.agents]
    ours, reasons = our_totals(agents)

    print(f"\n== totals: {loaded.files} files, {loaded.size_bytes / MB:.1f} MB ==")
    print(
        f"{'session':38} {'model':28} {'tokens':7} {'ours':>13} {'ccusage':>13} {'explained':>11} {'unexplained':>11}"
    )
    left_over: dict[Key, int] = defaultdict(int)
    moved = 0
    for key in sorted(ours.keys() | theirs.keys()):
        explained = [sum(amounts) for amounts in zip(*(rule.get(key, (0, 0, 0, 0)) for rule in reasons), strict=True)]
        rows = zip(COLUMNS, ours.get(key, (0, 0, 0, 0)), theirs.get(key, (0, 0, 0, 0)), explained, strict=True)
        for column, mine, other, known in rows:
            left = mine - other - known
            left_over[key[1], column] += left
            moved += left != 0
            print(f"{key[0]:38} {key[1]:28} {column:7} {mine:13,} {other:13,} {known:11,} {left:11,}")
    for (name, _), rule in zip(RULES, reasons, strict=True):
        total = [sum(amounts) for amounts in zip(*rule.values(), strict=True)] if rule else [0, 0, 0, 0]
        print(f"rule: {name}: " + ", ".join(f"{n:,} {column}" for n, column in zip(total, COLUMNS, strict=True)))
    copied = loaded.skipped.copied_requests
    if moved and copied and not any(left_over.values()):
        print(
            f"rule: {copied} requests stand in two files, and belong to another session there: no difference per model"
        )
    is_clear = not moved or (copied > 0 and not any(left_over.values()))
    usage = sum((agent.usage for _, agent in agents), Usage())
    requests = [request for _, agent in agents for request in agent.requests]
    estimated = sum(request.usage.is_output_estimated for request in requests)
    print(
        f"output: {usage.output_tokens:,} tokens reported, {usage.output_estimated_tokens:,} with estimates for "
        f"{estimated} of {len(requests)} requests"
    )
    reported_usd = sum(price_request(request, reported_output=True).usd for request in requests)
    best_usd = sum(price_request(request).usd for request in requests)
    shared_usd = sum(
        price_request(request, reported_output=True).usd
        for _, agent in agents
        if not any(applies(agent) for _, applies in RULES[:1])
        for request in agent.requests
    )
    print(f"dollars with reported output: ours {reported_usd:.4f}, of agents that both count {shared_usd:.4f}")
    print(f"dollars by ccusage: {their_usd:.4f} (its offline list prices a model that it does not know at 0)")
    print(f"dollars with estimated output: ours {best_usd:.4f}")
    print(f"skipped: {loaded.skipped}")
    print(f"gaps: {[(run.id[:8], run.gaps) for run in loaded.runs if any_gap(run)]}")
    print("totals agree after these rules" if is_clear else "totals do NOT agree")
    return is_clear


def any_gap(run: Run) -> bool:
    gaps = run.gaps
    return bool(gaps.is_main_missing or gaps.unknown_subagents or gaps.partial_subagents or gaps.missing_compactions)


def is_root(folder: str) -> bool:
    """Whether a folder holds projects rather than sessions; ccusage tells sessions by the depth of their files."""
    return not any(Path(folder).glob("*.jsonl"))


def our_totals(agents: list[tuple[Run, Agent]]) -> tuple[dict[Key, Tokens], list[dict[Key, Tokens]]]:
    """Per session and model: all tokens; and for each rule those of the agents that it is about."""
    everything: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    by_rule: list[dict[Key, list[int]]] = [defaultdict(lambda: [0, 0, 0, 0]) for _ in RULES]
    for run, agent in agents:
        stem = os.path.basename(run.path).removesuffix(".jsonl")
        rule = next((number for number, (_, applies) in enumerate(RULES) if applies(agent)), None)
        for request in agent.requests:
            usage = request.usage
            tokens = (usage.input_tokens, usage.cache_write_tokens, usage.cache_read_tokens, usage.output_tokens)
            for total in (everything, *([by_rule[rule]] if rule is not None else [])):
                for column, number in enumerate(tokens):
                    total[stem, request.model][column] += number
    return _fixed(everything), [_fixed(rule_total) for rule_total in by_rule]


def _fixed(totals: dict[Key, list[int]]) -> dict[Key, Tokens]:
    return {key: (row[0], row[1], row[2], row[3]) for key, row in totals.items()}


def ccusage_totals(program: list[str], config: Path) -> tuple[dict[Key, Tokens], float]:
    done = subprocess.run(
        [*program, "claude", "session", "--json", "--offline"],
        env={**os.environ, "CLAUDE_CONFIG_DIR": str(config)},
        capture_output=True,
        check=True,
    )
    report = json.loads(done.stdout)
    totals: dict[Key, Tokens] = {}
    for session in report["sessions"]:
        for row in session["modelBreakdowns"]:
            totals[session["sessionId"], row["modelName"]] = (
                row["inputTokens"], row["cacheCreationTokens"], row["cacheReadTokens"], row["outputTokens"],
            )  # fmt: skip
    return totals, report["totals"]["totalCost"]


# --- time and memory -------------------------------------------------------------------------------------------------

IDS = re.compile(rb"((?:msg|req|toolu)_)([0-9A-Za-z]{4})(?=[0-9A-Za-z])")
SESSION_IDS = re.compile(rb"\b[0-9a-f]{4}(?=[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)")


def multiplied(folder: str, config: Path, size_mb: int) -> float:
    """Fills a configuration folder with copies of all transcripts, each copy with ids of its own; its size in MB."""
    files = [path for path in sorted(Path(folder).rglob("*")) if path.suffix in (".jsonl", ".json") and path.is_file()]
    size = 0
    copy = 0
    while size < size_mb * MB:
        mark = b"%04x" % copy
        for path in files:
            data = IDS.sub(rb"\g<1>" + mark, path.read_bytes())
            data = SESSION_IDS.sub(mark, data)
            name = SESSION_IDS.sub(mark, str(path.relative_to(folder)).encode()).decode()
            project, _, rest = name.partition("/") if is_root(folder) else ("-bench", "/", name)
            target = config / "projects" / f"{project}-{copy}" / rest
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            size += len(data)
        copy += 1
    return size / MB


def timed(command: list[str], env: dict[str, str] | None = None) -> Cost:
    """Wall and processor time of a program and its children."""
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, check=True)
    wall_s, after = time.perf_counter() - began, os.times()
    return Cost(
        wall_s,
        after.children_user + after.children_system - before.children_user - before.children_system,
    )


def compare_speed(folder: str, program: list[str], place: Path, size_mb: int, rounds: int) -> bool:
    """Prints first and second reading against ccusage, in turns on the same files."""
    config = place / "speed"
    written_mb = multiplied(folder, config, size_mb)
    cache = place / "cache"
    ours = [sys.executable, __file__, "--load", str(config), str(cache)]
    costs: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(rounds):
        command = [*program, "claude", "session", "--json", "--offline"]
        costs["ccusage"].append(timed(command, {"CLAUDE_CONFIG_DIR": str(config)}))
        shutil.rmtree(cache, ignore_errors=True)
        costs["first reading"].append(timed(ours))
        costs["second reading"].append(timed(ours))
    print(f"\n== speed: {written_mb:.0f} MB, best of {rounds} rounds, start of the program included ==")
    best = {name: Cost(min(c.wall_s for c in found), min(c.cpu_s for c in found)) for name, found in costs.items()}
    for name, cost in best.items():
        middle = statistics.median(c.wall_s for c in costs[name])
        print(
            f"{name:15} wall {cost.wall_s:6.2f} s (median {middle:6.2f})  processor {cost.cpu_s:6.2f} s  "
            f"{cost.wall_s / best['ccusage'].wall_s:5.2f} x wall  {cost.cpu_s / best['ccusage'].cpu_s:5.2f} x processor"
        )
    first = best["first reading"].wall_s / best["ccusage"].wall_s
    second = best["second reading"].wall_s / best["ccusage"].wall_s
    met = [
        said("first reading / ccusage", first, FIRST_READING_RATIO, "x"),
        said("second reading / ccusage", second, SECOND_READING_RATIO, "x"),
    ]
    return all(met)


def measure_memory(folder: str, place: Path, size_mb: int) -> bool:
    """Prints the largest memory of a first reading, over all its processes."""
    config = place / "memory"
    written_mb = multiplied(folder, config, size_mb)
    command = [sys.executable, __file__, "--load", str(config), str(place / "cache-memory")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        together = alone = 0
        while process.poll() is None:
            sizes = [memory_bytes(pid) for pid in tree(process.pid)]
            together = max(together, sum(proportional for _, proportional in sizes))
            alone = max([alone, *(resident for resident, _ in sizes)])
            time.sleep(0.02)
    shutil.rmtree(config)
    print(f"\n== memory: first reading of {written_mb:.0f} MB ==")
    met = [
        said("largest process", alone / MB, MEMORY_MB, "MB"),
        said("all processes together", together / MB, MEMORY_MB, "MB"),
    ]
    return all(met) and process.returncode == 0


def tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def memory_bytes(pid: int) -> tuple[int, int]:
    """Resident and proportional set of a process; zeros once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0, 0
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    return sizes.get("Rss:", 0), sizes.get("Pss:", 0)


def measure_following(folder: str, place: Path) -> bool:
    """Prints the time of one look at a large transcript after each of its next lines."""
    from mcp_lean.transcripts.follow import SessionFollower

    source = max(Path(folder).rglob("*.jsonl"), key=lambda path: path.stat().st_size)
    lines = source.read_bytes().splitlines(keepends=True)
    main_file = place / "live.jsonl"
    size = 0
    with main_file.open("wb") as file:
        for copy in range(10**6):
            if size >= LIVE_MB * MB:
                break
            size += file.write(b"".join(IDS.sub(rb"\g<1>" + b"%04x" % copy, line) for line in lines))
    follower = SessionFollower(str(main_file))
    began = time.perf_counter()
    follower.poll()
    first_s = time.perf_counter() - began
    looks, changes = [], 0
    for line in lines:
        with main_file.open("ab") as file:
            file.write(IDS.sub(rb"\g<1>ffff", line))
        began = time.perf_counter()
        changes += len(follower.poll())
        looks.append((time.perf_counter() - began) * 1000)
    looks.sort()
    at = {share: looks[int(share * (len(looks) - 1))] for share in (0.5, 0.95, 0.99)}
    print(f"\n== following: {size / MB:.0f} MB, {len(follower.requests)} requests, then {len(lines)} more lines ==")
    print(f"first look {first_s:.2f} s; then {changes} changes; longest look {looks[-1]:.2f} ms")
    print(f"one look: median {at[0.5]:.3f} ms, p95 {at[0.95]:.3f} ms")
    return said("one look, p99", at[0.99], LOOK_MS, "ms")


def said(name: str, figure: float, target: float, unit: str) -> bool:
    """Prints a figure beside its target; whether it was met."""
    is_met = figure <= target
    print(f"{name}: {figure:.2f} {unit} (target at most {target:g} {unit}): {'met' if is_met else 'MISSED'}")
    return is_met


if __name__ == "__main__":
    sys.exit(main())
