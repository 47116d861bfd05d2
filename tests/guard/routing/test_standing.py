"""When a kind of work is left alone, and that it is tried again: a table, and a bound on what that can lose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.costs.routing_outcomes import ASKED_AGAIN, GOOD, NO_ANSWER, PENDING
from mcp_lean.guard.routing.standing import FEWEST_CASES, LEFT_ALONE, NEWEST_CALLS, Rate, rate_of

OFF_ABOVE = 0.3
BAD = ASKED_AGAIN


@pytest.mark.parametrize(
    ("newest", "rate", "is_left_alone"),
    [
        ([], Rate(0, 0), False),
        ([BAD] * 9, Rate(9, 9), False),
        ([BAD] * 10, Rate(10, 10), True),
        ([BAD] * 3 + [GOOD] * 7, Rate(10, 3), False),
        ([BAD, NO_ANSWER, BAD, NO_ANSWER] + [GOOD] * 6, Rate(10, 4), True),
        # What nobody has judged yet says nothing, unless the kind is on trial.
        ([PENDING, ""] * 20 + [GOOD] * 10, Rate(10, 0), False),
        ([PENDING, ""] * 5 + [LEFT_ALONE], Rate(10, 10), True),
        ([LEFT_ALONE] * 90 + [BAD] * 10, Rate(10, 10), True),
        ([LEFT_ALONE] * 91 + [BAD] * 10, Rate(9, 9), False),
        ([BAD] + [LEFT_ALONE] * 90 + [BAD] * 10, Rate(10, 10), True),
        ([GOOD] * 7 + [LEFT_ALONE] * 90 + [BAD] * 10, Rate(10, 3), False),
        ([GOOD] * NEWEST_CALLS + [BAD] * 50, Rate(NEWEST_CALLS, 0), False),
    ],
)
def test_a_kind_is_left_alone_by_what_became_of_its_newest_calls(
    newest: list[str], rate: Rate, is_left_alone: bool
) -> None:
    assert rate_of(newest) == rate
    assert rate.is_above(OFF_ABOVE) is is_left_alone


def test_a_limit_of_one_leaves_nothing_alone() -> None:
    assert not Rate(10, 10).is_above(1.0)


def played(outcomes: list[str]) -> list[str]:
    """Calls in their order: each is routed, with the outcome that it would have, or left alone."""
    newest_first: list[str] = []
    for outcome in outcomes:
        is_left = rate_of(newest_first).is_above(OFF_ABOVE)
        newest_first.insert(0, LEFT_ALONE if is_left else outcome)
    return newest_first[::-1]


def most_in_a_row(calls: list[str], outcomes: tuple[str, ...]) -> int:
    windows = (calls[at : at + NEWEST_CALLS] for at in range(max(1, len(calls) - NEWEST_CALLS + 1)))
    return max(sum(call in outcomes for call in window) for window in windows)


def test_a_kind_that_always_fails_is_tried_ten_times_in_a_hundred_calls() -> None:
    calls = played([BAD] * 1_000)

    assert most_in_a_row(calls, (BAD,)) == FEWEST_CASES
    assert calls.count(BAD) == 1_000 * FEWEST_CASES // NEWEST_CALLS


def test_a_kind_that_has_become_better_comes_back() -> None:
    calls = played([BAD] * 50 + [GOOD] * 300)

    assert LEFT_ALONE in calls
    assert calls[-150:] == [GOOD] * 150


@given(st.lists(st.sampled_from((GOOD, BAD, PENDING)), max_size=400), st.integers(0, 40))
def test_no_hundred_calls_hold_more_failures_than_the_limit(outcomes: list[str], first_bad: int) -> None:
    """However the outcomes fall: ten, or the share that is allowed and the one that goes over it."""
    calls = played([BAD] * first_bad + outcomes)

    assert most_in_a_row(calls, (BAD,)) <= max(FEWEST_CASES, int(OFF_ABOVE * NEWEST_CALLS) + 1)


@given(st.integers(0, 300))
def test_tries_that_nobody_has_judged_yet_keep_to_the_limit_once_the_kind_was_left_alone(waiting: int) -> None:
    """A fan-out in one turn has no outcome until its parent ends the turn."""
    calls = played([BAD] * FEWEST_CASES + [PENDING] * waiting)

    assert most_in_a_row(calls, (BAD, PENDING)) <= FEWEST_CASES
