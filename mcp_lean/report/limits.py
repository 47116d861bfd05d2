"""How sessions stand against their limits, for a person: a table per session, and where the limits come from.

In:  `RunStatus` values, newest first; the settings that are in force now.
Out: renderables of rich.
Not here: reading the ledger (`guard/budget/status`), raising (`cli/budget`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mcp_lean.config import PROJECT_FILE, Config
from mcp_lean.guard.budget.limits import Raised, percent
from mcp_lean.guard.budget.status import AgentStatus, RunStatus
from mcp_lean.guard.budget.words import used
from mcp_lean.packing.render import on_one_line
from mcp_lean.report.figures import count, local_time, plural
from mcp_lean.report.layout import Column, fitted, right
from mcp_lean.report.live import WARN_SHARE
from mcp_lean.report.tables import Look

COLUMNS = (
    Column("agent", least=12),
    Column("id"),
    right("spent"),
    right("limit", leaves=2),
    right("used"),
    right("requests", leaves=1),
    right("context", leaves=3),
    Column("", leaves=4),
)


def standing(
    runs: Sequence[RunStatus], kept: Mapping[str, str], config: Config, look: Look
) -> Iterator[RenderableType]:
    """The page, for at least one session.

    Args:
        kept: session id -> the limits that it began with, as the ledger has them; empty where no guard saw it begin.
    """
    for number, run in enumerate(runs):
        yield Group(*([Text()] if number else []), *_session(run, look))
    yield Text()
    yield Text(origin(runs, kept, config), style="dim")


def origin(runs: Sequence[RunStatus], kept: Mapping[str, str], config: Config) -> str:
    """Where the limits come from, and how to set others."""
    set_by = list(dict.fromkeys(_short(where) for name, where in config.origins.items() if name.startswith("budget.")))
    settings = f"{', '.join(set_by)}, else defaults" if set_by else "defaults"
    change = "change them in .mcp-lean.toml, or with mcp-lean init --budget-usd N"
    began = sum(bool(kept.get(run.session_id)) for run in runs)
    if not began:
        return f"limits: {settings}; {change}"
    whose = "those that the session began with" if len(runs) == 1 else "of each session those that it began with"
    rest = f" ({plural(len(runs) - began, 'session')} that no guard saw begin: {settings})" if began < len(runs) else ""
    return f"limits: {whose}{rest}; for the next session: {settings}; {change}"


def _short(where: str) -> str:
    """A settings file as a person calls it; a variable as it is."""
    home = os.path.expanduser("~")
    if os.path.basename(where) == PROJECT_FILE:
        return PROJECT_FILE
    return f"~{where[len(home) :]}" if where.startswith(f"{home}{os.sep}") else where


def _session(run: RunStatus, look: Look) -> Iterator[RenderableType]:
    spent_usd = run.spent.usd + run.spent.reserved_usd
    yield Text(f"{run.session_id}  {_last_written(run.transcript_path)}".rstrip(), style="dim")
    head = Text()
    head.append(usd(spent_usd), "bold")
    if run.run_usd:
        head.append(f" of {usd(run.run_usd)} ({percent(spent_usd, run.run_usd)})", _alarm(spent_usd, run.run_usd))
    head.append(f" in {plural(run.spent.requests, 'request')}{'' if run.run_usd else ', no limit'}")
    if run.spent.reserved_usd:
        head.append(f"; {usd(run.spent.reserved_usd)} of it estimated, in flight")
    for words in raises(run.raised):
        head.append(f"; raised by {words}")
    yield head
    yield fitted(COLUMNS, [_agent(agent) for agent in run.agents], look.width)
    for agent in run.agents:
        if agent.known.stop_reason:
            name = agent.known.agent_id[:8] or "orchestrator"
            yield Padding(Text(f"{name}: {on_one_line(agent.known.stop_reason)}", style="red"), (0, 0, 0, 2))
    if run.nearest.share >= 1 and not any(used(run.nearest) in agent.known.stop_reason for agent in run.agents):
        yield Text(used(run.nearest), style="red")


def _agent(agent: AgentStatus) -> tuple[Text | str, ...]:
    known, spent, limits = agent.known, agent.known.spent, agent.limits
    spent_usd = spent.usd + spent.reserved_usd
    part = Text(percent(spent_usd, limits.agent_usd), _alarm(spent_usd, limits.agent_usd)) if limits.agent_usd else "-"
    most = f" of {limits.agent_requests}" if limits.agent_requests else ""
    return (
        known.agent_type or "agent" if known.agent_id else "orchestrator",
        known.agent_id[:8],
        usd(spent_usd),
        usd(limits.agent_usd) if limits.agent_usd else "-",
        part,
        f"{spent.requests}{most}",
        count(spent.context_tokens),
        Text("stopped", "red") if known.stop_reason else "at work" if known.is_running else "",
    )


def raises(raised: Raised) -> list[str]:
    """What a person has added, in words."""
    amounts = (
        ("requests", raised.requests),
        ("tokens", raised.tokens),
        ("context tokens", raised.context_tokens),
    )
    return [usd(raised.usd)] * bool(raised.usd) + [f"{amount:,} {name}" for name, amount in amounts if amount]


def usd(amount: float) -> str:
    """Dollars and cents, as limits are written."""
    return "<$0.01" if 0 < amount < 0.005 else f"${amount:,.2f}"


def _last_written(path: str) -> str:
    """When the transcript was last written to; empty where it is gone."""
    try:
        return f"last written {local_time(os.stat(path).st_mtime)}"
    except OSError:
        return ""


def _alarm(used_usd: float, limit_usd: float) -> str:
    part = used_usd / limit_usd
    return "red" if part >= 1 else "yellow" if part >= WARN_SHARE else ""
