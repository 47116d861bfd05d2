"""Sums over what was recorded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.transcripts.model import Gaps, Skipped, Usage

USAGES = st.builds(Usage, *[st.integers(0, 10**9)] * 6, st.booleans())


@given(st.lists(USAGES, max_size=6), st.randoms())
def test_a_sum_of_usage_does_not_depend_on_the_order(parts: list[Usage], random: object) -> None:
    turned = list(parts)
    random.shuffle(turned)  # type: ignore[attr-defined]

    assert sum(parts, Usage()) == sum(turned, Usage())


def test_usage_adds_up_class_by_class() -> None:
    total = Usage(1, 2, 3, 4, 5, 60, True) + Usage(10, 20, 30, 40, 50, 50, False)

    assert total == Usage(11, 22, 33, 44, 55, 110, True)
    assert (total.context_tokens, total.cache_write_tokens) == (110, 55)


def test_what_was_skipped_adds_up_by_reason() -> None:
    first = Skipped((("a", "gone"),), 1, 2, 3, (("x", 1), ("y", 2)), 4, 5, ("note",))
    second = Skipped((("b", "gone"),), 10, 20, 30, (("a", 7), ("y", 20)), 40, 50, ("note", "other"))

    assert first + second == Skipped(
        (("a", "gone"), ("b", "gone")), 11, 22, 33, (("a", 7), ("x", 1), ("y", 22)), 44, 55, ("note", "other")
    )


def test_gaps_add_up() -> None:
    assert Gaps(True, 1, 2, 3, 4) + Gaps(False, 10, 20, 30, 40) == Gaps(True, 11, 22, 33, 44)
