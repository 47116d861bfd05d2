"""Delegation: a cheap lean agent does a series of reading turns and hands back a short answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcp_lean.costs.read_only import only_looks
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.handing_over import Terms, delegated, read_again, scout_of
from mcp_lean.costs.replay.policy import (
    Applied,
    Case,
    is_waiting,
)
from mcp_lean.costs.replay.simulate import actor_picousd, prefix_tokens, turn_picousd, walk, write_rate

SHORTEST, LONGEST = 3, 11
"""Turns of a series. A scout may take twelve: one more, for its answer (`lean_agents.MOST_TURNS`)."""

INFO = PolicyInfo(
    "scout",
    "Series of reading turns done by a cheap lean agent",
    ("strict", "expected", "upper"),
    (
        (
            "Three to eleven consecutive turns of the main conversation that only look become one Agent call (250 "
            "tokens) and one answer (660); the scout does every turn of them, and one more, on Haiku 5.5 (strict: 4.5)."
        ),
        (
            "Strict and expected: the scout costs one and a half times that; 15 % of the series are done again in "
            "the main conversation; files that are edited or used later are read again, 120 lines each (180 if "
            "edited), strict in a turn each, expected in one turn; strict: 30 % of used search and shell results are "
            "quoted."
        ),
        (
            "Upper: the scout costs what it costs; 5 % are done again; 60 lines of each such file; only series where "
            "it pays."
        ),
        (
            "The scout is an agent file: of ours the main conversation carries our agents' names, 200 tokens. Where a "
            "series begins is seen from the whole run; a model has to decide it at its first turn."
        ),
    ),
    "what was read is needed in the main conversation afterwards, or the series was short and the context small",
)


TERMS = {
    "strict": Terms("claude-haiku-4-5", 3_000, 1.5, 0.15, 120, 180, True, 0.30, False),
    "expected": Terms("claude-haiku-5-5", 2_500, 1.5, 0.15, 120, 180, False, 0.0, False),
    "upper": Terms("claude-haiku-5-5", 2_500, 1.0, 0.05, 60, 60, False, 0.0, True),
}


@dataclass(frozen=True, slots=True)
class _Window:
    """A series, from its first turn to the one that takes in the last result, and what would stand there instead."""

    start: int
    end: int
    turns: tuple[Turn, ...]
    scout: Actor


def apply(work: Work, case: Case) -> Applied:
    """Scouts for the main conversation."""
    terms = TERMS[case.bound]
    actors: list[Actor] = []
    count = 0
    for actor in work.actors:
        if not actor.is_main:
            actors.append(actor)
            continue
        windows = _windows(actor, terms, case)
        changed = _with(actor, windows)
        if terms.only_if_it_pays:
            windows = _paying(actor, windows)
            changed = _with(actor, windows)
            # The choice takes prices by the length of a prompt as they were; where that was wrong, nothing is changed.
            if actor_picousd(changed) + sum(actor_picousd(window.scout) for window in windows) > actor_picousd(actor):
                windows, changed = [], actor
        count += len(windows)
        actors += [changed, *(window.scout for window in windows)]
    return Applied(replace(work, actors=tuple(actors)), count, needs_agents=True)


def _windows(actor: Actor, terms: Terms, case: Case) -> list[_Window]:
    places = {turn.index: place for place, turn in enumerate(actor.turns) if not turn.is_added}
    sizes = {piece.call_id: piece.tokens for turn in actor.turns for piece in turn.pieces if piece.kind == "result"}
    found = []
    for chain in _chains(actor):
        start, end = places[chain[0]], places[chain[1] + 1] + 1
        turns = actor.turns[start:end]
        again = read_again(actor, chain, terms, sizes)
        found.append(_Window(start, end, delegated(turns, terms, again), scout_of(actor, turns, terms, case)))
    return found


def _with(actor: Actor, windows: Sequence[_Window]) -> Actor:
    """The main conversation with these series handed over."""
    turns: list[Turn] = []
    place = 0
    for window in windows:
        turns += [*actor.turns[place : window.start], *window.turns]
        place = window.end
    return replace(actor, turns=(*turns, *actor.turns[place:]))


def _paying(actor: Actor, windows: Sequence[_Window]) -> list[_Window]:
    """Those that pay, known beforehand: from the last to the first, each with what its tokens cost later on."""
    before = [0.0, *(step.context_tokens for step in walk(actor))]
    carried, place = 0.0, len(actor.turns)
    found: list[_Window] = []
    for window in reversed(windows):
        carried = _carried(actor.turns[window.end : place], carried)
        turns, place = actor.turns[window.start : window.end], window.start
        old_picousd, old_tokens = _cost(turns, before[place])
        new_picousd, new_tokens = _cost(window.turns, before[place])
        saved = old_picousd - new_picousd + (old_tokens - new_tokens) * carried
        if saved > actor_picousd(window.scout):
            found.append(window)
            turns = window.turns
        carried = _carried(turns, carried)
    return found[::-1]


def _cost(turns: Sequence[Turn], context: float) -> tuple[float, float]:
    """What some turns cost behind a context, and the context that they leave."""
    total = 0.0
    for turn in turns:
        prefix = prefix_tokens(turn, context)
        total += turn_picousd(turn, prefix)
        context = prefix + turn.fresh_tokens
    return total, context


def _carried(turns: Sequence[Turn], later: float) -> float:
    """What one token costs that stands in the context before these turns, until the next compaction."""
    for turn in reversed(turns):
        if turn.is_reset:
            later = 0.0
            continue
        rates = turn.tariff(turn.request.usage.context_tokens)
        later += turn.times * (turn.hit * rates.cache_read + (1 - turn.hit) * write_rate(turn, rates))
    return later


def _chains(actor: Actor) -> Iterator[tuple[int, int]]:
    """First and last request index of each series that a turn with its results follows.

    The turn behind the longest series stays, whatever it does.
    """
    requests = actor.agent.requests
    start: int | None = None
    for index, request in enumerate(requests):
        looks = bool(request.calls) and all(only_looks(call) and not is_waiting(call) for call in request.calls)
        follows = request.is_tool_loop and not request.is_after_reset
        is_full = start is not None and index - start == LONGEST
        if start is not None and (is_full or not (looks and follows)):
            if follows and index - start >= SHORTEST:
                yield start, index - 1
            start = None
        if looks and start is None and not (is_full and follows):
            start = index
