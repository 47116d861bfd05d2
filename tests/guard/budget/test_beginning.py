"""Limits as text and back, and how two sets of them differ. Sessions with them: tests/guard/test_start.py."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.config import Budget, Limits
from mcp_lean.guard.budget.beginning import difference, from_text, to_text

AMOUNTS = st.floats(0, 1e6), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)
LIMITS = st.builds(Limits, *AMOUNTS)
BUDGETS = st.builds(Budget, *AMOUNTS, st.floats(0, 1e6), st.integers(0, 10**9), st.dictionaries(st.text(), LIMITS))


@given(BUDGETS)
def test_limits_come_back_from_their_text(budget: Budget) -> None:
    assert from_text(to_text(budget)) == budget
    assert difference(budget, budget) == ""


def test_keys_of_another_version_are_left_out_and_missing_ones_are_the_defaults() -> None:
    text = json.dumps({"run_usd": 3.0, "run_hours": 2, "types": {"scout": {"agent_usd": 1.0, "agent_hours": 2}}})

    assert from_text(text) == Budget(run_usd=3.0, types={"scout": Limits(agent_usd=1.0)})


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (Budget(), Budget(run_usd=0.0), "run_usd 25 -> 0"),
        (
            Budget(),
            Budget(types={"scout": Limits(agent_usd=1.5)}),
            "scout agent_usd 5 -> 1.5",
        ),
        (
            Budget(),
            Budget(1.0, 2, 3, 4, 5.0, 6),
            "agent_context_tokens 0 -> 4, agent_requests 300 -> 2, agent_tokens 0 -> 3, agent_usd 5 -> 1 and 2 more",
        ),
    ],
)
def test_a_difference_in_words(before: Budget, now: Budget, words: str) -> None:
    assert difference(before, now) == words
