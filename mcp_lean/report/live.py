"""The running session as a table: agents, model, context, dollars, share of the budget.

In:  changes of requests (`transcripts/follow`), names of agents, limits.
Out: `Tally`, a running total per agent; `view`, what a terminal shows.
Not here: waiting and drawing (`cli/watch`), enforcing limits (`guard`).

Each change costs the price of one request, however long the session is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.text import Text

from mcp_lean.config import Budget
from mcp_lean.costs.breakdown import gap_words
from mcp_lean.costs.money import PICO
from mcp_lean.costs.prices import PriceTable, canonical, price_request, quote_for
from mcp_lean.guard.budget.limits import Raised, percent
from mcp_lean.guard.budget.verdict import limits_of
from mcp_lean.report.figures import count, duration, money, plural, project_name, share
from mcp_lean.report.layout import Column, fitted, right, shortened
from mcp_lean.report.tables import Look
from mcp_lean.transcripts.file import MAIN
from mcp_lean.transcripts.follow import Change
from mcp_lean.transcripts.model import Agent, Request, Run

MOST_AGENTS = 20
MOST_NAME_CHARS = 48
WARN_SHARE = 0.75
"""From this part of a limit on it is shown in yellow; above the limit in red."""


COLUMNS = (
    Column("agent", least=20),
    Column("id"),
    Column("model", leaves=3),
    right("requests", leaves=2),
    right("context", leaves=1),
    right("cached", leaves=4),
    right("last", leaves=5),
    right("dollars"),
    right("of limit"),
)


@dataclass(frozen=True, slots=True)
class Held:
    """The limits that hold for a session, and what a person has added to them."""

    budget: Budget
    raised: Raised

    @property
    def run_usd(self) -> float:
        """0 is no limit."""
        return self.budget.run_usd and self.budget.run_usd + self.raised.usd


@dataclass(slots=True)
class Spent:
    """What one agent has spent so far."""

    requests: int = 0
    picousd: int = 0
    sent_tokens: int = 0
    read_tokens: int = 0
    last: Request | None = None
    """The latest request that was seen."""


@dataclass(slots=True)
class Tally:
    """Totals per agent, kept up to date by changes."""

    table: PriceTable
    agents: dict[str, Spent] = field(default_factory=dict)
    estimated: set[str] = field(default_factory=set)
    """Ids of requests whose output is an estimate, often because they are not finished."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Take new and changed requests into account."""
        for change in changes:
            spent = self.agents.setdefault(change.agent_id, Spent())
            if change.before is None:
                spent.requests += 1
            else:
                self._add(spent, change.before, -1)
            self._add(spent, change.request, 1)
            if spent.last is None or (change.request.started_s or 0) >= (spent.last.started_s or 0):
                spent.last = change.request
            if change.request.usage.is_output_estimated:
                self.estimated.add(change.request.id)
            else:
                self.estimated.discard(change.request.id)

    def _add(self, spent: Spent, request: Request, sign: int) -> None:
        spent.picousd += sign * price_request(request, self.table).picousd
        spent.sent_tokens += sign * request.usage.context_tokens
        spent.read_tokens += sign * request.usage.cache_read_tokens

    @property
    def picousd(self) -> int:
        return sum(spent.picousd for spent in self.agents.values())


def view(
    tally: Tally, run: Run | None, limits: Held, now_s: float, look: Look, problems: Mapping[str, str]
) -> RenderableType:
    """The whole picture. `run` names the agents; without it they go by their ids."""
    known = {agent.id: agent for agent in run.agents} if run else {}
    requests = sum(spent.requests for spent in tally.agents.values())
    head = Text()
    head.append(money(tally.picousd), "bold").append(f" in {plural(requests, 'request')}")
    if limits.run_usd > 0:
        head.append(f", {_share(tally.picousd, limits.run_usd)} of ${limits.run_usd:,.2f} for the run")
        head.stylize(_alarm(tally.picousd, limits.run_usd))
    if tally.estimated:
        head.append(f"; output of {plural(len(tally.estimated), 'request')} estimated", "dim")
    name = f"{run.id}  {project_name(run.cwd, run.project)}" if run else ""
    ordered = sorted(tally.agents.items(), key=lambda item: (item[0] != MAIN, -item[1].picousd, item[0]))
    rows = [
        _row(agent_id, spent, known.get(agent_id), tally.table, limits, now_s)
        for agent_id, spent in ordered[:MOST_AGENTS]
    ]
    rest = ordered[MOST_AGENTS:]
    notes = [f"{len(rest)} more agents: {money(sum(spent.picousd for _, spent in rest))}"] if rest else []
    notes += [f"lower bound: {gap}" for gap in (gap_words(run.gaps) if run else ())]
    notes += [f"price assumed: {text}" for text in _assumptions(tally)]
    notes += [f"not read: {path}: {reason}" for path, reason in sorted(problems.items())]
    table = fitted(COLUMNS, rows, look.width)
    return Group(Text(name, style="dim"), head, Text(), table, *(Text(note, style="yellow") for note in notes))


def _row(
    agent_id: str, spent: Spent, agent: Agent | None, table: PriceTable, held: Held, now_s: float
) -> list[Text | str]:
    last = spent.last
    context = last.usage.context_tokens if last else 0
    window = table.window_tokens(last.model) if last else None
    is_main = agent_id == MAIN
    limit = limits_of(
        held.budget, held.raised, "" if is_main else agent_id, agent.agent_type if agent else ""
    ).agent_usd
    ended = (last.ended_s or last.started_s) if last else None
    return [
        "orchestrator" if is_main else _name(agent),
        "" if is_main else agent_id[:8],
        canonical(last.model).removeprefix("claude-") if last else "",
        count(spent.requests),
        f"{count(context)} {share(context, window)}" if window else count(context),
        share(spent.read_tokens, spent.sent_tokens),
        Text(f"{duration(max(now_s - ended, 0))} ago" if ended else "", style="dim"),
        money(spent.picousd),
        Text(_share(spent.picousd, limit), style=_alarm(spent.picousd, limit)) if limit > 0 else "-",
    ]


def _name(agent: Agent | None) -> str:
    if agent is None:
        return "agent"
    description = f": {agent.description}" if agent.description else ""
    return shortened(f"{agent.agent_type or agent.kind}{description}", MOST_NAME_CHARS)


def _share(picousd: int, limit_usd: float) -> str:
    return percent(picousd / PICO, limit_usd)


def _alarm(picousd: int, limit_usd: float) -> str:
    part = picousd / (limit_usd * PICO)
    return "red" if part >= 1 else "yellow" if part >= WARN_SHARE else ""


def _assumptions(tally: Tally) -> list[str]:
    found: dict[str, None] = {}
    for spent in tally.agents.values():
        if spent.last is not None:
            price = quote_for(spent.last, tally.table)
            if price.basis == "assumed":
                found[price.assumption] = None
    return list(found)
