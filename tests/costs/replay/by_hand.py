"""A replay once more, by other code: from the raw lines of transcripts and the words of docs/replay.md alone.

Nothing of the simulator, its policies or the reader of transcripts is used; only prices are asked of the price table.
It knows what a transcript holds today: one file per conversation, subagents in `<session>/subagents/agent-*.jsonl`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from math import ceil, inf
from pathlib import Path
from typing import Any

from mcp_lean.costs.money import Rates
from mcp_lean.costs.prices import list_prices

CHARS_PER_TOKEN = {
    "Read": 3.05, "Grep": 2.75, "Glob": 2.65, "Bash": 2.8, "Edit": 2.8, "MultiEdit": 2.8, "Write": 3.1, "Task": 3.3,
    "Agent": 3.3, "WebFetch": 3.4, "WebSearch": 3.4,
}  # fmt: skip
LINE = re.compile(r"^ *(\d+)[\t→](.*)$", re.MULTILINE)
MACHINE = ("<", "[Request interrupted", "Caveat:")


@dataclass
class Turn:
    """One request. Pieces: [kind, tokens, call id] that come in with it; `writes`: shares of what was not read; `day`:
    that of its prices, None for today's; `keeps`: at most so much of the earlier prompt stays."""

    model: str
    at_s: float
    usage: dict[str, int] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    came_in: list[dict[str, Any]] = field(default_factory=list)
    is_reset: bool = False
    stopped: bool = False
    pieces: list[list[Any]] = field(default_factory=list)
    drops: float = 0.0
    hit: float = 1.0
    fresh_hit: float = 0.0
    times: float = 1.0
    output: float = 0.0
    keeps: float = inf
    number: int = 0
    is_added: bool = False
    day: float | None = None
    writes: dict[str, float] = field(default_factory=dict)

    @property
    def context(self) -> int:
        return self.usage["read"] + self.usage["input"] + self.usage["5m"] + self.usage["1h"]

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [block for block in self.blocks.values() if block["type"] == "tool_use"]

    @property
    def is_loop(self) -> bool:
        blocks = [block for message in self.came_in for block in content(message)]
        return bool(blocks) and all(block.get("type") == "tool_result" for block in blocks)


@dataclass
class Agent:
    name: str
    turns: list[Turn]
    results: dict[str, str]
    base: float = 0.0

    @property
    def is_main(self) -> bool:
        return self.name == "main"


def content(record: dict[str, Any]) -> list[dict[str, Any]]:
    said = record["message"].get("content", [])
    return [{"type": "text", "text": said}] if isinstance(said, str) else said


def words(block: dict[str, Any]) -> str:
    inner = block.get("content", block.get("text", ""))
    return inner if isinstance(inner, str) else "".join(part.get("text", "") for part in inner)


def sessions(folder: Path) -> Iterator[list[Agent]]:
    """The agents of each session that has a main conversation, and at least two requests."""
    for path in sorted(folder.rglob("*.jsonl")):
        if path.parent.name == "subagents":
            continue
        lines = records(path)
        others = {file.stem: records(file) for file in (path.with_suffix("") / "subagents").glob("agent-*.jsonl")}
        agents = [agent(name, found) for name, found in {"main": lines, **(others or copied(lines))}.items()]
        if sum(len(one.turns) for one in agents) > 1:
            yield agents


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def copied(lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Subagents without files of their own: what clients of that time copied into the main conversation's file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        data = line.get("data", {}) if line.get("type") == "progress" else {}
        if data.get("type") == "agent_progress":
            found.setdefault(data["agentId"], []).append(data["message"])
    return found


def agent(name: str, lines: Sequence[dict[str, Any]]) -> Agent:
    turns: dict[str, Turn] = {}
    waiting: list[dict[str, Any]] = []
    compacted = False
    for record in lines:
        message = record.get("message")
        if record.get("subtype") == "compact_boundary":
            waiting, compacted = [], True
        elif record.get("type") == "user" and isinstance(message, dict):
            waiting.append(record)
        elif record.get("type") == "assistant" and isinstance(message, dict) and message["model"] != "<synthetic>":
            if message["id"] not in turns:
                at_s = datetime.fromisoformat(record["timestamp"]).timestamp()
                turns[message["id"]] = Turn(message["model"], at_s, came_in=waiting, is_reset=compacted or not turns)
                waiting, compacted = [], False
            take(turns[message["id"]], message)
    found = Agent(name, list(turns.values()), {})
    for number, turn in enumerate(found.turns):
        turn.number = number
        for record in turn.came_in:
            found.results |= {b["tool_use_id"]: words(b) for b in content(record) if b.get("type") == "tool_result"}
        price(turn)
    enter(found)
    return found


def take(turn: Turn, message: dict[str, Any]) -> None:
    said = message["usage"]
    split = said.get("cache_creation") or {}
    counts = {
        "input": said.get("input_tokens"), "read": said.get("cache_read_input_tokens"),
        "1h": split.get("ephemeral_1h_input_tokens"), "all": said.get("cache_creation_input_tokens"),
        "output": said.get("output_tokens"),
    }  # fmt: skip
    for name, number in counts.items():
        turn.usage[name] = max(turn.usage.get(name, 0), number or 0)
    turn.usage["5m"] = turn.usage["all"] - turn.usage["1h"]
    turn.stopped = turn.stopped or bool(message.get("stop_reason"))
    for block in message["content"]:
        turn.blocks.setdefault(block.get("id") or json.dumps(block), block)


def scale(model: str) -> float:
    return 1.0 if re.search(r"-(3|4-[0-6]|4)(-|$)", model) else 0.77


def arguments(call: dict[str, Any], k: float) -> float:
    return 30 + len(json.dumps(call["input"], ensure_ascii=False)) / (3.4 * k)


def price(turn: Turn) -> None:
    """The output where there is no final count, and what is asked of the price table."""
    k = scale(turn.model)
    guess = 40 + sum(arguments(call, k) for call in turn.calls)
    for block in turn.blocks.values():
        guess += len(block.get("text", "")) / (3.5 * k) + 0.215 * len(block.get("signature", block.get("data", "")))
    counted = turn.usage["output"]
    turn.output = counted if turn.stopped and counted > 1 else max(counted, round(guess))
    turn.day = turn.at_s
    paid = turn.usage["input"] + turn.usage["5m"] + turn.usage["1h"]
    turn.writes = {name: turn.usage[name] / paid for name in ("input", "5m", "1h")} if paid else {"5m": 1.0}


@cache
def rates(model: str, day: float | None, prompt: int) -> Rates:
    return list_prices().quote(model, day, prompt_tokens=prompt).rates


def tariff(turn: Turn, prompt: float) -> tuple[float, float, float]:
    """Read, write and output price of one token of this turn, in a prompt of that length."""
    found = rates(turn.model, turn.day, ceil(prompt))
    by_kind = {"input": found.input, "5m": found.cache_write_5m, "1h": found.cache_write_1h}
    return found.cache_read, sum(by_kind[name] * share for name, share in turn.writes.items()), found.output


def enter(found: Agent) -> None:
    """What came into each context, fitted to its growth; the shares of it that were read."""
    before: Turn | None = None
    names = {call["id"]: call["name"] for turn in found.turns for call in turn.calls}
    for turn in found.turns:
        k = scale(turn.model)
        new: list[list[Any]] = []
        for record in turn.came_in:
            for block in content(record):
                if block.get("type") == "tool_result":
                    text = words(block)
                    size = len(text) / (CHARS_PER_TOKEN.get(names[block["tool_use_id"]], 3.2) * k)
                    size += 0.3 * (len(text.encode()) - len(text)) + 36
                    new.append(["result", size, block["tool_use_id"]])
                elif record.get("isCompactSummary"):
                    new.append(["summary", len(words(block)) / (3.5 * k), ""])
                elif record.get("isMeta") or words(block).startswith(MACHINE):
                    new.append(["reminder", len(words(block)) / (3.7 * k), ""])
                else:
                    new.append(["prompt", len(words(block)) / (3.5 * k), ""])
        if before is None:
            found.base = turn.context - sum(piece[1] for piece in new)
            turn.pieces = [["base", found.base, ""], *new]
        elif turn.is_reset:
            base = min(found.base, turn.context)
            turn.pieces = [["base", base, ""], *fitted(new, turn.context - base, "summary")]
        else:
            new = [*wrote(before, scale(before.model)), *new]
            growth = turn.context - before.context
            turn.drops = max(min(sum(piece[1] for piece in new) - growth, before.context), 0) if growth < 0 else 0
            turn.pieces = fitted(new, growth + turn.drops, "unexplained")
        fresh = sum(piece[1] for piece in turn.pieces)
        prefix = turn.context - fresh
        turn.hit = min(turn.usage["read"] / prefix, 1.0) if prefix > 0.5 else 1.0
        turn.fresh_hit = max(turn.usage["read"] - prefix, 0) / fresh if fresh else 0.0
        before = turn


def wrote(turn: Turn, k: float) -> list[list[Any]]:
    text = sum(len(block.get("text", "")) for block in turn.blocks.values()) / (3.5 * k)
    sizes = [arguments(call, k) for call in turn.calls]
    fit = min(turn.output / (sum(sizes) + text), 1.0) if sizes or text else 1.0
    sizes = [size * fit for size in sizes]
    calls = [["arguments", size, call["id"]] for size, call in zip(sizes, turn.calls, strict=True)]
    return [["answer", turn.output - sum(sizes), ""], *calls]


def fitted(new: list[list[Any]], room: float, rest: str) -> list[list[Any]]:
    total = sum(piece[1] for piece in new)
    fit = min(1.25, room / total) if total else 0.0
    found = [[kind, size * fit, call] for kind, size, call in new]
    return [*found, [rest, room - total * fit, ""]]


def left(turn: Turn, context: float) -> float:
    """What a turn leaves of the prompt before it."""
    return 0.0 if turn.is_reset else min(max(context - turn.drops, 0.0), turn.keeps)


def cost(turns: Sequence[Turn]) -> float:
    """Dollars."""
    total = context = 0.0
    for turn in turns:
        prefix = left(turn, context)
        fresh = sum(piece[1] for piece in turn.pieces)
        read, write, written = tariff(turn, prefix + fresh)
        total += turn.times * prefix * (turn.hit * read + (1 - turn.hit) * write)
        total += fresh * (turn.fresh_hit * read + (1 - turn.fresh_hit) * write)
        total += turn.output * written
        context = prefix + fresh
    return total / 1e12


Change = Callable[[Agent], list[Turn]]


def saved(agents: Sequence[Agent], change: Change) -> float:
    """Dollars that a change saves in all agents but the client's own."""
    working = [one for one in agents if "acompact" not in one.name]
    return sum(cost(one.turns) - cost(change(one)) for one in working)


def copies(found: Agent) -> list[Turn]:
    return [replace(turn, pieces=[copy(piece) for piece in turn.pieces]) for turn in found.turns]


def our_weight(found: Agent) -> list[Turn]:
    """950 tokens in every base, a line of 100 in every twentieth turn."""
    turns = copies(found)
    for number, turn in enumerate(turns):
        turn.pieces += [["base", 950, ""]] if turn.is_reset else []
        turn.pieces += [["reminder", 100, ""]] if number % 20 == 19 else []
    return turns


def lighter_base(found: Agent) -> list[Turn]:
    turns = copies(found)
    less = 0.2 * max(found.base - 15_000, 0) if found.is_main else 0.0
    for turn in turns:
        turn.pieces += [["base", -less, ""]] if turn.is_reset else []
    return turns


def any_reads_at_once(found: Agent) -> list[Turn]:
    """The second and later turns of each series of single calls that only look read no context."""
    turns = copies(found)
    was_single = False
    for turn in turns:
        names = [call["name"].removeprefix("mcp__lean__") for call in turn.calls]
        single = len(names) == 1 and names[0] in ("Read", "Grep", "Glob", "read_many")
        if single and was_single and turn.is_loop and not turn.is_reset:
            turn.times = 0.0
        was_single = single
    return turns


def with_caps(found: Agent) -> list[Turn]:
    caps = {"Read": (4_000, 0.3), "Bash": (2_000, 0.2), "Grep": (2_000, 0.2)}
    names = {call["id"]: call["name"] for turn in found.turns for call in turn.calls}
    turns: list[Turn] = []
    for turn in copies(found):
        asked: list[Turn] = []
        for piece in turn.pieces:
            cap, chance = caps.get(names.get(piece[2], ""), (0, 0.0)) if piece[0] == "result" else (0, 0.0)
            if cap and piece[1] > cap:
                asked.append(extra(turn, chance, (piece[1] - cap) / 2))
                piece[1] = cap
        turns += [turn, *asked]
    return turns


def extra(turn: Turn, times: float, tokens: float) -> Turn:
    """A turn behind this one, for 80 tokens of output, that brings in so many, as often as it happens."""
    return replace(
        turn,
        pieces=[["more", times * (80 + tokens), ""]],
        hit=1.0,
        fresh_hit=0.0,
        drops=0.0,
        keeps=inf,
        times=times,
        output=80 * times,
        is_reset=False,
        is_added=True,
    )


def without_repeats(found: Agent) -> list[Turn]:
    paths = {call["id"]: call["input"].get("file_path") for turn in found.turns for call in turn.calls}
    reads = {call["id"] for turn in found.turns for call in turn.calls if call["name"] == "Read"}
    seen: set[tuple[str | None, str, str]] = set()
    turns = copies(found)
    for turn in turns:
        seen = set() if turn.is_reset else seen
        for piece in turn.pieces:
            if piece[0] == "result" and piece[2] in reads:
                lines = [(paths[piece[2]], *line) for line in LINE.findall(found.results[piece[2]])]
                share = sum(line in seen for line in lines) / len(lines) if lines else 0.0
                seen.update(lines)
                piece[1] = (1 - share) * piece[1] + 40 if share >= 0.3 else piece[1]
    return turns


def five_minutes_until_a_pause(found: Agent) -> list[Turn]:
    turns = copies(found)
    had_pause = False
    for before, turn in zip([None, *turns], turns, strict=False):
        is_pause = before is not None and 300 < turn.at_s - before.at_s <= 3_600
        if is_pause:
            turn.hit = max(turn.hit, 0.98) if had_pause else min(turn.hit, 0.1)
        had_pause = had_pause or is_pause
        cached = turn.usage["5m"] + turn.usage["1h"]
        if cached:
            share = cached / (cached + turn.usage["input"])
            turn.writes = {"1h" if had_pause else "5m": share, "input": 1 - share}
    return turns


def less_thought(found: Agent) -> list[Turn]:
    turns = copies(found)
    for turn in turns:
        answer = next(piece[1] for piece in wrote(turn, scale(turn.model)) if piece[0] == "answer")
        turn.output -= 0.3 * answer
        for piece in turn.pieces:
            piece[1] *= 0.7 if piece[0] == "answer" else 1.0
    return turns
