"""Prices: the vendor's table by hand, the source by machine, and the traps T28-T30 of pricing a request."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.costs.prices import (
    Bill,
    Rates,
    canonical,
    list_prices,
    price_request,
    quote,
    request_cost,
    to_usd,
)
from mcp_lean.transcripts.model import Usage

from .runs import request

PROJECT = Path(__file__).parents[2]

NOV_2026 = datetime(2026, 11, 20, tzinfo=UTC).timestamp()


def usd_rates(*columns: str) -> Rates:
    """Input, 5m write, 1h write, read, output in dollars per million tokens."""
    return Rates(*(int(Decimal(column) * 10**6) for column in columns))


def at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


# The vendor's pricing page, typed in by hand; columns input, 5m write, 1h write, read, output.
PAGE = {
    "claude-haiku-5-5": ("0.10", "0.125", "0.20", "0.01", "0.50"),
    "claude-haiku-4-5": ("1", "1.25", "2", "0.10", "5"),
    "claude-sonnet-5-5": ("2", "2.50", "4", "0.10", "10"),
    "claude-sonnet-5": ("2", "2.50", "4", "0.20", "10"),
    "claude-sonnet-4-6": ("3", "3.75", "6", "0.30", "15"),
    "claude-sonnet-4-5": ("3", "3.75", "6", "0.30", "15"),
    "claude-sonnet-4": ("3", "3.75", "6", "0.30", "15"),
    "claude-opus-5-5": ("4", "5", "8", "0.20", "20"),
    "claude-opus-5": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-8": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-7": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-6": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-5": ("5", "6.25", "10", "0.50", "25"),
    "claude-opus-4-1": ("15", "18.75", "30", "1.50", "75"),
    "claude-opus-4": ("15", "18.75", "30", "1.50", "75"),
    "claude-3-5-haiku": ("0.80", "1", "1.60", "0.08", "4"),
    "claude-fable-5-2": ("8", "10", "16", "0.20", "40"),
    "claude-mythos-5-2": ("8", "10", "16", "0.20", "40"),
    "claude-fable-5-1": ("10", "12.50", "20", "0.25", "50"),
    "claude-mythos-5-1": ("10", "12.50", "20", "0.25", "50"),
    "claude-fable-5": ("10", "12.50", "20", "1", "50"),
    "claude-mythos-5": ("10", "12.50", "20", "1", "50"),
}


@pytest.mark.parametrize("model", PAGE)
def test_a_model_costs_what_the_price_page_says(model: str) -> None:
    assert quote(model, NOV_2026).rates == usd_rates(*PAGE[model])
    assert quote(model, NOV_2026).basis == "list"


@pytest.mark.parametrize(
    ("model", "day", "prompt_tokens", "fast", "expected"),
    [
        # Haiku 5.5 steps up above 100,000 prompt tokens, and every token of the request goes with it (T29).
        ("claude-haiku-5-5", "2026-11-01", 100_000, False, ("0.10", "0.125", "0.20", "0.01", "0.50")),
        ("claude-haiku-5-5", "2026-11-01", 100_001, False, ("0.50", "0.625", "1", "0.05", "2.50")),
        ("claude-sonnet-4-5", "2026-11-01", 200_000, False, ("3", "3.75", "6", "0.30", "15")),
        ("claude-sonnet-4-5", "2026-11-01", 200_001, False, ("6", "7.50", "12", "0.60", "22.50")),
        # 4.6 lost its step on 2026-03-13; the last second of the 12th still has it.
        ("claude-opus-4-6", "2026-03-12T23:59:59", 200_001, False, ("10", "12.50", "20", "1", "37.50")),
        ("claude-opus-4-6", "2026-03-13", 200_001, False, ("5", "6.25", "10", "0.50", "25")),
        ("claude-sonnet-4-6", "2026-03-12", 300_000, False, ("6", "7.50", "12", "0.60", "22.50")),
        ("claude-sonnet-4-6", "2026-03-13", 300_000, False, ("3", "3.75", "6", "0.30", "15")),
        # Reads of Sonnet 5.5 were halved on 2026-10-07.
        ("claude-sonnet-5-5", "2026-10-06", 0, False, ("2", "2.50", "4", "0.20", "10")),
        ("claude-sonnet-5-5", "2026-10-07", 0, False, ("2", "2.50", "4", "0.10", "10")),
        # Fast mode: 2 x, on 4.6 and 4.7 6 x, cache multipliers on top.
        ("claude-fable-5-2", "2026-11-01", 0, True, ("16", "20", "32", "0.40", "80")),
        ("claude-opus-5-5", "2026-11-01", 0, True, ("8", "10", "16", "0.40", "40")),
        ("claude-opus-5", "2026-11-01", 0, True, ("10", "12.50", "20", "1", "50")),
        ("claude-opus-4-8", "2026-11-01", 0, True, ("10", "12.50", "20", "1", "50")),
        ("claude-opus-4-6", "2026-05-01", 500_000, True, ("30", "37.50", "60", "3", "150")),
        ("claude-opus-4-6", "2026-02-20", 200_001, True, ("60", "75", "120", "6", "225")),
    ],
)
def test_date_length_and_speed_choose_the_rates(
    model: str, day: str, prompt_tokens: int, fast: bool, expected: tuple[str, ...]
) -> None:
    got = quote(model, at(day), prompt_tokens=prompt_tokens, fast=fast)
    assert (got.rates, got.basis) == (usd_rates(*expected), "list")


def test_batch_halves_and_us_only_adds_a_tenth_to_every_class() -> None:
    assert quote("claude-opus-5-5", NOV_2026, batch=True).rates == usd_rates("2", "2.5", "4", "0.1", "10")
    assert quote("claude-opus-5-5", NOV_2026, us_only=True).rates == usd_rates("4.4", "5.5", "8.8", "0.22", "22")
    both = quote("claude-haiku-5-5", NOV_2026, prompt_tokens=100_001, batch=True, us_only=True).rates
    assert both == usd_rates("0.275", "0.34375", "0.55", "0.0275", "1.375")


@pytest.mark.parametrize(
    ("spelling", "row"),
    [
        ("claude-haiku-5-5[1m]", "claude-haiku-5-5"),
        ("claude-opus-4-6[1m]", "claude-opus-4-6"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-20250514", "claude-opus-4-0"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("us.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"),
        ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", "claude-sonnet-4-5"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-4-5",
        ),
        ("claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("claude-sonnet-5@default", "claude-sonnet-5"),
        ("anthropic/claude-opus-4.6", "claude-opus-4-6"),
        ("anthropic/claude-4.5-opus-20251124", "claude-opus-4-5"),
        ("Claude-Fable-5-2", "claude-fable-5-2"),
        ("opus", "claude-opus-5-5"),
        ("sonnet[1m]", "claude-sonnet-5-5"),
    ],
)
def test_every_spelling_of_a_known_model_finds_its_row(spelling: str, row: str) -> None:
    """T30."""
    got = quote(spelling, NOV_2026)
    assert (got.priced_as, got.basis, got.model) == (row, "list", spelling)


@pytest.mark.parametrize("model", ["claude-opus-9", "gpt-9", "", "my-claude-opus-5", "claude-opus-5-50"])
def test_an_unknown_model_costs_as_much_as_the_dearest_current_one_and_is_named(model: str) -> None:
    got = quote(model, NOV_2026)
    assert got.basis == "assumed"
    assert got.assumption == f"{model}: no price known; priced as claude-fable-5, the dearest current model"
    table = list_prices()
    on_sale = [
        name
        for name in table.models
        if not name.startswith(("claude-3", "claude-opus-4-0", "claude-opus-4-1", "claude-sonnet-4-0"))
    ]
    for name in on_sale:
        rates = table.quote(name, NOV_2026).rates.as_tuple()
        assert all(ours >= theirs for ours, theirs in zip(got.rates.as_tuple(), rates, strict=True)), name


def test_fast_mode_without_a_listed_price_is_charged_double_and_named() -> None:
    got = quote("claude-sonnet-5", NOV_2026, fast=True)
    assert got.rates == usd_rates("4", "5", "8", "0.4", "20")
    assert got.assumption == "claude-sonnet-5: no price known for fast mode; 2 x the usual price"


@pytest.mark.parametrize(
    ("usage", "model", "dollars"),
    [
        # 3 x 5 + 13,835 x 10 + 11,515 x 0.5 + 13 x 25, per million
        (Usage(3, 0, 13_835, 11_515, 13, 13), "claude-opus-4-6", "0.1444475"),
        # T28: 5-minute and 1-hour writes apart: 1,000 x 5 + 1,000 x 8
        (Usage(0, 1_000, 1_000), "claude-opus-5-5", "0.013"),
        # T29: 100,000 x 0.10 + 1,000 x 0.50; one token more, and everything is five times as dear
        (Usage(100_000, 0, 0, 0, 1_000, 1_000), "claude-haiku-5-5", "0.0105"),
        (Usage(100_001, 0, 0, 0, 1_000, 1_000), "claude-haiku-5-5", "0.0525005"),
        # the step looks at the whole prompt: 1 + 20,000 + 30,000 + 50,000 = 100,001
        (Usage(1, 20_000, 30_000, 50_000, 10, 10), "claude-haiku-5-5", "0.0450255"),
        # an estimated output is charged instead of the placeholder
        (Usage(0, 0, 0, 0, 2, 400, True), "claude-opus-5-5", "0.008"),
    ],
)
def test_a_request_costs_what_the_arithmetic_by_hand_says(usage: Usage, model: str, dollars: str) -> None:
    got = request_cost(usage, quote(model, NOV_2026, prompt_tokens=usage.context_tokens))
    assert got.usd == Decimal(dollars)


def test_the_reported_output_can_be_charged_instead() -> None:
    usage = Usage(3, 0, 13_835, 11_515, 13, 254, True)
    price = quote("claude-opus-4-6", NOV_2026)
    assert request_cost(usage, price, reported_output=True).usd == Decimal("0.1444475")
    assert request_cost(usage, price).usd == Decimal("0.1504725")


def test_a_recorded_request_brings_its_own_date_length_speed_tier_and_region() -> None:
    recorded = replace(
        request(
            1,
            fresh=1,
            read=200_000,
            output=10,
            model="claude-opus-4-6",
            at_s=at("2026-03-01"),
            speed="fast",
            searches=2,
        ),
        service_tier="batch",
        inference_geo="us",
    )
    # (1 x 60 + 200,000 x 6 + 10 x 225) per million, x 0.5 x 1.1, and two searches at a cent, which nothing scales
    assert price_request(recorded).usd == Decimal("0.6612705") + Decimal("0.02")


def test_bills_add_up_by_class() -> None:
    first = Bill(1, 2, 3, 4, 5, 6)
    total = first + Bill(10, 20, 30, 40, 50, 60)
    assert total == Bill(11, 22, 33, 44, 55, 66)
    assert (total.cache_write_picousd, total.prompt_picousd, total.picousd) == (55, 110, 231)


def test_a_float_is_made_only_at_the_end_and_rounds_correctly() -> None:
    assert to_usd(144_447_500_000) == 0.1444475
    assert to_usd(10**12 * 9_999_999 + 1) == 9_999_999.000000000001


@given(st.sampled_from(sorted(PAGE)), st.integers(0, 2_000_000), st.booleans(), st.booleans(), st.booleans())
def test_no_quote_is_ever_free_and_reads_are_never_dearer_than_writes(
    model: str, prompt_tokens: int, fast: bool, batch: bool, us_only: bool
) -> None:
    rates = quote(model, NOV_2026, prompt_tokens=prompt_tokens, fast=fast, batch=batch, us_only=us_only).rates
    assert 0 < rates.cache_read < rates.input < rates.cache_write_5m < rates.cache_write_1h <= rates.output


@given(st.text(max_size=40))
def test_any_text_as_a_model_gets_a_price(model: str) -> None:
    assert min(quote(model).rates.as_tuple()) > 0
    assert canonical(canonical(model)) == canonical(model) or not list_prices().knows(model)


def test_the_module_loads_nothing_heavy() -> None:
    heavy = {"pydantic", "rich", "orjson", "genai_prices", "plotly", "sqlite3", "mcp", "anyio"}
    code = "import sys, mcp_lean.costs.prices as p; p.quote('opus'); print(*{m.partition('.')[0] for m in sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    assert heavy.isdisjoint(out.split())


DAYS = ("2026-02-10", "2026-03-12", "2026-03-13", "2026-10-15", "2026-11-20")


class TestAgainstTheSource:
    """The frozen table against the package that it was made from."""

    @pytest.fixture(autouse=True)
    def source(self) -> None:
        pytest.importorskip("genai_prices", reason="genai-prices (extra `test`) is the source of the price table")

    def test_the_file_is_what_the_script_writes(self) -> None:
        script = PROJECT / "scripts" / "update_prices"
        done = subprocess.run([sys.executable, script, "--check"], capture_output=True, encoding="utf-8")
        assert (done.returncode, done.stderr) == (0, "")

    def test_every_anthropic_model_of_the_source_is_known(self) -> None:
        from genai_prices import data

        [vendor] = [provider for provider in data.providers if provider.id == "anthropic"]
        unknown = {model.id for model in vendor.models if not list_prices().knows(model.id)}
        assert unknown == {"claude-2", "claude-v1"}  # older than caching; see scripts/update_prices

    @pytest.mark.parametrize("prompt", [(5, 1_000, 2_000, 90_000), (1, 30_000, 40_000, 140_000)])
    @pytest.mark.parametrize(
        ("day", "variant"),
        [(day, {}) for day in DAYS]
        + [(day, {"speed": "fast"}) for day in DAYS]
        + [(day, {"processing": "batch"}) for day in DAYS if day > "2026-10-14"],  # since when the source has it
    )
    def test_the_source_computes_the_same_bills(
        self, day: str, prompt: tuple[int, int, int, int], variant: dict[str, str]
    ) -> None:
        from genai_prices import data

        [vendor] = [provider for provider in data.providers if provider.id == "anthropic"]
        fresh, write_5m, write_1h, read = prompt
        usage = Usage(fresh, write_5m, write_1h, read, 777, 777)
        compared = 0
        for model in vendor.models:
            theirs = _their_rates(model, day, usage.context_tokens, variant)
            if theirs is None or (model.id == "claude-sonnet-5-5" and day < "2026-10-07"):
                continue  # no such variant in the source; or the dated price that only we have
            ours = quote(
                model.id,
                at(day),
                prompt_tokens=usage.context_tokens,
                fast="speed" in variant,
                batch="processing" in variant,
            )
            amounts = (fresh, write_5m, write_1h, read, 777)
            dollars = sum(amount * rate for amount, rate in zip(amounts, theirs, strict=True)) / 10**6
            assert request_cost(usage, ours).usd == dollars, model.id
            compared += 1
        assert compared >= (4 if "speed" in variant else 15)


def _their_rates(model: Any, day: str, prompt_tokens: int, variant: dict[str, str]) -> list[Decimal] | None:
    """The five rates of the source, read here without our script: first the variant, then the date, then the length."""
    prices, variants = model.prices, model.price_variants or ()
    if variant:
        prices = next((v.prices for v in variants if v.when == variant), None)
    elif isinstance(prices, list):
        begun = [e for e in prices if e.constraint is None or e.constraint.start_date.isoformat() <= day]
        prices = begun[-1].prices
    if prices is None or prices.cache_read_mtok is None:
        return None
    columns = ("input_mtok", "cache_write_mtok", "cache_write_1h_mtok", "cache_read_mtok", "output_mtok")
    rates = []
    for price in (getattr(prices, column) for column in columns):
        if not isinstance(price, Decimal):
            above = [tier.price for tier in price.tiers if prompt_tokens > tier.start]
            price = above[-1] if above else price.base
        rates.append(price)
    return rates


def test_the_shipped_rows_hold_exact_decimal_texts() -> None:
    """Binary floats in the file would make 0.1 x 3 a different bill on another machine."""
    document = json.loads((PROJECT / "mcp_lean" / "costs" / "prices.json").read_text(encoding="utf-8"))
    for name, row in document["models"].items():
        for period in row["periods"]:
            for rates in (period["rates"], period.get("fast", []), period.get("over", {}).get("rates", [])):
                assert all(isinstance(rate, str) for rate in rates), name
