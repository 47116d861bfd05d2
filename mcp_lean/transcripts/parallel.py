"""Many files read at once.

In:  path, size, agent id and whether texts are wanted, per file.
Out: per file, as it is done: its record, its record as bytes (from another process), or why it cannot be read.
Not here: the store, and the order of results (`read`).

Processes are forked, which is only safe while this process has one thread; otherwise files are read one by one.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_lean.transcripts import codec
from mcp_lean.transcripts.file import FileRecord

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
    workers = min(processes if processes is not None else len(os.sched_getaffinity(0)), len(jobs))
    if workers < 2 or not sys.platform.startswith("linux") or threading.active_count() > 1:
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
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    left = dict(enumerate(groups))
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=gc.disable) as pool:
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
