"""The same money by agent type, tool, model or day, over any number of runs.

In:  `RunCost` values.
Out: `Group` rows, dearest first (days in order).
Not here: printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mcp_lean.costs.attribution import Priced
from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.tool_loop import merge_tools
from mcp_lean.report.document import agent_type
from mcp_lean.transcripts.model import Usage

By = Literal["agent", "tool", "model", "day"]
UNDATED = "undated"
UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True)
class Group:
    """One row. By tool: `requests` are calls, and `usage` holds result tokens as input, argument tokens as output."""

    key: str
    requests: int
    usage: Usage
    picousd: int


def grouped(costs: Sequence[RunCost], by: By) -> tuple[Group, ...]:
    """All rows. They add up to the total, except by tool: there they add up to the tool loop."""
    if by == "tool":
        return tuple(
            Group(
                tool.name,
                tool.calls,
                Usage(input_tokens=tool.result_tokens, output_estimated_tokens=tool.argument_tokens),
                tool.picousd,
            )
            for tool in merge_tools(cost.tools for cost in costs)
        )
    rows: dict[str, Group] = {}
    for cost in costs:
        for key, item in _keyed(cost, _KEYS[by]):
            before = rows.get(key, Group(key, 0, Usage(), 0))
            rows[key] = Group(
                key, before.requests + 1, before.usage + item.request.usage, before.picousd + item.bill.picousd
            )
        if cost.unrecorded_picousd:
            key = _day(cost.run.started_s) if by == "day" else UNRECORDED
            before = rows.get(key, Group(key, 0, Usage(), 0))
            rows[key] = Group(key, before.requests, before.usage, before.picousd + cost.unrecorded_picousd)
    if by == "day":
        return tuple(sorted(rows.values(), key=lambda row: row.key))
    return tuple(sorted(rows.values(), key=lambda row: (-row.picousd, row.key)))


def _keyed(cost: RunCost, key_of: Callable[[AgentCost, Priced], str]) -> Iterator[tuple[str, Priced]]:
    for agent in cost.agents:
        for item in agent.requests:
            yield key_of(agent, item), item


def _day(seconds: float | None) -> str:
    """The local day, as the person counts days."""
    return UNDATED if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d")


_KEYS: dict[By, Callable[[AgentCost, Priced], str]] = {
    "agent": lambda agent, _: agent_type(agent),
    "model": lambda _, item: item.quote.priced_as if item.quote.basis != "assumed" else item.request.model,
    "day": lambda _, item: _day(item.request.started_s),
}
