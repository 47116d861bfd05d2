"""What an agent did before this process was started: its newest calls, shown to the loop detector.

In:  the agent's own transcript, of which the end is read.
Out: the detector's history of that agent, and the turn that it is in.
Not here: rules (`detector`), when an agent was not seen before (`hooks`).

A server that is started anew in the middle of a session (a reconnect, a crash) would else give an agent that goes in
circles a fresh count. What is said about the recalled calls is not said again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from mcp_lean.guard.identity import MAIN, Caller
from mcp_lean.guard.loops.detector import Loops
from mcp_lean.guard.loops.recorded import in_turns, tool_use
from mcp_lean.transcripts.file import FileReader
from mcp_lean.transcripts.lines import LineBuffer
from mcp_lean.transcripts.locate import is_in_a_root
from mcp_lean.transcripts.model import Request

MOST_BYTES = 1 << 20
"""Of the transcript's end: some hundred calls, read in about 20 ms. The detector itself keeps 64."""


def recall(loops: Loops, caller: Caller, now: frozenset[str], environ: Mapping[str, str]) -> int:
    """Shows the detector an agent's newest calls. The turn that the agent is in, counted from its last prompt.

    Args:
        now: ids of the calls that the present event tells of: they and what follows are not recalled.
    Raises OSError where the transcript cannot be read.
    """
    path = caller.own_transcript_path
    if not path or not is_in_a_root(path, environ):
        return 0
    next_turn = 0
    for request, turn in in_turns(_newest(path, caller.agent_id or MAIN)):
        if any(call.id in now for call in request.calls):
            return turn
        for call in request.calls:
            if call.result is not None:
                loops.observe(caller, tool_use(call), call.result.text or "", call.result.is_error, turn)
        next_turn = turn + bool(request.calls)
    return next_turn


def _newest(path: str, agent_id: str) -> tuple[Request, ...]:
    """Requests at the end of a transcript; one whose beginning lies before that may lack some of its calls."""
    reader, buffer = FileReader(path, agent_id, with_text=True), LineBuffer()
    try:
        with open(path, "rb", opener=_open) as file:
            start = max(0, file.seek(0, os.SEEK_END) - MOST_BYTES)
            file.seek(start)
            if start:
                file.readline()
            reader.feed(buffer.feed(file.read(MOST_BYTES)))
    except FileNotFoundError:  # an agent that has just begun
        return ()
    reader.feed(buffer.take_rest())
    return reader.record().threads[0].requests


def _open(path: str, flags: int) -> int:
    """A pipe would keep its reader waiting until somebody writes: it is opened at once, and fails at the first seek."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
