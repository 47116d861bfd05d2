"""Getters that accept anything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.transcripts.fields import count, dollars, items, mapping, seconds, text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(ANYTHING)
def test_a_getter_answers_with_its_type_whatever_it_is_given(value: object) -> None:
    assert isinstance(text(value), str)
    assert isinstance(mapping(value), dict)
    assert isinstance(items(value), list)
    assert type(count(value)) is int
    assert 0 <= count(value) <= 2**53
    assert 0 <= dollars(value) < math.inf
    assert seconds(value) is None or isinstance(seconds(value), float)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (0, 0),
        (None, 0),
        (7.0, 7),
        (7.5, 0),
        (-1, 0),
        (2**53 + 1, 0),
        (True, 0),
        ("7", 0),
        ([7], 0),
        (math.nan, 0),
        (math.inf, 0),
    ],
)
def test_a_count_is_a_whole_number_from_zero_on(value: object, number: int) -> None:
    assert count(value) == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:01.500Z", 1.5),
        ("1970-01-01T01:00:01+01:00", 1.0),
        ("1970-01-01T00:00:01", 1.0),
        ("1970-01-02", 86400.0),
        ("0001-01-01T00:00:00+14:00", -62135647200.0),
        ("yesterday", None),
        ("", None),
        (1795341600, None),
        (None, None),
    ],
)
def test_a_time_is_an_iso_timestamp(value: object, expected: float | None) -> None:
    assert seconds(value) == expected
