"""Savings: each formula worked out by hand once, and the rules of the list."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.costs import savings_cache, savings_context
from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.savings import WORDS, Saving, largest_savings
from mcp_lean.costs.savings_cache import NOTHING, Part
from mcp_lean.transcripts.model import Request

from .runs import OPUS, START_S, agent, call, request, result, run
from .test_attribution import histories


def cost_of(*requests: Request) -> RunCost:
    return break_down(run([agent(requests)]))


def usd(part: Part) -> Decimal:
    return Decimal(part.picousd).scaleb(-12)


def test_half_of_the_breaks_that_a_change_made_could_have_been_avoided() -> None:
    cost = cost_of(
        request(0, write_5m=50_000),
        request(1, write_5m=50_000, effort="high"),  # 50,000 x 4.80
        request(2, write_5m=51_000, effort="high", at_s=START_S + 99_999),  # a pause: another kind
    )
    assert savings_cache.steady_prefix(cost) == Part(120_000_000_000, 1, 50_000)


def test_a_longer_cache_saves_the_breaks_in_pauses_less_its_dearer_writes() -> None:
    cost = cost_of(
        request(0, write_5m=50_000),
        request(1, read=10_000, write_5m=41_000, at_s=START_S + 900),
    )
    # saved: 40,000 x (5 - 0.20); charged: (50,000 + 41,000 - 40,000) x (8 - 5)
    assert usd(savings_cache.longer_cache(cost)) == Decimal("0.192") - Decimal("0.153")
    assert savings_cache.longer_cache(cost).count == 1


def test_a_longer_cache_is_not_advised_where_it_would_cost_more() -> None:
    cost = cost_of(request(0, write_5m=90_000), request(1, read=40_000, write_5m=50_000, at_s=START_S + 900))
    assert savings_cache.longer_cache(cost) == NOTHING


def test_a_pause_beyond_an_hour_is_no_case_for_the_longer_cache() -> None:
    cost = cost_of(request(0, write_5m=50_000), request(1, write_5m=50_000, at_s=START_S + 3_700))
    assert savings_cache.longer_cache(cost) == NOTHING


def test_a_shorter_cache_saves_dear_writes_less_the_pauses_that_it_would_miss() -> None:
    cost = cost_of(
        request(0, write_1h=100_000),
        request(1, read=100_000, write_1h=10_000),
        request(2, read=20_000, write_1h=1_000, at_s=START_S + 600, reset="shrink"),
    )
    # saved: 111,000 x (8 - 5); charged: the pause before the last request, 20,000 x (5 - 0.20)
    assert usd(savings_cache.shorter_cache(cost)) == Decimal("0.333") - Decimal("0.096")
    assert savings_cache.shorter_cache(cost).count == 1


def test_what_another_conversation_left_in_the_cache_counts_against_a_shorter_one() -> None:
    cost = cost_of(request(0, read=10_000, write_1h=10_000))
    assert savings_cache.shorter_cache(cost) == NOTHING  # 10,000 x 3 - 10,000 x 4.80 is a loss


def test_a_fresh_start_saves_the_history_from_a_cold_prompt_to_the_next_reset() -> None:
    cold = START_S + 7_200
    cost = cost_of(
        request(0, write_5m=20_000),  # the base
        request(1, read=20_000, write_5m=100_000, prompt_chars=269_500),
        request(2, write_5m=121_000, prompt_chars=2_695, at_s=cold),
        *(request(number, read=121_000, write_5m=500, at_s=cold + 10 * number) for number in (3, 4)),
        request(5, read=20_000, write_5m=20_000, reset="compaction", at_s=cold + 100),
    )
    # dropped: 100,000 tokens, once written at 5 and twice read at 0.20
    saved = Decimal("0.5") + 2 * Decimal("0.02")
    # back in: 16,500 tokens written once and read twice; four turns at 36,500 tokens of context and 100 of output
    charged = Decimal("0.0825") + 2 * Decimal("0.0033") + 4 * (Decimal("0.0073") + Decimal("0.002"))
    part = savings_cache.cold_history(cost)
    assert (usd(part), part.count, part.tokens) == (saved - charged, 1, 100_000)


def test_a_fresh_start_is_not_advised_when_warm_small_or_in_the_middle_of_work() -> None:
    history = request(1, read=20_000, write_5m=100_000, prompt_chars=269_500)
    base = request(0, write_5m=20_000)
    warm = request(2, read=120_000, write_5m=1_000, prompt_chars=100, at_s=START_S + 200)
    at_work = request(2, write_5m=121_000, at_s=START_S + 7_200)
    small = request(1, read=20_000, write_5m=30_000, prompt_chars=80_000)
    after_small = request(2, write_5m=51_000, prompt_chars=100, at_s=START_S + 7_200)
    assert savings_cache.cold_history(cost_of(base, history, warm)) == NOTHING
    assert savings_cache.cold_history(cost_of(base, history, at_work)) == NOTHING
    assert savings_cache.cold_history(cost_of(base, small, after_small)) == NOTHING


def test_of_two_answers_to_the_same_pauses_only_the_better_one_is_listed() -> None:
    cost = cost_of(
        request(0, write_5m=20_000),
        request(1, read=20_000, write_5m=100_000, prompt_chars=269_500),
        request(2, write_5m=121_000, prompt_chars=2_695, at_s=START_S + 900),
    )
    longer, fresh = savings_cache.longer_cache(cost), savings_cache.cold_history(cost)
    assert 0 < longer.picousd < fresh.picousd
    kinds = [saving.kind for saving in largest_savings([cost], most=9)]
    assert "cold_history" in kinds
    assert "longer_cache" not in kinds


def test_a_fifth_of_the_base_above_15k_is_trimmed() -> None:
    cost = cost_of(request(0, write_5m=45_000), request(1, read=45_000))
    # 45,000 x 5.20 in all; 30,000 of them are above 15k; a fifth of that
    assert savings_context.lean_base(cost) == Part(46_800_000_000 - 15_600_000_000, 1, 30_000)
    assert savings_context.lean_base(cost_of(request(0, write_5m=15_000))) == NOTHING


def whole_read(lines: int = 500, chars: int = 40_000, *, partial: bool = False) -> RunCost:
    returned = result(chars)
    read = call("t1", returned=returned, partial=partial)
    size = round(chars / (3.05 * 0.77)) + 36
    return cost_of(
        request(0, write_5m=20_000, calls=[read]),
        request(1, read=20_000, write_5m=size, results=["t1"]),
        *(request(number, read=20_000 + size) for number in range(2, 12)),
    )


def test_an_outline_is_charged_for_its_own_tokens_and_for_the_likely_follow_up() -> None:
    part = savings_context.outlines(whole_read())
    tokens = 17_068
    paid = tokens * (Decimal(5) + 10 * Decimal("0.2")) / 10**6
    outline = paid * (Decimal("0.12") + Decimal(60) / tokens)
    turn = (37_068 * Decimal("0.2") + 80 * 20) / 10**6
    expected = paid - outline - Decimal("0.6") * (paid / 2 + turn)
    assert abs(usd(part) - expected) < Decimal("1e-11")
    assert (part.count, part.tokens) == (1, tokens)


def test_small_partial_and_failed_reads_are_left_alone() -> None:
    assert savings_context.outlines(whole_read(chars=9_000)) == NOTHING
    assert savings_context.outlines(whole_read(partial=True)) == NOTHING


def test_a_file_that_is_edited_later_always_has_its_follow_up() -> None:
    read = call("t1", returned=result(40_000))
    edit = call("t2", "Edit", subject="src/app.py", returned=result(100))
    requests = [
        request(0, write_5m=20_000, calls=[read]),
        request(1, read=20_000, write_5m=17_068, results=["t1"], calls=[edit]),
        *(request(number, read=37_068, results=["t2"] if number == 2 else []) for number in range(2, 12)),
    ]
    assert 0 < savings_context.outlines(cost_of(*requests)).picousd < savings_context.outlines(whole_read()).picousd


def test_an_agent_that_only_reads_is_priced_on_haiku_with_a_part_done_twice() -> None:
    calls = [call("t1", "Bash", subject="git log | head -5"), call("t2", "Grep"), call("t3", "WebFetch")]
    scout = agent([request(0, write_5m=20_000, output=1_000, calls=calls)], "a1", "subagent")
    cost = break_down(run([scout]))
    # 20,000 x 5 + 1,000 x 20 = 0.12 on Opus 5.5; 0.003 on Haiku 5.5; 15 % of 0.12 again
    assert usd(savings_context.cheaper_model(cost, list_prices())) == Decimal("0.12") - Decimal("0.003") - Decimal(
        "0.018"
    )


def test_an_older_tokenizer_needs_more_tokens_on_haiku_and_may_pass_its_step() -> None:
    scout = agent([request(0, read=80_000, model="claude-opus-4-6", calls=[call("t1")])], "a1", "subagent")
    part = savings_context.cheaper_model(break_down(run([scout])), list_prices())
    # 80,000 x 0.50; on Haiku 104,000 tokens, above 100k: 0.05 each; 15 % of 0.04
    assert usd(part) == Decimal("0.04") - Decimal("0.0052") - Decimal("0.006")


def test_before_haiku_5_5_the_older_haiku_is_meant_and_before_that_none() -> None:
    def saved(at_s: float) -> Part:
        scout = agent(
            [request(0, write_5m=10_000, model="claude-opus-4-5", calls=[call("t1")], at_s=at_s)], "a", "subagent"
        )
        return savings_context.cheaper_model(break_down(run([scout])), list_prices())

    day = 86_400
    # 10,000 x 6.25; on Haiku 4.5 10,000 x 1.25; 15 % again
    assert usd(saved(START_S - 200 * day)) == Decimal("0.0625") - Decimal("0.0125") - Decimal("0.009375")
    assert saved(START_S - 800 * day) == NOTHING


def test_an_agent_that_writes_or_does_nothing_is_left_on_its_model() -> None:
    writer = agent([request(0, write_5m=20_000, calls=[call("t1", "Edit")])], "a1", "subagent")
    idle = agent([request(0, write_5m=20_000)], "a2", "subagent")
    cheap = agent([request(0, write_5m=20_000, model="claude-haiku-5-5", calls=[call("t2")])], "a3", "subagent")
    cost = break_down(run([writer, idle, cheap]))
    assert savings_context.cheaper_model(cost, list_prices()) == NOTHING


def test_half_of_the_re_reads_of_serial_read_only_turns_could_be_saved() -> None:
    def looks(call_id: str) -> list[object]:
        return [call(call_id, "Grep", returned=result(100))]

    cost = cost_of(
        request(0, write_5m=20_000, calls=looks("t1")),  # type: ignore[arg-type]
        request(1, read=20_000, results=["t1"], calls=looks("t2")),  # type: ignore[arg-type]
        request(2, read=21_000, results=["t2"], calls=looks("t3")),  # type: ignore[arg-type]
        request(3, read=22_000, results=["t3"]),  # the answer: this turn is needed in any case
    )
    assert savings_context.batching(cost) == Part((20_000 + 21_000) * 200_000 // 2, 2, 41_000)


def test_turns_with_several_calls_or_edits_are_no_series() -> None:
    cost = cost_of(
        request(0, write_5m=20_000, calls=[call("t1"), call("t2")]),
        request(1, read=20_000, results=["t1", "t2"], calls=[call("t3")]),
        request(2, read=20_000, results=["t3"], calls=[call("t4", "Edit")]),
        request(3, read=20_000, results=["t4"], calls=[call("t5")]),
    )
    assert savings_context.batching(cost) == NOTHING


def test_the_list_has_three_entries_largest_first_and_none_below_a_cent() -> None:
    costs = [whole_read(), cost_of(request(0, write_1h=400_000)), cost_of(request(0, write_5m=15_100))]
    got = largest_savings(costs)
    assert [saving.kind for saving in got] == ["shorter_cache", "lean_base", "outlines"]
    assert [saving.picousd for saving in got] == sorted((saving.picousd for saving in got), reverse=True)
    assert largest_savings([cost_of(request(0, write_5m=15_100))]) == ()
    assert largest_savings([]) == ()


def test_a_saving_says_what_to_do_with_its_numbers() -> None:
    [saving] = largest_savings([cost_of(request(0, write_1h=20_000, output=1, model=OPUS))], most=1)
    assert saving == Saving(
        "shorter_cache",
        60_000_000_000,
        0,
        20_000,
        "Ask for the 5-minute cache (setting promptCacheTtl): 20k tokens were written at the 1-hour price, "
        "and no pause made use of it.",
    )


def test_every_kind_has_its_sentence() -> None:
    for what, sentence in WORDS.values():
        assert what
        assert "{size}" in sentence.format(n="{n}", size="{size}")


@given(st.lists(histories(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_saving_is_negative_or_larger_than_the_run(recorded: list[Sequence[Request]]) -> None:
    agents = [agent(requests, f"a{i}", "main" if i == 0 else "subagent") for i, requests in enumerate(recorded)]
    cost = break_down(run(agents))
    for saving in largest_savings([cost], most=9):
        assert 0 < saving.picousd <= cost.picousd
        assert saving.words.endswith(".")
