"""What only a guard that sees several turns of an agent can tell: loops, and reads one by one.

In:  events, one after the other; the loop detector where there is one.
Out: the gravest finding about an agent's calls, and the line that names the batched call, when they are due.
Not here: what follows from them (`hooks`), loops (`loops`), when the line is due (`nudge`), turns (`turns`).

A process that ends after one event has no use for this, and does not load it.
"""

from __future__ import annotations

from functools import partial

from mcp_lean.guard import nudge
from mcp_lean.guard.event import Event
from mcp_lean.guard.identity import caller_of
from mcp_lean.guard.parts import NOTICE, STOP, WARNING, Failsafe, Loops, Recall
from mcp_lean.guard.turns import Agent, Agents, ended_calls, is_beginning

BEGUN_KEPT = 20_000
"""Agents of which it is known that their beginning was seen, or recalled."""

OWN_TOOLS = frozenset(("read_many", "grep_and_read", "repo_summary", "budget_check", "compact"))


class Memory:
    """One per guard, which shows it each event that it decides on, in order.

    Args:
        failsafe: runs what may fail by itself.
        recall: asked once for an agent whose beginning was not seen.
    """

    def __init__(self, failsafe: Failsafe, loops: Loops | None = None, recall: Recall | None = None) -> None:
        self._failsafe = failsafe
        self._loops = loops
        self._recall = recall
        self._agents = Agents()
        self._begun: dict[tuple[str, str], None] = {}

    def see(self, event: Event) -> tuple[tuple[str, str], str]:
        """Step and words of the loop detector, and the nudge; empty texts for what is not due."""
        agent = self._agents.get(event)
        if (event.session_id, event.agent_id) not in self._begun:
            self._begin(event, agent)
        finding = self._failsafe.run("loop detector", lambda: self._finding(event, agent), ("", ""))
        return finding, self._failsafe.run("nudge", lambda: _nudge(event, agent), "")

    def note_down(self, event: Event, *, is_refused: bool) -> None:
        """What the event that was answered leaves behind. `is_refused`: its call does not run."""
        self._agents.note_down(event, self._agents.get(event), is_refused=is_refused)

    def _begin(self, event: Event, agent: Agent) -> None:
        """An agent of which no beginning was seen is recalled, at the first event that tells of its calls."""
        now = frozenset(call.id for call in (*event.batch, *filter(None, [event.tool])))
        if not now and not is_beginning(event):
            return
        self._begun[event.session_id, event.agent_id] = None
        if len(self._begun) > BEGUN_KEPT:
            del self._begun[next(iter(self._begun))]
        if self._recall and not is_beginning(event):
            agent.turn = self._failsafe.run("memory of loops", partial(self._recall, caller_of(event), now), 0)

    def _finding(self, event: Event, agent: Agent) -> tuple[str, str]:
        """The gravest finding about the calls of an event. A call that several events tell of is looked at once."""
        if self._loops is None:
            return "", ""
        found = []
        for call in ended_calls(event, agent):
            is_error = call.is_error or call.id in agent.failed
            finding = self._loops.observe(caller_of(event), call, call.response or "", is_error, agent.turn)
            if finding is not None:
                found.append((finding.step, finding.words))
        if event.name != "PostToolBatch":
            agent.pending = max([agent.pending, *found], key=_gravity)
            return "", ""
        return max([agent.pending, *found], key=_gravity)


def _nudge(event: Event, agent: Agent) -> str:
    if event.tool and _is_ours(event.tool.name):
        agent.has_our_tools = True
    if event.name != "PostToolBatch":
        return ""
    agent.has_our_tools = agent.has_our_tools or any(_is_ours(call.name) for call in event.batch)
    agent.stretch, line = nudge.after(agent.stretch, event.batch)
    return line if agent.has_our_tools or not event.agent_id else ""


def _gravity(finding: tuple[str, str]) -> int:
    steps = ("", NOTICE, WARNING, STOP)
    return steps.index(finding[0]) if finding[0] in steps else 0


def _is_ours(tool_name: str) -> bool:
    return tool_name.startswith("mcp__") and tool_name.rpartition("__")[2] in OWN_TOOLS
