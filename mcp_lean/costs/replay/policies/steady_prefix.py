"""Cache breaks avoided: those that no pause explains."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.attribution import price_agent
from mcp_lean.costs.cache_breaks import Cause, find_breaks
from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import Applied, Case, mapped

SHARE = {"expected": 0.5, "upper": 1.0}
AVOIDABLE: frozenset[Cause] = frozenset({"tools_changed", "system_prompt_changed", "effort_changed"})
"""Causes that the doctor finds and a person can take away."""
BY_PAUSE_OR_WISH: frozenset[Cause] = frozenset(
    {"model_changed", "client_changed", "ttl_expired_5m", "ttl_expired_1h", "likely_server_side"}
)

INFO = PolicyInfo(
    "steady_prefix",
    "No cache breaks without a pause",
    ("expected", "upper"),
    (
        "Expected: breaks by changed tools, another system prompt or effort give back half of what they lost.",
        (
            "Upper: every break without a pause, a change of model or of the client gives back all; the client's own "
            "(a rewritten history, a background task's message in old clients) are among them, and nobody can avoid "
            "those."
        ),
    ),
    "never by this arithmetic; in practice where the work needed the other tools or effort",
)


def apply(work: Work, case: Case) -> Applied:
    """Better hits where the recorded cache broke."""
    changed, count = mapped(work, lambda actor: _repaired(actor, case))
    return Applied(changed, count)


def _repaired(actor: Actor, case: Case) -> tuple[Actor, int]:
    share = SHARE["upper" if case.bound == "upper" else "expected"]
    breaks = find_breaks(actor.agent.id, price_agent(actor.agent, case.world.table), round(actor.base_tokens))
    broken = {
        found.index
        for found in breaks
        if (found.cause not in BY_PAUSE_OR_WISH if case.bound == "upper" else found.cause in AVOIDABLE)
    }
    turns = tuple(
        replace(turn, hit=turn.hit + (1 - turn.hit) * share) if turn.index in broken else turn for turn in actor.turns
    )
    return replace(actor, turns=turns), len(broken)
