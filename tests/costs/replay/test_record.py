"""A recorded agent as turns of pieces."""

from __future__ import annotations

from math import inf

import pytest

from costs.runs import agent, call, request, result, run
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.model import Piece, Turn
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.worlds import World, current_model, token_factor
from mcp_lean.transcripts.model import Request


def turns(*requests: Request) -> tuple[Turn, ...]:
    [actor] = work_of(run([agent(requests)]), World("recorded", list_prices())).actors
    return actor.turns


def test_a_first_request_is_base_and_prompt() -> None:
    """2,695 characters of prompt are 1,000 tokens at 3.5 x 0.77 characters each."""
    [turn] = turns(request(0, write_5m=21_000, prompt_chars=2_695))

    assert turn.pieces == (Piece("base", 20_000), Piece("prompt", 1_000))
    assert (turn.hit, turn.fresh_hit, turn.drops_tokens) == (1.0, 0.0, inf)


def test_a_loaded_skill_is_no_base_and_the_client_s_first_attachments_are() -> None:
    [turn] = turns(request(0, write_5m=21_000, meta_chars=2_849, attachment_chars=9_000))

    assert turn.pieces == (Piece("base", 20_000), Piece("reminder", 1_000))


def test_what_another_agent_left_in_the_cache_is_a_hit_of_the_new_part() -> None:
    [turn] = turns(request(0, read=15_000, write_5m=5_000))

    assert (turn.hit, turn.fresh_hit) == (1.0, 0.75)


def test_the_growth_of_a_context_is_split_by_what_came_in() -> None:
    asked = call("a", returned=result(2_000))
    first = request(0, write_5m=20_000, output=100, calls=[asked], prompt_chars=27)
    _, turn = turns(first, request(1, read=20_000, write_5m=1_500, results=["a"]))

    assert sum(piece.tokens for piece in turn.pieces) == 1_500
    assert [(piece.kind, piece.call_id) for piece in turn.pieces] == [
        ("answer", ""),
        ("arguments", "a"),
        ("result", "a"),
        ("unexplained", ""),
    ]
    assert turn.hit == 1.0


def test_a_cache_break_is_the_part_that_was_not_read() -> None:
    _, turn = turns(request(0, write_5m=20_000), request(1, read=5_000, write_5m=16_000))

    assert (turn.hit, turn.fresh_hit) == (0.25, 0.0)


def test_a_compaction_empties_the_context_and_brings_the_base_back() -> None:
    """The summary is estimated at 2,000 tokens, and may take a quarter more; the rest are files attached again."""
    _, turn = turns(
        request(0, write_5m=20_000),
        request(1, read=4_000, write_5m=26_000, summary_chars=5_390, reset="compaction"),
    )

    assert turn.is_reset
    assert turn.pieces == (Piece("base", 20_000), Piece("summary", 2_500), Piece("summary", 7_500))


def test_a_smaller_context_without_a_marker_lost_what_is_missing() -> None:
    _, turn = turns(request(0, write_5m=20_000, output=10), request(1, read=15_000))

    assert (turn.drops_tokens, turn.fresh_tokens) == (5_010, 10)


@pytest.mark.parametrize(
    ("writes", "shares"),
    [
        ({"write_5m": 300, "write_1h": 100}, (0.75, 0.25)),
        ({"fresh": 400}, (0.0, 0.0)),
        ({"write_5m": 100, "fresh": 300}, (0.25, 0.0)),
        ({}, (0.0, 1.0)),
    ],
)
def test_what_was_not_read_is_split_by_lifetime(writes: dict[str, int], shares: tuple[float, float]) -> None:
    """Where all was read, more would have been written as before."""
    _, turn = turns(request(0, write_1h=20_000), request(1, read=20_000, **writes))  # type: ignore[arg-type]

    assert (turn.write_5m, turn.write_1h) == shares


@pytest.mark.parametrize(
    ("model", "now", "factor"),
    [
        ("claude-opus-4-6", "claude-opus-5-5", 1.3),
        ("claude-opus-4-8", "claude-opus-5-5", 1.0),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-5-5", 1.3),
        ("claude-3-5-haiku@20241022", "claude-haiku-5-5", 1.3),
        ("claude-fable-5-1[1m]", "claude-fable-5-2", 1.0),
        ("somebody-elses-model", "somebody-elses-model", 1.0),
    ],
)
def test_todays_model_is_the_newest_of_the_same_family(model: str, now: str, factor: float) -> None:
    assert (current_model(model), token_factor(model, current_model(model))) == (now, factor)
