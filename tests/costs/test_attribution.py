"""Where the money of one agent goes: a run worked out by hand, and the law that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.costs.attribution import Amount, attribute, merge
from mcp_lean.costs.origins import Origin, is_own_tool
from mcp_lean.costs.prices import list_prices
from mcp_lean.transcripts.model import Request

from .runs import HAIKU, OPUS, agent, call, request, result

IN, OUT, W5, W1H, READ = 4_000_000, 20_000_000, 5_000_000, 8_000_000, 200_000
"""Opus 5.5, picodollars per token."""


def test_a_read_is_paid_by_its_arguments_its_entry_and_every_later_request() -> None:
    """The newer tokenizer: prompt 2,695 chars = 1,000 tokens; Read 10 chars = 4 + 36 = 40 tokens."""
    read = call("t1", "Read", input_chars=34, returned=result(10))
    main = agent(
        [
            request(0, write_5m=11_000, prompt_chars=2_695, calls=[read], output=100),
            request(1, read=11_000, write_5m=140, results=["t1"], output=10),
            request(2, read=11_140, write_5m=10, output=0),
        ]
    )
    got = attribute(main, list_prices())

    assert got.base_tokens == 10_000
    # 34 characters of JSON are 13 tokens, a call 30 more: 43 of the 100 tokens of output; the rest is the answer
    assert got.origins == {
        Origin("base"): Amount(10_000, 0, 10_000 * (W5 + READ + READ), 0),
        Origin("prompt"): Amount(1_000, 0, 1_000 * (W5 + READ + READ), 0),
        Origin("answer"): Amount(57 + 10, 57 + 10, 57 * (W5 + READ) + 10 * W5, 67 * OUT),
        Origin("arguments", "Read", False, "t1"): Amount(43, 43, 43 * (W5 + READ), 43 * OUT),
        Origin("result", "Read", False, "t1"): Amount(40, 0, 40 * (W5 + READ), 0),
    }


def test_words_of_our_hooks_are_charged_to_us_also_before_the_first_request() -> None:
    """The newer tokenizer: 2,849 characters of the client's kind of text are 1,000 tokens."""
    main = agent(
        [
            request(0, write_5m=11_000, attachment_chars=5_698, own_chars=2_849),
            request(1, read=11_000, write_5m=2_000, attachment_chars=5_698, own_chars=2_849),
        ]
    )
    assert attribute(main, list_prices()).origins == {
        Origin("base"): Amount(10_000, 0, 10_000 * (W5 + READ), 0),
        Origin("reminder"): Amount(1_000, 0, 1_000 * W5, 0),
        Origin("reminder", own=True): Amount(2_000, 0, 1_000 * (W5 + READ + W5), 0),
    }


def test_a_skill_that_the_first_prompt_has_loaded_is_no_base() -> None:
    """It is a message, behind the base, and goes with a compaction."""
    main = agent([request(0, write_5m=11_000, attachment_chars=2_849, meta_chars=2_849)])

    assert attribute(main, list_prices()).origins == {
        Origin("base"): Amount(10_000, 0, 10_000 * W5, 0),
        Origin("reminder"): Amount(1_000, 0, 1_000 * W5, 0),
    }


def test_what_the_estimate_cannot_fill_is_unexplained() -> None:
    main = agent(
        [request(0, write_5m=20_000, prompt_chars=100), request(1, read=20_000, write_5m=5_000, prompt_chars=2_695)]
    )
    origins = attribute(main, list_prices()).origins
    assert origins[Origin("prompt")].entered_tokens == 37 + 1_250
    assert origins[Origin("unexplained")].entered_tokens == 3_750


def test_a_compaction_keeps_the_base_and_calls_the_rest_its_summary() -> None:
    main = agent(
        [
            request(0, write_5m=20_000, prompt_chars=26_950),
            request(1, read=20_000, write_5m=60_000, prompt_chars=1000),
            request(2, read=10_000, write_5m=8_000, summary_chars=2_695, reset="compaction"),
        ]
    )
    origins = attribute(main, list_prices()).origins
    assert origins[Origin("base")].prompt_picousd == 10_000 * (W5 + READ + READ)
    assert origins[Origin("summary")] == Amount(8_000, 0, 8_000 * W5, 0)


def test_a_rewind_drops_the_end_of_the_context() -> None:
    first = call("t1", "Read", returned=result(20_000))
    main = agent(
        [
            request(0, write_5m=10_000, prompt_chars=100, calls=[first], output=50),
            request(1, read=10_000, write_5m=9_000, results=["t1"]),
            request(2, read=10_000, write_5m=37, prompt_chars=100, reset="shrink"),
        ]
    )
    origins = attribute(main, list_prices()).origins
    carried = origins[Origin("result", "Read", False, "t1")]
    assert carried.prompt_picousd == carried.entered_tokens * W5  # paid once; request 2 does not hold it any more


def test_a_break_in_the_cache_is_paid_by_what_had_to_be_written_again() -> None:
    main = agent(
        [
            request(0, write_1h=30_000, prompt_chars=26_950),
            request(1, read=20_000, write_1h=10_000, at_s=9e9),
        ]
    )
    origins = attribute(main, list_prices()).origins
    assert origins[Origin("base")].prompt_picousd == 20_000 * (W1H + READ)
    assert origins[Origin("prompt")].prompt_picousd == 10_000 * (W1H + W1H)


def test_our_own_definitions_and_calls_are_marked() -> None:
    own = call("t1", "mcp__plugin_mcp-lean_lean__read_many", returned=result(1_000))
    main = agent(
        [request(0, write_5m=20_000, calls=[own], output=50), request(1, read=20_000, write_5m=500, results=["t1"])]
    )
    origins = attribute(main, list_prices(), own_base_tokens=750).origins
    assert origins[Origin("base", own=True)] == Amount(750, 0, 750 * (W5 + READ), 0)
    assert origins[Origin("base")].entered_tokens == 19_250
    assert {origin.own for origin in origins if origin.tool} == {True}


def test_a_switch_to_the_newer_tokenizer_is_no_growth() -> None:
    """The same text weighs 1.3 times as much; nothing came in."""
    main = agent(
        [
            request(0, write_5m=20_000, model="claude-opus-4-6"),
            request(1, read=0, write_5m=26_000, model=OPUS),
        ]
    )
    origins = attribute(main, list_prices()).origins
    assert origins == {Origin("base"): Amount(20_000, 0, 20_000 * 6_250_000 + 26_000 * W5, 0)}


def test_auxiliary_requests_stay_in_one_piece() -> None:
    compaction = agent([request(0, read=150_000, write_5m=2_000, output=4_000)], "acompact-1", "compaction")
    got = attribute(compaction, list_prices())
    assert got.origins == {Origin("auxiliary"): Amount(152_000, 4_000, 150_000 * READ + 2_000 * W5, 4_000 * OUT)}


def test_web_searches_are_a_line_of_their_own() -> None:
    main = agent([request(0, fresh=100, searches=3)])
    assert attribute(main, list_prices()).origins[Origin("search")].picousd == 3 * 10**10


def test_tool_names_of_ours() -> None:
    ours = ["mcp__lean__read_many", "mcp__plugin_mcp-lean_lean__compact", "mcp__plugin_x_lean__budget_check"]
    others = ["Read", "mcp__leaner__read", "mcp__plugin_lean_other__x", "lean__read_many", "mcp__my_lean__x"]
    assert [is_own_tool(name) for name in ours] == [True] * 3
    assert [is_own_tool(name) for name in others] == [False] * 5


tokens = st.integers(0, 60_000)
chars = st.integers(0, 100_000)


@st.composite
def histories(draw: st.DrawFn) -> Sequence[Request]:
    """Any requests, sensible or not: reads without writes, shrinking contexts, switches of model."""
    requests: list[Request] = []
    for number in range(draw(st.integers(1, 8))):
        calls = [
            call(f"{number}.{i}", draw(st.sampled_from(["Read", "Bash", "Task", "mcp__lean__read_many"])),
                 input_chars=draw(chars), returned=draw(st.none() | st.builds(result, chars)))
            for i in range(draw(st.integers(0, 3)))
        ]  # fmt: skip
        requests.append(
            request(
                number,
                fresh=draw(tokens),
                write_5m=draw(tokens),
                write_1h=draw(tokens),
                read=draw(tokens),
                output=draw(st.integers(0, 5_000)),
                reported=draw(st.none() | st.integers(0, 10)),
                model=draw(st.sampled_from([OPUS, HAIKU, "claude-opus-4-6", "unheard-of"])),
                calls=calls,
                results=[c.id for c in requests[-1].calls] if requests else [],
                prompt_chars=draw(chars),
                attachment_chars=draw(chars),
                summary_chars=draw(chars),
                text_chars=draw(chars),
                reset=draw(st.sampled_from(["none", "none", "compaction", "shrink"])),
                speed=draw(st.sampled_from(["standard", "fast"])),
                searches=draw(st.integers(0, 2)),
            )
        )
    return requests


@given(histories(), st.integers(0, 3_000))
@settings(max_examples=200, deadline=None)
def test_the_origins_add_up_to_the_bills_to_the_last_picodollar(history: Sequence[Request], own: int) -> None:
    got = attribute(agent(history), list_prices(), own)
    assert sum(amount.picousd for amount in got.origins.values()) == sum(item.bill.picousd for item in got.requests)
    assert sum(a.output_tokens for a in got.origins.values()) == sum(r.usage.output_estimated_tokens for r in history)
    assert sum(a.picousd for a in merge([got.origins]).values()) == sum(item.bill.picousd for item in got.requests)
    assert all(amount.picousd >= 0 and amount.entered_tokens >= 0 for amount in got.origins.values())
