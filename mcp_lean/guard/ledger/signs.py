"""What an event says about its agent: whether it runs, and what it has in flight.

In:  an event; the session as it was.
Out: the session brought up to date, and the statements that keep it so.
Not here: who calls (`identity`), adding up (`books`), when this is asked (`ledger`).
"""

from __future__ import annotations

from mcp_lean.guard.event import Event
from mcp_lean.guard.identity import MAIN
from mcp_lean.guard.ledger import tables
from mcp_lean.guard.ledger.books import Flight
from mcp_lean.guard.ledger.sessions import Session
from mcp_lean.guard.ledger.tables import Statement

RESULT_CHARS_PER_TOKEN, MOST_RESULT_CHARS = 3.0, 50_000
"""Of tool results, rounded to the dear side (docs/cost.md); a longer result is swapped for a preview by the client."""

ENDS = ("SubagentStop", "Stop", "SessionEnd")
NO_WORK = ("SessionStart", "PreCompact", "PostCompact")
"""These come to an agent at work, and to one that waits for a prompt."""


def key(agent_id: str) -> str:
    """An agent's id in transcripts and tables."""
    return agent_id or MAIN


def note_running(event: Event, session: Session) -> list[Statement]:
    """Notes whether the agent runs, and its type."""
    agent = key(event.agent_id)
    known = session.agents.get(agent)
    was_running = known is not None and known[1]
    is_running = was_running if event.name in NO_WORK else event.name not in ENDS
    agent_type = event.agent_type or (known[0] if known else "")
    if known == (agent_type, is_running) or (known is None and not is_running):
        return []
    session.agents[agent] = (agent_type, is_running)
    return [tables.write_agent(event.session_id, agent, agent_type, is_running)]


def note_flight(event: Event, session: Session) -> list[Statement]:
    """Notes the call that the agent makes, or the request that follows its ended calls."""
    agent = key(event.agent_id)
    flight = _flight(event)
    if flight is None:
        has_ended = event.name in (*ENDS, "SessionStart") and agent in session.flights
        if not has_ended:
            return []
        del session.flights[agent]
        return [tables.drop_flight(event.session_id, agent)]
    if session.flights.get(agent) == flight:
        return []
    session.flights[agent] = flight
    return [tables.write_flight(event.session_id, agent, flight)]


def _flight(event: Event) -> Flight | None:
    if event.name == "PreToolUse" and event.tool:
        return Flight(event.tool.id)
    if event.name == "PostToolBatch" and event.batch:
        chars = sum(min(len(call.response or ""), MOST_RESULT_CHARS) for call in event.batch)
        return Flight(event.batch[-1].id, True, round(chars / RESULT_CHARS_PER_TOKEN))
    return None
