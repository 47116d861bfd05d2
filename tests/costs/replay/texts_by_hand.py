"""What texts tell about calls, from the words of docs/replay.md#texts, on the agents that `by_hand` reads.

Asked of the package is only which shell lines look, and which of their words are programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

from mcp_lean.costs.read_only import GIT, PROGRAMS, is_looking_command

from .by_hand import CHARS_PER_TOKEN, Agent, Turn, content, scale, words

EDITS = ("Edit", "MultiEdit", "Write", "NotebookEdit")
WORD = re.compile(r"[^\W\d]\w{2,}")
WAITS = re.compile(r"\bsleep\b|\bwatch\b|/tasks/\S+\.output|\btail\s+(?:\S+\s+)*-[fF]")
OPTION = re.compile(r"(?<!\w)--?[A-Za-z][\w-]*")
SETTINGS = {"description", "output_mode", "type", "timeout", "run_in_background", "multiline", "head_limit"}


def looks(call: dict[str, Any]) -> bool:
    """A look at something, and no waiting."""
    if WAITS.search("\n".join(strings(call["input"]))):
        return False
    if call["name"] == "Bash":
        return is_looking_command(call["input"].get("command", "")[:200])
    return call["name"] in ("Read", "Grep", "Glob", "LS", "NotebookRead") or call["name"].startswith("mcp__lean__")


def strings(value: Any) -> Iterator[str]:
    """Names and values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def text_of(turn: Turn) -> str:
    return "\n".join(block.get("text", "") for block in turn.blocks.values())


def came_in(turn: Turn) -> Iterator[tuple[str, str]]:
    """Call and text of each thing; no call for what is no result."""
    for record in turn.came_in:
        for block in content(record):
            yield block.get("tool_use_id", ""), words(block)


def used(found: Agent) -> dict[str, int]:
    """Results of which the model later wrote a word that they were the first to bring in: where it last did."""
    seen: set[str] = set()
    brought: dict[str, str] = {}
    later: dict[str, int] = {}
    for turn in found.turns:
        if turn.is_reset:
            seen, brought = set(WORD.findall(cwd_of(found))), {}
        for call, text in came_in(turn):
            new = set(WORD.findall(text)) - seen
            brought |= dict.fromkeys([word for word in new if call and len(word) >= 6], call)
            seen |= new
        wrote = {
            word for text in [text_of(turn), *strings([c["input"] for c in turn.calls])] for word in WORD.findall(text)
        }
        later |= {brought[word]: turn.number for word in wrote if word in brought}
        seen |= wrote
    return later


def cwd_of(found: Agent) -> str:
    return str(found.turns[0].came_in[0].get("cwd", "")) if found.turns[0].came_in else ""


def edited(found: Agent) -> dict[str, int]:
    """Reads of files that an editing tool names afterwards: the turn where it last does."""
    reads: dict[str, set[str]] = {}
    later: dict[str, int] = {}
    for turn in found.turns:
        for call in turn.calls:
            path = call["input"].get("file_path") or call["input"].get("notebook_path")
            if call["name"] == "Read":
                reads.setdefault(path, set()).add(call["id"])
            elif call["name"] in EDITS:
                later |= dict.fromkeys(reads.get(path, set()), turn.number)
    return later


def known(found: Agent) -> dict[str, float]:
    """By call: the turn since which every word of it is known; half a turn more for what the model wrote there."""
    moments: dict[str, float] = {}
    since: dict[str, float] = {}

    def learn(text: str, moment: float) -> None:
        for word in WORD.findall(text):
            since.setdefault(word, moment)

    for turn in found.turns:
        if turn.is_reset:
            since.clear()
            learn(cwd_of(found), -1.0)
        for _, text in came_in(turn):
            learn(text, turn.number)
        learn(text_of(turn), turn.number + 0.5)
        for call in turn.calls:
            about = [value for name, value in call["input"].items() if name not in SETTINGS]
            asked = WORD.findall(OPTION.sub(" ", "\n".join(strings(about))))
            moments[call["id"]] = max((since.get(w, inf) for w in asked if w not in PROGRAMS | GIT), default=-1.0)
            learn("\n".join(strings(call["input"])), turn.number + 0.5)
    return moments


def sizes(turns: Sequence[Turn]) -> dict[str, float]:
    return {call: size for turn in turns for kind, size, call in turn.pieces if kind == "result"}


def lines_of(text: str) -> int:
    return text.count("\n") + 1


def needed_again(found: Agent, start: int, end: int) -> Iterator[tuple[int, float]]:
    """Turns that write names which last stood in what went at `start`, and the size of where they stood."""
    names = {call["id"]: call["name"] for turn in found.turns for call in turn.calls}
    k = scale(found.turns[0].model)
    stood: dict[str, tuple[int, str]] = {}
    had: set[tuple[str, int]] = set()
    for turn in found.turns:
        if turn.is_reset:
            stood = {}
        stood |= {word: (turn.number, call) for call, text in came_in(turn) for word in WORD.findall(text)}
        stood |= dict.fromkeys(WORD.findall(text_of(turn)), (turn.number, ""))
        size = 0.0
        for call in turn.calls:
            written = set(WORD.findall("\n".join(strings(call["input"]))))
            for seen, source in sorted({stood[word] for word in written if word in stood and is_name(word)}):
                thing = (source, -1 if source else seen)
                if seen < start <= turn.number < end and thing not in had:
                    had.add(thing)
                    size += again_size(names.get(source, ""), found.results.get(source, ""), k)
            stood |= dict.fromkeys(written, (turn.number, ""))
        if size:
            yield turn.number, size


def is_name(word: str) -> bool:
    return len(word) >= 6 and ("_" in word.strip("_") or re.search(r"[a-z0-9][A-Z]", word) is not None)


def again_size(name: str, text: str, k: float) -> float:
    """120 lines of a file, half of another result and at most 1,500 tokens, 500 of anything else."""
    if not name:
        return 500.0
    size = len(text) / (CHARS_PER_TOKEN.get(name, 3.2) * k) + 0.3 * (len(text.encode()) - len(text)) + 36
    return 40 + size * min(1.0, 120 / lines_of(text)) if name == "Read" else min(1_500.0, size / 2)
