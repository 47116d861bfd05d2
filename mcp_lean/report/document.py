"""Bills as JSON: the stable form for programs, and the data of the HTML page.

In:  `RunCost` values, savings, what the reading skipped.
Out: plain dictionaries; keys are added, never renamed (docs/cost.md#json).
Not here: choosing runs (`cli/cost`), charts (`page`).

Dollars are floats, each rounded once from an exact amount; times are ISO 8601 in UTC. No text of a conversation is in
it, unless `with_text` is asked for: then the descriptions of agents and the titles of runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.cache_breaks import CacheBreak
from mcp_lean.costs.money import to_usd
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.savings import Saving, largest_savings
from mcp_lean.costs.tool_loop import ToolCost
from mcp_lean.transcripts.model import Skipped, Usage

Json = dict[str, Any]


def document(costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, *, with_text: bool = False) -> Json:
    """All runs, their total, and the savings over all of them."""
    return {
        "runs": [run_document(cost, table, with_text=with_text) for cost in costs],
        "total_usd": to_usd(sum(cost.picousd for cost in costs)),
        "lower_bound": any(cost.is_lower_bound for cost in costs),
        "savings": [saving_document(saving) for saving in largest_savings(costs, table)],
        "prices": prices_document(table),
        "skipped": skipped_document(skipped),
    }


def run_document(cost: RunCost, table: PriceTable, *, with_text: bool = False) -> Json:
    """One run."""
    run = cost.run
    made: Json = {
        "session": run.id,
        "project": run.project,
        "started": iso(run.started_s),
        "ended": iso(run.ended_s),
        "versions": list(run.versions),
        "usd": to_usd(cost.picousd),
        "requests": sum(len(agent.requests) for agent in cost.agents),
        "tokens": tokens(cost.usage),
        "orchestrator_usd": to_usd(cost.side_picousd("orchestrator")),
        "subagents_usd": to_usd(cost.side_picousd("subagents")),
        "auxiliary_usd": to_usd(cost.side_picousd("auxiliary")),
        "unrecorded_usd": to_usd(cost.unrecorded_picousd),
        "tool_loop_usd": to_usd(cost.tool_loop_picousd),
        "own_overhead_usd": to_usd(cost.own_picousd),
        "lower_bound": cost.is_lower_bound,
        "gaps": list(cost.gaps),
        "estimated": {"requests": cost.estimated_requests, "usd": to_usd(cost.estimated_picousd)},
        "assumed_prices": list(cost.assumptions),
        "read_share": cost.read_share,
        "client_usd": to_usd(cost.account.client_picousd) if cost.account else None,
        "lines": [
            {
                "kind": line.kind,
                "own": line.own,
                "context_tokens": line.entered_tokens,
                "output_tokens": line.output_tokens,
                "usd": to_usd(line.picousd),
            }
            for line in cost.lines
        ],
        "agents": [_agent(agent, with_text=with_text) for agent in cost.agents],
        "tools": [tool_document(tool) for tool in cost.tools],
        "round_trips": {"requests": cost.round_trips.requests, "usd": to_usd(cost.round_trips.picousd)},
        "cache_breaks": [_break(found) for found in cost.breaks],
        "savings": [saving_document(saving) for saving in largest_savings([cost], table)],
    }
    if with_text:
        made["title"] = run.title
    return made


def _agent(cost: AgentCost, *, with_text: bool) -> Json:
    agent = cost.agent
    started = [request.started_s for request in agent.requests if request.started_s is not None]
    ended = [request.ended_s for request in agent.requests if request.ended_s is not None]
    made: Json = {
        "id": agent.id,
        "type": agent_type(cost),
        "kind": agent.kind,
        "parent": agent.parent_id,
        "model": cost.model,
        "models": list(agent.models),
        "usd": to_usd(cost.picousd),
        "requests": len(cost.requests),
        "tokens": tokens(cost.usage),
        "started": iso(min(started, default=None)),
        "ended": iso(max(ended, default=None)),
        "base_tokens": cost.base_tokens,
        "peak_context_tokens": max((item.request.usage.context_tokens for item in cost.requests), default=0),
        "estimated_requests": sum(item.request.usage.is_output_estimated for item in cost.requests),
    }
    if with_text:
        made["description"] = agent.description
    return made


def agent_type(cost: AgentCost) -> str:
    """The type as the client names it; the kind where it names none."""
    return cost.agent.agent_type or {"main": "orchestrator"}.get(cost.agent.kind, cost.agent.kind)


def tool_document(tool: ToolCost) -> Json:
    """One tool, over however many runs."""
    return {
        "name": tool.name,
        "own": tool.own,
        "calls": tool.calls,
        "errors": tool.errors,
        "result_bytes": tool.result_bytes,
        "result_tokens": tool.result_tokens,
        "argument_tokens": tool.argument_tokens,
        "results_usd": to_usd(tool.result_picousd),
        "arguments_usd": to_usd(tool.argument_picousd),
        "usd": to_usd(tool.picousd),
        "round_trips_usd": to_usd(tool.round_trip_picousd),
    }


def _break(found: CacheBreak) -> Json:
    return {
        "agent": found.agent_id,
        "request": found.request_id,
        "index": found.index,
        "at": iso(found.at_s),
        "cause": found.cause,
        "gap_seconds": found.gap_s,
        "kept_tokens": found.kept_tokens,
        "lost_tokens": found.lost_tokens,
        "usd": to_usd(found.picousd),
    }


def saving_document(saving: Saving) -> Json:
    """One saving."""
    return {
        "kind": saving.kind,
        "usd": to_usd(saving.picousd),
        "count": saving.count,
        "tokens": saving.tokens,
        "words": saving.words,
    }


def prices_document(table: PriceTable) -> Json:
    """Where the prices come from."""
    contract = table.contract
    return {
        "source": table.source,
        "contract": contract.source if contract else None,
        "problems": list(contract.problems) if contract else [],
    }


def skipped_document(skipped: Skipped) -> Json:
    """What the reading left out, by reason."""
    return {
        "files": [{"path": path, "reason": reason} for path, reason in skipped.files],
        "bad_lines": skipped.bad_lines,
        "torn_lines": skipped.torn_lines,
        "wrong_types": skipped.wrong_types,
        "unknown_types": dict(skipped.unknown_types),
        "synthetic_messages": skipped.synthetic_messages,
        "copied_requests": skipped.copied_requests,
        "notes": list(skipped.notes),
    }


def tokens(usage: Usage) -> Json:
    """Tokens by price class; the output is the best figure, estimated where no final count was written."""
    return {
        "input": usage.input_tokens,
        "cache_write_5m": usage.cache_write_5m_tokens,
        "cache_write_1h": usage.cache_write_1h_tokens,
        "cache_read": usage.cache_read_tokens,
        "output": usage.output_estimated_tokens,
    }


def iso(seconds: float | None) -> str | None:
    """A time in UTC, to the second."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def newest_first(costs: Iterable[RunCost]) -> list[RunCost]:
    """Runs by their start, newest first; undated ones last."""
    return sorted(costs, key=lambda cost: (-(cost.run.started_s or 0), cost.run.id))
