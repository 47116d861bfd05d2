"""What mcp_lean itself puts into an agent's prompt, charged against it in every bill.

In:  a run.
Out: tokens of our definitions and instructions in an agent's base.
Not here: our tools' calls and results, which the transcript shows like those of any other tool (`origins.is_own_tool`).

No transcript holds the tool definitions, so their weight is known from the package: the ceilings below, which
tests/costs/test_own.py holds against what the server really sends. A run counts as ours when one of its agents called
one of our tools; a server that was connected and never called leaves no trace that could be told from its absence.
"""

from __future__ import annotations

from mcp_lean.costs.origins import is_own_tool
from mcp_lean.transcripts.model import Agent, Run

ALWAYS_LOADED_TOKENS = 750
"""`read_many` and `grep_and_read` with the instructions, in every agent that has the server."""

ALL_LOADED_TOKENS = 1_500
"""All tools, in an agent whose file lists them (and, to be safe, in every subagent that calls one of them)."""


def own_base_tokens(run: Run, agent: Agent) -> int:
    """Tokens of our definitions in the agent's base; 0 in runs that never called us."""
    if agent.is_auxiliary or not any(_calls_us(other) for other in run.agents):
        return 0
    return ALL_LOADED_TOKENS if agent.kind != "main" and _calls_us(agent) else ALWAYS_LOADED_TOKENS


def _calls_us(agent: Agent) -> bool:
    return any(is_own_tool(call.name) for request in agent.requests for call in request.calls)
