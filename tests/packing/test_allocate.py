"""One budget over many blocks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.errors import AskError
from mcp_lean.packing import render
from mcp_lean.packing.allocate import MIN_SHARE_TOKENS, Packed, default_budget, pack
from mcp_lean.packing.render import CEILING_CHARS, Block, Scale, fit
from mcp_lean.packing.tokens import cost


def block(name: str, count: int, row: str = "value = compute(other)") -> Block:
    return Block(
        heading=lambda first, last: (
            render.whole(name, f"{count} lines")
            if (first, last) == (1, count)
            else render.part(f"{name}:", first, last, count)
        ),
        rows=[row] * count,
        resume=lambda at: f"{name}:{at}-{count}",
        resume_within=lambda at, chars: f"{name}:{at}+{chars}",
    )


def shown_rows(packed: Packed) -> list[int]:
    return [sum(not line.startswith(("== ", "more: ")) for line in text.split("\n")) for text in packed.texts]


def test_everything_is_whole_when_it_fits() -> None:
    packed = pack([block("a", 5), block("b", 50), block("c", 1)], 8_000)

    assert shown_rows(packed) == [5, 50, 1]
    assert packed.is_whole
    assert packed.served == 3


def test_small_blocks_are_whole_and_large_ones_share_evenly_in_the_order_asked() -> None:
    packed = pack([block("large", 900), block("small", 4), block("larger", 5_000), block("tiny", 1)], 4_000)

    large, small, larger, tiny = shown_rows(packed)
    assert (small, tiny) == (4, 1)
    assert large == pytest.approx(larger, rel=0.02)
    assert large > 100
    assert [text.partition(" (")[0].partition(":")[0] for text in packed.texts] == [
        "== large",
        "== small",
        "== larger",
        "== tiny",
    ]
    assert 3_900 < packed.weight <= 4_000


def test_what_a_middling_block_does_not_use_goes_to_the_larger_ones() -> None:
    packed = pack([block("large", 900), block("middling", 60)], 4_000)

    large, middling = shown_rows(packed)
    assert middling == 60
    assert large > 100
    assert packed.weight > 3_900


def test_a_block_is_served_with_a_worthwhile_share_or_not_at_all() -> None:
    packed = pack([block(f"f{i}", 900) for i in range(50)], 2_000)

    assert 3 <= packed.served <= 6
    assert min(shown_rows(packed)) * Scale.of(2_000).weigh("value = compute(other)") > MIN_SHARE_TOKENS * 0.9


def test_many_tiny_blocks_fill_the_budget() -> None:
    packed = pack([block(f"f{i}.py", 1) for i in range(500)], 2_000)

    assert packed.weight > 1_970
    assert packed.is_whole


def test_blocks_are_pulled_only_as_far_as_they_can_be_served() -> None:
    pulled = 0

    def endless() -> Iterator[Block]:
        nonlocal pulled
        while True:
            pulled += 1
            yield block(f"f{pulled}", 200)

    packed = pack(endless(), 2_000)
    assert pulled == packed.served + 1


def test_the_first_block_gets_all_there_is_even_if_that_is_little() -> None:
    packed = pack([block("a", 900), block("b", 1)], 200)
    assert packed.served == 1
    assert 5 < shown_rows(packed)[0] < 30


def test_a_budget_that_cannot_hold_the_first_block_says_what_would() -> None:
    long = block("x" * 900, 3)
    with pytest.raises(AskError) as caught:
        pack([long], 200)

    assert str(caught.value).startswith("budget: 200 tokens cannot hold the first item; ask for at least ")
    enough = int(str(caught.value).rsplit(" ", 1)[1])
    assert shown_rows(pack([long], enough)) == [3]


def test_a_block_that_is_only_a_heading_may_fill_the_budget_to_the_last_token() -> None:
    heading = Block(lambda first, last: render.error("no such file " * 10))
    weight = fit(heading, 0, Scale.of(200)).weight
    reserve = "x " * 20
    while weight + Scale.of(200).weigh(reserve) < 199:
        reserve += "x"

    assert pack([heading], 200, reserve).served == 1
    with pytest.raises(AskError, match="cannot hold the first item"):
        pack([heading], 200, reserve + "x " * 10)


def test_nothing_asked_is_nothing_packed() -> None:
    assert pack([], 200) == Packed(())


ROWS = st.text(st.characters(codec="utf-8", exclude_characters="\n") | st.sampled_from("ab1 ._"), max_size=200)


@given(
    st.lists(st.tuples(st.integers(0, 80), ROWS), max_size=30),
    st.integers(200, 20_000),
    st.sampled_from(["", "more: x"]),
)
def test_the_budget_and_the_character_ceiling_are_kept(sizes: list[tuple[int, str]], budget: int, reserve: str) -> None:
    packed = pack([block(f"f{i}", count, row) for i, (count, row) in enumerate(sizes)], budget, reserve)

    answer = "\n".join([*packed.texts, *([reserve] if reserve else [])])
    assert cost(answer) <= budget
    assert len(answer.encode("utf-16-le", "surrogatepass")) // 2 <= CEILING_CHARS
    assert packed.served or not sizes


@given(st.lists(st.integers(0, 80), min_size=1, max_size=30), st.integers(200, 5_000))
def test_a_larger_budget_never_serves_fewer_blocks(sizes: list[int], budget: int) -> None:
    blocks = [block(f"f{i}", count) for i, count in enumerate(sizes)]
    assert pack(blocks, budget).served <= pack(blocks, budget + 100).served


@pytest.mark.parametrize(("items", "tokens"), [(1, 8_000), (2, 16_000), (3, 20_000), (500, 20_000)])
def test_each_item_of_a_list_counts_up_to_what_a_result_may_hold(items: int, tokens: int) -> None:
    assert default_budget(items) == tokens
