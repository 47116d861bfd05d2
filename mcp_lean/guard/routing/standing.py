"""How a kind of work stands in a project: whether what was routed before was worth it.

In:  what became of the newest calls of the kind, and which of them were left alone because the kind stood badly.
Out: a `Rate` of failures. Pure.
Not here: keeping the calls (`log`), judging one of them (`costs/routing_outcomes`).

The rule: of the newest `NEWEST_CALLS` calls of a kind those that were judged count; from `FEWEST_CASES` on, a share of
failures above the limit means that the next call is left alone. Calls that are left alone push old cases out, and with
too few left the kind is tried again. So a kind that always fails is tried `FEWEST_CASES` times in any `NEWEST_CALLS`
calls and no more often, and one that has become better comes back by itself. While calls left alone are among the
newest, a try that nobody has judged yet counts as failed: many started at once are no way around the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.costs.routing_outcomes import FAILURES, GOOD

FEWEST_CASES = 10
"""Below, a rate says little: at 15 % of failures, which the simulation assumed, 4 of 10 come up once in 20 times."""

NEWEST_CALLS = 100
"""So many count: a project changes, and so do the models. With `FEWEST_CASES` it makes one vain try in ten calls: a
scout that fails costs a fortieth of what it was to save."""

LEFT_ALONE = "left alone"
"""Instead of an outcome: the call was not routed, because its kind stood badly."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Of the judged cases among the newest calls of a kind."""

    cases: int
    failures: int

    def is_above(self, share: float) -> bool:
        return self.cases >= FEWEST_CASES and self.failures > share * self.cases


def rate_of(newest: Sequence[str]) -> Rate:
    """The rate of a kind.

    Args:
        newest: of each call the outcome, empty where it is not known yet, or `LEFT_ALONE`; the newest first.
    """
    counted = newest[:NEWEST_CALLS]
    failures = sum(outcome in FAILURES for outcome in counted)
    good = sum(outcome == GOOD for outcome in counted)
    if LEFT_ALONE in counted:
        failures = sum(outcome not in (GOOD, LEFT_ALONE) for outcome in counted)
    return Rate(good + failures, failures)
