"""A context as a prefix of pieces: exact against the plain way of computing it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.costs.context import Context, Segment, apportion


def test_a_piece_is_written_once_and_read_until_it_leaves() -> None:
    context = Context()
    context.enter("base", 100)
    context.charge(Segment(0, 2), [Segment(100, 50)])
    context.enter("file", 10)
    context.charge(Segment(100, 2), [Segment(10, 50)])
    context.charge(Segment(110, 2), [])
    context.truncate(100)
    context.charge(Segment(100, 2), [])
    # base: 100 x 50 written, then three reads at 2; file: 10 x 50 written, one read
    assert context.finish() == {"base": 100 * 50 + 3 * 100 * 2, "file": 10 * 50 + 10 * 2}
    assert context.entered_tokens == {"base": 100, "file": 10}


def test_a_break_in_the_cache_is_paid_by_the_pieces_behind_it() -> None:
    context = Context()
    context.enter("base", 100)
    context.enter("file", 50)
    context.charge(Segment(120, 2), [Segment(10, 80), Segment(15, 50), Segment(5, 40)])
    assert context.finish() == {"base": 100 * 2, "file": 20 * 2 + 10 * 80 + 15 * 50 + 5 * 40}


def test_a_prompt_that_is_not_the_context_is_refused() -> None:
    context = Context()
    context.enter("base", 100)
    with pytest.raises(ValueError, match="a prompt of 99 tokens is billed against a context of 100"):
        context.charge(Segment(99, 2), [])


steps = st.lists(
    st.tuples(
        st.integers(0, 10),  # tokens dropped from the end
        st.lists(st.integers(0, 30), max_size=4),  # pieces that enter
        st.floats(0, 1),  # share of the prompt that is read
        st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99)),  # rates
        st.floats(0, 1),  # split of the rest
        st.none() | st.integers(0, 200),  # another tokenizer
    ),
    max_size=12,
)


@given(steps)
def test_the_lazy_account_equals_the_plain_one_token_by_token(plan: list[tuple]) -> None:  # type: ignore[type-arg]
    context = Context()
    plain: list[str] = []  # the key of every single token
    spent: dict[str, int] = {}
    billed = 0
    for number, (dropped, sizes, share, rates, split, rescaled) in enumerate(plan):
        if rescaled is not None and plain:
            keys = list(dict.fromkeys(plain))
            lengths = apportion([plain.count(key) for key in keys], rescaled)
            plain = [key for key, length in zip(keys, lengths, strict=True) for _ in range(length)]
            context.rescale(rescaled)
        plain = plain[: max(len(plain) - dropped, 0)]
        context.truncate(len(plain))
        for piece, size in enumerate(sizes):
            plain += [f"{number}.{piece}"] * size
            context.enter(f"{number}.{piece}", size)
        assert context.tokens == len(plain)
        read = int(len(plain) * share)
        first = int((len(plain) - read) * split)
        per_token = [rates[0]] * read + [rates[1]] * first + [rates[2]] * (len(plain) - read - first)
        behind = [Segment(first, rates[1]), Segment(len(plain) - read - first, rates[2])]
        context.charge(Segment(read, rates[0]), behind)
        billed += sum(per_token)
        for key, cost in zip(plain, per_token, strict=True):
            spent[key] = spent.get(key, 0) + cost
    got = context.finish()
    assert {key: value for key, value in got.items() if value} == {key: value for key, value in spent.items() if value}
    assert sum(got.values()) == billed


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(0, 10_000))
def test_shares_are_whole_fair_and_complete(weights: list[int], total: int) -> None:
    shares = apportion(weights, total)
    assert sum(shares) == total
    if sum(weights):
        assert all(abs(share - total * w / sum(weights)) < 1 for share, w in zip(shares, weights, strict=True))
