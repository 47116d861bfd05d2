"""The transcripts of one session as entries of its books, read as they grow.

In:  the main transcript's path; `Place`s that an earlier process reached.
Out: entries that are new or known better, priced as `mcp-lean cost` prices them.
Not here: totals (`books`), keeping (`ledger`), which paths may be read (`is_in_a_root` says, the ledger asks).

A server follows in memory (`Following`): each look costs what has come in since. A command that runs for one event
reads from the place that the last one reached, and a stretch before it once more (`read_on`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from mcp_lean.costs.prices import PriceTable, quote_for, request_cost
from mcp_lean.guard.books import Books, Entry, Place
from mcp_lean.transcripts.file import MAIN, FileReader
from mcp_lean.transcripts.follow import SessionFollower
from mcp_lean.transcripts.lines import LineBuffer
from mcp_lean.transcripts.locate import locate, roots
from mcp_lean.transcripts.model import Request

OVERLAP_BYTES = 256 << 10
"""Read once more before a place: the lines of one message stand some kilobytes apart, with results between them.
Where they stand further apart, an *estimated* output count may be low until the server reads the whole file."""

PIECE_BYTES = 1 << 20


def is_in_a_root(path: str, environ: Mapping[str, str]) -> bool:
    """Whether a transcript, links resolved, lies in Claude Code's own folder of projects."""
    real = os.path.realpath(path)
    return any(os.path.commonpath((real, root)) == root for root in map(os.path.realpath, roots(environ)))


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


class Following:
    """A session that is followed in memory."""

    def __init__(self, main: str, books: Books, table: PriceTable) -> None:
        self._follower = SessionFollower(main)
        self._books = books
        self._table = table

    def look(self) -> list[Entry]:
        """Reads what is new; the entries that changed."""
        found = (
            self._books.put(entry_of(change.agent_id, change.request, self._table)) for change in self._follower.poll()
        )
        return [entry for entry in found if entry is not None]

    @property
    def problems(self) -> Mapping[str, str]:
        """Path -> why it could not be read at the last look."""
        return self._follower.problems


def places(main: str) -> list[Place]:
    """The files of a session as they are now; taken *before* a look, they say what that look has read at least."""
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


def read_on(main: str, books: Books, known: Iterable[Place], table: PriceTable) -> tuple[list[Entry], list[Place]]:
    """Reads what has come in since the known places: the entries that changed, and the places now.

    Raises OSError where a file cannot be read.
    """
    before = {place.path: place for place in known}
    entries: list[Entry] = []
    now = []
    files = _files(main)
    agents = {agent_id for _, agent_id in files}
    for path, agent_id in files:
        state = os.stat(path)
        place = Place(path, state.st_dev, state.st_ino, state.st_size)
        old = before.get(path)
        if place == old:
            continue
        now.append(place)
        is_same_file = (
            old and (old.device, old.inode) == (place.device, place.inode) and old.size_bytes <= state.st_size
        )
        start = max(0, old.size_bytes - OVERLAP_BYTES) if old and is_same_file else 0
        for owner, request in _requests(path, agent_id, start):
            if owner == agent_id or owner not in agents:
                entry = books.put(entry_of(owner, request, table), is_whole=start == 0)
                if entry is not None:
                    entries.append(entry)
    return entries, now


def _requests(path: str, agent_id: str, start: int) -> Iterator[tuple[str, Request]]:
    """(agent id, request) of a file from the first line that begins at or after `start`."""
    reader, buffer = FileReader(path, agent_id), LineBuffer()
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        while piece := file.read(PIECE_BYTES):
            reader.feed(buffer.feed(piece))
    reader.feed(buffer.take_rest())
    yield from reader.touched()
