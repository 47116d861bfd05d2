"""How much of its limits an agent or a run has used, and what follows from that.

In:  what was spent (billed, and reserved for requests in flight) and the limits.
Out: a `Standing`: the limit that is nearest to its end, its share, and the step that share calls for.
Not here: counting (`ledger`), who acts (`identity`), the words (`words`).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mcp_lean.config import Budget, Limits


class Step(IntEnum):
    """What a share of a limit calls for; each is said once."""

    NONE = 0
    NOTICE = 1
    FINISH = 2
    STOP = 3


NOTICE_SHARE, FINISH_SHARE = 0.75, 0.95


class Spent(NamedTuple):
    """What an agent or a run has used up.

    reserved_usd: for requests that were sent, or are about to be, and whose bill is not written yet. It counts.
    context_tokens: of the newest request; 0 for a run.
    """

    usd: float = 0.0
    reserved_usd: float = 0.0
    requests: int = 0
    tokens: int = 0
    context_tokens: int = 0


class Raised(NamedTuple):
    """What a person has added to the limits of a run and of each of its agents."""

    usd: float = 0.0
    requests: int = 0
    tokens: int = 0
    context_tokens: int = 0


class Standing(NamedTuple):
    """The limit that is nearest to its end. `share` is 0 where nothing is limited.

    estimated: so much of `used` is for requests whose bill is not written, or that come next.
    """

    name: str = ""
    used: float = 0.0
    limit: float = 0.0
    estimated: float = 0.0

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit else 0.0

    @property
    def step(self) -> Step:
        if self.share >= 1:
            return Step.STOP
        if self.share >= FINISH_SHARE:
            return Step.FINISH
        return Step.NOTICE if self.share >= NOTICE_SHARE else Step.NONE


def percent(used: float, limit: float) -> str:
    """The share of a limit in whole per cent, rounded down: only a limit that is reached reads 100 %."""
    return f"{math.floor(used / limit * 100 + 1e-9)} %"  # 0.29 of 1.00 is 28.999999999999996 of 100


def of_agent(spent: Spent, limits: Limits) -> Standing:
    """An agent's standing. Among equal shares the first limit in the order of `Limits` is named."""
    return _nearest(
        Standing("agent_usd", spent.usd + spent.reserved_usd, limits.agent_usd, spent.reserved_usd),
        Standing("agent_requests", spent.requests, limits.agent_requests),
        Standing("agent_tokens", spent.tokens, limits.agent_tokens),
        Standing("agent_context_tokens", spent.context_tokens, limits.agent_context_tokens),
    )


def of_run(spent: Spent, budget: Budget, raised_usd: float = 0.0) -> Standing:
    """A run's standing. `raised_usd` is what a person has added to this run's limit."""
    run_usd = budget.run_usd + raised_usd if budget.run_usd else 0.0
    return _nearest(
        Standing("run_usd", spent.usd + spent.reserved_usd, run_usd, spent.reserved_usd),
        Standing("run_tokens", spent.tokens, budget.run_tokens),
    )


def _nearest(*standings: Standing) -> Standing:
    return max(standings, key=lambda standing: standing.share)
