"""What is remembered of agents' present turns, for what needs more than one event.

In:  events, in order.
Out: an `Agent`: its turn, and which calls of it failed, were refused, or were looked at.
Not here: what follows from that (`memory`), loops (`loops`), what outlives the process (`ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcp_lean.guard import nudge
from mcp_lean.guard.event import NOTIFICATION, Event, ToolUse

AGENTS_KEPT = 1_000
"""Agents whose turns are in memory; the ones that acted longest ago are dropped."""


@dataclass(slots=True)
class Agent:
    """What is remembered of an agent's present turn, and of the stretch that it is in."""

    turn: int = 0
    failed: set[str] = field(default_factory=set)
    observed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    pending: tuple[str, str] = ("", "")
    stretch: nudge.Stretch = field(default_factory=nudge.Stretch)
    has_our_tools: bool = False


class Agents:
    """The agents that acted last."""

    def __init__(self) -> None:
        self._agents: dict[tuple[str, str], Agent] = {}

    def get(self, event: Event) -> Agent:
        """The one that acts in an event."""
        key = event.session_id, event.agent_id
        agent = self._agents.pop(key, None) or Agent()
        self._agents[key] = agent
        if len(self._agents) > AGENTS_KEPT:
            del self._agents[next(iter(self._agents))]
        return agent

    def note_down(self, event: Event, agent: Agent, *, is_refused: bool) -> None:
        """What the event that was answered leaves behind. `is_refused`: its call does not run."""
        if event.tool and is_refused:
            agent.refused.add(event.tool.id)
        if event.tool and event.name == "PostToolUseFailure":
            agent.failed.add(event.tool.id)
        if event.name == "PostToolBatch":
            agent.turn += 1
            agent.pending = ("", "")
            for ids in (agent.failed, agent.observed, agent.refused):
                ids.clear()
        if is_beginning(event) or event.name == "SubagentStop":
            self._agents.pop((event.session_id, event.agent_id), None)


def ended_calls(event: Event, agent: Agent) -> Iterable[ToolUse]:
    """Calls of an event that have run, and were not looked at in an earlier one. Interrupted ones prove nothing."""
    calls: tuple[ToolUse, ...] = ()
    if event.name == "PostToolBatch":
        calls = event.batch
    elif event.name in ("PostToolUse", "PostToolUseFailure") and event.tool and not event.is_interrupt:
        calls = (event.tool,)
    for call in calls:
        if call.id not in agent.observed and call.id not in agent.refused:
            agent.observed.add(call.id)
            yield call
    if event.is_interrupt and event.tool:
        agent.observed.add(event.tool.id)


def is_beginning(event: Event) -> bool:
    """Whether nothing counts from here on that the agent did before."""
    is_prompt = event.name == "UserPromptSubmit" and NOTIFICATION not in event.prompt
    return is_prompt or event.name in ("SubagentStart", "SessionStart", "PostCompact")
