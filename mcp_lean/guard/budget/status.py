"""How a run stands, for a person: spent, limits, agents, stops.

In:  the ledger, the settings, a session.
Out: `RunStatus`.
Not here: printing (`cli/budget`), what the model sees (`tools/budget_check`).
"""

from __future__ import annotations

from dataclasses import dataclass

from mcp_lean.config import Budget, Limits
from mcp_lean.guard.budget.beginning import from_text
from mcp_lean.guard.budget.limits import Raised, Spent, Standing
from mcp_lean.guard.budget.verdict import State, limits_of, standings
from mcp_lean.guard.ledger.ledger import Known, Ledger


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """One agent with its limits, what a person added included; 0 is no limit."""

    known: Known
    limits: Limits
    nearest: Standing


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run with its agents, the main one first. `run_usd` is the limit with what a person added; 0 is none."""

    session_id: str
    transcript_path: str
    spent: Spent
    run_usd: float
    raised: Raised
    nearest: Standing
    agents: tuple[AgentStatus, ...]


def status(ledger: Ledger, session_id: str, transcript_path: str, budget: Budget) -> RunStatus:
    """Reads what is new, and says how the run stands. `budget` is for a run whose beginning no guard has seen."""
    ledger.refresh(session_id, transcript_path)
    kept = ledger.began_with(session_id)
    budget = from_text(kept) if kept else budget
    spent, raised = ledger.spent(session_id, None), ledger.raised(session_id)
    agents = []
    nearest = standings(State(Spent(), spent, budget, raised), "", "")[1]
    for known in ledger.agents(session_id):
        own, _ = standings(State(known.spent, spent, budget, raised), known.agent_id, known.agent_type)
        agents.append(AgentStatus(known, limits_of(budget, raised, known.agent_id, known.agent_type), own))
    run_usd = budget.run_usd and budget.run_usd + raised.usd
    return RunStatus(session_id, transcript_path, spent, run_usd, raised, nearest, tuple(agents))


def as_json(run: RunStatus) -> dict[str, object]:
    """For programs; money in dollars, shares from 0 to 1 and above."""
    return {
        "session_id": run.session_id,
        "transcript": run.transcript_path,
        "spent": run.spent._asdict(),
        "run_usd": run.run_usd,
        "raised": run.raised._asdict(),
        "nearest_limit": {"name": run.nearest.name, "share": round(run.nearest.share, 6)},
        "agents": [
            {
                "agent_id": agent.known.agent_id or "main",
                "agent_type": agent.known.agent_type,
                "is_running": agent.known.is_running,
                "model": agent.known.model,
                "spent": agent.known.spent._asdict(),
                "limits": agent.limits._asdict(),
                "nearest_limit": {"name": agent.nearest.name, "share": round(agent.nearest.share, 6)},
                "cache_read_share": round(agent.known.cache_read_share, 6),
                "stopped": agent.known.stop_reason,
            }
            for agent in run.agents
        ],
    }
