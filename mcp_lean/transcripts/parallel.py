"""Many files read at once; and any other work on many things.

In:  path, size, agent id and whether texts are wanted, per file. For `in_order`: a function and what to do it to.
Out: per file, as it is done: its record, its record as bytes (from another process), or why it cannot be read.
Not here: the store, and the order of results (`read`).

Processes are forked, which is only safe while this process has one thread; otherwise files are read one by one.
They end with this one, however that ends.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mcp_lean.transcripts import codec
from mcp_lean.transcripts.file import FileRecord

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

BATCH_BYTES = 4 << 20
"""A process takes files of this size together at a time: fewer messages, and still an even share for each."""

Result = FileRecord | bytes | str


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be read."""

    path: str
    size_bytes: int
    agent_id: str
    with_text: bool = False


def read_all(jobs: Sequence[Job], processes: int | None = None) -> Iterator[tuple[str, Result]]:
    """Reads every job once; a file that fails gives its reason as a string.

    Args:
        processes: at most so many; `None` for one per processor.
    """
    workers = _workers(processes, len(jobs))
    if workers < 2:
        for job in jobs:
            yield job.path, _read(job)
        return
    yield from _read_forked(batches(jobs), workers)


def batches(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs in groups of some megabytes, the largest files first, so that the last one to be done is a small one."""
    groups: list[list[Job]] = []
    room = 0
    for job in sorted(jobs, key=lambda job: (-job.size_bytes, job.path)):
        if room <= 0:
            groups.append([])
            room = BATCH_BYTES
        groups[-1].append(job)
        room -= job.size_bytes
    return groups


def _read_forked(groups: Sequence[list[Job]], workers: int) -> Iterator[tuple[str, Result]]:
    from concurrent.futures import as_completed
    from concurrent.futures.process import BrokenProcessPool

    left = dict(enumerate(groups))
    with _pool(workers, gc.disable) as pool:
        waiting = {pool.submit(_read_encoded, group): number for number, group in left.items()}
        try:
            for future in as_completed(waiting):
                results = future.result()
                del left[waiting.pop(future)]
                yield from results
        except BrokenProcessPool:
            pass  # a reader was killed, most likely for want of memory: the rest is read here, one by one
    for group in left.values():
        for job in group:
            yield job.path, _read(job)


def _read(job: Job) -> FileRecord | str:
    from mcp_lean.transcripts.read import read_file

    try:
        return read_file(job.path, job.agent_id, with_text=job.with_text)
    except OSError as error:
        return error.strerror or "cannot be read"


def _read_encoded(group: Sequence[Job]) -> list[tuple[str, Result]]:
    results = ((job.path, _read(job)) for job in group)
    return [(path, codec.encode(result) if isinstance(result, FileRecord) else result) for path, result in results]


Thing = TypeVar("Thing")
Done = TypeVar("Done")

_inherited: list[Callable[[int], object]] = []
"""In a forked process: what it does to the thing with a number."""


def in_order(work: Callable[[Thing], Done], things: Sequence[Thing], processes: int | None = None) -> Iterator[Done]:
    """`work` of each thing, in their order; in several processes where that is safe.

    Things are inherited by a forked process and never sent; what `work` gives back is sent, and should be small.
    An exception of `work` is raised here.
    """
    workers = _workers(processes, len(things))
    if workers < 2:
        yield from map(work, things)
        return
    from concurrent.futures.process import BrokenProcessPool

    def numbered(number: int) -> Done:
        return work(things[number])

    with _pool(workers, lambda: _inherit(numbered)) as pool:
        waiting = [pool.submit(_numbered, number) for number in range(len(things))]
        for number, future in enumerate(waiting):
            try:
                done: Done = future.result()  # type: ignore[assignment]
            except BrokenProcessPool:  # killed, most likely for want of memory: the rest is done here, one by one
                done = work(things[number])
            yield done


def _inherit(work: Callable[[int], object]) -> None:
    _inherited[:] = [work]
    gc.freeze()


def _numbered(number: int) -> object:
    return _inherited[0](number)


@contextmanager
def _pool(workers: int, begin: Callable[[], object]) -> Iterator[ProcessPoolExecutor]:
    """Forked processes; what has not begun when the block is left is not done any more."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("fork"), _begin, (begin,)) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin(begin: Callable[[], object]) -> None:
    """In a forked process: nobody but the parent says that it was interrupted, and nobody outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _workers(processes: int | None, jobs: int) -> int:
    """How many processes to use; 1 where forking is not safe."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return 1
    return min(processes if processes is not None else len(os.sched_getaffinity(0)), jobs)
