"""What was decided about `Agent` calls, and what became of it: a table in the ledger's file.

In:  decisions, outcomes.
Out: entries of a session; the rate of failures per kind of work in a project.
Not here: deciding (`policy`), what a rate means (`standing`), judging (`costs/routing_outcomes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

from mcp_lean.guard.ledger.tables import Row, Statement
from mcp_lean.guard.routing.policy import FAILED_TOO_OFTEN, POLICIES, Action
from mcp_lean.guard.routing.standing import LEFT_ALONE, NEWEST_CALLS, Rate, rate_of

LONGEST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. Empty texts: not named. `agent_id` is the caller's, empty for the main agent."""

    session_id: str
    call_id: str
    project: str
    agent_id: str
    kind: str
    action: str
    asked_type: str
    agent_type: str
    model: str
    effort: str
    reason: str
    outcome: str = ""


class Keeper(Protocol):
    """What this needs of the ledger: its file, from several threads."""

    def keep(self, *statements: Statement) -> bool: ...
    def rows(self, query: str, values: Sequence[object]) -> list[Row]: ...


COLUMNS = "session, call, project, agent, kind, action, asked, agent_type, model, effort, reason, outcome"


class RoutingLog:
    """The decisions on this machine."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def note(self, entry: Entry) -> None:
        """Keeps a decision; the same call again replaces it."""
        values = [str(value)[:LONGEST_CHARS] for value in astuple(entry)]
        self._keeper.keep((f"INSERT OR REPLACE INTO routing ({COLUMNS}) VALUES ({', '.join('?' * 12)})", values))  # noqa: S608

    def of_session(self, session_id: str) -> list[Entry]:
        """Decisions of a session, in the order in which they were made."""
        query = f"SELECT {COLUMNS} FROM routing WHERE session = ? ORDER BY rowid"  # noqa: S608
        return [Entry(*map(str, row)) for row in self._keeper.rows(query, (session_id,))]

    def settle(self, session_id: str, outcomes: Mapping[str, str]) -> None:
        """Notes what became of calls."""
        if outcomes:
            self._keeper.keep(*(
                ("UPDATE routing SET outcome = ? WHERE session = ? AND call = ?", (outcome, session_id, call_id))
                for call_id, outcome in sorted(outcomes.items())
            ))  # fmt: skip

    def rates(self, project: str) -> dict[str, Rate]:
        """Kind -> how often routing it failed in a project, for kinds with a call that was routed or left alone."""
        found = {}
        for kind in map(str, POLICIES):
            rows = self._keeper.rows(
                "SELECT action, outcome FROM routing WHERE project = ? AND kind = ? AND (action = ? OR reason = ?) "
                "ORDER BY rowid DESC LIMIT ?",
                (project[:LONGEST_CHARS], kind, str(Action.ROUTED), FAILED_TOO_OFTEN, NEWEST_CALLS),
            )
            if rows:
                newest = [str(outcome) if action == Action.ROUTED else LEFT_ALONE for action, outcome in rows]
                found[kind] = rate_of(newest)
        return found
