"""Work on many things, in order, in one process or several."""

from __future__ import annotations

import os

import pytest

from mcp_lean.transcripts.parallel import in_order


class Unsendable:
    """A thing that could not be sent to another process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> str:
        raise TypeError("not to be sent")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("number", [0, 1, 7])
def test_results_come_in_the_order_of_the_things(processes: int, number: int) -> None:
    things = [Unsendable(n) for n in range(number)]

    assert list(in_order(lambda thing: thing.number**2, things, processes)) == [n**2 for n in range(number)]


def test_several_processes_do_the_work() -> None:
    assert os.getpid() not in set(in_order(lambda _: os.getpid(), range(4), 2))


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_the_work_is_raised(processes: int) -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with pytest.raises(ValueError, match="two"):
        list(in_order(work, range(4), processes))


def test_work_of_a_process_that_is_killed_is_done_here() -> None:
    """Most likely for want of memory."""
    here = os.getpid()

    def work(number: int) -> int:
        if number == 1 and os.getpid() != here:
            os._exit(9)
        return number

    assert list(in_order(work, range(4), 2)) == [0, 1, 2, 3]


def test_results_that_nobody_wants_are_given_up() -> None:
    found = in_order(lambda number: number, range(50), 2)

    assert next(iter(found)) == 0
    found.close()  # type: ignore[attr-defined]
