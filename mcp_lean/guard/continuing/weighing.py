"""Going on or clearing, weighed for one conversation as its transcript stands.

In:  the ends of its transcript, the time, prices.
Out: a `Situation` for `costs/clearing`; `None` where the size of the context is not known.
Not here: the decision (`costs/clearing`), who hears of it (`watcher`, `tools/budget_check`).
"""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs import clearing
from mcp_lean.costs.cache_breaks import LIFETIMES, cache_lifetime_s
from mcp_lean.costs.prices import PriceTable
from mcp_lean.transcripts.ends import Ends


def situation_of(
    ends: Ends, now_s: float, table: PriceTable, *, is_new_task: bool, is_said_to_be_cold: bool = False
) -> clearing.Situation | None:
    """What is known as a prompt comes in; `None` where the size of the context is not."""
    if ends.first is None or not ends.last or ends.is_compacted_since:
        return None
    last = ends.last[-1]
    lifetimes = (cache_lifetime_s(request) for request in reversed(ends.last))
    lifetime_s = next((found for found in lifetimes if found), LIFETIMES["5m"])
    idle_s = None if last.started_s is None else now_s - last.started_s
    return clearing.situation(
        last.model,
        lifetime_s,
        context_tokens=last.usage.context_tokens + last.usage.output_estimated_tokens,
        base_tokens=clearing.base_tokens(ends.first),
        requests_since_reset=len(ends.since_reset),
        is_cold=is_said_to_be_cold or clearing.is_cold(idle_s, lifetime_s),
        # In the middle of a turn, or after one that was broken off, it is a correction.
        is_boundary=is_new_task and last.stop_reason != "tool_use",
        table=table,
        fast=last.speed == "fast",
    )


def situation_at_rest(ends: Ends, table: PriceTable) -> clearing.Situation | None:
    """The same for an agent at work: as if the task ended here, and the next one followed at once."""
    found = situation_of(ends, 0.0, table, is_new_task=True)
    return None if found is None else replace(found, is_boundary=True)
