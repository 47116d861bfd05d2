"""What the loop detector would have said in recorded runs.

In:  a `Run` that was read with its texts.
Out: the findings, in the order of each agent's requests.
Not here: reading (`transcripts`), rules (`detector`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.loops.detector import Finding, Loops
from mcp_lean.transcripts.model import Agent, Request, Run, ToolCall


@dataclass(frozen=True, slots=True)
class Replayed:
    """A finding, and the request of an agent (counted from 0) with the call that it is about."""

    agent_id: str
    request: int
    finding: Finding


def replay(run: Run) -> list[Replayed]:
    """All findings of a run, as if no agent had been stopped. A call without a recorded result is left out."""
    loops = Loops()
    return [found for agent in run.agents if not agent.is_auxiliary for found in _of_agent(loops, run.id, agent)]


def _of_agent(loops: Loops, session_id: str, agent: Agent) -> Iterator[Replayed]:
    caller = Caller(session_id, agent.id)
    for number, (request, turn) in enumerate(in_turns(agent.requests)):
        for call in request.calls:
            if call.result is not None:
                text = call.result.text or ""
                finding = loops.observe(caller, tool_use(call), text, call.result.is_error, turn)
                if finding is not None:
                    yield Replayed(agent.id, number, finding)


def in_turns(requests: Iterable[Request]) -> Iterator[tuple[Request, int]]:
    """Requests of an agent, each with the turn that its calls belong to: counted from the last prompt or reset."""
    turn = 0
    for request in requests:
        if request.is_after_prompt or request.is_after_reset:
            turn = 0
        yield request, turn
        turn += bool(request.calls)


def tool_use(call: ToolCall) -> ToolUse:
    """A recorded call as an event tells of it."""
    arguments = json.loads(call.input_json or "{}")
    return ToolUse(call.id, call.name, arguments if isinstance(arguments, dict) else {})
