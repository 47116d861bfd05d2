"""A series of reading turns handed over: what is left of it in the main conversation, and the scout that does it.

In:  the turns of one series and the one behind it, the `Terms` of a bound.
Out: those turns as they would have been, and the scout as an agent.
Not here: which series are handed over (`scout`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from mcp_lean.costs.cache_breaks import LIFETIMES, gap_s
from mcp_lean.costs.replay.facts import AgentFacts
from mcp_lean.costs.replay.model import Actor, Piece, Turn
from mcp_lean.costs.replay.policy import ANSWER_OUTPUT_TOKENS, CALL_OUTPUT_TOKENS, Case, added_turn
from mcp_lean.costs.replay.record import LOST_HIT
from mcp_lean.transcripts.model import ToolCall

CALL_TOKENS, REPORT_TOKENS, FRAME_TOKENS, TASK_TOKENS = 250, 600, 60, 300
"""The Agent call, the answer, what the client puts around it, and the task as the scout reads it."""

KEPT = ("result", "arguments", "answer")
"""Of a recorded turn: what stands in the scout's context, too."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bound assumes."""

    model: str
    base_tokens: float
    cost: float
    repeated: float
    lines: int
    edited_lines: int
    turn_each: bool
    quoted: float
    only_if_it_pays: bool


def delegated(window: Sequence[Turn], terms: Terms, again: Sequence[float]) -> tuple[Turn, ...]:
    """The turns of the main conversation: the series gone, as often as it is not repeated, and what is read again.

    The answer is taken in by the first turn behind the call. What cache breaks have taken is missing in the first one
    that is certain.
    """
    first, *between, last = window
    answer = (Piece("arguments", CALL_TOKENS), Piece("result", REPORT_TOKENS + FRAME_TOKENS))
    turns = [
        replace(first, output_tokens=first.output_tokens + CALL_TOKENS),
        added_turn(first, terms.repeated, first.output_tokens, answer),
    ]
    for turn in between:
        output = turn.output_tokens * terms.repeated
        gone = _repeated(turn, first, terms)
        turns.append(replace(turn, pieces=gone, times=turn.times * terms.repeated, output_tokens=output))
    hit = min(turn.hit for turn in (*between, last))
    if _is_expired(first, last):
        hit = min(hit, LOST_HIT)
    came_in: tuple[Piece, ...] = ()
    for sizes in [[size] for size in again] if terms.turn_each else [again] if again else []:
        output = ANSWER_OUTPUT_TOKENS + CALL_OUTPUT_TOKENS * len(sizes)
        turns.append(replace(added_turn(last, 1, output, came_in), hit=hit))
        came_in, hit = (Piece("arguments", output), Piece("result", sum(sizes))), 1.0
    return (*turns, replace(last, hit=hit, pieces=(*_repeated(last, first, terms), *came_in)))


def _is_expired(first: Turn, last: Turn) -> bool:
    """Nobody renews the main conversation's cache while the scout works, at the recorded pace."""
    return _is_longer(first, last, LIFETIMES["1h" if first.write_1h else "5m"])


def _is_longer(first: Turn, last: Turn, seconds: float) -> bool:
    gap = gap_s(first.request, last.request)
    return gap is not None and gap > seconds


def _repeated(turn: Turn, first: Turn, terms: Terms) -> tuple[Piece, ...]:
    """What came in with a turn of the series: as much as is repeated in the main conversation.

    What the first turn thought is still thought; the answers of the turns that go away are not.
    """
    kinds = ("result", "arguments", "answer") if turn.index > first.index + 1 else ("result", "arguments")
    return tuple(
        replace(piece.times(terms.repeated), is_cut=True) if piece.kind in kinds else piece for piece in turn.pieces
    )


def read_again(actor: Actor, chain: tuple[int, int], terms: Terms, sizes: Mapping[str, float]) -> list[float]:
    """Tokens of each thing that the main conversation needs in its own words after the series."""
    first, last = chain
    again: list[float] = []
    quoted = 0.0
    for request in actor.agent.requests[first : last + 1]:
        for call in request.calls:
            facts = actor.facts.of(call.id)
            tokens = sizes.get(call.id, 0.0)
            if not tokens or not facts.is_used_after(last):
                continue
            if call.name == "Read":
                lines = terms.edited_lines if facts.edited_at > last else terms.lines
                again.append(tokens * _part(call, lines) + CALL_OUTPUT_TOKENS)
            else:
                quoted += terms.quoted * tokens
    return [*again, quoted] if quoted else again


def _part(call: ToolCall, lines: int) -> float:
    had = call.result.lines if call.result is not None else 0
    return min(1.0, lines / had) if had else 1.0


def scout_of(actor: Actor, window: Sequence[Turn], terms: Terms, case: Case) -> Actor:
    """An agent of its own that makes the calls of the series and answers."""
    recorded = [turn for turn in window if not turn.is_added]
    turns: list[Turn] = []
    for before, turn in zip([None, *recorded], recorded, strict=False):
        tariff, factor = case.world.cheap(turn.request, terms.model)
        pieces = tuple(piece.times(factor) for piece in turn.pieces if piece.kind in KEPT)
        if turn is recorded[0]:
            pieces = (Piece("base", terms.base_tokens), Piece("prompt", TASK_TOKENS))
        turns.append(
            replace(
                turn,
                tariff=tariff,
                pieces=pieces,
                hit=LOST_HIT if before and _is_longer(before, turn, LIFETIMES["5m"]) else 1.0,
                fresh_hit=0.0,
                write_5m=1.0,
                write_1h=0.0,
                output_tokens=REPORT_TOKENS if turn is recorded[-1] else turn.output_tokens * factor,
                fixed_picousd=0,
                drops_tokens=inf if turn is recorded[0] else 0.0,
                keeps_tokens=inf,
                times=1.0,
            )
        )
    agent = replace(actor.agent, id=f"scout-{recorded[0].index}", kind="subagent")
    return Actor(agent, tuple(turns), AgentFacts(), terms.base_tokens, terms.cost, is_lean=True, is_scout=True)
