"""What counts as a break of the prompt cache, what it cost, and what the transcript says about its cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_lean.costs.attribution import price_agent
from mcp_lean.costs.cache_breaks import CacheBreak, find_breaks, read_share
from mcp_lean.costs.prices import list_prices
from mcp_lean.transcripts.model import Request, Usage

from .runs import START_S, agent, request

WARM = {"read": 40_000, "write_5m": 10_000}
COLD = {"read": 12_000, "write_5m": 39_000}


def breaks(*requests: Request) -> tuple[CacheBreak, ...]:
    main = agent(requests)
    return find_breaks(main.id, price_agent(main, list_prices()))


def test_a_break_costs_what_writing_again_costs_beyond_reading() -> None:
    [found] = breaks(request(0, **WARM), request(1, at_s=START_S + 301, **COLD))
    # 50,000 were in the cache, 12,000 were read: 38,000 x (5 - 0.20) per million
    assert found == CacheBreak(
        "main", 1, "msg_1", START_S + 301, "ttl_expired_5m", 301.0, 12_000, 38_000, 38_000 * 4_800_000
    )


def test_one_hour_writes_that_were_lost_cost_their_own_price() -> None:
    [found] = breaks(request(0, write_1h=50_000), request(1, read=0, write_1h=30_000, write_5m=20_000, fresh=2_000))
    assert found.picousd == 30_000 * 7_800_000 + 20_000 * 4_800_000
    assert found.lost_tokens == 50_000


@pytest.mark.parametrize(
    ("before", "now", "is_break"),
    [
        ({"read": 15_000}, {"write_5m": 16_000}, False),  # T32: not more than 15,000 in the cache
        ({"read": 15_001}, {"write_5m": 16_000}, True),
        ({"read": 20_000}, {"read": 10_000, "write_5m": 11_000}, False),  # half of it was read
        ({"read": 20_000}, {"read": 9_999, "write_5m": 11_000}, True),
        ({"read": 20_000}, {"write_5m": 10_000}, False),  # not more than half of it is left
        ({"read": 20_000}, {"write_5m": 10_001}, True),
        ({"read": 5_000, "fresh": 90_000}, {"write_5m": 90_000}, False),  # uncached input was never in the cache
        ({"read": 90_000}, {"read": 27_000, "write_5m": 28_000, "reset": "compaction"}, False),  # T32
    ],
)
def test_the_definition_at_its_edges(before: dict[str, Any], now: dict[str, Any], is_break: bool) -> None:
    assert bool(breaks(request(0, **before), request(1, **now))) is is_break


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ({}, {"at_s": START_S + 300}, "unknown"),
        ({}, {"at_s": START_S + 301}, "ttl_expired_5m"),
        ({"write_5m": 0, "write_1h": 10_000}, {"at_s": START_S + 3600}, "likely_server_side"),
        ({"write_5m": 0, "write_1h": 10_000}, {"at_s": START_S + 3601}, "ttl_expired_1h"),
        ({}, {"model": "claude-fable-5-2", "at_s": START_S + 900}, "model_changed"),
        ({"model": "claude-opus-5-5[1m]"}, {}, "unknown"),  # the same model in another spelling
        ({}, {"version": "2.1.331"}, "client_changed"),
        ({}, {"tools_changed": True}, "tools_changed"),
        ({}, {"effort": "high"}, "effort_changed"),
        ({}, {"reset": "shrink"}, "messages_rewritten"),
        ({}, {"read": 0, "write_5m": 51_000}, "system_prompt_changed"),
    ],
)
def test_the_cause_is_what_the_transcript_shows(before: dict[str, Any], now: dict[str, Any], cause: str) -> None:
    [found] = breaks(request(0, **{**WARM, **before}), request(1, **{**COLD, **now}))
    assert found.cause == cause


def test_the_lifetime_in_force_is_that_of_the_last_write() -> None:
    """Reads refresh an entry and do not change its lifetime."""
    [found] = breaks(
        request(0, write_1h=50_000),
        request(1, read=50_000),
        request(2, at_s=START_S + 1_800, **COLD),
    )
    assert found.cause == "likely_server_side"


def test_a_lifetime_that_the_client_recorded_is_believed() -> None:
    before = replace(request(0, **WARM), cache_ttl="1h")
    [found] = breaks(before, request(1, at_s=START_S + 1_800, **COLD))
    assert found.cause == "likely_server_side"


def test_a_recorded_change_of_the_prefix_is_a_cause() -> None:
    before, now = replace(request(0, **WARM), shape="a"), replace(request(1, **COLD), shape="b")
    [found] = breaks(before, now)
    assert found.cause == "system_prompt_changed"


def test_at_a_new_prompt_with_only_the_base_left_the_messages_were_rewritten() -> None:
    main = agent([request(0, **WARM), request(1, prompt_chars=200, **COLD)])
    priced = price_agent(main, list_prices())
    assert [found.cause for found in find_breaks("main", priced, base_tokens=12_000)] == ["messages_rewritten"]
    assert [found.cause for found in find_breaks("main", priced, base_tokens=11_999)] == ["unknown"]


def test_requests_without_times_have_no_gap_and_no_guess_about_it() -> None:
    before, now = replace(request(0, **WARM), started_s=None), request(1, **COLD)
    [found] = breaks(before, now)
    assert (found.gap_s, found.cause) == (None, "unknown")


def test_the_read_share_is_of_all_input() -> None:
    assert read_share(Usage(10, 20, 30, 140, 999)) == 0.7
    assert read_share(Usage(output_tokens=5)) is None
