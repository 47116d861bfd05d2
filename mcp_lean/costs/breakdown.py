"""The bill of a run: by agent, by what the money was for, and by tool; each split adds up to the total exactly.

In:  a `Run` and a price table.
Out: `RunCost`.
Not here: reading files (`transcripts`), printing (`report`, `cli`), advice (`savings`).

Three splits of the same total, in picodollars:
  by agent   orchestrator + subagents + auxiliary; `agents` and the unrecorded remainder add up to it;
  by line    base, prompts, tool results and arguments, answers, ..., mcp_lean itself;
  by tool    what is in the lines "result" and "arguments" (of mcp_lean's tools: in its own line).
Cache breaks and the re-reads of round trips are looks across these lines, not further parts.

What no transcript holds (compaction requests of new clients, subagents without a file) is a lower bound made visible:
`gaps` says so in words, and where the client has written its own account (`cost-state`), the difference is a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from mcp_lean.costs.attribution import Amount, Attribution, Priced, attribute, merge
from mcp_lean.costs.cache_breaks import CacheBreak, find_breaks, read_share
from mcp_lean.costs.money import PICO
from mcp_lean.costs.origins import Kind, Origin
from mcp_lean.costs.own import own_base_tokens
from mcp_lean.costs.prices import Bill, PriceTable, list_prices
from mcp_lean.costs.tool_loop import (
    CallCost,
    RoundTrips,
    ToolCost,
    call_costs,
    merge_tools,
    round_trips,
    tool_costs,
)
from mcp_lean.transcripts.model import Agent, CostState, Gaps, Run, Usage

Side = Literal["orchestrator", "subagents", "auxiliary"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the split by purpose."""

    kind: Kind
    own: bool
    """Brought in by mcp_lean."""
    entered_tokens: int
    """Tokens that came into a context."""
    output_tokens: int
    """Tokens that the model wrote."""
    picousd: int


@dataclass(frozen=True, slots=True)
class AgentCost:
    """The bill of one agent."""

    agent: Agent
    side: Side
    bill: Bill
    usage: Usage
    requests: tuple[Priced, ...]
    base_tokens: int
    lines: tuple[Line, ...]
    tools: tuple[ToolCost, ...]
    calls: tuple[CallCost, ...]
    round_trips: RoundTrips
    breaks: tuple[CacheBreak, ...]

    @property
    def picousd(self) -> int:
        return self.bill.picousd

    @property
    def model(self) -> str:
        """The model of most requests; the first of equals."""
        models = [request.model for request in self.agent.requests]
        return max(self.agent.models, key=models.count, default="")


@dataclass(frozen=True, slots=True)
class Account:
    """The client's own account of the session, against ours of the same requests."""

    client_picousd: int
    our_picousd: int
    covers_all: bool
    """No request was recorded after it."""

    @property
    def unrecorded_picousd(self) -> int:
        """What the client paid for and no transcript holds; 0 where we find more than the client."""
        return max(self.client_picousd - self.our_picousd, 0)


@dataclass(frozen=True, slots=True)
class RunCost:
    """The bill of a run."""

    run: Run
    agents: tuple[AgentCost, ...]
    lines: tuple[Line, ...]
    """Largest first; of all agents, and the unrecorded remainder."""
    tools: tuple[ToolCost, ...]
    """Largest first; of all agents."""
    round_trips: RoundTrips
    account: Account | None
    """`None`: the client has left no account."""
    gaps: tuple[str, ...]
    """Why the total is a lower bound, in words; empty where it is not."""
    assumptions: tuple[str, ...]
    """Prices that had to be assumed."""
    breaks: tuple[CacheBreak, ...] = field(default=())

    @property
    def unrecorded_picousd(self) -> int:
        return self.account.unrecorded_picousd if self.account else 0

    @property
    def bill(self) -> Bill:
        """Of the recorded requests."""
        return sum((agent.bill for agent in self.agents), Bill())

    @property
    def usage(self) -> Usage:
        return sum((agent.usage for agent in self.agents), Usage())

    @property
    def picousd(self) -> int:
        """The total: recorded requests, and what the client's account has beyond them."""
        return sum(agent.picousd for agent in self.agents) + self.unrecorded_picousd

    def side_picousd(self, side: Side) -> int:
        """The unrecorded remainder counts as auxiliary."""
        recorded = sum(agent.picousd for agent in self.agents if agent.side == side)
        return recorded + (self.unrecorded_picousd if side == "auxiliary" else 0)

    @property
    def tool_loop_picousd(self) -> int:
        """Results and arguments of all tool calls; round trips are not in it."""
        return sum(tool.picousd for tool in self.tools)

    @property
    def own_picousd(self) -> int:
        """What mcp_lean itself has cost: definitions, texts, arguments and results of its tools."""
        return sum(line.picousd for line in self.lines if line.own)

    @property
    def is_lower_bound(self) -> bool:
        return bool(self.gaps)

    @property
    def estimated_requests(self) -> int:
        """Requests whose output count is an estimate."""
        return sum(item.request.usage.is_output_estimated for agent in self.agents for item in agent.requests)

    @property
    def estimated_picousd(self) -> int:
        """The part of the total that the estimate of outputs adds to the reported counts."""
        reported = sum(
            item.request.usage.output_tokens * item.quote.rates.output
            for agent in self.agents
            for item in agent.requests
        )
        return sum(agent.bill.output_picousd for agent in self.agents) - reported

    @property
    def read_share(self) -> float | None:
        return read_share(self.usage)


def break_down(run: Run, table: PriceTable | None = None) -> RunCost:
    """Split the bill of a run."""
    prices = table or list_prices()
    agents, parts = [], []
    for agent in run.agents:
        split = attribute(agent, prices, own_base_tokens(run, agent))
        agents.append(_agent_cost(agent, split))
        parts.append(split.origins)
    account = _account(run, agents)
    origins = merge(parts)
    if account and account.unrecorded_picousd:
        origins[Origin("unrecorded")] = Amount(prompt_picousd=account.unrecorded_picousd)
    assumptions = {
        item.quote.assumption: None for agent in agents for item in agent.requests if item.quote.basis == "assumed"
    }
    return RunCost(
        run,
        tuple(agents),
        _lines(origins),
        merge_tools(agent.tools for agent in agents),
        sum((agent.round_trips for agent in agents), RoundTrips()),
        account,
        () if account and account.covers_all else gap_words(run.gaps),
        tuple(assumptions),
        tuple(found for agent in agents for found in agent.breaks),
    )


def _agent_cost(agent: Agent, split: Attribution) -> AgentCost:
    side: Side = "auxiliary" if agent.is_auxiliary else "orchestrator" if agent.kind == "main" else "subagents"
    return AgentCost(
        agent,
        side,
        sum((item.bill for item in split.requests), Bill()),
        agent.usage,
        split.requests,
        split.base_tokens,
        _lines(merge([split.origins])),
        tool_costs(agent, split.requests, split.origins),
        call_costs(agent, split.origins),
        round_trips(split.requests),
        find_breaks(agent.id, split.requests, split.base_tokens),
    )


def _lines(origins: dict[Origin, Amount]) -> tuple[Line, ...]:
    """One line per kind, ours apart; largest first."""
    merged: dict[tuple[Kind, bool], Amount] = {}
    for origin, amount in origins.items():
        into = merged.setdefault((origin.kind, origin.own), Amount())
        into.entered_tokens += amount.entered_tokens
        into.output_tokens += amount.output_tokens
        into.prompt_picousd += amount.picousd
    lines = [
        Line(kind, own, amount.entered_tokens, amount.output_tokens, amount.picousd)
        for (kind, own), amount in merged.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.picousd, line.kind, line.own)))


def _account(run: Run, agents: Sequence[AgentCost]) -> Account | None:
    """The client's last account (each one covers the whole session so far), and ours of the requests before it."""
    if not run.cost_states:
        return None
    last = run.cost_states[-1]
    before_s = _end_of_account_s(run, last)
    ours, later = 0, 0
    for agent in agents:
        for index, item in enumerate(agent.requests):
            started = item.request.started_s
            if agent.side == "orchestrator":
                is_later = index >= last.after_request
            else:
                is_later = before_s is not None and started is not None and started >= before_s
            later += is_later
            ours += 0 if is_later else item.bill.picousd
    return Account(round(last.cost_usd * PICO), ours, later == 0)


def _end_of_account_s(run: Run, state: CostState) -> float | None:
    """Start of the first main request after the account; `None`: there is none."""
    main = run.main
    if main is None or state.after_request >= len(main.requests):
        return None
    return main.requests[state.after_request].started_s


def gap_words(gaps: Gaps) -> tuple[str, ...]:
    """What the files do not hold, in words; each makes a total a lower bound."""
    found = []
    if gaps.is_main_missing:
        found.append("the main conversation's file is missing")
    if gaps.unknown_subagents:
        found.append(f"{_number(gaps.unknown_subagents, 'subagent')} without any record of their requests")
    if gaps.partial_subagents:
        found.append(f"the last answer of {_number(gaps.partial_subagents, 'subagent')} is in no file")
    if gaps.missing_compactions:
        found.append(f"{_number(gaps.missing_compactions, 'compaction request')} in no file")
    return tuple(found)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
