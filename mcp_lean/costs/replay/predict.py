"""An ideal prefix cache: what would have been read and written if nothing but time made entries go.

In:  `Work`.
Out: the same with predicted in place of recorded hits; `usage_of`, the predicted counts of one agent.
Not here: why a recorded request read less (`cache_breaks`).

Every request leaves its whole prompt in the cache. The next one reads all of it, unless the lifetime has passed since
the request began (lifetimes start with a request, and every read renews them) or the model has changed; then it reads
nothing. An agent's first request and the first after a compaction are taken as recorded: what they find was left by
other conversations, and no transcript of this run says what. So are the client's own requests (compactions, warm-ups).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcp_lean.costs.cache_breaks import LIFETIMES, gap_s
from mcp_lean.costs.prices import canonical
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.simulate import walk


@dataclass(frozen=True, slots=True)
class Predicted:
    """One request as an ideal cache would have billed it."""

    read_tokens: float
    written_tokens: float


def predicted(work: Work) -> Work:
    """The run under an ideal cache. Lifetimes and what stays uncached are as recorded."""
    return work.mapped(ideal)


def usage_of(actor: Actor) -> Iterator[Predicted]:
    """Predicted counts of each request."""
    for step in walk(ideal(actor)):
        read = step.prefix_tokens * step.turn.hit + step.turn.fresh_tokens * step.turn.fresh_hit
        yield Predicted(read, step.context_tokens - read)


def ideal(actor: Actor) -> Actor:
    """One agent under an ideal cache."""
    turns: list[Turn] = []
    lifetime_s = LIFETIMES["5m"]
    before: Turn | None = None
    for turn in actor.turns:
        if before is not None and not turn.is_reset:
            hit = 1.0 if _is_kept(before, turn, lifetime_s) else 0.0
            turns.append(replace(turn, hit=hit, fresh_hit=0.0))
        else:
            turns.append(turn)
        if turn.write_1h:
            lifetime_s = LIFETIMES["1h"]
        elif turn.write_5m:
            lifetime_s = LIFETIMES["5m"]
        before = turn
    return replace(actor, turns=tuple(turns))


def _is_kept(before: Turn, turn: Turn, lifetime_s: float) -> bool:
    if canonical(before.request.model) != canonical(turn.request.model):
        return False
    gap = gap_s(before.request, turn.request)
    return gap is None or gap <= lifetime_s
