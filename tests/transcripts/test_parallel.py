"""Work on many things, in order, in one process or several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mcp_lean.transcripts.parallel import in_order
from tests.processes import ends


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


LONG_WORK = """
import os, pathlib, signal, sys, time
from mcp_lean.transcripts.parallel import in_order

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with it ignored

def work(number):
    (pathlib.Path(sys.argv[1]) / str(os.getpid())).touch()
    time.sleep(600)

try:
    list(in_order(work, range(4), 2))
except KeyboardInterrupt:
    sys.exit(130)
"""
PATIENCE_SECONDS = 30.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_processes_end_with_the_one_that_is_killed(number: signal.Signals, tmp_path: Path) -> None:
    assert ended_by(lambda process: process.send_signal(number), tmp_path) == (-number, [True, True], b"")


def test_an_interrupt_from_the_terminal_ends_all_of_them_without_a_word(tmp_path: Path) -> None:
    """It goes to every process of the group."""
    assert ended_by(lambda process: os.killpg(process.pid, signal.SIGINT), tmp_path) == (130, [True, True], b"")


def ended_by(end: Callable[[subprocess.Popen[bytes]], None], folder: Path) -> tuple[int, list[bool], bytes]:
    """Exit status, whether both forked processes have ended, and stderr."""
    (folder / "work").mkdir()
    command = (sys.executable, "-c", LONG_WORK, folder / "work")
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, start_new_session=True)
    try:
        workers = at_work(folder / "work")
        end(process)
        status = process.wait(PATIENCE_SECONDS)
        return status, [ends(worker) for worker in workers], (folder / "stderr").read_bytes()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def at_work(folder: Path) -> list[int]:
    """The two processes, once both are at work."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(found := os.listdir(folder)) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    return [int(name) for name in found]
