"""Whether a fresh start pays: the arithmetic by hand, the reasons as a table, and what holds for all situations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.costs import clearing
from mcp_lean.costs.clearing import Situation, Tariff, decide, is_cold, is_new_task, situation, tariff

from .runs import HAIKU, OPUS, START_S, call, request, result

FIVE_MINUTES, ONE_HOUR = 300.0, 3600.0
USD = 10**12


def at(model: str = OPUS, lifetime_s: float = FIVE_MINUTES, **more: int | bool) -> Situation:
    """A situation of 120,000 tokens after 40 requests, cold."""
    known: dict[str, int | bool] = {
        "context_tokens": 120_000,
        "base_tokens": 20_000,
        "requests_since_reset": 40,
        "is_cold": True,
        "is_boundary": False,
        **more,
    }
    return situation(model, lifetime_s, **known)  # type: ignore[arg-type]


def test_both_ways_by_hand_with_an_expired_cache() -> None:
    """Opus 5.5, per million: 5 written, 0.20 read. 20 requests are expected, this one and 19 more."""
    verdict = decide(at())

    assert verdict.prompt_going_on_picousd == 120_000 * 5 * 10**6
    assert verdict.going_on_picousd == 120_000 * 5 * 10**6 + 19 * 120_000 * 200_000
    assert verdict.prompt_clearing_picousd == 21_500 * 5 * 10**6
    looked_up = 15_000 * 5 * 10**6 + 15_000 * 19 * 200_000 // 2
    assert verdict.clearing_picousd == 21_500 * 5 * 10**6 + (19 + 4) * 21_500 * 200_000 + looked_up
    assert verdict.pays
    assert verdict.saved_picousd == verdict.going_on_picousd - verdict.clearing_picousd


def test_both_ways_by_hand_with_a_warm_cache() -> None:
    verdict = decide(at(is_cold=False, is_boundary=True))

    assert verdict.prompt_going_on_picousd == 120_000 * 200_000
    assert verdict.prompt_clearing_picousd == 20_000 * 200_000 + 1_500 * 5 * 10**6
    assert verdict.going_on_picousd == 20 * 120_000 * 200_000


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("", at()),
        ("small", at(context_tokens=59_999)),
        ("", at(context_tokens=60_000)),
        ("little_to_drop", at(base_tokens=117_000)),
        ("dearer", at(base_tokens=112_000)),
        ("in_mid_task", at(is_cold=False)),
        ("", at(is_cold=False, is_boundary=True)),
        ("dearer", at(is_cold=False, is_boundary=True, requests_since_reset=6)),
        ("", at(requests_since_reset=0)),
        ("below_a_cent", at(HAIKU, context_tokens=90_000, requests_since_reset=4)),
        ("", at(HAIKU, context_tokens=101_000, requests_since_reset=4)),
        ("dearer", at("claude-fable-5-2", is_cold=False, is_boundary=True, requests_since_reset=16)),
        ("", at("claude-opus-5", is_cold=False, is_boundary=True, requests_since_reset=16)),
    ],
)
def test_why_not(reason: str, found: Situation) -> None:
    """Where reads cost a fortieth of the input price, a warm history is worth carrying for longer than at a tenth."""
    assert decide(found).reason == reason
    assert decide(found).pays == (reason == "")


def test_beyond_a_price_step_going_on_is_charged_for_long_prompts_and_the_fresh_start_for_short_ones() -> None:
    found = at(HAIKU, context_tokens=101_000)

    assert (found.now.cache_read_picousd, found.after.cache_read_picousd) == (50_000, 10_000)
    assert at(HAIKU, context_tokens=100_000).now == found.after


def test_what_is_written_for_an_hour_costs_more_to_write() -> None:
    assert tariff(OPUS, 1_000, ONE_HOUR) == Tariff(8_000_000, 200_000)
    assert tariff(OPUS, 1_000, FIVE_MINUTES) == Tariff(5_000_000, 200_000)


def test_fast_mode_has_its_own_prices() -> None:
    assert tariff(OPUS, 1_000, FIVE_MINUTES, fast=True) == Tariff(10_000_000, 400_000)


def test_an_unknown_model_is_taken_for_the_dearest() -> None:
    assert tariff("claude-nova-9", 1_000, FIVE_MINUTES) == Tariff(12_500_000, 1_000_000)


@pytest.mark.parametrize(
    ("idle_s", "lifetime_s", "cold"),
    [
        (None, 300, False),
        (299, 300, False),
        (300, 300, False),
        (301, 300, True),
        (3_000, 3_600, False),
        (-9e9, 300, False),
    ],
)
def test_no_time_and_a_clock_that_went_back_prove_nothing(idle_s: float | None, lifetime_s: float, cold: bool) -> None:
    assert is_cold(idle_s, lifetime_s) == cold


def test_short_prompts_go_on() -> None:
    assert not is_new_task("  yes, go on" + " " * 200)
    assert not is_new_task("x" * 79)
    assert is_new_task("x" * 80)


def test_the_base_is_what_stood_before_the_first_prompt() -> None:
    first = request(0, write_5m=30_000, prompt_chars=2_695, attachment_chars=9_000)

    assert clearing.base_tokens(first) == 29_000
    assert clearing.base_tokens(request(0, write_5m=30_000, meta_chars=2_849)) == 29_000
    assert clearing.base_tokens(request(0, write_5m=500, prompt_chars=26_950)) == 0


@pytest.mark.parametrize(
    ("prompt_chars", "result_at_s", "is_free"),
    [(9, None, True), (0, None, False), (9, 2.0, False), (9, -7_200.0, True), (0, -7_200.0, False)],
    ids=["prompt", "tool loop", "typed while it worked", "after an interruption", "a long wait for an answer"],
)
def test_a_person_clears_between_turns(prompt_chars: int, result_at_s: float | None, is_free: bool) -> None:
    """Seconds from the start of the request before; the next one begins ten seconds after it."""
    asked = [call("t", returned=replace(result(90), at_s=START_S + result_at_s))] if result_at_s is not None else []
    now = request(1, prompt_chars=prompt_chars, results=["t"] if asked else [])

    assert clearing.is_between_turns(request(0, calls=asked), now) is is_free


def test_a_result_of_unknown_time_has_just_arrived() -> None:
    asked = call("t", returned=result(90))

    assert not clearing.is_between_turns(request(0, calls=[asked]), request(1, prompt_chars=9, results=["t"]))


situations = st.builds(
    Situation,
    context_tokens=st.integers(0, 1_000_000),
    base_tokens=st.integers(0, 200_000),
    requests_since_reset=st.integers(0, 2_000),
    is_cold=st.booleans(),
    is_boundary=st.booleans(),
    now=st.builds(Tariff, st.integers(1, 20 * 10**6), st.integers(1, 10**6)),
    after=st.builds(Tariff, st.integers(1, 20 * 10**6), st.integers(1, 10**6)),
    checkpoint_tokens=st.integers(0, 4_000),
)


@given(situations)
def test_advice_saves_more_than_a_cent_and_its_opposite_has_a_reason(found: Situation) -> None:
    verdict = decide(found)

    assert verdict.pays == (verdict.reason == "")
    if verdict.pays:
        assert verdict.saved_picousd >= USD // 100
        assert found.is_cold or found.is_boundary


@given(situations)
def test_a_larger_history_never_speaks_against_clearing(found: Situation) -> None:
    larger = replace(found, context_tokens=found.context_tokens + 10_000)
    same = replace(found, after=found.now, base_tokens=min(found.base_tokens, found.context_tokens))

    if decide(same).pays:
        assert decide(replace(same, context_tokens=larger.context_tokens)).pays


@given(situations)
def test_a_larger_checkpoint_never_speaks_for_it(found: Situation) -> None:
    larger = replace(found, checkpoint_tokens=found.checkpoint_tokens + 500)

    assert decide(larger).clearing_picousd >= decide(found).clearing_picousd
