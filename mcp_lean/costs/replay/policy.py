"""What every policy is made of: the case it is asked for, what it gives back, and changes that several share.

In:  `Work` and a `Case`.
Out: `Applied`; turns that are added, calls that are shrunk.
Not here: any policy (`policies`), charging our overhead (`overhead`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

from mcp_lean.costs.replay.model import Actor, Piece, Turn, Work
from mcp_lean.costs.replay.outcome import Bound, Example, PolicyInfo
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import ToolCall


@dataclass(frozen=True, slots=True)
class Case:
    """Under which assumptions a policy is applied."""

    bound: Bound
    world: World
    is_charged: bool
    """With our own overhead: definitions, headers, notes, failing calls. Without: what the policy does by itself."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A run under a policy."""

    work: Work
    count: int = 0
    """How often the policy acted."""
    seconds_saved: float = 0.0
    """Beside the round trips that go away or are added (`seconds`)."""
    examples: tuple[Example, ...] = ()
    needs_tools: bool = False
    """Our server has to be connected: its definitions are in every agent."""
    needs_hooks: bool = False
    """Our hooks put a line into the conversation now and then."""
    needs_agents: bool = False
    """Our agents are installed: the client lists them in every agent that may start others."""


class Policy(Protocol):
    """A module of `policies`."""

    INFO: PolicyInfo

    def apply(self, work: Work, case: Case) -> Applied:
        """The run as it would have been."""


FAILING_SHARE = 0.05
"""Of our calls: they fail, and the native ones are made after all. In recorded runs 4.6 % of the turns with calls had
only failures."""

_WAITING = re.compile(r"\bsleep\b|\bwatch\b|/tasks/\S+\.output|\btail\s+(?:\S+\s+)*-[fF]")


def is_waiting(call: ToolCall) -> bool:
    """A look at something that is still going on: made earlier, it would have shown something else."""
    return call.name in ("TaskOutput", "BashOutput") or _WAITING.search(call.subject) is not None


ANSWER_OUTPUT_TOKENS, CALL_OUTPUT_TOKENS = 40, 40
"""What a model writes for a turn, and for a call with short arguments."""


def added_turn(turn: Turn, times: float, output_tokens: float, pieces: tuple[Piece, ...] = ()) -> Turn:
    """A turn of its own beside `turn`, that finds the cache warm."""
    return replace(
        turn,
        pieces=pieces,
        hit=1.0,
        fresh_hit=0.0,
        output_tokens=output_tokens * times,
        fixed_picousd=0,
        drops_tokens=0.0,
        keeps_tokens=float("inf"),
        times=times,
        is_added=True,
    )


def asked_for(turn: Turn, times: float, tokens: float, output_tokens: float) -> Iterator[Turn]:
    """Turns of their own behind `turn`, one after the other, each with its part of what was asked for.

    They stand behind it because it was its answer that asked: what came in with it is read by them, too.
    """
    number = max(ceil(times), 1)
    part = times / number
    pieces = (Piece("arguments", output_tokens * part, own=True), Piece("result", tokens / number, own=True))
    yield from (added_turn(turn, part, output_tokens, pieces) for _ in range(number))


def recorded(actor: Actor) -> Iterator[Turn]:
    """The turns that were recorded, without those that a policy has added."""
    return (turn for turn in actor.turns if not turn.is_added)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A result in a smaller form, and what is read of it after all."""

    tokens: float
    follow_up_share: float = 0.0
    """How often the rest is asked for."""
    follow_up_tokens: float = 0.0
    """What then comes in."""
    is_held: bool = False
    """What is missing stands elsewhere in the context."""


FOLLOW_UP_OUTPUT_TOKENS = 80


def shrink_results(actor: Actor, decide: Callable[[ToolCall, Piece, int], Shrunk | None]) -> tuple[Actor, int]:
    """Replaces results by smaller forms; a follow-up is a turn of its own, behind the one that took in the result.

    Args:
        decide: from the call, its result's piece and the index of the request that it enters with; `None`: as it is.
    """
    calls = {call.id: call for request in actor.agent.requests for call in request.calls}
    turns: list[Turn] = []
    count = 0
    for turn in actor.turns:
        pieces: list[Piece] = []
        behind: list[Turn] = []
        for piece in turn.pieces:
            call = calls.get(piece.call_id) if piece.kind == "result" else None
            shrunk = decide(call, piece, turn.index) if call is not None else None
            if shrunk is None:
                pieces.append(piece)
                continue
            count += 1
            pieces.append(replace(piece, tokens=shrunk.tokens, is_cut=not shrunk.is_held))
            share = shrunk.follow_up_share
            if share:
                behind += asked_for(turn, share, share * shrunk.follow_up_tokens, FOLLOW_UP_OUTPUT_TOKENS)
        turns += [replace(turn, pieces=tuple(pieces)), *behind]
    return replace(actor, turns=tuple(turns)), count


def mapped(work: Work, change: Callable[[Actor], tuple[Actor, int]]) -> tuple[Work, int]:
    """Each working agent changed, and how often that was in all."""
    counts: list[int] = []

    def one(actor: Actor) -> Actor:
        changed, count = change(actor)
        counts.append(count)
        return changed

    return work.mapped(one), sum(counts)


def scaled(turn: Turn, factor: float) -> Turn:
    """The same turn with other tokens for the same text."""
    if factor == 1:
        return turn
    return replace(
        turn,
        pieces=tuple(piece.times(factor) for piece in turn.pieces),
        output_tokens=turn.output_tokens * factor,
        drops_tokens=turn.drops_tokens * factor,
        keeps_tokens=turn.keeps_tokens * factor,
    )
