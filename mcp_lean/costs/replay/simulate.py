"""What a run costs under the recorded cache: each turn pays for what it reads again, what it writes, what it answers.

In:  `Work`.
Out: picodollars, exact to the rounding of floats; `walk` also gives the contexts.
Not here: how a recorded run becomes `Work` (`record`), policies, the ideal cache (`predict`).

    prompt = earlier prompt (less what was dropped) + new pieces
    cost   = read price x (hit x earlier + fresh_hit x new) + write price x the rest + output price x output

With nothing changed this is the recorded bill: the shares `hit`, `fresh_hit` and of the two kinds of writes are those
that were billed, so recorded cache breaks are in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_lean.costs.money import Rates
from mcp_lean.costs.replay.model import Actor, Turn, Work


@dataclass(frozen=True, slots=True)
class Step:
    """One turn with the prompt it was sent with."""

    turn: Turn
    prefix_tokens: float
    picousd: float

    @property
    def context_tokens(self) -> float:
        return self.prefix_tokens + self.turn.fresh_tokens


def walk(actor: Actor) -> Iterator[Step]:
    """The turns of an agent, each with its context and its cost."""
    context = 0.0
    for turn in actor.turns:
        prefix = prefix_tokens(turn, context)
        step = Step(turn, prefix, turn_picousd(turn, prefix))
        context = step.context_tokens
        yield step


def prefix_tokens(turn: Turn, context: float) -> float:
    """What a turn leaves of the context before it."""
    return min(max(context - turn.drops_tokens, 0.0), turn.keeps_tokens)


def turn_picousd(turn: Turn, prefix: float) -> float:
    """Cost of one turn on top of an earlier prompt of that size."""
    fresh = turn.fresh_tokens
    rates = turn.tariff(prefix + fresh)
    again = prefix * (turn.hit * rates.cache_read + (1 - turn.hit) * write_rate(turn, rates))
    entering = fresh * (turn.fresh_hit * rates.cache_read + (1 - turn.fresh_hit) * write_rate(turn, rates))
    return turn.times * again + entering + turn.output_tokens * rates.output + turn.fixed_picousd


def write_rate(turn: Turn, rates: Rates) -> float:
    """Picodollars per token that the cache did not give back: 5-minute and 1-hour writes and uncached input."""
    uncached = 1 - turn.write_5m - turn.write_1h
    return turn.write_5m * rates.cache_write_5m + turn.write_1h * rates.cache_write_1h + uncached * rates.input


def prefix_picousd(step: Step) -> float:
    """What a turn paid to send the earlier prompt again."""
    rates = step.turn.tariff(step.context_tokens)
    hit = step.turn.hit
    rate = hit * rates.cache_read + (1 - hit) * write_rate(step.turn, rates)
    return step.turn.times * step.prefix_tokens * rate


def actor_picousd(actor: Actor) -> float:
    """Cost of one agent."""
    return actor.weight * sum(step.picousd for step in walk(actor))


def picousd(work: Work) -> float:
    """Cost of all agents."""
    return sum(map(actor_picousd, work.actors))
