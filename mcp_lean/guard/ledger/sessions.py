"""Sessions in memory: what the file holds of each, and what its transcripts say by now.

In:  a session's id and its main transcript, as events name them.
Out: `Session`: books, flights, agents, what was told; read again from the file after a restart.
Not here: what events mean, and the lock (`ledger`); reading transcripts (`spend`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mcp_lean.guard.budget.limits import Raised
from mcp_lean.guard.ledger import tables
from mcp_lean.guard.ledger.books import OUTPUTS_FOR_MEDIAN, Books, Entry, Flight
from mcp_lean.guard.ledger.database import Database

if TYPE_CHECKING:
    from mcp_lean.guard.ledger.spend import Following


class Stop(NamedTuple):
    """Why an agent was stopped."""

    kind: str
    reason: str
    raised: Raised
    """When it was made. Whoever raises a limit since then lifts it."""


class Session:
    """One session. Ids of agents are as in transcripts: the main one is "main".

    Args:
        agents: id -> (type, whether it is running).
    """

    def __init__(
        self,
        transcript: str,
        books: Books,
        flights: dict[str, Flight],
        agents: dict[str, tuple[str, bool]],
        told: set[tuple[str, str]],
    ) -> None:
        self.transcript = transcript
        self.may_be_read = False
        self.books = books
        self.following: Following | None = None
        self.flights = flights
        self.agents = agents
        self.told = told
        self.stops: dict[str, Stop] = {}
        """Made by this process: they hold although the disk may be full."""
        self.limits = ""
        """Those that it began with; empty before that."""


class Sessions:
    """All sessions that this process has seen.

    Args:
        reads_on: see `Ledger`.
    """

    def __init__(self, database: Database, environ: Mapping[str, str], *, reads_on: bool) -> None:
        self._database = database
        self._environ = environ
        self._reads_on = reads_on
        self._sessions: dict[str, Session] = {}
        self.notes: dict[str, None] = {}
        """What could not be read, one line each."""

    def get(self, session_id: str, transcript: str = "", cwd: str = "") -> Session:
        """A session; a transcript that is named replaces the one before."""
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = self._restored(session_id)
        if transcript and transcript != session.transcript:
            session.transcript, session.following, session.may_be_read = transcript, None, False
            self._database.write(*tables.write_session(session_id, transcript, cwd))
        return session

    def _restored(self, session_id: str) -> Session:
        def rows(query: str) -> list[tuple[object, ...]]:
            return self._database.read(query, (session_id,))

        flights = rows("SELECT agent, call, is_next, entered_tokens FROM flights WHERE session = ?")
        agents = rows("SELECT agent, agent_type, is_running FROM agents WHERE session = ?")

        # A process for one event does not write down anew that this session is the newest.
        is_newest = "SELECT transcript FROM sessions WHERE session = ? AND rowid = (SELECT max(rowid) FROM sessions)"
        newest = rows(is_newest) if self._reads_on else []

        def is_copy(request_id: str) -> bool:
            return bool(self._database.read(tables.OF_ANOTHER, (request_id, session_id)))

        return Session(
            transcript=str(newest[0][0]) if newest else "",
            books=self._newest_books(session_id, is_copy)
            if self._reads_on
            else Books(tables.entries(rows(tables.ENTRIES)), is_copy=is_copy),
            flights={
                str(agent): Flight(str(call), bool(is_next), int(str(new))) for agent, call, is_next, new in flights
            },
            agents={str(agent): (str(agent_type), bool(is_running)) for agent, agent_type, is_running in agents},
            told={(str(agent), str(what)) for agent, what in rows("SELECT agent, what FROM told WHERE session = ?")},
        )

    def _newest_books(self, session_id: str, is_copy: Callable[[str], bool]) -> Books:
        """Totals and the newest requests: a process for one event does not need the others, or few of them."""

        def find(request_id: str) -> Entry | None:
            found = tables.entries(self._database.read(tables.ONE_ENTRY, (session_id, request_id)))
            return found[0] if found else None

        books = Books(find=find, is_copy=is_copy)
        for agent, account in tables.totals(self._database.read(tables.TOTALS, (session_id,))).items():
            newest = self._database.read(tables.NEWEST_ENTRIES, (session_id, agent, OUTPUTS_FOR_MEDIAN))
            books.restore(agent, account, tables.entries(reversed(newest)))
        return books

    def _may_be_read(self, transcript: str) -> bool:
        """Asked again until it may: at the very first event Claude Code's folder may not be there yet."""
        from mcp_lean.transcripts.locate import is_in_a_root, roots

        if is_in_a_root(transcript, self._environ):
            return True
        if roots(self._environ):
            words = "not in Claude Code's own folder; what this run spends is not counted"
            self.notes.setdefault(f"{transcript}: {words}")
        return False

    def look(self, session_id: str, session: Session) -> bool:
        """Reads what is new. False: there is more, which the next look reads."""
        if session.transcript and not session.may_be_read:
            session.may_be_read = self._may_be_read(session.transcript)
        if not session.may_be_read:
            return True
        from mcp_lean.costs.contract import price_table
        from mcp_lean.guard.ledger import spend

        try:
            if self._reads_on:
                known = tables.places(self._database.read(tables.PLACES, (session_id,)))
                reading = spend.read_on(session.transcript, session.books, known, price_table())
            else:
                session.following = session.following or spend.Following(
                    session.transcript, session.books, price_table()
                )
                reading = session.following.look()
        except OSError as error:
            where = error.filename or session.transcript
            self.notes.setdefault(f"{where}: {error.strerror}; what it holds is not counted")
            return True
        for path, reason in reading.problems:
            self.notes.setdefault(f"{path}: {reason}; what it holds is not counted")
        statements = [tables.write_entry(session_id, entry) for entry in reading.entries]
        statements += [tables.write_place(session_id, place) for place in reading.places]
        if statements:
            self._database.write(*statements)
        return reading.is_done
