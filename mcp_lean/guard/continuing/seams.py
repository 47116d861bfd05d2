"""Where one conversation of a person ends and the next begins: which session came before, and whether to go on.

In:  prompts, advice to clear, clears, as `watcher` sees them.
Out: the session that was cleared, and how many prompts ago its person was advised to clear; kept over a restart.
Not here: the decision (`watcher`, `costs/clearing`), the checkpoint itself.

/clear begins a session with another id and another transcript, and neither names the one before (Claude Code
2.1.330). The server lives on over a clear, so it knows what it served last; a process that knows nothing takes the
session that the same client had at work in the same folder. No clock is asked: what counts is prompts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mcp_lean.guard.ledger.tables import Row, Statement

NEVER = -1
"""Prompts since the advice, where there was none."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation as far as its end matters. `prompts_since_advice`: `NEVER` where none was given."""

    id: str
    transcript: str
    cwd: str
    prompts_since_advice: int = NEVER
    previous_id: str = ""


class Shelf(Protocol):
    """What is needed of the ledger: a table in its file."""

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]: ...
    def keep(self, *statements: Statement) -> bool: ...


COLUMNS = "SELECT session, transcript, cwd, prompts, previous FROM seams"


class Seams:
    """One per process. `client`: the process of Claude Code that it works for."""

    def __init__(self, shelf: Shelf, client: str) -> None:
        self._shelf = shelf
        self._client = client
        self._now: Session | None = None

    @property
    def now(self) -> Session | None:
        """The session that was seen last."""
        return self._now

    def prompt(self, session_id: str, transcript: str, cwd: str) -> Session:
        """Notes a prompt of a person, and gives the session as it stands with it."""
        known = self._now if self._now and self._now.id == session_id else find(self._shelf, session_id)
        before = known.prompts_since_advice if known else NEVER
        return self._put(
            Session(
                session_id,
                transcript,
                cwd,
                NEVER if before == NEVER else before + 1,
                known.previous_id if known else "",
            )
        )

    def advised(self, session: Session) -> bool:
        """Notes that this prompt came with advice. False: a later process will not know of it."""
        now = Session(session.id, session.transcript, session.cwd, 0, session.previous_id)
        self._now = now
        return self._shelf.keep(_write(now, self._client))

    def cleared(self, session_id: str, transcript: str, cwd: str) -> Session | None:
        """Notes that a session begins with a clear, and gives the one that it ended; `None`: not known."""
        before = self._now if self._now and self._now.id != session_id else None
        before = before or last_of(self._shelf, self._client, cwd, session_id)
        self._put(Session(session_id, transcript, cwd, NEVER, before.id if before else ""))
        return before

    def _put(self, session: Session) -> Session:
        self._now = session
        self._shelf.keep(_write(session, self._client))
        return session


def find(shelf: Shelf, session_id: str) -> Session | None:
    """What is known of a session."""
    return _first(shelf.rows(f"{COLUMNS} WHERE session = ?", (session_id,)))


def last_of(shelf: Shelf, client: str, cwd: str, but: str) -> Session | None:
    """The session that a client had at work in a folder last, another one than `but`."""
    where = "WHERE client = ? AND cwd = ? AND session != ? ORDER BY rowid DESC LIMIT 1"
    return _first(shelf.rows(f"{COLUMNS} {where}", (client, cwd, but)))


def before(shelf: Shelf, session_id: str) -> Iterator[Session]:
    """The conversations that led to this one by a clear each, the newest first; none where nobody saw one."""
    seen = {session_id}
    now = find(shelf, session_id)
    while now is not None and now.previous_id not in seen:
        seen.add(now.previous_id)
        now = find(shelf, now.previous_id)
        if now is not None:
            yield now


def client_of(environ: Mapping[str, str]) -> str:
    """Claude Code tells hook commands its process id; a server it has started itself."""
    return environ.get("CLAUDE_PID") or str(os.getppid())


def _write(session: Session, client: str) -> Statement:
    """A row that is replaced is the newest one after that."""
    row = (session.id, session.transcript, session.cwd, client, session.prompts_since_advice, session.previous_id)
    return "INSERT OR REPLACE INTO seams VALUES (?, ?, ?, ?, ?, ?)", row


def _first(rows: list[Row]) -> Session | None:
    if not rows:
        return None
    session, transcript, cwd, prompts, previous = rows[0]
    return Session(str(session), str(transcript), str(cwd), int(str(prompts)), str(previous))
