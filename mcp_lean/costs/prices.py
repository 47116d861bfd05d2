"""What a request costs at list or contracted prices, exactly.

In:  a model id as a transcript spells it, for example "us.anthropic.claude-opus-4-6-v1:0"; a time; token counts.
Out: a `Quote` (the rates of one request, and whether they are known or assumed) and a `Bill` (money by price class).
Not here: adding up runs (`breakdown`), the organization's contracted rates (`contract`), the rows (`prices.json`).

The rows are written by `scripts/update_prices` from the price data of `genai-prices`; tests/costs/test_prices.py
compares the two, and docs/cost.md says how to add a price.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from mcp_lean.costs.money import PICO, Bill, Rates, to_usd, whole

if TYPE_CHECKING:
    from mcp_lean.costs.contract import Contract
    from mcp_lean.transcripts.model import Request, Usage

__all__ = [
    "PICO",
    "Basis",
    "Bill",
    "PriceTable",
    "Quote",
    "Rates",
    "canonical",
    "list_prices",
    "price_request",
    "quote",
    "quote_for",
    "request_cost",
    "to_usd",
]

Basis = Literal["list", "contract", "assumed"]
"""list: the vendor's price. contract: the organization's `modelPricing`. assumed: no price is known for this."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The rates that hold for every token of one request."""

    model: str
    """As it was asked for."""
    priced_as: str
    """Row of the table, or key of the contract, that the rates come from."""
    rates: Rates
    basis: Basis
    assumption: str = ""
    """Empty unless `basis` is "assumed"; then one clause for the reader of the bill."""
    web_search_picousd: int = 0
    """Per search; not subject to fast mode, batch or region."""


@dataclass(frozen=True, slots=True)
class Period:
    """Prices of one model from one day on."""

    starts_s: float
    base: Rates
    over_tokens: float
    """A longer prompt is charged `over`, for every token of the request; infinite where there is no such step."""
    over: Rates
    fast: Rates | None
    """Fast mode; `None` where the vendor lists no price for it."""
    fast_over: Rates | None


def canonical(model: str) -> str:
    """One spelling per model: without vendor prefix, region, `[1m]`, date or version suffix; family before version.

    >>> canonical("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), canonical("claude-3-5-haiku@20241022")
    ('claude-sonnet-4-5', 'claude-haiku-3-5')
    """
    name = model.strip().lower()
    if found := _START.search(name):
        name = name[found.end() - len("claude-") :]
    while (shorter := _TAIL.sub("", name)) != name:
        name = shorter
    name = name.replace(".", "-")
    if turned := _VERSION_FIRST.fullmatch(name):
        name = f"claude-{turned['family']}-{turned['version']}"
    return name.removesuffix("-0")


_START = re.compile(r"(?:^|[/.:])claude-")
_TAIL = re.compile(r"(?:\[[^\]]*\]|@[\w.-]*|:[\w.-]*|-v\d+|-latest|-\d{8}|-\d{4}-\d{2}-\d{2})$")
_VERSION_FIRST = re.compile(r"claude-(?P<version>\d+(?:-\d+)?)-(?P<family>[a-z]+)")


class PriceTable:
    """Prices of all known models, with the organization's contract laid over them where there is one."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Args: document: the parsed `prices.json`."""
        self.source: str = document["source"]
        self.contract: Contract | None = None
        self._rows = {canonical(name): (name, row) for name, row in document["models"].items()}
        self._aliases: dict[str, str] = document["aliases"]
        self._fallback: str = canonical(document["unknown_priced_as"])
        self._batch = Decimal(document["batch"])
        self._us_only = Decimal(document["us_only_inference"])
        self._fast_unlisted = Decimal(document["fast_unlisted"])
        self._web_search = _picousd(document["web_search"])
        self._periods: dict[str, tuple[Period, ...]] = {}
        self._keys: dict[str, str] = {}
        self._quotes: dict[tuple[str, float, bool, bool, bool, bool], Quote] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """Known models in the vendor's spelling, sorted."""
        return tuple(sorted(name for name, _ in self._rows.values()))

    def knows(self, model: str) -> bool:
        """False: a quote for `model` would be an assumption."""
        return self._key(model) in self._rows

    def with_contract(self, contract: Contract | None) -> PriceTable:
        """The same list prices under another contract."""
        other = object.__new__(PriceTable)
        other.__dict__.update(self.__dict__, contract=contract, _quotes={})
        return other

    def window_tokens(self, model: str) -> int | None:
        """Context window of the model; `None` where it is not known."""
        found = self._rows.get(self._key(model))
        return found[1]["window_tokens"] if found else None

    def quote(
        self,
        model: str,
        at_s: float | None = None,
        *,
        prompt_tokens: int = 0,
        fast: bool = False,
        batch: bool = False,
        us_only: bool = False,
    ) -> Quote:
        """The rates of one request; for an unknown model those of the dearest current one, and it says so. Never zero.

        Args:
            model: as a transcript spells it.
            at_s: when the request started, in seconds since 1970 (UTC); `None`: the newest prices.
            prompt_tokens: uncached input + cache writes + cache reads; some models step up above a length.
            fast: `usage.speed` is "fast".
            batch: `usage.service_tier` is "batch".
            us_only: `usage.inference_geo` is "us".
        """
        key = self._key(model)
        period = self._period(key if key in self._rows else self._fallback, at_s)
        over = prompt_tokens > period.over_tokens
        memo = (model, period.starts_s, over, fast, batch, us_only)
        known = self._quotes.get(memo)
        if known is None:
            known = self._quotes[memo] = self._make_quote(model, key, period, over, fast, batch, us_only)
        return known

    def _make_quote(
        self, model: str, key: str, period: Period, over: bool, fast: bool, batch: bool, us_only: bool
    ) -> Quote:
        multiplier = self.contract.multiplier if self.contract else Decimal(1)
        search = whole(self._web_search * multiplier)
        agreed = self.contract.find(model, key if key in self._rows else None) if self.contract else None
        if agreed:
            # A contracted row is charged as written: no surcharge for speed, region or length is added to it.
            return Quote(model, agreed[0], agreed[1].scaled(multiplier), "contract", "", search)
        assumptions = []
        name = self._rows[key if key in self._rows else self._fallback][0]
        if key not in self._rows:
            assumptions.append(f"{model}: no price known; priced as {name}, the dearest current model")
        rates = period.over if over else period.base
        if fast:
            listed = period.fast_over if over else period.fast
            if listed is None:
                assumptions.append(f"{model}: no price known for fast mode; {self._fast_unlisted} x the usual price")
            rates = listed or rates.scaled(self._fast_unlisted)
        factor = multiplier * (self._batch if batch else 1) * (self._us_only if us_only else 1)
        basis: Basis = "assumed" if assumptions else "list" if multiplier == 1 else "contract"
        return Quote(model, name, rates.scaled(factor), basis, "; ".join(assumptions), search)

    def _key(self, model: str) -> str:
        key = self._keys.get(model)
        if key is None:
            name = canonical(model)
            key = self._keys[model] = canonical(self._aliases.get(name, name))
        return key

    def _period(self, key: str, at_s: float | None) -> Period:
        periods = self._periods.get(key)
        if periods is None:
            periods = self._periods[key] = tuple(_period(row) for row in self._rows[key][1]["periods"])
        if at_s is None:
            return periods[-1]
        return next((period for period in reversed(periods) if at_s >= period.starts_s), periods[0])


@cache
def list_prices() -> PriceTable:
    """The vendor's list prices that this version was shipped with."""
    # `importlib.resources` takes as long to load as a tenth of a hook's process.
    with open(os.path.join(os.path.dirname(__file__), "prices.json"), "rb") as file:
        return PriceTable(json.load(file))


def quote(
    model: str,
    at_s: float | None = None,
    *,
    prompt_tokens: int = 0,
    fast: bool = False,
    batch: bool = False,
    us_only: bool = False,
) -> Quote:
    """`PriceTable.quote` of the list prices."""
    return list_prices().quote(model, at_s, prompt_tokens=prompt_tokens, fast=fast, batch=batch, us_only=us_only)


def quote_for(request: Request, table: PriceTable | None = None) -> Quote:
    """The rates of a recorded request: its own date, length, speed, tier and region."""
    return (table or list_prices()).quote(
        request.model,
        request.started_s,
        prompt_tokens=request.usage.context_tokens,
        fast=request.speed == "fast",
        batch=request.service_tier == "batch",
        us_only=request.inference_geo == "us",
    )


def request_cost(usage: Usage, price: Quote, *, web_searches: int = 0, reported_output: bool = False) -> Bill:
    """What one request costs; exact.

    Args:
        usage: tokens of one request. Not of a sum: length steps hold for each request by itself.
        price: from `quote`, asked with this request's `prompt_tokens`.
        reported_output: charge the output count as reported, even where it is a placeholder; not the best figure.
    """
    rates = price.rates
    return Bill(
        usage.input_tokens * rates.input,
        usage.cache_write_5m_tokens * rates.cache_write_5m,
        usage.cache_write_1h_tokens * rates.cache_write_1h,
        usage.cache_read_tokens * rates.cache_read,
        (usage.output_tokens if reported_output else usage.output_estimated_tokens) * rates.output,
        web_searches * price.web_search_picousd,
    )


def price_request(request: Request, table: PriceTable | None = None, *, reported_output: bool = False) -> Bill:
    """Quote and bill of a recorded request in one step."""
    price = quote_for(request, table)
    return request_cost(request.usage, price, web_searches=request.web_searches, reported_output=reported_output)


def _period(row: dict[str, Any]) -> Period:
    base = _rates(row["rates"])
    step = row.get("over")
    fast = _rates(row["fast"]) if "fast" in row else None
    return Period(
        starts_s=_midnight_s(row["from"]),
        base=base,
        over_tokens=step["tokens"] if step else inf,
        over=_rates(step["rates"]) if step else base,
        fast=fast,
        fast_over=_rates(step["fast"]) if step and "fast" in step else fast,
    )


def _midnight_s(day: str | None) -> float:
    if day is None:
        return -inf
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp()


def _rates(columns: list[str]) -> Rates:
    return Rates(*(_picousd(column) // 10**6 for column in columns))


def _picousd(usd: str) -> int:
    return whole(Decimal(usd) * PICO)
