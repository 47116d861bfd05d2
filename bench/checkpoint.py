"""How much of what an agent uses next does a checkpoint hold?

    python bench/checkpoint.py FOLDER [--misses] [--shares 0.5 0.75]

Cases: every compaction of a main agent in the transcripts of FOLDER, and each of its runs cut at fixed shares of its
requests where the context was large. At each, the transcript up to there gives the checkpoint; what the agent uses in
its next 20 requests (its text and the arguments of its calls) and had met before (anywhere in the transcript up to
there) is what the checkpoint ought to hold. Used things, each counted once per case:

    paths      two or more parts with `/` between them, or a file name with an ending; relative to the run's folder
    symbols    identifiers of 6 characters or more with an inner `_`, a change of case, or dotted ones
    ids        7 to 40 hexadecimal digits with a letter and a digit; words with `-` and a digit
    numbers    of 4 digits or more
    commands   program and first word of a shell command (`git push`)
    quotes     what the agent put between backticks, with a blank in it: error texts, calls, fragments

A thing is held if the text has it as it stands; one of two kinds counts once in the sum. The second ruler takes
identifiers alone (6 characters or more with an inner `_` or a change of case), as whole words. Beside it: the client's
own summary of that compaction, the end of the history with the same number of tokens, and lists of the newest files and
of the newest identifiers that fit in it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import mean, median

from mcp_lean.checkpoint.build import checkpoint
from mcp_lean.checkpoint.story import story_of
from mcp_lean.packing.tokens import cost
from mcp_lean.transcripts.model import Agent, Request, Run
from mcp_lean.transcripts.read import load_runs

BUDGETS = (500, 1_500, 4_000)
NEXT_REQUESTS = 20
LARGE_CONTEXT_TOKENS, FEWEST_THINGS = 60_000, 10

PATH = re.compile(
    r"(?:[~/.]|\b)[\w.@+-]*(?:/[\w.@+-]+)+|\b[\w-]+\.(?:py|ex|exs|heex|js|ts|tsx|jsx|go|rs|rb|java|kt|c|h|cpp|cs|md|json|toml|ya?ml|sh|sql|html|css|txt|lock|cfg|ini)\b"
)
SYMBOL = re.compile(r"\b[A-Za-z_][\w]*(?:(?:\.|::)[A-Za-z_]\w*)*[?!]?")
IDS = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b|\b[a-zA-Z][\w]*(?:-[\w.]+)+\b")
NUMBER = re.compile(r"(?<![\w.])\d{4,12}(?![\w.])")
QUOTE = re.compile(r"`([^`\n]{8,120})`")
WORD = re.compile(r"[A-Za-z_]\w*")
COMPOUND = re.compile(r"[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z0-9]|\w(?:\.|::)\w")


@dataclass(frozen=True)
class Case:
    """One cut of one run."""

    name: str
    run: Run
    """As it was up to the cut."""
    before: str
    after: set[tuple[str, str]]
    """(kind, thing) used next and met before."""
    identifiers: set[str]
    """The same for identifiers alone, as whole words."""
    summary: str

    def things(self, kind: str = "") -> set[str]:
        return {thing for of, thing in self.after if not kind or of == kind}


def things(text: str, commands: list[str], cwd: str) -> Iterator[tuple[str, str]]:
    """What a text uses, by kind."""
    for found in PATH.findall(text):
        yield "paths", found.removeprefix(cwd.rstrip("/") + "/").rstrip(".")
    for found in SYMBOL.findall(text):
        if len(found) >= 6 and COMPOUND.search(found):
            yield "symbols", found
    for found in IDS.findall(text):
        if re.search(r"\d", found):
            yield "ids", found.rstrip(".")
    for found in NUMBER.findall(text):
        yield "numbers", found
    for command in commands:
        words = command.split()
        if len(words) > 1 and words[0] != "cd" and re.fullmatch(r"[a-z][\w-]+", words[1]):
            yield "commands", " ".join(words[:2])
    for found in QUOTE.findall(text):
        if " " in found:
            yield "quotes", found


def written(request: Request) -> str:
    """What the agent wrote in one request."""
    return "\n".join([request.text or "", *(flat(json.loads(call.input_json or "{}")) for call in request.calls)])


def flat(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(flat(part) for part in value.values())
    if isinstance(value, list):
        return "\n".join(flat(part) for part in value)
    return "" if value is None or isinstance(value, bool) else str(value)


def commands_of(request: Request) -> list[str]:
    calls = (json.loads(call.input_json or "{}") for call in request.calls if call.name == "Bash")
    return [line.strip() for call in calls for line in re.split(r"&&|;|\|", str(call.get("command", "")))]


def entered(request_or_tail: Request | Agent, results: dict[str, str]) -> str:
    came = request_or_tail.tail if isinstance(request_or_tail, Agent) else request_or_tail.entered
    parts = [
        *(came.prompts or ()),
        *(came.meta or ()),
        came.summary or "",
        *(results.get(name, "") for name in came.results),
    ]
    return "\n".join(parts)


def cut(run: Run, main: Agent, at: int) -> Run:
    """The run as it was before request number `at`: tool results are in, the next prompt is not."""
    tail = replace(main.requests[at].entered, prompts=(), meta=(), summary=None)
    known = tuple(marker for marker in main.compactions if marker.before_request < at)
    agent = replace(main, requests=main.requests[:at], compactions=known, tail=tail)
    return replace(run, agents=(agent,))


def cases(folder: str, shares: list[float]) -> Iterator[Case]:
    for run in load_runs([folder], with_text=True).runs:
        main = run.main
        if main is None or len(main.requests) < 2 * NEXT_REQUESTS:
            continue
        marks = {marker.before_request: "compaction" for marker in main.compactions}
        for share in shares:
            at = round(len(main.requests) * share)
            if main.requests[at - 1].usage.context_tokens >= LARGE_CONTEXT_TOKENS:
                marks.setdefault(at, f"cut at {share:.0%}")
        results = {
            call.id: call.result.text or "" for request in main.requests for call in request.calls if call.result
        }
        for at, name in sorted(marks.items()):
            if not 0 < at < len(main.requests):
                continue
            past, future = main.requests[:at], main.requests[at : at + NEXT_REQUESTS]
            part = cut(run, main, at)
            before = "\n".join("\n".join([entered(request, results), written(request)]) for request in past)
            before += "\n" + entered(part.agents[0], results)
            text = "\n".join(written(request) for request in future)
            used = set(things(text, [line for request in future for line in commands_of(request)], run.cwd))
            met = {(kind, thing) for kind, thing in used if thing in before}
            if len(met) >= FEWEST_THINGS:
                names = identifiers(text) & identifiers(before)
                yield Case(f"{run.id[:8]} {name}", part, before, met, names, main.requests[at].entered.summary or "")


def recall(text: str, case: Case, kind: str = "") -> float:
    wanted = case.things(kind)
    return sum(thing in text for thing in wanted) / len(wanted)


def identifiers(text: str) -> set[str]:
    return {word for word in WORD.findall(text) if len(word) >= 6 and COMPOUND.search(word.strip("_"))}


def recall_of_identifiers(text: str, case: Case) -> float:
    """The stricter ruler for names: whole words, and nothing but identifiers."""
    return len(case.identifiers & identifiers(text)) / len(case.identifiers)


def end_of_history(case: Case, budget: int) -> str:
    low, high = 0, len(case.before)
    while low < high:
        middle = (low + high) // 2
        if cost(case.before[middle:]) <= budget:
            high = middle
        else:
            low = middle + 1
    return case.before[low:]


def newest(found: Iterator[str], budget: int) -> str:
    taken: dict[str, None] = {}
    left = float(budget)
    for name in found:
        if name not in taken:
            left -= cost(name + " ")
            if left < 0:
                break
            taken[name] = None
    return " ".join(taken)


def newest_files(case: Case, budget: int) -> str:
    calls = [call for request in case.run.agents[0].requests for call in request.calls]
    paths = (json.loads(call.input_json or "{}").get("file_path", "") for call in reversed(calls))
    return newest((path.removeprefix(case.run.cwd + "/") for path in paths if path), budget)


def newest_identifiers(case: Case, budget: int) -> str:
    names = (
        thing
        for request in reversed(case.run.agents[0].requests)
        for thing in reversed(list(dict.fromkeys(t for _, t in things(written(request), [], case.run.cwd))))
    )
    return newest(names, budget)


MAKERS: dict[str, Callable[[Case, int], str]] = {
    "checkpoint": lambda case, budget: checkpoint(case.run, budget_tokens=budget).text,
    "end of history": end_of_history,
    "newest files": newest_files,
    "newest identifiers": newest_identifiers,
}


def row(name: str, tokens: float, texts: list[str], some: list[Case]) -> str:
    values = [recall(text, case) for text, case in zip(texts, some, strict=True)]
    names = [recall_of_identifiers(text, case) for text, case in zip(texts, some, strict=True)]
    return f"{name:20}{tokens:8,.0f}{mean(values):9.2f}{median(values):8.2f}{mean(names):13.2f}{median(names):8.2f}"


def report(found: list[Case], *, misses: bool) -> Iterator[str]:
    yield f"{len(found)} cases; things used next and met before: {sum(len(case.things()) for case in found)}"
    yield f"{'':20}{'tokens':>8}{'things':>9}{'median':>8}{'identifiers':>13}{'median':>8}"
    for name, make in MAKERS.items():
        for budget in BUDGETS:
            yield row(name, budget, [make(case, budget) for case in found], found)
    own = [case for case in found if case.summary]
    if own:
        summaries = [case.summary for case in own]
        yield row("client's summary", mean(map(cost, summaries)), summaries, own) + f"   ({len(own)} compactions)"
        yield row("checkpoint, of those", 1_500, [checkpoint(case.run).text for case in own], own)
        added = [checkpoint(case.run, already_said=case.summary).text for case in own]
        both = [f"{summary}\n{text}" for summary, text in zip(summaries, added, strict=True)]
        yield row("summary and what it", mean(map(cost, both)), both, own)
        yield "  lacks, at most 1,500 tokens more"
    yield "\ncheckpoint, 1,500 tokens: things held by case, and by kind"
    texts = [checkpoint(case.run).text for case in found]
    for case, text in zip(found, texts, strict=True):
        yield f"  {case.name:24}{recall(text, case):.2f} of {len(case.things())}; sections: {', '.join(sections(case))}"
        if misses:
            yield "    " + " | ".join(sorted(thing for thing in case.things() if thing not in text))
    for kind in ("paths", "symbols", "ids", "numbers", "commands", "quotes"):
        pairs = [(text, case) for text, case in zip(texts, found, strict=True) if case.things(kind)]
        if pairs:
            number = sum(len(case.things(kind)) for _, case in pairs)
            yield f"  {kind:24}{mean(recall(text, case, kind) for text, case in pairs):.2f} of {number}"
    for name in ("cut", "compaction") if misses else ():
        why = sum((reasons(c, text) for c, text in zip(found, texts, strict=True) if name in c.name), Counter[str]())
        yield f"missing, {name}s: " + "; ".join(f"{number} {reason}" for reason, number in why.most_common())


OWN, SEEN, UNNAMED = "written by the agent, no room", "only in results, no room", "no name, or out of the window"


def reasons(case: Case, text: str) -> Counter[str]:
    """Why things are missing: how many for each reason."""
    story = story_of(case.run, case.run.agents[0])
    places = [(name, piece.kind) for turn in story.window() for piece in turn.newest_pieces() for name in piece.names()]
    own = {name for name, kind in places if kind in ("agent", "call")}
    seen = {name for name, _ in places}
    found = Counter[str]()
    for thing in case.things():
        if thing not in text:
            found[
                next((why for why, names in ((OWN, own), (SEEN, seen)) if any(thing in n for n in names)), UNNAMED)
            ] += 1
    return found


def sections(case: Case) -> list[str]:
    return [part.name for part in checkpoint(case.run).sections]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--shares", type=float, nargs="*", default=[0.5, 0.75])
    parser.add_argument(
        "--misses", action="store_true", help="print what each checkpoint of 1,500 tokens lacks, and why"
    )
    args = parser.parse_args()
    found = list(cases(args.folder, args.shares))
    if not found:
        print(f"{args.folder}: no run with {2 * NEXT_REQUESTS} requests and a large context", file=sys.stderr)
        return 1
    for line in report(found, misses=args.misses):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
