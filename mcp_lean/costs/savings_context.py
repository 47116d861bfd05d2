"""Savings in what enters a context, in which turns, and on which model.

In:  a `RunCost`.
Out: a `Part`: money, how often, how many tokens. Zero where there is nothing to save.
Not here: which of them to show (`savings`), savings that have to do with the cache (`savings_cache`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from mcp_lean.costs.attribution import Priced
from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.read_only import changes_nothing, only_looks
from mcp_lean.costs.savings_cache import NOTHING, Part
from mcp_lean.costs.tool_loop import CallCost
from mcp_lean.transcripts.estimate import characters_scale
from mcp_lean.transcripts.model import Request

BASE_FLOOR_TOKENS = 15_000
"""The client's own prompt and tools; what stands above it are servers, plugins, memory."""
BASE_SHARE = (1, 5)
"""A fifth of what the base holds above 15k tokens: about what removing unused servers gives."""

LARGE_READ_TOKENS = 4_000
LARGE_READ_LINES = 150
OUTLINE_SHARE, OUTLINE_TOKENS = Decimal("0.12"), 60
"""An outline in place of a file: 12 % of its tokens and 60 more."""
FOLLOW_UP_SHARE = Decimal("0.5")
FOLLOW_UP_CHANCE = Decimal("0.6")
FOLLOW_UP_OUTPUT_TOKENS = 80
"""Then half of the file is read after all in 60 % of the cases, in a turn of its own; always where it is edited."""
EDITS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})

REPEATED_SHARE = Decimal("0.15")
"""Part of the work that the cheaper model is assumed to fail at; it is charged in full on the old one."""
NEWER_TOKENIZER_TOKENS = Decimal("1.3")
"""Tokens for the same text, relative to models up to 4.6."""
CHEAP_SINCE = (
    ("claude-haiku-5-5", datetime(2026, 10, 7, tzinfo=UTC)),
    ("claude-haiku-4-5", datetime(2025, 10, 15, tzinfo=UTC)),
)
"""The cheapest models and the days since when they were to be had, newest first."""

INDEPENDENT_SHARE = (1, 2)
"""Part of the serial read-only turns that could have been one: in recorded runs, 54 % of the money of such turns was
in calls whose arguments were all known before the first of them."""


def lean_base(cost: RunCost) -> Part:
    """A fifth of what the main thread's base costs above 15k tokens."""
    main = next((agent for agent in cost.agents if agent.side == "orchestrator"), None)
    if main is None or main.base_tokens <= BASE_FLOOR_TOKENS:
        return NOTHING
    paid = sum(line.picousd for line in main.lines if line.kind == "base")
    above = main.base_tokens - BASE_FLOOR_TOKENS
    return Part(paid * above * BASE_SHARE[0] // (main.base_tokens * BASE_SHARE[1]), 1, above)


def outlines(cost: RunCost) -> Part:
    """Outlines and ranges in place of large files that were read whole."""
    money, files, tokens = 0, 0, 0
    for agent in cost.agents:
        for found in agent.calls:
            if _is_large_read(found):
                saved = _outline_saving(agent, found)
                if saved > 0:
                    money, files, tokens = money + saved, files + 1, tokens + found.result_tokens
    return Part(money, files, tokens)


def _is_large_read(found: CallCost) -> bool:
    call, result = found.call, found.call.result
    return (
        call.name == "Read"
        and not call.is_partial_read
        and result is not None
        and not result.is_error
        and result.images == 0
        and result.lines > LARGE_READ_LINES
        and found.result_tokens > LARGE_READ_TOKENS
    )


def _outline_saving(agent: AgentCost, found: CallCost) -> int:
    """Picodollars; negative where the outline and its follow-up cost more than the file."""
    is_edited = any(
        later.call.name in EDITS and later.call.subject == found.call.subject and later.index >= found.index
        for later in agent.calls
    )
    item = agent.requests[min(found.index + 1, len(agent.requests) - 1)]
    turn = item.request.usage.context_tokens * item.quote.rates.cache_read
    turn += FOLLOW_UP_OUTPUT_TOKENS * item.quote.rates.output
    paid = Decimal(found.result_picousd)
    outline = paid * (OUTLINE_SHARE + Decimal(OUTLINE_TOKENS) / found.result_tokens)
    chance = Decimal(1) if is_edited else FOLLOW_UP_CHANCE
    return int(paid - outline - chance * (paid * FOLLOW_UP_SHARE + turn))


def cheaper_model(cost: RunCost, table: PriceTable) -> Part:
    """Subagents that changed nothing, on the cheapest model of their day; 15 % of the work done twice."""
    money, agents, tokens = 0, 0, 0
    for agent in cost.agents:
        if agent.side != "subagents" or not agent.requests or not _changes_nothing(agent):
            continue
        saved = _cheaper_by(agent, table)
        if saved > 0:
            money, agents, tokens = money + saved, agents + 1, tokens + agent.usage.context_tokens
    return Part(money, agents, tokens)


def _changes_nothing(agent: AgentCost) -> bool:
    calls = [call for request in agent.agent.requests for call in request.calls]
    return bool(calls) and all(changes_nothing(call) for call in calls)


def _cheaper_by(agent: AgentCost, table: PriceTable) -> int:
    instead = 0
    for item in agent.requests:
        model = _cheapest(item.request)
        if model is None:
            return 0
        instead += _on(item.request, model, table)
    return int(agent.picousd - instead - REPEATED_SHARE * agent.picousd)


def _cheapest(request: Request) -> str | None:
    """The cheapest model of the request's day; `None`: there was none yet, or no day is known."""
    if request.started_s is None:
        return None
    return next((name for name, since in CHEAP_SINCE if request.started_s >= since.timestamp()), None)


def _on(request: Request, model: str, table: PriceTable) -> int:
    """What the request would have cost on another model, with the tokens that its tokenizer needs."""
    needs_more = characters_scale(model) < characters_scale(request.model)
    factor = NEWER_TOKENIZER_TOKENS if needs_more else Decimal(1)
    usage = request.usage
    price = table.quote(model, request.started_s, prompt_tokens=int(usage.context_tokens * factor))
    rates = price.rates
    amount = (
        usage.input_tokens * rates.input
        + usage.cache_write_5m_tokens * rates.cache_write_5m
        + usage.cache_write_1h_tokens * rates.cache_write_1h
        + usage.cache_read_tokens * rates.cache_read
        + usage.output_estimated_tokens * rates.output
    )
    return int(amount * factor) + request.web_searches * price.web_search_picousd


def batching(cost: RunCost) -> Part:
    """Half of the prefix reads of turns that continued a series of single read-only calls."""
    money, turns, tokens = 0, 0, 0
    for agent in cost.agents:
        for item in _serial_turns(agent.requests):
            money += item.bill.cache_read_picousd
            tokens += item.request.usage.cache_read_tokens
            turns += 1
    return Part(money * INDEPENDENT_SHARE[0] // INDEPENDENT_SHARE[1], turns, tokens)


def _serial_turns(requests: Sequence[Priced]) -> Iterator[Priced]:
    """The second and later requests of each series in which every request made exactly one read-only call."""
    in_series = False
    for item in requests:
        request = item.request
        single = len(request.calls) == 1 and only_looks(request.calls[0])
        if single and in_series and request.is_tool_loop and not request.is_after_reset:
            yield item
        in_series = single
