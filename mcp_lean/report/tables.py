"""The tables of a bill: agents as a tree, lines, tools, groups, runs.

In:  `RunCost` values and a `Look` (how wide, which characters).
Out: renderables of rich.
Not here: the order of the page, notes and savings (`terminal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mcp_lean.costs.breakdown import AgentCost, RunCost, Side
from mcp_lean.costs.prices import canonical
from mcp_lean.costs.tool_loop import merge_tools
from mcp_lean.report.document import agent_type
from mcp_lean.report.figures import bar, count, label, local_time, money, share
from mcp_lean.report.groups import By, grouped
from mcp_lean.transcripts.model import Usage

if TYPE_CHECKING:
    from mcp_lean.costs.origins import Kind

SIDES: tuple[Side, ...] = ("orchestrator", "subagents", "auxiliary")
MOST_RUNS, MOST_AGENTS, MOST_TOOLS = 15, 12, 10
BAR = 12
WIDE = 110
FIGURES, MORE_FIGURES = 30, 34
"""Width of bar, share and dollars behind an agent's name; and of requests and tokens, where there is room."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is to be drawn."""

    width: int
    ascii_only: bool = False

    @property
    def is_wide(self) -> bool:
        return self.width >= WIDE

    def bar(self, part: int, whole: int) -> Text:
        """A bar of the usual length."""
        return Text(bar(part, whole, BAR, "#" if self.ascii_only else "█"), style="cyan")


@dataclass(frozen=True, slots=True)
class Spender:
    """An agent, or all agents of a type."""

    name: str
    requests: int
    usage: Usage
    picousd: int


def runs_table(costs: Sequence[RunCost], look: Look) -> Table:
    """One row per run, as ordered."""
    table = columns("run", "project", "started", ">requests", ">of it subagents", ">dollars")
    at_least = ">=" if look.ascii_only else "≥"
    for cost in costs[:MOST_RUNS]:
        table.add_row(
            cost.run.id[:8],
            Text(cost.run.project[-36:] if look.is_wide else cost.run.project[-20:]),
            local_time(cost.run.started_s),
            count(sum(len(agent.requests) for agent in cost.agents)),
            share(cost.side_picousd("subagents"), cost.picousd),
            f"{at_least if cost.is_lower_bound else ''} {money(cost.picousd)}",
        )
    rest = costs[MOST_RUNS:]
    if rest:
        table.add_row(f"{len(rest)} more", "", "", "", "", money(sum(cost.picousd for cost in rest)))
    return table


def agents_tree(costs: Sequence[RunCost], look: Look) -> Tree:
    """Orchestrator, subagents, auxiliary; of one run each agent, of several each type of agent."""
    tree = Tree(Text("who", style="bold"), guide_style="dim")
    total = sum(cost.picousd for cost in costs)
    for side in SIDES:
        amount = sum(cost.side_picousd(side) for cost in costs)
        if amount == 0 and side != "orchestrator":
            continue
        members = spenders(costs, side)
        if side == "orchestrator" and len(members) == 1:
            tree.add(_row(members[0], total, look, 1))
            continue
        branch = tree.add(_row(_together(side, members, amount), total, look, 1))
        for member in members:
            branch.add(_row(member, total, look, 2))
    return tree


def spenders(costs: Sequence[RunCost], side: Side) -> list[Spender]:
    """The agents of one side, dearest first; the cheapest of many in one."""
    found: dict[str, Spender] = {}
    for cost in costs:
        for agent in cost.agents:
            if agent.side == side and agent.requests:
                name = agent_name(agent) if len(costs) == 1 else agent_type(agent)
                before = found.get(name, Spender(name, 0, Usage(), 0))
                found[name] = Spender(
                    name,
                    before.requests + len(agent.requests),
                    before.usage + agent.usage,
                    before.picousd + agent.picousd,
                )
    members = sorted(found.values(), key=lambda member: (-member.picousd, member.name))
    rest = members[MOST_AGENTS:]
    if rest:
        members = [*members[:MOST_AGENTS], _together(f"{len(rest)} more", rest, sum(each.picousd for each in rest))]
    unrecorded = sum(cost.unrecorded_picousd for cost in costs) if side == "auxiliary" else 0
    if unrecorded:
        members.append(Spender("in no transcript (Claude Code's own account)", 0, Usage(), unrecorded))
    return members


def _together(name: str, members: Sequence[Spender], picousd: int) -> Spender:
    return Spender(
        name, sum(each.requests for each in members), sum((each.usage for each in members), Usage()), picousd
    )


def _row(spender: Spender, total: int, look: Look, depth: int) -> Text:
    style = "bold" if depth == 1 else ""
    room = look.width - FIGURES - (MORE_FIGURES if look.is_wide else 0) - 4 * depth
    row = Text(no_wrap=True, overflow="ellipsis")
    row.append(fit(spender.name, max(room, 12)), style)
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
    table = columns("what for", "", ">share", ">dollars", ">tokens in", ">tokens written")
    for (kind, own), (entered, written, amount) in sorted(sums.items(), key=lambda row: (-row[1][2], row[0])):
        figures = (count(entered) if entered else "", count(written) if written else "")
        table.add_row(label(kind, own), look.bar(amount, total), share(amount, total), money(amount), *figures)
    return table


def tools_table(costs: Sequence[RunCost], look: Look) -> Table | None:
    """The tool loop; `None` where no tool was called."""
    tools = merge_tools(cost.tools for cost in costs)
    if not tools:
        return None
    names = ["tool", ">calls", ">bytes in", ">tokens in", ">carrying", ">arguments", ">dollars", ">round trips*"]
    table = columns(*(names if look.is_wide else names[:2] + names[3:]))
    for tool in tools[:MOST_TOOLS]:
        table.add_row(
            Text(tool.name[-36:] if look.is_wide else tool.name[-18:]),
            count(tool.calls),
            *([count(tool.result_bytes)] if look.is_wide else []),
            count(tool.result_tokens),
            money(tool.result_picousd),
            money(tool.argument_picousd),
            money(tool.picousd),
            money(tool.round_trip_picousd),
        )
    rest = tools[MOST_TOOLS:]
    if rest:
        blanks = [""] * (5 if look.is_wide else 4)
        table.add_row(f"{len(rest)} more", *blanks, money(sum(tool.picousd for tool in rest)), "")
    return table


def groups_table(costs: Sequence[RunCost], by: By, look: Look) -> Table:
    """The same money by something else."""
    rows = grouped(costs, by)
    whole = sum(row.picousd for row in rows)
    counted = ">calls" if by == "tool" else ">requests"
    table = columns(by, "", ">share", ">dollars", counted, ">tokens in", ">tokens out")
    for row in rows:
        figures = (row.requests, row.usage.context_tokens, row.usage.output_estimated_tokens)
        table.add_row(
            Text(row.key),
            look.bar(row.picousd, whole),
            share(row.picousd, whole),
            money(row.picousd),
            *(count(figure) for figure in figures),
        )
    return table


def columns(*names: str) -> Table:
    """An empty table; a leading ">" aligns right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left", no_wrap=True)
    return table


def agent_name(agent: AgentCost) -> str:
    """Type, id, model and description of an agent, in one line."""
    identity = "" if agent.agent.kind == "main" else f" {agent.agent.id[:12]}"
    description = f": {agent.agent.description}" if agent.agent.description else ""
    return f"{agent_type(agent)}{identity} ({canonical(agent.model).removeprefix('claude-')}){description}"


def fit(text: str, width: int) -> str:
    """One line of exactly `width` characters."""
    flat = " ".join(text.split())
    return flat.ljust(width) if len(flat) <= width else f"{flat[: width - 2]}.."
