"""The transcripts of one session as entries of its books, read as they grow.

In:  the main transcript's path; `Place`s that an earlier process reached.
Out: entries that are new or known better, priced as `mcp-lean cost` prices them.
Not here: totals (`books`), keeping (`ledger`), which paths may be read (`transcripts/locate` says, the ledger asks).

A server follows in memory (`Following`): each look costs what has come in since, and a long file is read in slices,
one with each event. A command that runs for one event reads from the place that the last one reached, and a stretch
before it once more (`read_on`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_lean.costs.prices import PriceTable, quote_for, request_cost
from mcp_lean.guard.budget.limits import Spent
from mcp_lean.guard.ledger.books import PICO, Books, Entry, Place
from mcp_lean.transcripts.file import MAIN, FileReader
from mcp_lean.transcripts.lines import LineBuffer
from mcp_lean.transcripts.locate import locate
from mcp_lean.transcripts.model import Request, Run

OVERLAP_BYTES = 256 << 10
"""Read once more before a place: the lines of one message stand some kilobytes apart, with results between them.
Where they stand further apart, an *estimated* output count may be low until the server reads the whole file."""

PIECE_BYTES = 1 << 20

LOOKS_BETWEEN_PLACES = 50
"""How often a server notes how far it has read, for commands that read on from there."""

MOST_ENTERED_TOKENS, MOST_OUTPUT_TOKENS = 100_000, 128_000
"""Of one request: four results as long as the client lets them be, and the longest answer of any current model."""

MOST_BYTES_AT_ONCE = 8 << 20
"""For one event: about 0.1 s. An answer that has to come within a second then always does, however long the file."""


def entry_of(agent_id: str, request: Request, table: PriceTable) -> Entry:
    """A request with its price."""
    price = quote_for(request, table)
    usage, rates = request.usage, price.rates
    output = usage.output_estimated_tokens
    return Entry(
        request.id,
        agent_id,
        request.model,
        request_cost(usage, price, web_searches=request.web_searches).picousd,
        usage.context_tokens + output,
        usage.context_tokens,
        usage.cache_read_tokens,
        output,
        rates.cache_read,
        rates.cache_write_1h if usage.cache_write_1h_tokens else rates.cache_write_5m,
        rates.output,
        not usage.is_output_estimated,
        request.text_chars
        + request.thinking_chars
        + request.signature_chars
        + sum(call.input_chars for call in request.calls),
        tuple(call.id for call in request.calls),
    )


def most_after(last: Entry | None, table: PriceTable) -> Spent:
    """The most that the request after `last` may have cost and held; after none, there is nothing to go by."""
    if last is None:
        return Spent(usd=math.inf)
    prompt = last.context_tokens + last.output_tokens + MOST_ENTERED_TOKENS
    rates = table.quote(last.model, prompt_tokens=prompt).rates
    write = max(last.write_rate, rates.cache_write_5m, rates.cache_write_1h)
    picousd = prompt * write + MOST_OUTPUT_TOKENS * max(last.output_rate, rates.output)
    return Spent(usd=picousd / PICO, tokens=prompt + MOST_OUTPUT_TOKENS, context_tokens=prompt)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look found.

    entries: that are new or known better.
    places: how far files were read at least; for whoever reads on.
    is_done: the end of each file was reached.
    problems: (path, reason) of files that could not be read.
    """

    entries: list[Entry]
    places: list[Place]
    is_done: bool = True
    problems: tuple[tuple[str, str], ...] = ()


class Following:
    """A session that is followed in memory."""

    def __init__(self, main: str, books: Books, table: PriceTable) -> None:
        from mcp_lean.transcripts.follow import SessionFollower  # a process for one event does not follow

        self._follower = SessionFollower(main)
        self._books = books
        self._table = table
        self._looks = 0

    def look(self) -> Reading:
        """Reads what is new, at most `MOST_BYTES_AT_ONCE`: the first look at a resumed session has a long way to go."""
        is_due = self._looks % LOOKS_BETWEEN_PLACES == 0
        # Taken before the look, they say what it will have read at least, if it gets to the end.
        now = places(self._follower.main) if is_due else []
        changes = self._follower.poll(MOST_BYTES_AT_ONCE)
        is_done = self._follower.is_at_end
        self._looks += is_done
        found = (self._books.put(entry_of(change.agent_id, change.request, self._table)) for change in changes)
        entries = [entry for entry in found if entry is not None]
        problems = tuple(sorted(self._follower.problems.items()))
        return Reading(entries, now if is_done else [], is_done, problems)

    def run(self) -> Run | None:
        """The session as of the last look; `None` while it has no request."""
        return self._follower.run()


def places(main: str) -> list[Place]:
    """The files of a session as they are now."""
    found = []
    for path, _ in _files(main):
        try:
            state = os.stat(path)
        except OSError:
            continue
        found.append(Place(path, state.st_dev, state.st_ino, state.st_size))
    return found


def _files(main: str) -> list[tuple[str, str]]:
    """(path, agent id) of a session's files."""
    folder = os.path.abspath(main).removesuffix(".jsonl")
    found: list[tuple[str, str]] = []
    for files in locate((main,) if os.path.isfile(main) else ()).sessions:
        if files.folder == folder:
            found += [(files.main, MAIN)] if files.main else []
            found += [(agent.path, agent.agent_id) for agent in files.agents]
    return found


def read_on(main: str, books: Books, known: Iterable[Place], table: PriceTable) -> Reading:
    """Reads what has come in since the known places, at most `MOST_BYTES_AT_ONCE`.

    Raises OSError where a file cannot be read.
    """
    before = {place.path: place for place in known}
    entries: list[Entry] = []
    now: list[Place] = []
    left = MOST_BYTES_AT_ONCE
    files = _files(main)
    agents = {agent_id for _, agent_id in files}
    for path, agent_id in files:
        state = os.stat(path)
        old = before.get(path)
        is_same = old is not None and (old.device, old.inode) == (state.st_dev, state.st_ino)
        read_bytes = old.size_bytes if old is not None and is_same and old.size_bytes <= state.st_size else 0
        if read_bytes == state.st_size:
            continue
        if left <= 0:
            return Reading(entries, now, False)
        end = min(state.st_size, read_bytes + left)
        left -= end - read_bytes
        start = max(0, read_bytes - OVERLAP_BYTES)
        requests, reached = _requests(path, agent_id, start, end)
        for owner, request in requests:
            if owner == agent_id or owner not in agents:
                entry = books.put(entry_of(owner, request, table), is_whole=start == 0)
                if entry is not None:
                    entries.append(entry)
        # A line that is not whole yet is read again; one that is longer than a whole look is gone past.
        place_bytes = reached if reached > read_bytes or end == state.st_size else end
        now.append(Place(path, state.st_dev, state.st_ino, place_bytes))
        if end < state.st_size:
            return Reading(entries, now, False)
    return Reading(entries, now, True)


def _requests(path: str, agent_id: str, start: int, end: int) -> tuple[list[tuple[str, Request]], int]:
    """(agent id, request) of a file from the first line that begins at or after `start`, up to the byte `end`; and
    the end of the last whole line."""
    reader, buffer = FileReader(path, agent_id), LineBuffer()
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        reached = file.tell()
        while piece := file.read(min(PIECE_BYTES, max(0, end - file.tell()))):
            lines = buffer.feed(piece)
            reached += sum(map(len, lines))
            reader.feed(lines)
    reader.feed(buffer.take_rest())
    return reader.touched(), reached
