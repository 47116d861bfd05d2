"""The tables of a bill: agents as a tree, lines, tools, groups, runs.

In:  `RunCost` values and a `Look` (how wide, which characters).
Out: renderables of rich.
Not here: the order of the page, notes and savings (`terminal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mcp_lean.costs.breakdown import AgentCost, RunCost, Side
from mcp_lean.costs.prices import canonical
from mcp_lean.costs.tool_loop import merge_tools
from mcp_lean.report.document import agent_type
from mcp_lean.report.figures import bar, count, label, local_time, money, project_name, share
from mcp_lean.report.groups import By, grouped
from mcp_lean.report.layout import Column, fitted, right, shortened
from mcp_lean.transcripts.model import Usage

if TYPE_CHECKING:
    from mcp_lean.costs.origins import Kind

SIDES: tuple[Side, ...] = ("orchestrator", "subagents", "auxiliary")
MOST_RUNS, MOST_AGENTS, MOST_TOOLS = 15, 12, 10
BAR = 12
LEAST_WORDS = 6
"""Less room than this is too little for the beginning of a description."""
WIDE, BARS_FROM = 110, 60
"""Widths from which on an agent's row has its requests and tokens; and its bar."""
FIGURES, MORE_FIGURES = 16, 34
"""Width of share and dollars behind an agent's name; and of requests and tokens."""
NO_TOKENS = Usage()
GUIDE = 4
"""What the tree puts in front of a name, per level."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is to be drawn."""

    width: int
    ascii_only: bool = False

    @property
    def is_wide(self) -> bool:
        return self.width >= WIDE

    @property
    def has_bars(self) -> bool:
        return self.width >= BARS_FROM

    @property
    def figures_width(self) -> int:
        """What stands behind an agent's name."""
        return FIGURES + (BAR + 1 if self.has_bars else 0) + (MORE_FIGURES if self.is_wide else 0)

    def bar(self, part: int, whole: int) -> Text:
        """A bar of the usual length."""
        return Text(bar(part, whole, BAR, "#" if self.ascii_only else "█"), style="cyan")


@dataclass(frozen=True, slots=True)
class Spender:
    """An agent, or all agents of a type: a type with an id, a model and a description; and what it came to."""

    name: str
    id: str = ""
    model: str = ""
    description: str = ""
    requests: int = 0
    usage: Usage = NO_TOKENS
    picousd: int = 0

    @property
    def width(self) -> int:
        return cell_len(self.fitted(1_000))

    def fitted(self, room: int) -> str:
        """All of it in one line; where there is no room the description goes first, then the model, never the id."""
        line = shortened(self.name, max(room - len(self.id) - 1, 3) if self.id else max(room, 3))
        line += f" {self.id}" if self.id else ""
        if self.model and cell_len(line) + len(self.model) + 3 <= room:
            line += f" ({self.model})"
            left = room - cell_len(line) - 2
            line += f": {shortened(self.description, left)}" if self.description and left >= LEAST_WORDS else ""
        return line


def runs_table(costs: Sequence[RunCost], look: Look) -> Table:
    """One row per session, as ordered."""
    columns = (
        Column("session"),
        Column("project", least=8),
        Column("started", leaves=2),
        right("requests", leaves=3),
        right("subagents", leaves=1),
        right("dollars"),
    )
    at_least = ">=" if look.ascii_only else "≥"
    rows = [
        (
            cost.run.id[:8],
            project_name(cost.run.cwd, cost.run.project),
            local_time(cost.run.started_s),
            count(sum(len(agent.requests) for agent in cost.agents)),
            share(cost.side_picousd("subagents"), cost.picousd),
            f"{at_least if cost.is_lower_bound else ''} {money(cost.picousd)}",
        )
        for cost in costs[:MOST_RUNS]
    ]
    rest = costs[MOST_RUNS:]
    if rest:
        rows.append((f"{len(rest)} more", "", "", "", "", money(sum(cost.picousd for cost in rest))))
    return fitted(columns, rows, look.width)


def agents_tree(costs: Sequence[RunCost], look: Look) -> Tree:
    """Orchestrator, subagents, auxiliary; of one run each agent, of several each type of agent."""
    tree = Tree(Text("who", style="bold"), guide_style="dim")
    total = sum(cost.picousd for cost in costs)
    branches = _branches(costs, total)
    names = [(one.width, 1) for one, _ in branches] + [(one.width, 2) for _, below in branches for one in below]
    longest = max(width + GUIDE * depth for width, depth in names)
    room = min(longest, look.width - look.figures_width)
    for one, members in branches:
        branch = tree.add(_row(one, total, look, room - GUIDE, "bold"))
        for member in members:
            branch.add(_row(member, total, look, room - 2 * GUIDE))
    return tree


def _branches(costs: Sequence[RunCost], total: int) -> list[tuple[Spender, list[Spender]]]:
    """Each side with its members; one that has a single member is that."""
    found: list[tuple[Spender, list[Spender]]] = []
    for side in SIDES:
        amount = sum(cost.side_picousd(side) for cost in costs)
        if amount == 0 and side != "orchestrator":
            continue
        members = spenders(costs, side)
        is_one = side == "orchestrator" and len(members) == 1
        found.append((members[0], []) if is_one else (_together(side, members, amount), members))
    return found


def spenders(costs: Sequence[RunCost], side: Side) -> list[Spender]:
    """The agents of one side, dearest first; the cheapest of many in one."""
    found: dict[Spender, list[AgentCost]] = {}
    for cost in costs:
        for agent in cost.agents:
            if agent.side == side and agent.requests:
                name = _named(agent) if len(costs) == 1 else Spender(agent_type(agent))
                found.setdefault(name, []).append(agent)
    members = [
        replace(
            name,
            requests=sum(len(agent.requests) for agent in agents),
            usage=sum((agent.usage for agent in agents), Usage()),
            picousd=sum(agent.picousd for agent in agents),
        )
        for name, agents in found.items()
    ]
    members.sort(key=lambda each: (-each.picousd, each.name, each.id))
    rest = members[MOST_AGENTS:]
    if rest:
        members = [*members[:MOST_AGENTS], _together(f"{len(rest)} more", rest, sum(each.picousd for each in rest))]
    unrecorded = sum(cost.unrecorded_picousd for cost in costs) if side == "auxiliary" else 0
    if unrecorded:
        members.append(Spender("in no transcript (Claude Code's own account)", picousd=unrecorded))
    return members


def _named(agent: AgentCost) -> Spender:
    return Spender(
        agent_type(agent),
        "" if agent.agent.kind == "main" else agent.agent.id[:12],
        canonical(agent.model).removeprefix("claude-"),
        agent.agent.description or "",
    )


def _together(name: str, members: Sequence[Spender], picousd: int) -> Spender:
    requests = sum(each.requests for each in members)
    return Spender(name, requests=requests, usage=sum((each.usage for each in members), Usage()), picousd=picousd)


def _row(spender: Spender, total: int, look: Look, room: int, style: str = "") -> Text:
    row = Text(no_wrap=True, overflow="ellipsis")
    name = spender.fitted(room)
    row.append(f"{name}{' ' * (room - cell_len(name))}", style)
    if look.has_bars:
        row.append(" ").append_text(look.bar(spender.picousd, total))
    row.append(f" {share(spender.picousd, total):>5} ")
    row.append(f"{money(spender.picousd):>9}", style)
    if spender.requests and look.is_wide:
        sent, written = count(spender.usage.context_tokens), count(spender.usage.output_estimated_tokens)
        row.append(f" {count(spender.requests):>6} req {sent:>6} in {written:>6} out", "dim")
    return row


def lines_table(costs: Sequence[RunCost], look: Look) -> Table:
    """What the money was for."""
    sums: dict[tuple[Kind, bool], tuple[int, int, int]] = {}
    for cost in costs:
        for line in cost.lines:
            key = (line.kind, line.own)
            entered, written, amount = sums.get(key, (0, 0, 0))
            sums[key] = (entered + line.entered_tokens, written + line.output_tokens, amount + line.picousd)
    total = sum(cost.picousd for cost in costs)
    columns = (
        Column("what for", least=22),
        Column("", leaves=3),
        right("share"),
        right("dollars"),
        right("tokens in", leaves=1),
        right("tokens written", leaves=2),
    )
    rows = [
        (
            label(kind, own),
            look.bar(amount, total),
            share(amount, total),
            money(amount),
            count(entered) if entered else "",
            count(written) if written else "",
        )
        for (kind, own), (entered, written, amount) in sorted(sums.items(), key=lambda row: (-row[1][2], row[0]))
    ]
    return fitted(columns, rows, look.width)


def tools_table(costs: Sequence[RunCost], look: Look) -> Table | None:
    """The tool loop; `None` where no tool was called."""
    tools = merge_tools(cost.tools for cost in costs)
    if not tools:
        return None
    columns = (
        Column("tool", least=12, keeps="end"),
        right("calls", leaves=1),
        right("bytes in", leaves=6),
        right("tokens in", leaves=3),
        right("carrying", leaves=5),
        right("arguments", leaves=4),
        right("dollars"),
        right("round trips*", leaves=2),
    )
    rows: list[tuple[str, ...]] = [
        (
            tool.name,
            count(tool.calls),
            count(tool.result_bytes),
            count(tool.result_tokens),
            money(tool.result_picousd),
            money(tool.argument_picousd),
            money(tool.picousd),
            money(tool.round_trip_picousd),
        )
        for tool in tools[:MOST_TOOLS]
    ]
    rest = tools[MOST_TOOLS:]
    if rest:
        rows.append((f"{len(rest)} more", *[""] * 5, money(sum(tool.picousd for tool in rest)), ""))
    return fitted(columns, rows, look.width)


def groups_table(costs: Sequence[RunCost], by: By, look: Look) -> Table:
    """The same money by something else; tools alone are less than all of it."""
    rows = grouped(costs, by)
    whole = sum(cost.picousd for cost in costs)
    columns = (
        Column(by, least=16, keeps="end"),
        Column("", leaves=4),
        right("share"),
        right("dollars"),
        right("calls" if by == "tool" else "requests", leaves=1),
        right("tokens in", leaves=2),
        right("tokens out", leaves=3),
    )
    return fitted(
        columns,
        [
            (
                row.key,
                look.bar(row.picousd, whole),
                share(row.picousd, whole),
                money(row.picousd),
                count(row.requests),
                count(row.usage.context_tokens),
                count(row.usage.output_estimated_tokens),
            )
            for row in rows
        ],
        look.width,
    )
