"""Names by how often and how lately they stood, against the definition; and which of them are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checkpoint.talk import ROOT
from mcp_lean.checkpoint.in_use import HALF_LIFE, WEIGHTS, chosen, name_cost, ranked
from mcp_lean.checkpoint.story import Story

NAMES = (f"{ROOT}/src/cart.py", "src/cart.py", f"{ROOT}-old/cart.py", "Cart.find_item", "find_item", "find_order",
         "sum_order", "4023", "4024")  # fmt: skip
TEXTS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(" ".join)


def story_of(told: list[tuple[bool, str, str]]) -> Story:
    story = Story()
    for is_request, asked, said in told:
        story.prompt(asked)
        if is_request:
            story.say(story.begin(), said)
    return story


def ranked_by_definition(story: Story, root: str) -> list[str]:
    scores: dict[str, float] = {}
    for turn in story.everything():
        for piece in turn.newest_pieces():
            for name in piece.names():
                fresh = 0.5 ** ((story.waiting.number - turn.number) / HALF_LIFE)
                scores[name] = scores.get(name, 0.0) + WEIGHTS[piece.kind] * fresh
    best: dict[str, float] = {}
    for name, score in scores.items():
        short = name.removeprefix(f"{root}/")
        best[short] = max(best.get(short, 0.0), score)
    return sorted(best, key=lambda name: (-best[name] / name_cost(name) ** 0.5, name))


@given(st.lists(st.tuples(st.booleans(), TEXTS, TEXTS), max_size=12))
def test_names_stand_in_the_order_of_their_worth_and_those_of_the_same_worth_by_name(
    told: list[tuple[bool, str, str]],
) -> None:
    story = story_of(told)
    assert ranked(story, ROOT) == ranked_by_definition(story, ROOT)


@given(st.lists(st.sampled_from(NAMES), unique=True), TEXTS, st.floats(-5, 60))
def test_each_name_is_taken_or_counted_or_said_already(names: list[str], said: str, budget_tokens: float) -> None:
    taken, unnamed = chosen(names, said, budget_tokens)

    assert taken == [name for name in names if name in taken]
    assert sum(map(name_cost, taken)) <= max(0.0, budget_tokens) + 1e-9
    assert not any(name in said for name in taken)
    read = " ".join([said, *taken])
    if 2 * budget_tokens >= len(names):
        assert unnamed == sum(name not in read for name in names)
