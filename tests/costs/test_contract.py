"""The managed setting `modelPricing`: what is accepted, what is left out, and what the bill says then."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.costs.contract import Contract, load_contract, parse_contract, price_table
from mcp_lean.costs.prices import list_prices, quote, request_cost
from mcp_lean.transcripts.model import Usage

ROW = {"input": 3, "output": 15, "cacheRead": 0.15, "cacheWrite": 4}
USAGE = Usage(1_000, 1_000, 1_000, 1_000, 1_000, 1_000)


def agreed(setting: Any) -> Contract:
    return parse_contract(setting, "managed-settings.json", list_prices())


def test_a_row_replaces_the_list_price_in_every_spelling_and_is_charged_as_written() -> None:
    """One write price for both lifetimes; nothing added for speed, region or length: what the client does too."""
    table = list_prices().with_contract(agreed({"overrides": {"claude-haiku-5-5": ROW}}))
    for spelling in ("claude-haiku-5-5", "claude-haiku-5-5[1m]", "us.anthropic.claude-haiku-5-5-v1:0", "haiku"):
        got = table.quote(spelling, prompt_tokens=500_000, fast=True, us_only=True)
        assert (got.basis, got.priced_as) == ("contract", "claude-haiku-5-5")
        # 1,000 x (3 + 4 + 4 + 0.15 + 15) per million
        assert request_cost(USAGE, got).usd == Decimal("0.02615")


def test_the_multiplier_scales_rows_list_prices_and_searches() -> None:
    table = list_prices().with_contract(agreed({"multiplier": 0.85, "overrides": {"claude-opus-5": ROW}}))
    assert request_cost(USAGE, table.quote("claude-opus-5")).usd == Decimal("0.0222275")
    listed = table.quote("claude-opus-5-5")
    # 1,000 x (4 + 5 + 8 + 0.2 + 20) x 0.85 per million, and one search at 0.85 cents
    assert request_cost(USAGE, listed, web_searches=1).usd == Decimal("0.03162") + Decimal("0.0085")
    assert listed.basis == "contract"


def test_a_key_that_is_no_known_model_matches_that_id_alone_and_beats_a_built_in_row() -> None:
    table = list_prices().with_contract(
        agreed(
            {
                "overrides": {
                    "claude-opus-5": ROW,
                    "Team-Opus": {**ROW, "input": 1},
                    "claude-opus-5@corp": {**ROW, "input": 2},
                }
            }
        )
    )
    assert table.quote("team-opus").rates.input == 1_000_000
    assert table.quote("claude-opus-5@corp").rates.input == 2_000_000
    assert table.quote("claude-opus-5-20260724").rates.input == 3_000_000
    assert table.quote("team-opus-2").basis == "assumed"


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({"multiplier": 0}, "modelPricing.multiplier is not a number above 0 and at most 10; 1 used"),
        ({"multiplier": "0.9"}, "modelPricing.multiplier is not a number above 0 and at most 10; 1 used"),
        ({"multiplier": float("nan")}, "modelPricing.multiplier is not a number above 0 and at most 10; 1 used"),
        ({"multiplier": True}, "modelPricing.multiplier is not a number above 0 and at most 10; 1 used"),
        ({"overrides": [1]}, "modelPricing.overrides is not an object; list prices used"),
        (
            {"overrides": {"claude-opus-5": {"input": 1, "output": 2}}},
            (
                "modelPricing.overrides.claude-opus-5 needs input, output, cacheRead and cacheWrite as numbers "
                "from 0 to 10,000; list price used"
            ),
        ),
    ],
)
def test_what_does_not_fit_is_one_message_and_the_list_price_stands(setting: Any, problem: str) -> None:
    contract = agreed(setting)
    assert contract.problems == (f"managed-settings.json: {problem}",)
    table = list_prices().with_contract(contract)
    assert table.quote("claude-opus-5").rates == quote("claude-opus-5").rates
    assert table.quote("claude-opus-5").basis == "list"


def test_an_invalid_row_does_not_take_the_valid_ones_with_it() -> None:
    contract = agreed({"overrides": {"claude-opus-5": {"input": -1}, "claude-sonnet-5": ROW}})
    table = list_prices().with_contract(contract)
    assert len(contract.problems) == 1
    assert table.quote("claude-sonnet-5").basis == "contract"


def test_settings_files_are_merged_in_order_and_key_by_key(tmp_path: Path) -> None:
    drop_in = tmp_path / "managed-settings.d"
    drop_in.mkdir()
    _write(tmp_path / "managed-settings.json", {"multiplier": 0.5, "overrides": {"claude-opus-5": ROW}})
    _write(drop_in / "10-team.json", {"overrides": {"claude-sonnet-5": ROW}})
    _write(drop_in / "20-team.json", {"multiplier": 0.8})
    contract = load_contract(tmp_path)
    assert contract is not None
    assert contract.multiplier == Decimal("0.8")
    assert sorted(contract.exact) == ["claude-opus-5", "claude-sonnet-5"]
    assert contract.source == str(drop_in / "20-team.json")


def test_no_setting_means_the_list_prices_themselves(tmp_path: Path) -> None:
    assert load_contract(tmp_path) is None
    assert price_table(tmp_path) is list_prices()
    (tmp_path / "managed-settings.json").write_text('{"model": "opus"}', encoding="utf-8")
    assert price_table(tmp_path) is list_prices()


@pytest.mark.parametrize("content", ["{not json", '{"modelPricing": [1, 2]}'])
def test_an_unreadable_setting_is_named_and_list_prices_are_used(tmp_path: Path, content: str) -> None:
    (tmp_path / "managed-settings.json").write_text(content, encoding="utf-8")
    table = price_table(tmp_path)
    assert table.contract is not None
    [problem] = table.contract.problems
    assert "list prices used" in problem
    assert table.quote("claude-opus-5") == quote("claude-opus-5")


def _write(path: Path, pricing: dict[str, Any]) -> None:
    path.write_text(json.dumps({"modelPricing": pricing}), encoding="utf-8")
