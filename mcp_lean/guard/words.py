"""Sentences of the guard that a model or a person reads, other than those about limits (`budget/words`).

In:  what happened.
Out: one short plain sentence.
Not here: whether to say it (`hooks`).
"""

from __future__ import annotations

READS_TOGETHER = "The next files can be read in one call: read_many takes several paths, ranges or symbols."
SEARCHES_TOGETHER = "The next search can bring the code along: grep_and_read finds and reads in one call."


def failed(what: str, error: BaseException) -> str:
    """For the log, once for each part of the guard: it fails open."""
    reason = " ".join(str(error).split())[:200]
    return f"the guard's {what} failed ({type(error).__name__}{reason and ': '}{reason}); work goes on without it"
