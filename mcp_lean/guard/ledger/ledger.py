"""What is known about the runs on this machine: who calls, what was spent, what was said, who was stopped.

In:  hook events; transcripts of Claude Code, followed as they grow.
Out: `Caller`s, `Spent` per agent and run, raised limits, stops; all of it survives a restart.
Not here: the disk (`database`), adding up (`books`), sessions in memory (`sessions`), what an event says about its
agent (`signs`), decisions (`budget`, `hooks`).

Transcripts hold the bills; the file holds what they do not: callers, what was told, stops, raised limits, requests
in flight. Requests are kept too, so that a process that lives for one event need not read a long transcript again.
Ids of agents are as in events: the main agent's is empty. No clock is asked, so none can mislead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, Self

from mcp_lean.folders import data_folder
from mcp_lean.guard.budget.limits import Raised, Spent
from mcp_lean.guard.event import Event
from mcp_lean.guard.identity import MAIN, PLAIN_NAME, Caller, Identities, caller_of
from mcp_lean.guard.ledger import tables
from mcp_lean.guard.ledger.books import Account
from mcp_lean.guard.ledger.database import Database
from mcp_lean.guard.ledger.sessions import Session, Sessions, Stop
from mcp_lean.guard.ledger.signs import key, note_flight, note_running
from mcp_lean.guard.ledger.tables import Row, Statement

if TYPE_CHECKING:
    from mcp_lean.transcripts.model import Run

CALLS_BETWEEN_DROPS = 1_000

LONGEST_ID_CHARS = 200
"""Of what a client makes up; an event with a longer id is nothing of a client's, and is not kept."""

READS_TRANSCRIPTS = frozenset(("PreToolUse", "PostToolBatch", "UserPromptSubmit", "SubagentStop", "Stop"))
READS_ON = frozenset(("PostToolBatch", "UserPromptSubmit"))
"""In a process per event, where reading takes longer than all else. A call has spent nothing by itself, and what an
agent's last request cost decides nothing at its end: mostly it is not even written then."""

RAISABLE = ("usd", "requests", "tokens", "context_tokens")


class Known(NamedTuple):
    """One agent of a run, as the ledger knows it. `agent_id` is empty for the main agent."""

    agent_id: str
    agent_type: str
    is_running: bool
    spent: Spent
    model: str
    """Of its newest request."""
    unwritten: int
    """Requests among `spent` that are estimated, for the transcript does not have them yet."""
    cache_read_share: float
    """Of everything that its requests sent."""
    stop_reason: str


class Ledger:
    """One per process; safe to use from several threads.

    Args:
        reads_on: the process lives for one event: read on from where the last one came, rather than follow.
    """

    def __init__(self, database: Database, environ: Mapping[str, str], *, reads_on: bool = False) -> None:
        self._database = database
        self._environ = environ
        self._reads_on = reads_on
        self._sessions = Sessions(database, environ, reads_on=reads_on)
        self._lock = RLock()
        self._identities = Identities()
        self._remembered = 0
        self._newest = ""
        self._taken = 0

    @classmethod
    def open(cls, environ: Mapping[str, str], *, reads_on: bool = False) -> Self:
        """The ledger of this user. Never fails for a bad disk: then it lives in memory, and `note` says why."""
        return cls(Database(data_folder(environ)), environ, reads_on=reads_on)

    @property
    def note(self) -> str:
        """What is wrong with the ledger's file, in one line; empty while all is well."""
        return self._database.note

    def take_notes(self) -> list[str]:
        """Everything that went wrong and was not taken before; each is given once."""
        with self._lock:
            if self._database.note:
                self._sessions.notes.setdefault(self._database.note)
            fresh = list(self._sessions.notes)[self._taken :]
            self._taken = len(self._sessions.notes)
            return fresh

    def close(self) -> None:
        """Releases the file."""
        with self._lock:
            self._database.close()

    # --- events -------------------------------------------------------------------------------------------------

    def remember(self, event: Event) -> None:
        """Takes in an event: who calls, who runs, what is in flight; and reads what the transcripts say by now."""
        if (
            not event.session_id
            or max(len(event.session_id), len(event.agent_id), len(_call(event))) > LONGEST_ID_CHARS
        ):
            return
        with self._lock:
            self._newest = event.session_id
            session = self._sessions.get(event.session_id, event.transcript_path, event.cwd)
            statements = [*self._identity(event), *note_running(event, session), *note_flight(event, session)]
            if statements:
                self._database.write(*statements)
            if event.name in (READS_ON if self._reads_on else READS_TRANSCRIPTS):
                self._sessions.look(event.session_id, session)

    def _identity(self, event: Event) -> list[Statement]:
        if event.name != "PreToolUse" or event.tool is None or not event.tool.id:
            return []
        self._identities.remember(event.tool.id, caller_of(event))
        statements = [tables.write_call(event.tool.id, caller_of(event))]
        self._remembered += 1
        if self._remembered % CALLS_BETWEEN_DROPS == 0:
            statements.append(tables.drop_old_calls())
        return statements

    # --- identity -----------------------------------------------------------------------------------------------

    def identify(self, tool_use_id: str) -> Caller | None:
        """The agent that makes a call; `None`: nobody known, or more than one claims it."""
        with self._lock:
            if self._identities.knows(tool_use_id):
                return self._identities.find(tool_use_id)
            rows = self._database.read(
                "SELECT session, agent, agent_type, transcript FROM calls WHERE id = ? LIMIT 2", (tool_use_id,)
            )
            return Caller(*map(str, rows[0])) if len(rows) == 1 else None

    # --- spend --------------------------------------------------------------------------------------------------

    def refresh(self, session_id: str, transcript_path: str = "") -> None:
        """Reads what the transcripts of a session say by now, all of it."""
        with self._lock:
            session = self._sessions.get(session_id, transcript_path)
            while not self._sessions.look(session_id, session):
                pass

    def look(self, session_id: str) -> bool:
        """Reads on in the transcripts of a session. False: there is more, which the next look reads."""
        with self._lock:
            return self._sessions.look(session_id, self._sessions.get(session_id))

    def spent(self, session_id: str, agent_id: str | None) -> Spent:
        """What an agent has spent, or with `None` the whole run, as of the last look."""
        with self._lock:
            session = self._sessions.get(session_id)
            if agent_id is None:
                return session.books.of_run(session.flights)
            return session.books.of_agent(key(agent_id), session.flights.get(key(agent_id)))

    def unseen(self, session_id: str, agent_id: str) -> Spent | None:
        """The most that an agent's newest request may have cost and held, as long as its bill is not there."""
        with self._lock:
            session, agent = self._sessions.get(session_id), key(agent_id)
            flight, account = session.flights.get(agent), session.books.accounts.get(agent)
            if flight is None or (account and flight.call_id in account.positions):
                return None
            if not session.may_be_read or not os.path.isfile(session.transcript):
                return None  # none will come
            from mcp_lean.costs.contract import price_table
            from mcp_lean.guard.ledger.spend import most_after

            return most_after(account.last if account else None, price_table())

    def is_billed(self, session_id: str, agent_id: str) -> bool:
        """Whether the newest request that an event told of is in the transcript; looks whether it has come by now."""
        with self._lock:
            session, agent = self._sessions.get(session_id), key(agent_id)
            flight = session.flights.get(agent)
            if flight is None or session.books.has_call(agent, flight.call_id):
                return True
            self._sessions.look(session_id, session)
            return session.books.has_call(agent, flight.call_id)

    def spent_picousd(self, session_id: str) -> int:
        """The bill of a run as of the last look, exact, in picodollars; without what is in flight."""
        with self._lock:
            return self._sessions.get(session_id).books.picousd

    def agents(self, session_id: str) -> tuple[Known, ...]:
        """All agents of a run: the main one first, then by id."""
        with self._lock:
            session = self._sessions.get(session_id)
            stops = self._stops(session_id)
            ids = sorted({*session.agents, *session.books.accounts}, key=lambda name: (name != MAIN, name))
            return tuple(self._known(session, agent, stops.get(agent, "")) for agent in ids)

    def _known(self, session: Session, agent: str, stop_reason: str) -> Known:
        agent_type, is_running = session.agents.get(agent, ("", False))
        account = session.books.accounts.get(agent) or Account()
        share = account.cache_read_tokens / account.prompt_tokens if account.prompt_tokens else 0.0
        spent = session.books.of_agent(agent, session.flights.get(agent))
        return Known(
            "" if agent == MAIN else agent,
            agent_type,
            is_running,
            spent,
            account.last.model if account.last else "",
            spent.requests - account.requests,
            share,
            stop_reason,
        )

    def running_subagents(self, session_id: str) -> tuple[str, ...]:
        """Ids of subagents that were seen at work and have not ended, sorted. One that was killed may linger."""
        with self._lock:
            agents = self._sessions.get(session_id).agents
            return tuple(sorted(name for name, (_, is_running) in agents.items() if is_running and name != MAIN))

    # --- what was said and done ---------------------------------------------------------------------------------

    def told(self, session_id: str, agent_id: str, what: str) -> bool:
        """Whether an agent was *not* told this before; from now on it was. One of several processes gets True."""
        with self._lock:
            session, agent = self._sessions.get(session_id), key(agent_id)
            if (agent, what) in session.told:
                return False
            session.told.add((agent, what))
            is_first = self._database.claim("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", (session_id, agent, what))
            return is_first is not False

    def told_so_far(self, session_id: str, agent_id: str) -> frozenset[str]:
        """Everything that an agent was told."""
        with self._lock:
            told = self._sessions.get(session_id).told
            return frozenset(what for name, what in told if name == key(agent_id))

    def mark_stopped(self, session_id: str, agent_id: str, reason: str, kind: str = "budget") -> None:
        """Notes that an agent was stopped, and why. A raised limit lifts stops of the kind "budget"."""
        with self._lock:
            stop = Stop(kind, reason, self.raised(session_id))
            self._sessions.get(session_id).stops[key(agent_id)] = stop
            self._database.write(
                ("INSERT OR REPLACE INTO stops VALUES (?, ?, ?, ?)", (session_id, key(agent_id), kind, reason))
            )

    def stop_reason(self, session_id: str, agent_id: str) -> str:
        """Why an agent was stopped; empty if it was not, or if a limit was raised since."""
        with self._lock:
            return self._stops(session_id).get(key(agent_id), "")

    def _stops(self, session_id: str) -> dict[str, str]:
        rows = self._database.read("SELECT agent, reason FROM stops WHERE session = ?", (session_id,))
        found = {str(agent): str(reason) for agent, reason in rows}
        own = self._sessions.get(session_id).stops
        raised = self.raised(session_id) if own else Raised()
        return found | {
            agent: stop.reason for agent, stop in own.items() if stop.kind != "budget" or stop.raised == raised
        }

    # --- limits -------------------------------------------------------------------------------------------------

    def begin(self, session_id: str, limits: str) -> str:
        """The limits that a session began with, as text: these, if there are none yet. Empty ones are no beginning."""
        with self._lock:
            session = self._sessions.get(session_id)
            if not session.limits:
                session.limits = self._limits(session_id)
            if not session.limits:
                self._database.write((tables.BEGIN_WITH, (session_id, limits)))
                session.limits = self._limits(session_id) or limits  # another process may have been the first
            return session.limits

    def began_with(self, session_id: str) -> str:
        """The limits that a session began with; empty: it had none."""
        with self._lock:
            return self._sessions.get(session_id).limits or self._limits(session_id)

    def _limits(self, session_id: str) -> str:
        rows = self._database.read("SELECT limits FROM limits WHERE session = ?", (session_id,))
        return str(rows[0][0]) if rows else ""

    def limits_before(self, session_id: str, cwd: str) -> str:
        """Those of the newest other session in a folder; empty if it had none."""
        with self._lock:
            rows = self._database.read(tables.LIMITS_BEFORE, (cwd, session_id))
            return str(rows[0][0]) if rows else ""

    # --- raised limits ------------------------------------------------------------------------------------------

    def raised(self, session_id: str) -> Raised:
        """What a person has added to the limits of this run; asked of the file each time, for another process adds."""
        with self._lock:
            rows = self._database.read(
                "SELECT what, sum(amount) FROM raises WHERE session IN (?, '') GROUP BY what", (session_id,)
            )
        sums = {str(what): float(str(amount)) for what, amount in rows}
        whole = {name: int(sums.get(name, 0)) for name in RAISABLE[1:]}
        return Raised(sums.get("usd", 0.0), whole["requests"], whole["tokens"], whole["context_tokens"])

    def raised_usd(self, session_id: str) -> float:
        """Dollars that a person has added."""
        return self.raised(session_id).usd

    def raise_limit(self, session_id: str | None, usd: float = 0.0, **more: float) -> bool:
        """Adds to the limits of a run (`None`: of every run), and lifts its budget stops. False: not written.

        Args:
            more: `requests`, `tokens`, `context_tokens`.
        """
        with self._lock:
            amounts = {name: amount for name, amount in {"usd": usd, **more}.items() if amount}
            statements: list[Statement] = [
                ("INSERT INTO raises VALUES (?, ?, ?)", (session_id or "", what, amount))
                for what, amount in amounts.items()
            ]
            if session_id is None:
                statements.append(("DELETE FROM stops WHERE kind = 'budget'", ()))
            else:
                statements.append(("DELETE FROM stops WHERE kind = 'budget' AND session = ?", (session_id,)))
            return self._database.write(*statements) and self._database.is_kept

    # --- tables of other parts ------------------------------------------------------------------------------------

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a table that another part keeps in the ledger's file; none if it cannot be read."""
        with self._lock:
            return self._database.read(query, values)

    def keep(self, *statements: Statement) -> bool:
        """Writes to such tables. False: not on the disk (yet), and known to nobody but this process."""
        with self._lock:
            return self._database.write(*statements) and self._database.is_kept

    def run(self, session_id: str) -> Run | None:
        """A session that this process follows, as of the last look; `None`: it follows none of that name."""
        with self._lock:
            following = self._sessions.get(session_id).following
            return following.run() if following else None

    # --- sessions -----------------------------------------------------------------------------------------------

    def transcript(self, session_id: str) -> str:
        """Path of the main transcript of a session, as the newest event named it; empty if none did."""
        with self._lock:
            return self._sessions.get(session_id).transcript

    def sessions(self) -> list[tuple[str, str]]:
        """(session id, transcript) of all that were seen, the newest first."""
        with self._lock:
            rows = self._database.read("SELECT session, transcript FROM sessions ORDER BY rowid DESC")
            return [(str(session), str(transcript)) for session, transcript in rows]

    def own_session(self) -> str:
        """Id of the session that this process serves: the last that an event named, else the one that Claude Code put
        into the environment; empty where neither did."""
        with self._lock:
            if self._newest:
                return self._newest
            session_id = self._environ.get("CLAUDE_CODE_SESSION_ID", "")
            if not PLAIN_NAME.fullmatch(session_id):
                return ""
            from mcp_lean.transcripts.locate import roots

            for root in roots(self._environ):
                for project in sorted(os.listdir(root)):
                    path = os.path.join(root, project, f"{session_id}.jsonl")
                    if os.path.isfile(path):
                        self._sessions.get(session_id, path)
            return session_id


def _call(event: Event) -> str:
    return event.tool.id if event.tool else ""
