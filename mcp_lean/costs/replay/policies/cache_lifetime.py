"""The cache's lifetime fitted to the work: five minutes, or an hour."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.cache_breaks import LIFETIMES, gap_s
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, mapped
from mcp_lean.costs.replay.simulate import actor_picousd

LOST_HIT, KEPT_HIT = 0.1, 0.98
"""Part of the prompt that is read where an entry has expired, and where it has not."""

INFO = PolicyInfo(
    "cache_lifetime",
    "Five minutes or an hour, by the kind of work",
    ("strict", "upper"),
    (
        (
            "Strict: each agent writes 5-minute entries until its first pause of 5 to 60 minutes, and 1-hour entries "
            "from there on; it knows nothing of what comes."
        ),
        "Upper: for each agent the cheapest of the recorded lifetime, five minutes and an hour, known beforehand.",
        "A pause of 5 to 60 minutes loses 90 % of a 5-minute prompt, and 2 % of a 1-hour one that was lost before.",
    ),
    "strict: one pause in an agent that has no second one, after a large prompt was written at five minutes",
)


def apply(work: Work, case: Case) -> Applied:
    """Another lifetime for each agent."""
    change = _best if case.bound == "upper" else _online
    changed, count = mapped(work, change)
    return Applied(changed, count)


def _online(actor: Actor) -> tuple[Actor, int]:
    changed = online(actor)
    return changed, int(changed.turns != actor.turns)


def online(actor: Actor) -> Actor:
    """Five minutes until the first pause, an hour from there on. Each turn rests on those before it."""
    turns: list[Turn] = []
    had_pause = False
    for turn in actor.turns:
        is_pause = not turn.is_added and _is_pause(turn, actor)
        if had_pause:
            turns.append(for_an_hour(turn, is_pause))
            continue
        had_pause = is_pause
        short = for_five_minutes(turn, is_pause)
        turns.append(for_an_hour(short, False) if is_pause else short)
    return replace(actor, turns=tuple(turns))


def _best(actor: Actor) -> tuple[Actor, int]:
    pauses = [not turn.is_added and _is_pause(turn, actor) for turn in actor.turns]
    ways = [
        actor,
        replace(actor, turns=tuple(map(for_five_minutes, actor.turns, pauses))),
        replace(actor, turns=tuple(map(for_an_hour, actor.turns, pauses))),
    ]
    best = min(ways, key=actor_picousd)
    return best, int(best is not actor)


def _is_pause(turn: Turn, actor: Actor) -> bool:
    """A gap that an hour bridges and five minutes do not."""
    if not turn.index:
        return False
    gap = gap_s(actor.agent.requests[turn.index - 1], turn.request)
    return gap is not None and LIFETIMES["5m"] < gap <= LIFETIMES["1h"]


def for_five_minutes(turn: Turn, is_pause: bool) -> Turn:
    """The turn with 5-minute entries before it and by it."""
    hit = min(turn.hit, LOST_HIT) if is_pause else turn.hit
    return replace(turn, hit=hit, write_5m=turn.write_5m + turn.write_1h, write_1h=0.0)


def for_an_hour(turn: Turn, is_pause: bool) -> Turn:
    """The turn with 1-hour entries before it and by it."""
    hit = max(turn.hit, KEPT_HIT) if is_pause else turn.hit
    return replace(turn, hit=hit, write_5m=0.0, write_1h=turn.write_5m + turn.write_1h)
