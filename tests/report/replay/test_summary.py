"""Replays of many runs added up, against sums and percentiles worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.replay.outcome import Example
from mcp_lean.report.replay.summary import Spread, spread, summarize

from .replays import ALL, BASE, BATCH, CALLS, EXAMPLE, HALF, USD, outcome, replayed, together


def test_the_overall_share_is_weighted_by_money_and_percentiles_count_each_session_once() -> None:
    runs = [
        replayed(1, outcome(BATCH, 0.10, own_usd=0.05, count=3, seconds=8.0), usd=1.0),
        replayed(2, outcome(BATCH, 0.00), usd=2.0),
        replayed(3, outcome(BATCH, -0.30, own_usd=0.30, count=0), usd=3.0),
        replayed(4, outcome(BATCH, 9.40), usd=94.0),
    ]
    summary = summarize(runs, [BATCH], "recorded")
    row = summary.row("batch", "strict")
    assert row is not None

    # Shares 10 %, 0, -10 %, 10 %; sorted -10, 0, 10, 10: median 5 %, p10 0.3 of the way up, p90 0.7 along 10 to 10.
    assert row.share == pytest.approx(9.2 / 100)
    assert (row.spread.p10, row.spread.median, row.spread.p90) == pytest.approx((-0.07, 0.05, 0.10))
    assert (row.losers, row.sessions, row.acted, row.count, row.seconds_saved) == (1, 4, 3, 5, 8.0)
    assert (row.saved_picousd, row.gross_picousd, row.own_picousd) == (
        round(9.2 * USD),
        round(9.55 * USD),
        round(0.35 * USD),
    )


def test_a_loss_of_less_than_a_thousandth_is_rounding() -> None:
    runs = [together(1, -0.0009), together(2, -0.0011)]
    row = summarize(runs, [ALL], "recorded").row("together", "strict")

    assert row is not None
    assert row.losers == 1


def test_bundles_stand_last_and_the_headline_speaks_of_the_first_of_them() -> None:
    run = replayed(
        1, outcome(ALL, 2), outcome(ALL, 3, "expected"), outcome(HALF, 1), outcome(BATCH, 1), outcome(BASE, 1)
    )
    summary = summarize([run], [ALL, HALF, BATCH, BASE], "recorded")

    assert [(row.policy.name, row.bound) for row in summary.rows] == [
        ("batch", "strict"),
        ("base", "strict"),
        ("together", "strict"),
        ("together", "expected"),
        ("half", "strict"),
    ]
    assert summary.together == "together"


def test_sessions_without_figures_are_counted_by_reason_and_in_no_sum() -> None:
    runs = [
        together(1, 0.1),
        replayed(2, left_out="one request", usd=70.0),
        replayed(3, left_out="one request"),
        replayed(4, left_out="subagents missing"),
    ]
    summary = summarize(runs, [ALL], "recorded")

    assert summary.left_out == (("one request", 2), ("subagents missing", 1))
    assert (summary.sessions, summary.requests, summary.recorded_picousd) == (1, 30, 10 * USD)
    assert [run.session_id[:8] for run in summary.excluded] == ["00000002", "00000003", "00000004"]


def test_the_residual_is_what_the_simulator_does_not_explain_overall_and_at_worst() -> None:
    runs = [replayed(1, usd=10.0, baseline_usd=10.1), replayed(2, usd=1.0, baseline_usd=0.95)]
    summary = summarize(runs, [], "recorded")

    assert summary.residual == pytest.approx(0.05 / 11)
    assert summary.worst_residual == pytest.approx(0.05)
    assert summarize(runs, [], "current").residual is None


def test_the_sessions_that_gain_most_come_with_their_strictest_calls_first() -> None:
    doubtful = Example("a1", 9, CALLS, "read_many(...)", USD)
    first = replayed(
        1,
        outcome(ALL, 2),
        outcome(BATCH, 0.1, "upper", examples=[doubtful, EXAMPLE]),
        outcome(BATCH, 0.1, examples=[EXAMPLE]),
    )
    runs = [together(2, 0.05), first, together(3, -0.4), together(4, 0.1), together(5, 0.01)]
    gains = summarize(runs, [BATCH, ALL], "recorded").gains

    assert [(gain.run.session_id[:8], gain.saved_picousd, gain.share) for gain in gains] == [
        ("00000001", 2 * USD, 0.2),
        ("00000004", USD, 0.1),
        ("00000002", USD // 2, 0.05),
    ]
    shown = [(outcome.bound, outcome.examples[index]) for _, outcome, index in gains[0].examples]
    assert shown == [("strict", EXAMPLE), ("upper", doubtful)]


def test_sessions_that_would_have_lost_are_no_gains_and_the_worst_of_them_stands_first() -> None:
    summary = summarize([together(1, -0.1), together(2, 0.0), together(3, -0.2)], [ALL], "recorded")

    assert summary.gains == ()
    assert [(run.session_id[:8], share) for run, share in summary.losses] == [("00000003", -0.2), ("00000001", -0.1)]


def test_clients_are_in_the_order_of_their_versions() -> None:
    runs = [replayed(1, versions=["2.1.9", "2.1.10"]), replayed(2, versions=["2.0.76", "2.1.10", "nightly"])]

    assert summarize(runs, [], "recorded").versions == ("nightly", "2.0.76", "2.1.9", "2.1.10")


def test_nothing_at_all_adds_up_to_nothing() -> None:
    summary = summarize([], [ALL, BATCH], "recorded")

    assert (summary.sessions, summary.rows, summary.gains, summary.residual, summary.measured) == (
        0,
        (),
        (),
        None,
        None,
    )


def test_a_session_without_a_bill_saves_nothing_and_breaks_nothing() -> None:
    row = summarize([replayed(1, outcome(ALL, 0), usd=0.0)], [ALL], "recorded").row("together", "strict")

    assert row is not None
    assert (row.share, row.spread, row.losers) == (0.0, Spread(0.0, 0.0, 0.0), 0)


def test_what_was_measured_is_added_up() -> None:
    parts = [Adoption(runs=1, saved_picousd=3), Adoption(runs=1, losing_runs=1, hooks_picousd=5)]

    assert summarize([], [], "recorded", parts).measured == Adoption(
        runs=2, losing_runs=1, saved_picousd=3, hooks_picousd=5
    )


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50))
def test_percentiles_are_ordered_and_between_the_extremes(shares: list[float]) -> None:
    found = spread(shares)

    assert min(shares) <= found.p10 <= found.median <= found.p90 <= max(shares)
    assert spread(list(reversed(shares))) == found
