"""Waiting for a bill: shortly, and not for ever in vain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcp_lean.guard.ledger import settling
from mcp_lean.guard.ledger.settling import LOOKS, MOST_IN_VAIN, Settling


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(settling.time, "sleep", taken.append)
    return taken


def written_at(look: int) -> Callable[[], bool]:
    looks = iter(range(1, 10_000))
    return lambda: next(looks) >= look


@pytest.mark.parametrize(("look", "is_written", "pauses_taken"), [(1, True, 0), (3, True, 2), (LOOKS, True, LOOKS - 1)])
def test_a_bill_is_waited_for(pauses: list[float], look: int, is_written: bool, pauses_taken: int) -> None:
    assert Settling().wait("S", "a", written_at(look)) is is_written
    assert len(pauses) == pauses_taken


def test_a_wait_is_over_well_within_the_deadline(pauses: list[float]) -> None:
    assert Settling().wait("S", "a", lambda: False) is False
    assert 0.2 < sum(pauses) < 0.3


def test_looks_that_take_long_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    looks = 0

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    def look() -> bool:
        nonlocal looks
        looks += 1
        pass_time(0.1)  # megabytes of a resumed session are read meanwhile
        return False

    monkeypatch.setattr(settling.time, "sleep", pass_time)
    monkeypatch.setattr(settling.time, "monotonic", lambda: now)
    waiting = Settling()
    for _ in range(MOST_IN_VAIN + 1):
        before, looks = now, 0
        assert waiting.wait("S", "a", look) is False
        assert now - before < 0.6
        assert looks == 4  # a wait that was cut short is not in vain


def test_bills_that_do_not_come_are_not_waited_for_any_more(pauses: list[float]) -> None:
    settling = Settling()
    for _ in range(MOST_IN_VAIN):
        settling.wait("S", "a", lambda: False)
    pauses.clear()

    assert settling.wait("S", "a", lambda: False) is False
    assert pauses == []
    assert settling.wait("T", "a", written_at(2)) is True


def test_a_bill_that_came_makes_up_for_those_that_did_not(pauses: list[float]) -> None:
    settling = Settling()
    for _ in range(MOST_IN_VAIN * 2):
        settling.wait("S", "a", lambda: False)
        settling._in_vain = {each: min(times, MOST_IN_VAIN - 1) for each, times in settling._in_vain.items()}
        assert settling.wait("S", "a", written_at(2)) is True
        assert settling._in_vain == {}


def test_an_agent_without_bills_is_not_waited_for_again_and_again_among_others_that_have_theirs(
    pauses: list[float],
) -> None:
    """Whoever waits holds up the others' events: a quarter of a second at each of its turns, for ever."""
    settling = Settling()
    for _ in range(MOST_IN_VAIN):
        settling.wait("S", "nowhere", lambda: False)
        assert settling.wait("S", "here", written_at(1)) is True
    pauses.clear()

    assert settling.wait("S", "nowhere", lambda: False) is False
    assert pauses == []
    assert settling.wait("S", "here", written_at(2)) is True


def test_many_agents_without_bills_are_not_waited_for_one_by_one(pauses: list[float]) -> None:
    settling = Settling()
    for number in range(MOST_IN_VAIN):
        settling.wait("S", f"agent-{number}", lambda: False)
    pauses.clear()

    assert settling.wait("S", "another", lambda: False) is False
    assert pauses == []
