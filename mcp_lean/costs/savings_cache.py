"""Savings that have to do with the prompt cache: pauses, its lifetime, what breaks it.

In:  a `RunCost`.
Out: a `Part`: money, how often, how many tokens. Zero where there is nothing to save.
Not here: which of them to show (`savings`), savings in what enters the context (`savings_context`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mcp_lean.costs import clearing
from mcp_lean.costs.attribution import Priced, segments
from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.cache_breaks import LIFETIMES, Cause, cache_lifetime_s, gap_s
from mcp_lean.costs.clearing import Situation
from mcp_lean.costs.prices import PriceTable, list_prices

NOTICED_GAP_S = 240.0
"""A pause after which a 5-minute entry may be gone: the clock starts with the request, and an answer takes its time."""

AVOIDABLE: frozenset[Cause] = frozenset(
    {"model_changed", "client_changed", "tools_changed", "system_prompt_changed", "effort_changed"}
)
AVOIDABLE_SHARE = (1, 2)
"""Half: some changes were wanted."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one run contributes to one kind of saving."""

    picousd: int = 0
    count: int = 0
    tokens: int = 0


NOTHING = Part()


def steady_prefix(cost: RunCost) -> Part:
    """Half of what breaks have cost that a change of model, effort, tools, prompt or client made."""
    breaks = [found for found in cost.breaks if found.cause in AVOIDABLE]
    money = sum(found.picousd for found in breaks) * AVOIDABLE_SHARE[0] // AVOIDABLE_SHARE[1]
    return Part(money, len(breaks), sum(found.lost_tokens for found in breaks))


def longer_cache(cost: RunCost) -> Part:
    """1-hour writes instead of 5-minute ones in the main thread: the breaks in pauses, less what dearer writes cost."""
    main = _main(cost)
    if main is None:
        return NOTHING
    breaks = [
        found
        for found in main.breaks
        if found.cause == "ttl_expired_5m" and found.gap_s is not None and found.gap_s <= LIFETIMES["1h"]
    ]
    lost = {found.index: found.lost_tokens for found in breaks}
    dearer = 0
    for index, item in enumerate(main.requests):
        kept = max(item.request.usage.cache_write_5m_tokens - lost.get(index, 0), 0)
        dearer += kept * (item.quote.rates.cache_write_1h - item.quote.rates.cache_write_5m)
    return _if_it_pays(sum(found.picousd for found in breaks) - dearer, len(breaks), sum(lost.values()))


def shorter_cache(cost: RunCost) -> Part:
    """5-minute writes instead of 1-hour ones, per agent where that pays: cheaper writes, less what pauses then cost."""
    money, pauses, tokens = 0, 0, 0
    for agent in cost.agents:
        cheaper = written = 0
        for item in agent.requests:
            rates, amount = item.quote.rates, item.request.usage.cache_write_1h_tokens
            cheaper += amount * (rates.cache_write_1h - rates.cache_write_5m)
            written += amount
        misses = list(_new_misses(agent.requests))
        net = cheaper - sum(misses)
        if net > 0 and not agent.agent.is_auxiliary:
            money, pauses, tokens = money + net, pauses + len(misses), tokens + written
    return _if_it_pays(money, pauses, tokens)


def _new_misses(requests: Sequence[Priced]) -> Iterator[int]:
    """What each pause would cost that a 1-hour cache has bridged: its reads become writes.

    What the first request found in the cache, another conversation had left there; that is charged as lost, too.
    """
    if requests and requests[0].request.usage.cache_read_tokens:
        yield _as_write(requests[0])
    lifetime = LIFETIMES["5m"]
    for before, now in pairwise(requests):
        lifetime = cache_lifetime_s(before.request) or lifetime
        gap = gap_s(before.request, now.request)
        if lifetime == LIFETIMES["1h"] and (gap is None or gap > NOTICED_GAP_S):
            yield _as_write(now)


def _as_write(item: Priced) -> int:
    rates = item.quote.rates
    return item.request.usage.cache_read_tokens * (rates.cache_write_5m - rates.cache_read)


def cold_history(cost: RunCost, table: PriceTable | None = None) -> Part:
    """A fresh start at the first prompt of each stretch that found the cache expired, where the watcher advises one.

    Whether it does, is decided by what was known then (`clearing`); what came of it, by what followed. Saved: what the
    history behind the base has cost from there to the next reset. Charged: a checkpoint, everything that is looked up
    again, and the turns for it. Stretches that would have lost are counted as well.
    """
    main = _main(cost)
    if main is None:
        return NOTHING
    money, prompts, tokens = 0, 0, 0
    for at, behind in _cold_stretches(main, table or list_prices()):
        dropped = at.dropped_tokens
        saved = sum(_cost_of(item, main.base_tokens, dropped) for item in behind)
        back = at.checkpoint_tokens + at.looked_up_tokens
        start = behind[0].quote.rates
        write = max(start.cache_write_5m, start.cache_write_1h if _writes_1h(behind) else 0)
        charged = back * (write + sum(item.quote.rates.cache_read for item in behind[1:]))
        charged += clearing.EXTRA_TURNS * ((main.base_tokens + back) * start.cache_read + 100 * start.output)
        money, prompts, tokens = money + saved - charged, prompts + 1, tokens + dropped
    return _if_it_pays(money, prompts, tokens)


def _cold_stretches(main: AgentCost, table: PriceTable) -> Iterator[tuple[Situation, Sequence[Priced]]]:
    """(situation at the cold prompt, requests from it to the next reset); one per stretch between resets."""
    requests = main.requests
    resets = [i for i, item in enumerate(requests) if item.request.is_after_reset]
    lifetime = LIFETIMES["5m"]
    taken_until = start = 0
    for index in range(1, len(requests)):
        before, now = requests[index - 1].request, requests[index].request
        lifetime = cache_lifetime_s(before) or lifetime
        start = index - 1 if before.is_after_reset else start
        is_at_work = index < taken_until or now.is_after_reset or not clearing.is_between_turns(before, now)
        if is_at_work or not clearing.is_cold(gap_s(before, now), lifetime):
            continue
        at = clearing.situation(
            before.model,
            lifetime,
            context_tokens=before.usage.context_tokens,
            base_tokens=main.base_tokens,
            requests_since_reset=index - start,
            is_cold=True,
            is_boundary=True,
            table=table,
            at_s=now.started_s,
            fast=now.speed == "fast",
        )
        if clearing.decide(at).pays:
            taken_until = next((reset for reset in resets if reset > index), len(requests))
            yield at, requests[index:taken_until]


def _cost_of(item: Priced, start: int, length: int) -> int:
    """What `length` tokens from position `start` on cost in this request."""
    read, behind = segments(item.request, item.quote)
    end = min(start + length, item.request.usage.context_tokens)
    cost, offset = 0, 0
    for segment in (read, *behind):
        overlap = min(end, offset + segment.tokens) - max(start, offset)
        cost += max(overlap, 0) * segment.rate
        offset += segment.tokens
    return cost


def _writes_1h(requests: Sequence[Priced]) -> bool:
    return any(item.request.usage.cache_write_1h_tokens for item in requests)


def _main(cost: RunCost) -> AgentCost | None:
    return next((agent for agent in cost.agents if agent.side == "orchestrator"), None)


def _if_it_pays(picousd: int, count: int, tokens: int) -> Part:
    return Part(picousd, count, tokens) if picousd > 0 else NOTHING
