"""What each thing in an agent's context has cost: written once, then read (or written again) until it leaves.

In:  one `Agent` and a price table.
Out: `Attribution`: picodollars and tokens per origin, each request's bill. The origins add up to the bills exactly.
Not here: estimating sizes (`origins`), the arithmetic of a prefix (`context`), lines and totals of a run (`breakdown`).

The growth of the context between two requests is known from the reported usage. What came in is estimated from its
characters and fitted to that growth; what the estimate cannot fill is "unexplained". The base is what the first request
held beyond its prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.costs.context import Context, Segment, apportion
from mcp_lean.costs.origins import Origin, Piece, entered_pieces, first_pieces, output_pieces, total
from mcp_lean.costs.prices import Bill, PriceTable, Quote, quote_for, request_cost
from mcp_lean.transcripts.estimate import characters_scale
from mcp_lean.transcripts.model import Agent, Request

STRETCH = 1.25
"""Growth may exceed the estimate of what came in by this factor before the rest counts as unexplained: the estimate's
error for one step is 7-8 % at the median and 27 % at the 90th percentile."""

LOST_TOKENS = 1_000
"""If the context grew by this much less than came in, something old was dropped; below it, the estimate was high."""


@dataclass(slots=True)
class Amount:
    """What one origin amounts to."""

    entered_tokens: int = 0
    """Tokens that came into the context."""
    output_tokens: int = 0
    """Tokens that the model wrote."""
    prompt_picousd: int = 0
    """Sent: written, read, and written again."""
    output_picousd: int = 0

    @property
    def picousd(self) -> int:
        return self.prompt_picousd + self.output_picousd


@dataclass(frozen=True, slots=True)
class Priced:
    """A request with its price."""

    request: Request
    quote: Quote
    bill: Bill


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where the money of one agent went."""

    requests: tuple[Priced, ...]
    origins: dict[Origin, Amount]
    """One entry per tool call and side (result, arguments), one per other kind."""
    base_tokens: int
    """System prompt, tools and memory in the first request."""


def price_agent(agent: Agent, table: PriceTable) -> tuple[Priced, ...]:
    """Every request of the agent with its own quote and bill."""
    priced = []
    for request in agent.requests:
        price = quote_for(request, table)
        priced.append(Priced(request, price, request_cost(request.usage, price, web_searches=request.web_searches)))
    return tuple(priced)


def attribute(agent: Agent, table: PriceTable, own_base_tokens: int = 0) -> Attribution:
    """Split the bill of an agent by origin.

    Args:
        own_base_tokens: how much of the base are mcp_lean's own definitions and instructions.
    """
    priced = price_agent(agent, table)
    if agent.is_auxiliary:
        return Attribution(priced, _undivided(priced), 0)
    walk = _Walk(agent, own_base_tokens)
    for item in priced:
        walk.step(item)
    return Attribution(priced, walk.amounts(), walk.base_tokens)


def segments(request: Request, price: Quote) -> tuple[Segment, list[Segment]]:
    """The prompt of a request by rate: what was read, and behind it 1-hour writes, 5-minute writes, uncached input."""
    usage, rates = request.usage, price.rates
    behind = [
        Segment(usage.cache_write_1h_tokens, rates.cache_write_1h),
        Segment(usage.cache_write_5m_tokens, rates.cache_write_5m),
        Segment(usage.input_tokens, rates.input),
    ]
    return Segment(usage.cache_read_tokens, rates.cache_read), behind


class _Walk:
    """One pass over the requests of an agent."""

    def __init__(self, agent: Agent, own_base_tokens: int) -> None:
        self._context = Context()
        self._calls = {call.id: call for request in agent.requests for call in request.calls}
        self._own_base_tokens = own_base_tokens
        self._before: Request | None = None
        self._outputs: dict[Origin, Amount] = {}
        self.base_tokens = 0

    def step(self, item: Priced) -> None:
        request = item.request
        self._grow(request)
        read, behind = segments(request, item.quote)
        self._context.charge(read, behind)
        for origin, tokens in output_pieces(request):
            self._book(origin, tokens, tokens * item.quote.rates.output)
        if request.web_searches:
            self._book(Origin("search"), 0, item.bill.web_search_picousd)
        self._before = request

    def amounts(self) -> dict[Origin, Amount]:
        """Everything booked, prompts and outputs together."""
        found = self._outputs
        entered = self._context.entered_tokens
        for key, picousd in self._context.finish().items():
            assert isinstance(key, Origin)
            found.setdefault(key, Amount()).prompt_picousd += picousd
        for key, tokens in entered.items():
            assert isinstance(key, Origin)
            found.setdefault(key, Amount()).entered_tokens += tokens
        return found

    def _book(self, origin: Origin, tokens: int, picousd: int) -> None:
        amount = self._outputs.setdefault(origin, Amount())
        amount.output_tokens += tokens
        amount.output_picousd += picousd

    def _grow(self, request: Request) -> None:
        """Bring the context to the size that the request reports."""
        size = request.usage.context_tokens
        if self._before is None:
            self._begin(size, first_pieces(request.entered, self._calls, request.model))
            return
        came_in = entered_pieces(request.entered, self._calls, request.model)
        if characters_scale(request.model) != characters_scale(self._before.model):
            self._context.rescale(max(size - total(came_in), 0))
        if request.reset == "compaction":
            self._context.truncate(0)
            self._enter_base(min(self.base_tokens, size))
            self._fill(size, came_in, Origin("summary"))
            return
        came_in = [*output_pieces(self._before), *came_in]
        growth = size - self._context.tokens
        if growth < 0 or growth < total(came_in) - LOST_TOKENS:
            self._context.truncate(max(size - total(came_in), min(self.base_tokens, size)))
        self._fill(size, came_in, Origin("unexplained"))

    def _begin(self, size: int, prompt: Sequence[Piece]) -> None:
        self.base_tokens = max(size - total(prompt), 0)
        self._enter_base(self.base_tokens)
        self._fill(size, prompt, Origin("base"))

    def _enter_base(self, tokens: int) -> None:
        own = min(self._own_base_tokens, tokens)
        self._context.enter(Origin("base", own=True), own)
        self._context.enter(Origin("base"), tokens - own)

    def _fill(self, size: int, came_in: Sequence[Piece], rest: Origin) -> None:
        """Enter pieces so that the context has `size` tokens: fitted to the growth, the remainder as `rest`."""
        growth = size - self._context.tokens
        room = min(growth, int(total(came_in) * STRETCH))
        for piece, tokens in zip(came_in, apportion([piece.tokens for piece in came_in], room), strict=True):
            self._context.enter(piece.origin, tokens)
        self._context.enter(rest, size - self._context.tokens)


def _undivided(priced: Sequence[Priced]) -> dict[Origin, Amount]:
    amount = Amount()
    for item in priced:
        amount.entered_tokens += item.request.usage.context_tokens
        amount.output_tokens += item.request.usage.output_estimated_tokens
        amount.prompt_picousd += item.bill.prompt_picousd + item.bill.web_search_picousd
        amount.output_picousd += item.bill.output_picousd
    return {Origin("auxiliary"): amount} if priced else {}


def merge(parts: Sequence[Mapping[Origin, Amount]]) -> dict[Origin, Amount]:
    """Amounts of several agents, by origin without call ids."""
    merged: dict[Origin, Amount] = {}
    for part in parts:
        for origin, amount in part.items():
            into = merged.setdefault(origin._replace(call_id=""), Amount())
            into.entered_tokens += amount.entered_tokens
            into.output_tokens += amount.output_tokens
            into.prompt_picousd += amount.prompt_picousd
            into.output_picousd += amount.output_picousd
    return merged
