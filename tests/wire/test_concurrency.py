"""Four calls at a time, the rest waits; what is withdrawn stops; small questions are answered meanwhile."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import ends
from wire.driver import LEGACY, Wire, appears

CALLS_AT_ONCE = 4

Names = Callable[[], Path]


@pytest.fixture
def names(tmp_path: Path) -> Names:
    """Paths whose `.began` and `.ended` show what a call of `wait` has come to."""
    numbers = itertools.count()
    return lambda: tmp_path / f"call{next(numbers)}"


@pytest.fixture
def waiting(hostile: Wire, names: Names) -> Iterator[Callable[[], tuple[int, Path]]]:
    """Start calls that last until they are withdrawn; those left over are withdrawn at the end."""
    started: list[tuple[int, Path]] = []

    def start() -> tuple[int, Path]:
        name = names()
        started.append((hostile.start("wait", name=str(name)), name))
        return started[-1]

    yield start
    for number, _ in started:
        cancel(hostile, number)
    for _, name in started:
        assert not began(name) or appears(ended(name))


def began(name: Path) -> bool:
    return name.with_suffix(".began").exists()


def ended(name: Path) -> Path:
    return name.with_suffix(".ended")


def cancel(wire: Wire, number: int) -> None:
    wire.notify("notifications/cancelled", {"requestId": number, "reason": "the test says so"})


def test_a_withdrawn_call_stops_and_is_not_answered(hostile: Wire, waiting: Callable[[], tuple[int, Path]]) -> None:
    number, name = waiting()
    assert appears(name.with_suffix(".began"))

    cancel(hostile, number)

    assert appears(ended(name))
    assert hostile.is_alive()
    assert hostile.receive(number, seconds=0.3) is None


def test_a_program_that_a_withdrawn_call_runs_is_killed(hostile: Wire, names: Names) -> None:
    name = names()
    number = hostile.start("child", name=str(name))
    assert appears(name.with_suffix(".pid"))

    cancel(hostile, number)

    assert ends(int(os.readlink(name.with_suffix(".pid"))))
    assert hostile.receive(number, seconds=0.1) is None


def test_at_most_four_calls_run_and_small_questions_are_answered_meanwhile(
    hostile: Wire, waiting: Callable[[], tuple[int, Path]]
) -> None:
    running = [waiting() for _ in range(CALLS_AT_ONCE)]
    assert all(appears(name.with_suffix(".began")) for _, name in running)
    queued = [waiting() for _ in range(2)]

    for _ in range(3):
        assert hostile.is_alive()
    if hostile.era == LEGACY:
        assert hostile.result("ping") == {}
    assert not any(began(name) for _, name in queued)

    # A call that is withdrawn while it waits never begins; the next one takes the place that becomes free.
    cancel(hostile, queued[0][0])
    cancel(hostile, running[0][0])
    assert appears(queued[1][1].with_suffix(".began"))
    assert appears(ended(running[0][1]))
    assert not began(queued[0][1])
    assert sum(began(name) and not ended(name).exists() for _, name in running + queued) == CALLS_AT_ONCE


def test_quick_calls_side_by_side_are_all_answered(hostile: Wire) -> None:
    numbers = [hostile.start("echo", items=[str(i)]) for i in range(50)]

    assert [hostile.text_of(hostile.receive(number))[0] for number in numbers] == [
        f"['{i}'] 1 False" for i in range(50)
    ]
