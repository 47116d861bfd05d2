"""The tables of the ledger's file: their shape, and values as rows.

In:  values of the other rooms.
Out: statements to write, rows as values.
Not here: the connection (`database`), what is done with them (`ledger`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TypeAlias, cast

from mcp_lean.guard.identity import Caller
from mcp_lean.guard.ledger.books import Account, Entry, Flight, Place

VERSION = 4
"""Of the tables; goes up with every change of them. A file with a higher one is left alone."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (id TEXT, session TEXT, agent TEXT, agent_type TEXT, transcript TEXT,
    PRIMARY KEY (id, session, agent));
CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, transcript TEXT, cwd TEXT);
CREATE TABLE IF NOT EXISTS agents (session TEXT, agent TEXT, agent_type TEXT, is_running INTEGER,
    PRIMARY KEY (session, agent));
CREATE TABLE IF NOT EXISTS flights (session TEXT, agent TEXT, call TEXT, is_next INTEGER, entered_tokens INTEGER,
    PRIMARY KEY (session, agent));
CREATE TABLE IF NOT EXISTS told (session TEXT, agent TEXT, what TEXT, PRIMARY KEY (session, agent, what));
CREATE TABLE IF NOT EXISTS stops (session TEXT, agent TEXT, kind TEXT, reason TEXT, PRIMARY KEY (session, agent));
CREATE TABLE IF NOT EXISTS limits (session TEXT PRIMARY KEY, limits TEXT);
CREATE TABLE IF NOT EXISTS raises (session TEXT, what TEXT, amount REAL);
CREATE TABLE IF NOT EXISTS requests (session TEXT, id TEXT, agent TEXT, model TEXT, picousd INTEGER, tokens INTEGER,
    context_tokens INTEGER, cache_read_tokens INTEGER, output_tokens INTEGER, read_rate INTEGER, write_rate INTEGER,
    output_rate INTEGER, is_final INTEGER, seen_chars INTEGER, calls TEXT, UNIQUE (session, id));
CREATE INDEX IF NOT EXISTS requests_of_agents ON requests (session, agent);
CREATE INDEX IF NOT EXISTS requests_by_id ON requests (id);
CREATE TABLE IF NOT EXISTS routing (session TEXT, call TEXT, project TEXT, agent TEXT, kind TEXT, action TEXT,
    asked TEXT, agent_type TEXT, model TEXT, effort TEXT, reason TEXT, outcome TEXT, PRIMARY KEY (session, call));
CREATE TABLE IF NOT EXISTS places (session TEXT, path TEXT, device TEXT, inode TEXT, size_bytes INTEGER,
    PRIMARY KEY (session, path));
CREATE TABLE IF NOT EXISTS seams (session TEXT PRIMARY KEY, transcript TEXT, cwd TEXT, client TEXT, prompts INTEGER,
    previous TEXT);
"""

CALLS_KEPT, SESSIONS_KEPT = 50_000, 300
"""Older ones are dropped; ten busy days' worth of calls, some months of sessions."""

Row: TypeAlias = tuple[object, ...]
Statement: TypeAlias = tuple[str, Sequence[object]]

OF_A_SESSION = (
    "requests", "places", "told", "stops", "flights", "agents", "limits", "raises", "routing", "seams", "sessions",
)  # fmt: skip

ENTRY = (
    "SELECT id, agent, model, picousd, tokens, context_tokens, cache_read_tokens, output_tokens, read_rate, "
    "write_rate, output_rate, is_final, seen_chars, calls FROM requests WHERE session = ? "
)
ENTRIES = f"{ENTRY} ORDER BY rowid"
NEWEST_ENTRIES = f"{ENTRY} AND agent = ? ORDER BY rowid DESC LIMIT ?"
ONE_ENTRY = f"{ENTRY} AND id = ?"
OF_ANOTHER = "SELECT 1 FROM requests WHERE id = ? AND session <> ? LIMIT 1"
TOTALS = (
    "SELECT agent, sum(picousd >> 32), sum(picousd & 4294967295), count(*), sum(tokens), sum(context_tokens), "
    "sum(cache_read_tokens) FROM requests WHERE session = ? GROUP BY agent"
)
"""In halves, for sqlite gives up where a sum goes over 64 bits."""

INSERT_ENTRY = (
    "INSERT INTO requests (session, id, agent, model, picousd, tokens, context_tokens, cache_read_tokens, "
    "output_tokens, read_rate, write_rate, output_rate, is_final, seen_chars, calls) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (session, id) DO UPDATE SET agent = excluded.agent, model = excluded.model, "
    "picousd = excluded.picousd, tokens = excluded.tokens, context_tokens = excluded.context_tokens, "
    "cache_read_tokens = excluded.cache_read_tokens, output_tokens = excluded.output_tokens, "
    "read_rate = excluded.read_rate, write_rate = excluded.write_rate, output_rate = excluded.output_rate, "
    "is_final = excluded.is_final, seen_chars = excluded.seen_chars, calls = excluded.calls"
)


def write_entry(session_id: str, entry: Entry) -> Statement:
    """Keeps a request, in place of its older state."""
    return INSERT_ENTRY, (
        session_id, entry.request_id, entry.agent_id, entry.model, entry.picousd, entry.tokens, entry.context_tokens,
        entry.cache_read_tokens, entry.output_tokens, entry.read_rate, entry.write_rate, entry.output_rate,
        int(entry.is_final), entry.seen_chars, "\n".join(entry.call_ids),
    )  # fmt: skip


def entries(rows: Iterable[Row]) -> list[Entry]:
    """Requests as they were kept, in the order in which they came."""
    found = []
    for key, agent, model, *numbers, is_final, seen_chars, calls in rows:
        money, tokens, context, cached, output, read, write, out = cast("list[int]", numbers)
        ids = tuple(str(calls).split("\n")) if calls else ()
        entry = Entry(
            str(key), str(agent), str(model), money, tokens, context, cached, output, read, write, out,
            bool(is_final), cast("int", seen_chars), ids,
        )  # fmt: skip
        found.append(entry)
    return found


PLACES = "SELECT path, device, inode, size_bytes FROM places WHERE session = ?"


def write_place(session_id: str, place: Place) -> Statement:
    """Notes how far a file was read. Numbers of devices and inodes may have 64 bits without a sign: kept as text."""
    row = (session_id, os.fsencode(place.path), str(place.device), str(place.inode), place.size_bytes)
    return "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?)", row


def places(rows: Iterable[Row]) -> list[Place]:
    """How far the files of a session were read."""
    return [
        Place(os.fsdecode(cast("bytes", path)), int(str(device)), int(str(inode)), cast("int", size))
        for path, device, inode, size in rows
    ]


def totals(rows: Iterable[Row]) -> dict[str, Account]:
    """Agent -> its totals, from `TOTALS`."""
    found = {}
    for agent, *numbers in rows:
        high, low, requests, tokens, prompt, cached = cast("list[int]", numbers)
        found[str(agent)] = Account((high << 32) + low, requests, tokens, prompt, cached)
    return found


def write_call(tool_use_id: str, caller: Caller) -> Statement:
    """Keeps who makes a call."""
    row = (tool_use_id, caller.session_id, caller.agent_id, caller.agent_type, caller.transcript_path)
    return "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?)", row


BEGIN_WITH = (
    "INSERT INTO limits VALUES (?, ?) "
    "ON CONFLICT (session) DO UPDATE SET limits = excluded.limits WHERE limits.limits = ''"
)
LIMITS_BEFORE = (
    "SELECT limits FROM limits JOIN sessions USING (session) WHERE cwd = ? AND session <> ? "
    "ORDER BY sessions.rowid DESC LIMIT 1"
)


def drop_old_calls() -> Statement:
    return "DELETE FROM calls WHERE rowid <= (SELECT max(rowid) FROM calls) - ?", (CALLS_KEPT,)


def write_agent(session_id: str, agent: str, agent_type: str, is_running: bool) -> Statement:
    row = (session_id, agent, agent_type, int(is_running))
    return "INSERT OR REPLACE INTO agents VALUES (?, ?, ?, ?)", row


def write_flight(session_id: str, agent: str, flight: Flight) -> Statement:
    row = (session_id, agent, flight.call_id, int(flight.is_next), flight.entered_tokens)
    return "INSERT OR REPLACE INTO flights VALUES (?, ?, ?, ?, ?)", row


def drop_flight(session_id: str, agent: str) -> Statement:
    return "DELETE FROM flights WHERE session = ? AND agent = ?", (session_id, agent)


def write_session(session_id: str, transcript_path: str, cwd: str) -> list[Statement]:
    """Notes a session as the newest, and drops everything about those that are too old."""
    old = "IN (SELECT session FROM sessions ORDER BY rowid DESC LIMIT -1 OFFSET ?)"
    drops = [(f"DELETE FROM {table} WHERE session {old}", (SESSIONS_KEPT,)) for table in OF_A_SESSION]  # noqa: S608
    return [("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (session_id, transcript_path, cwd)), *drops]
