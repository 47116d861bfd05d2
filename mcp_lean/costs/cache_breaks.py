"""Requests that found much of their cached prefix gone, why, and what writing it again has cost.

In:  the priced requests of one agent, in order.
Out: `CacheBreak` values; `read_share` with the vendor's published marks.
Not here: what could be saved (`savings`).

A break: the request before had more than 15,000 tokens in the cache (read or written), this one reads less than half
of them although its context is more than half of them. A compaction is none: it rewrites the context on purpose. The
cost is what the lost tokens cost now, less what reading them would have cost.

The causes are inferred from the transcript, in the order of `_cause`; their names are the client's own where it has
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcp_lean.costs.attribution import Priced, segments
from mcp_lean.costs.prices import canonical
from mcp_lean.transcripts.model import Request, Usage

Cause = Literal[
    "model_changed",
    "ttl_expired_5m",
    "ttl_expired_1h",
    "client_changed",
    "tools_changed",
    "system_prompt_changed",
    "effort_changed",
    "messages_rewritten",
    "likely_server_side",
    "unknown",
]
"""
client_changed: another version of Claude Code, as after an upgrade and a resume.
system_prompt_changed: nothing at all was read, or the client recorded another system prompt or tool list.
messages_rewritten: the context shrank without a compaction (rewind, cleared results), or at a new prompt only the
base was still in the cache (plan mode, reminders that moved).
likely_server_side: a gap shorter than the cache's lifetime, no sign of a change.
"""

SMALLEST_PREFIX_TOKENS = 15_000
"""Below it a break costs little, and the beginning of an agent looks like one."""

MEDIAN_READ_SHARE, TOP_TENTH_READ_SHARE, POOR_READ_SHARE = 0.84, 0.94, 0.80
"""Share of all input tokens that agent loops read from the cache: median, best tenth, and the mark below which the
vendor advises to look for something that breaks it ("Optimizing for cost and intelligence", platform documentation)."""


@dataclass(frozen=True, slots=True)
class CacheBreak:
    """One request that paid the write price for tokens that had been in the cache."""

    agent_id: str
    index: int
    """Position of the request in its agent, from 0."""
    request_id: str
    at_s: float | None
    cause: Cause
    gap_s: float | None
    """Since the start of the request before; reading refreshes the cache, so this is its age."""
    kept_tokens: int
    lost_tokens: int
    picousd: int


def find_breaks(agent_id: str, priced: Sequence[Priced], base_tokens: int = 0) -> tuple[CacheBreak, ...]:
    """All breaks of one agent. `base_tokens`: what stands before its first prompt."""
    found = []
    lifetime_s = LIFETIMES["5m"]
    for index in range(1, len(priced)):
        before, now = priced[index - 1].request, priced[index].request
        lifetime_s = cache_lifetime_s(before) or lifetime_s
        lost = lost_tokens(before, now)
        if lost:
            found.append(
                CacheBreak(
                    agent_id,
                    index,
                    now.id,
                    now.started_s,
                    _cause(before, now, lifetime_s, base_tokens),
                    gap_s(before, now),
                    now.usage.cache_read_tokens,
                    lost,
                    _extra_cost(priced[index], lost),
                )
            )
    return tuple(found)


def lost_tokens(before: Request, now: Request) -> int:
    """Tokens that were in the cache after `before` and that `now` had to write again; 0 where it is not a break."""
    prefix = before.usage.cache_read_tokens + before.usage.cache_write_tokens
    read, size = now.usage.cache_read_tokens, now.usage.context_tokens
    if now.reset == "compaction" or prefix <= SMALLEST_PREFIX_TOKENS:
        return 0
    return min(prefix, size) - read if 2 * read < prefix < 2 * size else 0


def gap_s(before: Request, now: Request) -> float | None:
    """Seconds from the start of one request to the start of the next; `None` where a record has no time."""
    if before.started_s is None or now.started_s is None:
        return None
    return max(now.started_s - before.started_s, 0.0)


LIFETIMES = {"5m": 300.0, "1h": 3600.0}
"""Seconds that a cache entry lives after it was last used."""


def cache_lifetime_s(request: Request) -> float | None:
    """Lifetime of what the request put into the cache; `None` where it wrote nothing and did not say."""
    if request.cache_ttl in LIFETIMES:
        return LIFETIMES[request.cache_ttl]
    if request.usage.cache_write_1h_tokens:
        return LIFETIMES["1h"]
    return LIFETIMES["5m"] if request.usage.cache_write_5m_tokens else None


def read_share(usage: Usage) -> float | None:
    """Share of the input that came from the cache; `None` without any input."""
    return usage.cache_read_tokens / usage.context_tokens if usage.context_tokens else None


def _cause(before: Request, now: Request, lifetime_s: float, base_tokens: int) -> Cause:
    gap = gap_s(before, now)
    if canonical(before.model) != canonical(now.model):
        return "model_changed"
    if gap is not None and gap > lifetime_s:
        return "ttl_expired_5m" if lifetime_s == LIFETIMES["5m"] else "ttl_expired_1h"
    if before.version and now.version and before.version != now.version:
        return "client_changed"
    if now.entered.tools_changed:
        return "tools_changed"
    if before.shape and now.shape and before.shape != now.shape:
        return "system_prompt_changed"
    if before.effort and now.effort and before.effort != now.effort:
        return "effort_changed"
    if now.reset == "shrink":
        return "messages_rewritten"
    if now.usage.cache_read_tokens == 0:
        return "system_prompt_changed"
    if gap is not None and gap > LIFETIMES["5m"]:
        return "likely_server_side"
    if now.is_after_prompt and now.usage.cache_read_tokens <= base_tokens:
        return "messages_rewritten"
    return "unknown"


def _extra_cost(item: Priced, lost: int) -> int:
    """What the `lost` tokens behind the part that was read cost, less the price of reading them."""
    read, behind = segments(item.request, item.quote)
    cost, left = 0, lost
    for segment in behind:
        taken = min(segment.tokens, left)
        cost += taken * segment.rate
        left -= taken
    return cost - lost * read.rate
