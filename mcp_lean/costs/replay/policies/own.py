"""Our own overhead, without any use of us."""

from __future__ import annotations

from mcp_lean.costs.replay.model import Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case

INFO = PolicyInfo(
    "own",
    "mcp-lean connected, and never used",
    ("strict", "expected"),
    (
        (
            "750 tokens of definitions and 200 of our agents' names in every agent, written with its base and read by "
            "every request."
        ),
        "A line of 100 tokens (expected: 60) from a hook every 20 turns.",
    ),
    "always: this is what we cost before we save anything",
)


def apply(work: Work, case: Case) -> Applied:
    """Nothing but our texts."""
    return Applied(work, 1, needs_tools=True, needs_hooks=True, needs_agents=True)
