"""The policies of `together` by other code, strict and expected, from the words of docs/replay.md#again.

Asked of the package are prices, and which shell lines only look. Shell lines are never joined here (some have a
counterpart among our tools).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil, inf
from typing import Any

from mcp_lean.costs.read_only import WEB_AND_ADMIN

from .by_hand import MACHINE, Agent, Turn, content, extra, left, rates, scale, words
from .texts_by_hand import WAITS, edited, known, lines_of, looks, needed_again, sizes, used

HISTORY = ("result", "arguments", "answer")


@dataclass(frozen=True)
class Bound:
    """What the bounds assume differently."""

    name: str
    haiku: str
    lean: float
    """Tokens of a lean agent's base."""
    reads_in_turns: bool
    """What a scout has read for nothing: each thing in a turn of its own."""
    quoted: float
    checkpoint: float
    lookups: float
    """Times each, and turns."""
    least_lookups: int
    note: float
    header: float


STRICT = Bound("strict", "claude-haiku-4-5", 3_000, True, 0.3, 3_000, 3, 4, 100, 100)
EXPECTED = Bound("expected", "claude-haiku-5-5", 2_500, False, 0.0, 2_000, 2, 2, 60, 40)


def scouted(found: Agent, turns: list[Turn], bound: Bound) -> tuple[list[Turn], list[list[Turn]]]:
    """The main conversation with its scouts, and these."""
    made: list[Turn] = []
    scouts: list[list[Turn]] = []
    done = 0
    runs = series(turns, lambda turn: bool(turn.calls) and all(map(looks, turn.calls)))
    for run in [whole[first : first + 11] for whole in runs for first in range(0, len(whole), 12)]:
        behind = turns[run[-1] + 1] if run[-1] + 1 < len(turns) else None
        if len(run) < 3 or behind is None or behind.is_reset or not behind.is_loop:
            continue
        chain = turns[run[0] : run[-1] + 1]
        made += [*turns[done : run[0]], *handed_over(found, turns, chain, behind, bound)]
        scouts.append(helper([*chain, behind], bound))
        done = run[-1] + 2
    return [*made, *turns[done:]], scouts


def series(turns: Sequence[Turn], belongs: Callable[[Turn], bool]) -> Iterator[list[int]]:
    """Places of consecutive turns that belong, nothing but results between them."""
    run: list[int] = []
    for place, turn in enumerate(turns):
        if turn.is_added:
            continue
        if run and not (belongs(turn) and turn.is_loop and not turn.is_reset):
            yield run
            run = []
        if belongs(turn):
            run.append(place)
    yield from [run] if run else []


def handed_over(
    found: Agent, turns: Sequence[Turn], chain: Sequence[Turn], behind: Turn, bound: Bound
) -> Iterator[Turn]:
    """What is left of a series in the main conversation: the call, 15 % of the series, and what is read again."""
    first = chain[0]
    yield replace(first, output=first.output + 250)
    once_more = extra(first, 0.15, 0.0)
    yield replace(once_more, pieces=[["answer", 910.0, ""]], output=0.15 * first.output)
    hit = behind.hit
    for turn in chain[1:]:
        yield replace(turn, times=0.15, output=0.15 * turn.output, pieces=repeated(turn, first))
        hit = min(hit, turn.hit)
    if behind.at_s - first.at_s > (3_600 if first.usage["1h"] else 300):
        hit = min(hit, 0.1)
    asked: list[list[Any]] = []
    again = read_again(found, turns, chain, bound.quoted)
    for part in [[size] for size in again] if bound.reads_in_turns else [again] if again else []:
        output = 40.0 + 40 * len(part)
        yield replace(extra(behind, 1.0, 0.0), pieces=asked, hit=hit, output=output)
        asked, hit = [["again", output + sum(part), ""]], 1.0
    yield replace(behind, pieces=[*repeated(behind, first), *asked], hit=hit)


def repeated(turn: Turn, first: Turn) -> list[list[Any]]:
    """What came in with a turn of a series: 15 % of it. What the first turn thought stays."""
    gone = HISTORY if turn.number > first.number + 1 else HISTORY[:2]
    return [[kind, 0.15 * size, "again"] if kind in gone else [kind, size, call] for kind, size, call in turn.pieces]


def read_again(found: Agent, turns: Sequence[Turn], chain: Sequence[Turn], quoted_share: float) -> list[float]:
    needed, changed, had = used(found), edited(found), sizes(turns)
    again, quoted = [], 0.0
    for call in [call for turn in chain for call in turn.calls]:
        last, is_changed = chain[-1].number, changed.get(call["id"], -1) > chain[-1].number
        if call["id"] not in had or not (is_changed or needed.get(call["id"], -1) > last):
            continue
        if call["name"] == "Read":
            part = (180 if is_changed else 120) / lines_of(found.results[call["id"]])
            again.append(40 + had[call["id"]] * min(1.0, part))
        else:
            quoted += quoted_share * had[call["id"]]
    return [*again, quoted] if quoted else again


def helper(turns: Sequence[Turn], bound: Bound) -> list[Turn]:
    """A lean agent that makes the calls of all but the last turn, and takes in what the last one did."""
    made = []
    for before, turn in zip([None, *turns], turns, strict=False):
        one = on_haiku(replace(turn, pieces=[piece for piece in turn.pieces if piece[0] in HISTORY]), bound)
        is_lost = before is not None and turn.at_s - before.at_s > 300
        made.append(
            replace(one, writes={"5m": 1.0}, hit=0.1 if is_lost else 1.0, fresh_hit=0.0, drops=0.0, is_reset=False)
        )
    made[0].pieces = [["base", bound.lean + 300, ""]]
    made[-1].output = 600.0
    return made


def on_haiku(turn: Turn, bound: Bound) -> Turn:
    """The same on Haiku as it costs today; 1.3 tokens of a newer tokenizer are one of an older."""
    k = 1.3 ** ((scale(turn.model) == 1.0) - (scale(bound.haiku) == 1.0))
    pieces = [[kind, k * size, call] for kind, size, call in turn.pieces]
    return replace(turn, model=bound.haiku, day=None, pieces=pieces, output=k * turn.output, drops=k * turn.drops)


# Tools


def outlined(found: Agent, turns: Sequence[Turn]) -> list[Turn]:
    calls = {call["id"]: call for turn in found.turns for call in turn.calls}
    needed, changed = used(found), edited(found)
    made: list[Turn] = []
    for turn in turns:
        pieces, behind = [], []
        for kind, size, key in turn.pieces:
            if kind == "result" and size > 4_000 and is_whole(calls.get(key), found.results.get(key, "")):
                pieces.append(["outline", 0.12 * size + 60, key])
                behind.append(extra(turn, 1.0 if key in needed or key in changed else 0.15, size / 2))
            else:
                pieces.append([kind, size, key])
        made += [replace(turn, pieces=pieces), *behind]
    return made


def is_whole(call: Mapping[str, Any] | None, text: str) -> bool:
    if call is None or call["name"] != "Read" or lines_of(text) <= 150:
        return False
    return not call["input"].get("offset") and not call["input"].get("limit")


def batched(found: Agent, turns: list[Turn], cwd: str, header: float) -> list[Turn]:
    """Later turns of each group gone; charged: 5 % of them back where a call of ours fails, and headers."""
    failing = 0.05 if header else 0.0
    groups = list(joined(found, turns, cwd))
    gone = {number for group in groups for number in group[1:]}
    last = {group[-1] + 1 for group in groups}
    made: list[Turn] = []
    context, missing = 0.0, 0.0
    for turn in turns:
        prefix = left(turn, context)
        context = prefix + sum(piece[1] for piece in turn.pieces)
        if turn.number in gone and not turn.is_added:
            missing = max(missing, (1 - turn.hit) * prefix)
            made.append(replace(turn, times=failing))
        elif turn.number in last and not turn.is_added:
            hit = min(turn.hit, max(1 - missing / prefix, 0.0)) if missing else turn.hit
            again = replace(extra(turn, failing, 0.0), pieces=[], output=40 * failing)
            made += [
                *([again] if failing else []),
                replace(turn, hit=hit, pieces=[*turn.pieces, ["header", header, ""]]),
            ]
            missing = 0.0
        else:
            made.append(turn)
    return made


def joined(found: Agent, turns: Sequence[Turn], cwd: str) -> Iterator[list[int]]:
    """Numbers of turns that one call of ours could have done."""
    since = known(found)
    had = {call: size for turn in turns for _, size, call in turn.pieces}
    for run in series(turns, lambda turn: len(turn.calls) == 1 and turn.times == 1 and looks(turn.calls[0])):
        group: list[dict[str, Any]] = []
        numbers: list[int] = []
        for turn in [turns[place] for place in run]:
            call = turn.calls[0]
            room = min(8_000 * (len(group) + 1), 20_000) if call["name"] == "Read" else 8_000
            fits = (
                ours(call, cwd) is not None
                and all(ours(call, cwd) == ours(other, cwd) and call["input"] != other["input"] for other in group)
                and not (call["name"] == "Read" and int(call["input"].get("offset") or 0) > 1)
                and sum(had.get(each["id"], 0.0) for each in [*group, call]) <= room
            )
            if group and not (fits and since[call["id"]] <= numbers[0] + 0.5 and found_something(found, group[-1])):
                yield from [numbers] if len(group) > 1 else []
                group, numbers = [], []
            group, numbers = [*group, call], [*numbers, turn.number]
        yield from [numbers] if len(group) > 1 else []


def ours(call: Mapping[str, Any], cwd: str) -> tuple[str, str] | None:
    """Tool and place; what two calls have to share."""
    said = call["input"]
    path = said.get("file_path") or said.get("path") or cwd
    if path.startswith(("/", "~", "..")) and not (path.rstrip("/") + "/").startswith(cwd.rstrip("/") + "/"):
        return None
    if call["name"] == "Read":
        return "read_many", ""
    shows_lines = said.get("output_mode") == "content" and not said.get("type") and not said.get("multiline")
    place = f"{path.rstrip('/')} {said.get('glob', '')}"
    return ("grep_and_read", place) if call["name"] == "Grep" and shows_lines else None


def found_something(found: Agent, call: Mapping[str, Any]) -> bool:
    """An error is no find, nor is an answer as short as the sentence that says so."""
    for turn in found.turns:
        for block in [block for record in turn.came_in for block in content(record)]:
            if block.get("tool_use_id") == call["id"]:
                return not block.get("is_error") and len(words(block)) > len("No matches found")
    return False


def noted(found: Agent, turns: Sequence[Turn]) -> list[Turn]:
    """A Read asked once more whose same text, of 1,000 characters and more, came within the last 40,000 tokens."""
    calls = {call["id"]: call for turn in found.turns for call in turn.calls if call["name"] == "Read"}
    held: dict[tuple[str, str], float] = {}
    made: list[Turn] = []
    context = calling = 0.0
    for turn in turns:
        if turn.is_reset or turn.keeps < inf:
            held = {}
        pieces, behind = [], []
        for kind, size, key in turn.pieces:
            text = found.results.get(key, "")
            mark = (json.dumps(calls[key]["input"]), text) if kind == "result" and key in calls else None
            if mark in held and held[mark] >= calling - 40_000 and len(text) >= 1_000:
                behind.append(extra(turn, 1 / 3, size))
                size = 40.0
            elif mark:
                held[mark] = calling
            pieces.append([kind, size, key])
        made += [replace(turn, pieces=pieces), *behind]
        calling = context = left(turn, context) + sum(piece[1] for piece in turn.pieces)
    return made


# Agents, base


def can_do(found: Agent, agent: str) -> bool:
    """Whether that agent of ours has tools and turns for what was done."""
    calls = [call for turn in found.turns for call in turn.calls]
    most = {"scout": 12, "runner": 8, "reviewer": 20}.get(agent, inf)
    return len(found.turns) <= most and all(looks(c) or (agent != "scout" and c["name"] == "Bash") for c in calls)


def base_of(found: Agent, agent: str, bound: Bound) -> float:
    """A lean subagent's base; 0: it keeps its own. Strict: those that the router sends. Expected: all; twice as much
    where they do more than look."""
    if found.is_main:
        return 0.0
    if bound is STRICT:
        return bound.lean if agent else 0.0
    calls = [call for turn in found.turns for call in turn.calls]
    reads = calls and all(looks(call) or call["name"] in WEB_AND_ADMIN for call in calls)
    return bound.lean if reads else 2 * bound.lean


def lean(turns: Sequence[Turn], base: float) -> list[Turn]:
    """So many tokens in place of the base, written cold."""
    made = []
    for turn in turns:
        others = [piece for piece in turn.pieces if piece[0] != "base"]
        made.append(replace(turn, pieces=[["base", base, ""], *others], fresh_hit=0.0) if turn.is_reset else turn)
    return made


def lighter(found: Agent, turns: Sequence[Turn]) -> list[Turn]:
    """A fifth of the base above 15,000 tokens less."""
    rest = 0.2 * max(found.base - 15_000, 0)
    return [replace(turn, pieces=[*turn.pieces, ["base", -rest, ""]]) if turn.is_reset else turn for turn in turns]


# Fresh starts, loops


def cleared(found: Agent, turns: Sequence[Turn], bound: Bound) -> list[Turn]:
    """Fresh starts where the rule says so, with a checkpoint and what is looked up."""
    base = sum(size for kind, size, _ in turns[0].pieces if kind == "base")
    made: list[Turn] = []
    starts: list[int] = []
    context = since = 0.0
    before: Turn | None = None
    for turn in turns:
        prefix, since = left(turn, context), 0.0 if turn.is_reset else since
        if (
            before
            and not turn.is_added
            and not turn.is_reset
            and says_clear(before, turn, context, (base, bound.checkpoint), since)
        ):
            starts.append(turn.number)
            kept = [piece for piece in turn.pieces if piece[0] not in HISTORY]
            turn = replace(turn, keeps=base, pieces=[*kept, ["summary", bound.checkpoint, ""]])
            prefix, since = base, 0.0
        made.append(turn)
        context, since = prefix + sum(piece[1] for piece in turn.pieces), since + turn.times
        before = before if turn.is_added else turn
    back = looked_up(found, starts, bound)
    return [
        one
        for turn in made
        for one in [turn, *([] if turn.is_added else [extra_of(turn, *part) for part in back.get(turn.number, [])])]
    ]


def extra_of(turn: Turn, times: float, tokens: float) -> Turn:
    return replace(extra(turn, times, 0.0), pieces=[["again", 80 * times + tokens, ""]])


def says_clear(before: Turn, turn: Turn, context: float, kept: tuple[float, float], since: float) -> bool:
    """The rule of docs/cost.md#clearing, with this checkpoint."""
    asked = [(record, words(block)) for record in turn.came_in for block in content(record) if block["type"] == "text"]
    prompts = [said for record, said in asked if not record.get("isMeta") and not said.startswith(MACHINE)]
    results = [at(record) for record in turn.came_in if content(record)[0]["type"] == "tool_result"]
    whole = context + before.output
    if not prompts or whole < 60_000 or (results and turn.at_s - max(results) <= 60):
        return False
    is_hour = before.writes.get("1h", 0.0) > 0
    is_cold = turn.at_s - before.at_s > (3_600 if is_hour else 300)
    if not is_cold and sum(map(len, prompts)) < 80:
        return False
    base, checkpoint = kept
    dropped = whole - base
    looked = min(max(0.15 * dropped, 7_800), dropped)
    later = max(since // 2, 1) - 1
    now = rates(turn.model, turn.day, ceil(whole))
    after = rates(turn.model, turn.day, ceil(base + checkpoint + looked))
    write, write_after = (each.cache_write_1h if is_hour else each.cache_write_5m for each in (now, after))
    going_on = whole * (write if is_cold else now.cache_read) + later * whole * now.cache_read
    clearing = base * (write_after if is_cold else after.cache_read) + checkpoint * write_after
    clearing += (later + 4) * (base + checkpoint) * after.cache_read
    clearing += looked * (write_after + later / 2 * after.cache_read)
    return dropped > 2 * checkpoint and going_on - clearing >= 1e10


def at(record: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(record["timestamp"]).timestamp()


def looked_up(found: Agent, starts: Sequence[int], bound: Bound) -> dict[int, list[tuple[float, float]]]:
    """By the turn behind which it happens: turns and tokens. At least 7,800 tokens per fresh start."""
    back: dict[int, list[tuple[float, float]]] = {}
    last = found.turns[-1].number
    for start, end in zip(starts, [*starts, last + 1][1:], strict=True):
        if start == last:
            continue
        turns, tokens, each = float(bound.least_lookups), 7_800.0, bound.lookups
        back.setdefault(start + 1, []).extend([(1.0, tokens / turns)] * bound.least_lookups)
        for use, size in needed_again(found, start, end):
            more, beyond = max(each - turns, 0.0), max(each * size - tokens, 0.0)
            turns, tokens = max(turns - each, 0.0), max(tokens - each * size, 0.0)
            parts = max(ceil(more), 1)
            back.setdefault(max(use, start + 1), []).extend([(more / parts, beyond / parts)] * parts)
    return back


def stopped(found: Agent, turns: Sequence[Turn]) -> list[Turn]:
    """From the sixth time on the same call with the same result is no turn any more; 150 tokens have said so."""
    gone: list[int] = []
    same, before, told = 0, "", []
    for turn in found.turns:
        asked = json.dumps([[call["name"], call["input"]] for call in turn.calls])
        results = [re.sub(r"\d+", "0", found.results.get(call["id"], "")) for call in turn.calls]
        mark = asked + "".join(results) if len(results) == 1 and not WAITS.search(asked) else ""
        same = same + 1 if mark and mark == before and turn.is_loop else 1
        before = mark
        gone += [turn.number] if same > 5 else []
        told += [turn.number] if same == 6 else []
    made = []
    for turn in turns:
        pieces = [piece for piece in turn.pieces if not (turn.number - 1 in gone and piece[0] in HISTORY)]
        pieces += [["reminder", 150.0, ""]] if turn.number in told else []
        is_gone = turn.number in gone and not turn.is_added
        turn = replace(turn, pieces=pieces)
        made.append(replace(turn, times=0.0, output=0.0) if is_gone else turn)
    return made
