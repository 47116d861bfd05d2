"""The bill of a run: its three splits, its gaps, the client's own account."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.costs.breakdown import Account, RunCost, break_down
from mcp_lean.costs.money import PICO
from mcp_lean.transcripts.model import CostState, Gaps, Request, Run

from .runs import START_S, agent, call, request, result, run
from .test_attribution import histories


def usd(picousd: int) -> Decimal:
    return Decimal(picousd).scaleb(-12)


def fan_out() -> Run:
    """An orchestrator, a scout on Haiku that it spawned, a compaction in a file of its own."""
    spawn = call("t1", "Agent", subject="find the tests", input_chars=340, returned=result(1_000))
    read = call("s1", "Read", returned=result(8_000))
    main = agent(
        [
            request(0, write_1h=20_000, calls=[spawn], output=200, prompt_chars=400),
            request(1, read=20_000, write_1h=900, results=["t1"], output=100),
        ]
    )
    scout = agent(
        [
            request(0, write_5m=8_000, model="claude-haiku-5-5", calls=[read], output=60, reported=2, prompt_chars=300),
            request(1, read=8_000, write_5m=3_502, model="claude-haiku-5-5", results=["s1"], output=300),
        ],
        "a1",
        "subagent",
        agent_type="scout",
        description="find the tests",
        parent_id="main",
    )
    compaction = agent([request(9, read=20_900, write_1h=100, output=1_000)], "acompact-1", "compaction")
    return run([main, scout, compaction])


def test_the_sides_are_billed_by_hand() -> None:
    got = break_down(fan_out())
    # main: (20,000 + 900) x 8 + 20,000 x 0.20 + 300 x 20
    assert usd(got.side_picousd("orchestrator")) == Decimal("0.1772")
    # scout: (8,000 + 3,502) x 0.125 + 8,000 x 0.01 + 360 x 0.50
    assert usd(got.side_picousd("subagents")) == Decimal("0.00169775")
    # compaction: 20,900 x 0.20 + 100 x 8 + 1,000 x 20
    assert usd(got.side_picousd("auxiliary")) == Decimal("0.02498")
    assert usd(got.picousd) == Decimal("0.20387775")
    assert [(a.agent.id, a.side, a.model) for a in got.agents] == [
        ("main", "orchestrator", "claude-opus-5-5"),
        ("a1", "subagents", "claude-haiku-5-5"),
        ("acompact-1", "auxiliary", "claude-opus-5-5"),
    ]
    assert (got.is_lower_bound, got.gaps, got.assumptions) == (False, (), ())


def test_estimated_outputs_are_counted_and_priced() -> None:
    """One answer of the scout was recorded with a placeholder of 2 tokens and is estimated at 60."""
    got = break_down(fan_out())
    assert got.estimated_requests == 1
    assert usd(got.estimated_picousd) == Decimal("0.000029")  # 58 x 0.50 per million


def test_tools_name_their_calls_tokens_and_round_trips() -> None:
    got = break_down(fan_out())
    by_name = {tool.name: tool for tool in got.tools}
    read = by_name["Read"]
    assert (read.calls, read.errors, read.unanswered, read.result_bytes) == (1, 0, 0, 8_000)
    # 8,000 characters of a file at 3.05 x 0.77 characters per token, and 36 for the frame
    assert read.result_tokens == 3_442
    assert read.result_picousd == 3_442 * 125_000
    # the request that took in the file read 8,000 cached tokens
    assert read.round_trip_picousd == 8_000 * 10_000
    assert got.round_trips.requests == 2
    assert got.round_trips.picousd == 8_000 * 10_000 + 20_000 * 200_000
    assert got.tool_loop_picousd == sum(tool.picousd for tool in got.tools)


def test_our_own_weight_is_a_line_of_its_own() -> None:
    own = call("t1", "mcp__lean__read_many", returned=result(4_000))
    main = agent(
        [request(0, write_5m=20_000, calls=[own], output=80), request(1, read=20_000, write_5m=2_000, results=["t1"])]
    )
    got = break_down(run([main]))
    [tool] = got.tools
    definitions = next(line for line in got.lines if line.kind == "base" and line.own)
    assert definitions.entered_tokens == 750
    assert got.own_picousd == definitions.picousd + tool.picousd
    assert tool.own


def test_a_run_without_our_tools_is_charged_nothing_for_them() -> None:
    assert break_down(fan_out()).own_picousd == 0


def test_gaps_make_the_total_a_lower_bound_and_say_why() -> None:
    main = agent([request(0, write_5m=20_000)])
    got = break_down(run([main], gaps=Gaps(unknown_subagents=2, partial_subagents=1, missing_compactions=1)))
    assert got.is_lower_bound
    assert got.gaps == (
        "2 subagents without any record of their requests",
        "the last answer of 1 subagent is in no file",
        "1 compaction request in no file",
    )


def test_the_clients_own_account_fills_the_gap() -> None:
    main = agent([request(0, write_5m=20_000)])  # $0.10
    state = CostState(0.13, (), 1)
    got = break_down(run([main], gaps=Gaps(missing_compactions=1), cost_states=[state]))
    assert got.account == Account(130_000_000_000, 100_000_000_000, covers_all=True)
    assert usd(got.unrecorded_picousd) == Decimal("0.03")
    assert usd(got.picousd) == Decimal("0.13")
    assert usd(got.side_picousd("auxiliary")) == Decimal("0.03")
    assert got.gaps == ()
    assert [(line.kind, usd(line.picousd)) for line in got.lines] == [
        ("base", Decimal("0.1")),
        ("unrecorded", Decimal("0.03")),
    ]


def test_an_account_of_an_earlier_launch_covers_the_requests_before_it_only() -> None:
    main = agent([request(0, write_5m=20_000), request(1, read=20_000, at_s=START_S + 9_000)])
    early = agent([request(0, write_5m=1_000, at_s=START_S + 20)], "a1", "subagent")
    late = agent([request(0, write_5m=1_000, at_s=START_S + 9_100)], "a2", "subagent")
    got = break_down(
        run(
            [main, early, late],
            gaps=Gaps(missing_compactions=1),
            cost_states=[CostState(0.01, (), 0), CostState(0.125, (), 1)],
        )
    )
    # 20,000 x 5 of the main thread and 1,000 x 5 of the early subagent
    assert got.account == Account(125_000_000_000, 105_000_000_000, covers_all=False)
    assert usd(got.unrecorded_picousd) == Decimal("0.02")
    assert got.is_lower_bound  # what came after the account may still miss a compaction


def test_an_account_below_ours_takes_nothing_away() -> None:
    main = agent([request(0, write_5m=20_000)])
    got = break_down(run([main], cost_states=[CostState(0.05, (), 1)]))
    assert (got.unrecorded_picousd, usd(got.picousd)) == (0, Decimal("0.1"))


def test_an_assumed_price_is_named_once() -> None:
    main = agent([request(0, write_5m=1_000, model="claude-next"), request(1, write_5m=1_000, model="claude-next")])
    got = break_down(run([main]))
    assert got.assumptions == ("claude-next: no price known; priced as claude-fable-5, the dearest current model",)
    assert usd(got.picousd) == Decimal("0.025")


def test_a_run_without_requests_costs_nothing() -> None:
    got = break_down(run([agent([])]))
    assert (got.picousd, got.lines, got.tools, got.read_share) == (0, (), (), None)


def every_split_adds_up(got: RunCost) -> None:
    sides = sum(got.side_picousd(side) for side in ("orchestrator", "subagents", "auxiliary"))
    assert sides == got.picousd
    assert sum(a.picousd for a in got.agents) + got.unrecorded_picousd == got.picousd
    assert sum(line.picousd for line in got.lines) == got.picousd
    for cost in got.agents:
        assert sum(line.picousd for line in cost.lines) == cost.picousd
    tool_lines = sum(line.picousd for line in got.lines if line.kind in ("result", "arguments"))
    assert got.tool_loop_picousd == tool_lines
    assert got.bill.picousd + got.unrecorded_picousd == got.picousd


def test_every_split_of_the_example_adds_up() -> None:
    every_split_adds_up(break_down(fan_out()))


@given(st.lists(histories(), min_size=1, max_size=4), st.none() | st.floats(0, 100))
@settings(max_examples=60, deadline=None)
def test_every_split_of_any_run_adds_up(recorded: list[Sequence[Request]], account: float | None) -> None:
    kinds = ("main", "subagent", "compaction", "warmup")
    agents = [agent(requests, f"a{i}", kind) for i, (requests, kind) in enumerate(zip(recorded, kinds, strict=False))]
    states = [] if account is None else [CostState(account, (), 1)]
    got = break_down(run(agents, cost_states=states))
    every_split_adds_up(got)
    assert got.picousd >= (0 if account is None else min(round(account * PICO), got.bill.picousd))
