"""`together` once more, by other code: from the words of docs/replay.md, on the agents that `by_hand` reads.

With our overhead, in both worlds, and in seconds. Asked of the package is where the router sends an agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mcp_lean.costs.replay.model import Router

from .by_hand import Agent, Turn, content, copies, cost, scale
from .policies_by_hand import (
    EXPECTED,
    STRICT,
    Bound,
    at,
    base_of,
    batched,
    can_do,
    cleared,
    lean,
    lighter,
    noted,
    on_haiku,
    outlined,
    scouted,
    stopped,
)  # fmt: skip
from .texts_by_hand import came_in, cwd_of

__all__ = ["EXPECTED", "STRICT", "round_trips", "seconds_saved", "today", "together"]

TODAY = {"opus": "claude-opus-5-5", "sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5"}


@dataclass
class Doing:
    """An agent under the bundle: `weight`: how often it runs in full; a scout is one of its own."""

    found: Agent
    turns: list[Turn]
    weight: float = 1.0
    is_lean: bool = False
    is_scout: bool = False
    is_again: bool = False

    @property
    def is_client_s(self) -> bool:
        """Nobody's work: a compaction."""
        return "acompact" in self.found.name

    @property
    def usd(self) -> float:
        return self.weight * cost(self.turns)


def together(agents: Sequence[Agent], router: Router, bound: Bound, *, is_charged: bool = True) -> list[Doing]:
    """All agents under `together`. Cache breaks that a person could have avoided (expected) are none here."""
    sent = where_to(agents, router)
    cwd = cwd_of(agents[0])
    done: list[Doing] = []
    for found in agents:
        one = Doing(found, copies(found))
        if one.is_client_s:
            done.append(one)
            continue
        scouts: list[list[Turn]] = []
        if found.is_main:
            one.turns, scouts = scouted(found, one.turns, bound)
        one.turns = batched(found, outlined(found, one.turns), cwd, bound.header if is_charged else 0.0)
        agent, is_cheap = sent.get(found.name, ("", False))
        base, fits = base_of(found, agent, bound), can_do(found, agent)
        in_vain = bool(base) and bound is STRICT and not fits
        repeats = [replace(one, is_again=True)] if in_vain else []
        if base:
            one = replace(one, turns=lean(one.turns, base), is_lean=True)
        if is_cheap and not all("haiku" in turn.model for turn in found.turns):
            repeats = repeats or [replace(one, weight=0.15 if fits else 1.0, is_again=True)]
            one = replace(one, turns=[on_haiku(turn, bound) for turn in one.turns])
        if found.is_main:
            one.turns = cleared(found, lighter(found, one.turns), bound)
        for each in (one, *repeats):
            each.turns = stopped(found, noted(found, each.turns))
        done += [one, *repeats, *(Doing(found, turns, 1.5, is_scout=True) for turns in scouts)]
    if is_charged:
        for one in done:
            if not (one.is_lean or one.is_scout or one.is_client_s):
                one.turns = with_us(one.turns, bound.note)
    return done


def with_us(turns: Sequence[Turn], note: float) -> list[Turn]:
    """750 tokens and 200 in the base, a line in every twentieth turn."""
    made = []
    for number, turn in enumerate(turns):
        ours: list[list[Any]] = [["base", 950.0, ""]] if turn.is_reset else []
        ours += [["reminder", note, ""]] if number % 20 == 19 else []
        made.append(replace(turn, pieces=[*turn.pieces, *ours], keeps=turn.keeps + 950))
    return made


def where_to(agents: Sequence[Agent], router: Router) -> dict[str, tuple[str, bool]]:
    """By agent: the one of ours that the router would have taken, and whether on Haiku. An agent's first prompt is its
    call's."""
    calls = [call["input"] for one in agents for turn in one.turns for call in turn.calls]
    found: dict[str, tuple[str, bool]] = {}
    for one in agents[1:]:
        tasks = [text for _, text in came_in(one.turns[0])]
        for call in calls:
            if call.get("prompt") in tasks:
                sent = router(call, cwd_of(agents[0]))
                found[one.name] = sent.agent, sent.is_cheap
    return found


def today(found: Agent) -> Agent:
    """The agent in the world "current"."""
    turns = copies(found)
    is_subagent = not found.is_main and "acompact" not in found.name
    for before, turn in zip([None, *found.turns], turns, strict=False):
        k = 1.3 if scale(turn.model) == 1.0 else 1.0
        turn.model = next((model for name, model in TODAY.items() if name in turn.model), turn.model)
        turn.day = None
        turn.pieces = [[kind, k * size, key] for kind, size, key in turn.pieces]
        turn.drops *= k
        turn.output *= k
        if is_subagent:
            uncached = turn.writes.get("input", 0.0)
            turn.writes = {"input": uncached, "5m": 1 - uncached}
            if before and before.usage["1h"] and 300 < turn.at_s - before.at_s <= 3_600:
                turn.hit = min(turn.hit, 0.1)
    return replace(found, turns=turns, base=k_of(found) * found.base)


def k_of(found: Agent) -> float:
    return 1.3 if scale(found.turns[0].model) == 1.0 else 1.0


def seconds_saved(done: Sequence[Doing]) -> float:
    """Round trips that went away, less those that were added, less those of scouts."""
    saved = 0.0
    for one in done:
        waits = round_trips(one.found)
        quick = max(waits.values(), default=0.0)
        if one.is_scout:
            saved -= one.weight * len(one.turns) * quick
        elif one.is_again:
            saved -= one.weight * sum(waits.values())
        else:
            saved -= sum(quick * turn.times for turn in one.turns if turn.is_added)
            saved += sum(waits.get(turn.number, 0.0) * (1 - turn.times) for turn in one.turns if not turn.is_added)
    return saved


def round_trips(found: Agent) -> dict[int, float]:
    """From the last result to the beginning of the answer, at most that of the quickest quarter."""
    waits: dict[int, float] = {}
    for turn in found.turns:
        results = [at(record) for record in turn.came_in if content(record)[0]["type"] == "tool_result"]
        if results and turn.at_s >= max(results):
            waits[turn.number] = turn.at_s - max(results)
    quick = sorted(waits.values())[(len(waits) - 1) // 4] if waits else 0.0
    return {number: min(wait, quick) for number, wait in waits.items()}
