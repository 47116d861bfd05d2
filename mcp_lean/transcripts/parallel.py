"""Many files read at once.

In:  (path, agent id, with text) per file.
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

from mcp_lean.transcripts import codec
from mcp_lean.transcripts.file import FileRecord

Job = tuple[str, str, bool]
Result = FileRecord | bytes | str


def read_all(jobs: Sequence[Job], processes: int | None = None) -> Iterator[tuple[str, Result]]:
    """Reads every job once; a file that fails gives its reason as a string.

    Args:
        processes: at most so many; `None` for one per processor.
    """
    workers = min(processes if processes is not None else len(os.sched_getaffinity(0)), len(jobs))
    if workers < 2 or not sys.platform.startswith("linux") or threading.active_count() > 1:
        for job in jobs:
            yield job[0], _read(job)
        return
    yield from _read_forked(jobs, workers)


def _read_forked(jobs: Sequence[Job], workers: int) -> Iterator[tuple[str, Result]]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    done: set[str] = set()
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=gc.disable) as pool:
        waiting = {pool.submit(_read_encoded, job): job[0] for job in jobs}
        try:
            for future in as_completed(waiting):
                path = waiting.pop(future)
                result = future.result()
                done.add(path)
                yield path, result
        except BrokenProcessPool:
            pass  # a reader was killed, most likely for want of memory: the rest is read here, one by one
    for job in jobs:
        if job[0] not in done:
            yield job[0], _read(job)


def _read(job: Job) -> FileRecord | str:
    from mcp_lean.transcripts.read import read_file

    path, agent_id, with_text = job
    try:
        return read_file(path, agent_id, with_text=with_text)
    except OSError as error:
        return error.strerror or "cannot be read"


def _read_encoded(job: Job) -> bytes | str:
    result = _read(job)
    return result if isinstance(result, str) else codec.encode(result)
