"""A bill on a terminal, and the same as plain text in a pipe.

In:  `RunCost` values and what the reading skipped.
Out: renderables of rich, in the order of a page: totals, agents, lines, tools, cache, what is not known, savings.
Not here: which runs (`cli/cost`), the amounts (`costs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mcp_lean.costs.breakdown import AgentCost, RunCost, Side
from mcp_lean.costs.cache_breaks import MEDIAN_READ_SHARE, POOR_READ_SHARE, TOP_TENTH_READ_SHARE
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.savings import largest_savings
from mcp_lean.costs.tool_loop import merge_tools
from mcp_lean.report.document import agent_type, newest_first
from mcp_lean.report.figures import bar, count, duration, label, local_time, money, plural, share
from mcp_lean.report.groups import By, grouped
from mcp_lean.transcripts.model import Skipped, Usage

if TYPE_CHECKING:
    from mcp_lean.costs.origins import Kind

SIDES: tuple[Side, ...] = ("orchestrator", "subagents", "auxiliary")
MOST_RUNS, MOST_AGENTS, MOST_TOOLS, MOST_BREAKS = 15, 12, 10, 5
BAR = 12
PIPE_WIDTH = 120


def console(out: TextIO) -> Console:
    """Colours and the real width on a terminal; plain text of a fixed width everywhere else."""
    is_terminal = out.isatty()
    return Console(file=out, width=None if is_terminal else PIPE_WIDTH, highlight=False, soft_wrap=False)


def bill(costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, *, by: By | None, ascii_only: bool) -> Group:
    """The page for any number of runs, at least one."""
    page = _Page(costs, table, skipped, "#" if ascii_only else "█")
    parts = list(page.head())
    parts += [page.groups(by)] if by else [page.agents(), page.lines(), page.tools()]
    parts += [*page.cache(), *page.unknown(), *page.savings()]
    return Group(*parts)


class _Page:
    """The parts of the page; all of them look at the same runs."""

    def __init__(self, costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, full: str) -> None:
        self.costs = newest_first(costs)
        self.table = table
        self.skipped = skipped
        self.full = full
        self.total = sum(cost.picousd for cost in costs)

    def head(self) -> Iterator[RenderableType]:
        """What this is a bill of."""
        requests = sum(len(agent.requests) for cost in self.costs for agent in cost.agents)
        total = Text.assemble((money(self.total), "bold"), f" in {plural(requests, 'request')}")
        if any(cost.is_lower_bound for cost in self.costs):
            total = Text.assemble("at least ", total)
        estimated = sum(cost.estimated_requests for cost in self.costs)
        if estimated:
            part = money(sum(cost.estimated_picousd for cost in self.costs))
            total.append(
                f"; the output of {plural(estimated, 'request')} is estimated, {part} of it beyond what was reported"
            )
        if len(self.costs) == 1:
            [cost] = self.costs
            run = cost.run
            client = f"Claude Code {run.versions[-1]}" if run.versions else ""
            yield Text(f"{run.id}  {run.project}  {local_time(run.started_s)}  {client}", style="dim")
        else:
            yield self._runs()
        yield total
        yield Text()

    def _runs(self) -> Table:
        table = _table("run", "project", "started", ">requests", ">of it subagents", ">dollars")
        for cost in self.costs[:MOST_RUNS]:
            table.add_row(
                cost.run.id[:8],
                Text(cost.run.project[-36:]),
                local_time(cost.run.started_s),
                count(sum(len(agent.requests) for agent in cost.agents)),
                share(cost.side_picousd("subagents"), cost.picousd),
                ("≥ " if cost.is_lower_bound else "") + money(cost.picousd)
                if self.full == "█"
                else money(cost.picousd),
            )
        rest = self.costs[MOST_RUNS:]
        if rest:
            table.add_row(f"{len(rest)} more", "", "", "", "", money(sum(cost.picousd for cost in rest)))
        return table

    def agents(self) -> RenderableType:
        """Orchestrator, subagents, auxiliary; one run: each agent, several: each type of agent."""
        tree = Tree(Text("who", style="bold"))
        for side in SIDES:
            amount = sum(cost.side_picousd(side) for cost in self.costs)
            if amount == 0 and side != "orchestrator":
                continue
            entries = self._entries(side)
            usage = sum((entry[2] for entry in entries), Usage())
            requests = sum(entry[1] for entry in entries)
            branch = tree.add(self._agent_row(side, requests, usage, amount, 1, style="bold"))
            if side == "orchestrator" and len(entries) <= 1:
                continue
            for name, number, used, spent in entries[:MOST_AGENTS]:
                branch.add(self._agent_row(name, number, used, spent, 2))
            rest = entries[MOST_AGENTS:]
            if rest:
                used = sum((entry[2] for entry in rest), Usage())
                spent = sum(entry[3] for entry in rest)
                branch.add(self._agent_row(f"{len(rest)} more", sum(entry[1] for entry in rest), used, spent, 2))
            unrecorded = sum(cost.unrecorded_picousd for cost in self.costs) if side == "auxiliary" else 0
            if unrecorded:
                branch.add(self._agent_row("in no transcript (client's own account)", 0, Usage(), unrecorded, 2))
        return Group(tree, Text())

    def _entries(self, side: Side) -> list[tuple[str, int, Usage, int]]:
        """(name, requests, usage, picodollars), dearest first."""
        found: dict[str, tuple[int, Usage, int]] = {}
        for cost in self.costs:
            for agent in cost.agents:
                if agent.side == side and agent.requests:
                    name = _agent_name(agent) if len(self.costs) == 1 else agent_type(agent)
                    before = found.get(name, (0, Usage(), 0))
                    found[name] = (before[0] + len(agent.requests), before[1] + agent.usage, before[2] + agent.picousd)
        return sorted(((name, *rest) for name, rest in found.items()), key=lambda entry: (-entry[3], entry[0]))

    def _agent_row(self, name: str, requests: int, usage: Usage, amount: int, depth: int, style: str = "") -> Text:
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(_fit(name, 54 - 4 * depth), style)
        row.append(f" {bar(amount, self.total, BAR, self.full)}", "cyan")
        row.append(f" {share(amount, self.total):>5} ")
        row.append(f"{money(amount):>9}", style)
        if requests:
            sent, written = count(usage.context_tokens), count(usage.output_estimated_tokens)
            row.append(f" {count(requests):>6} req {sent:>6} in {written:>6} out", "dim")
        return row

    def lines(self) -> RenderableType:
        """What the money was for."""
        sums: dict[tuple[Kind, bool], tuple[int, int, int]] = {}
        for cost in self.costs:
            for line in cost.lines:
                key = (line.kind, line.own)
                before = sums.get(key, (0, 0, 0))
                sums[key] = (
                    before[0] + line.entered_tokens,
                    before[1] + line.output_tokens,
                    before[2] + line.picousd,
                )
        table = _table("what for", "", ">share", ">dollars", ">tokens in", ">tokens written")
        for (kind, own), (entered, written, amount) in sorted(sums.items(), key=lambda row: (-row[1][2], row[0])):
            table.add_row(
                label(kind, own),
                Text(bar(amount, self.total, BAR, self.full), style="cyan"),
                share(amount, self.total),
                money(amount),
                count(entered) if entered else "",
                count(written) if written else "",
            )
        return Group(table, Text())

    def tools(self) -> RenderableType:
        """The tool loop: results carried, arguments written, and beside them the round trips."""
        tools = merge_tools(cost.tools for cost in self.costs)
        if not tools:
            return Text()
        table = _table(
            "tool", ">calls", ">bytes in", ">tokens in", ">carrying", ">arguments", ">dollars", ">round trips*"
        )
        for tool in tools[:MOST_TOOLS]:
            table.add_row(
                Text(tool.name[-36:]),
                count(tool.calls),
                count(tool.result_bytes),
                count(tool.result_tokens),
                money(tool.result_picousd),
                money(tool.argument_picousd),
                money(tool.picousd),
                money(tool.round_trip_picousd),
            )
        rest = tools[MOST_TOOLS:]
        if rest:
            table.add_row(f"{len(rest)} more", *[""] * 5, money(sum(tool.picousd for tool in rest)), "")
        trips = sum(cost.round_trips.requests for cost in self.costs)
        paid = sum(cost.round_trips.picousd for cost in self.costs)
        loop = sum(tool.picousd for tool in tools)
        note = (
            f"tool loop: {money(loop)}, {share(loop, self.total)} of the bill",
            f"* {plural(trips, 'request')} only took in results and paid {money(paid)} to read the context again:",
            "  a look across the lines above, not part of this table",
        )
        return Group(table, *(Text(line, style="dim") for line in note), Text())

    def groups(self, by: By) -> RenderableType:
        """One table in place of agents, lines and tools."""
        rows = grouped(self.costs, by)
        whole = sum(row.picousd for row in rows)
        what = ">calls" if by == "tool" else ">requests"
        table = _table(by, "", ">share", ">dollars", what, ">tokens in", ">tokens out")
        for row in rows:
            table.add_row(
                Text(row.key),
                Text(bar(row.picousd, whole, BAR, self.full), style="cyan"),
                share(row.picousd, whole),
                money(row.picousd),
                count(row.requests),
                count(row.usage.context_tokens),
                count(row.usage.output_estimated_tokens),
            )
        return Group(table, Text())

    def cache(self) -> Iterator[RenderableType]:
        """How much was read from the cache, and what broke it."""
        usage = sum((cost.usage for cost in self.costs), Usage())
        if usage.context_tokens:
            part = usage.cache_read_tokens / usage.context_tokens
            yield Text(f"cache: {100 * part:.1f} % of the input was read from it ({_mark(part)})")
        breaks = sorted((found for cost in self.costs for found in cost.breaks), key=lambda found: -found.picousd)
        if breaks:
            paid = sum(found.picousd for found in breaks)
            yield Text(
                f"{plural(len(breaks), 'cache break')} cost {money(paid)}, {share(paid, self.total)} of the bill:"
            )
        for found in breaks[:MOST_BREAKS]:
            gap = f" after {duration(found.gap_s)}" if found.gap_s is not None else ""
            where = f"{found.agent_id[:20]}, request {found.index + 1}"
            what = f"{found.cause.replace('_', ' ')}{gap}: {count(found.lost_tokens)} tokens written again ({where})"
            yield Text(f"  {money(found.picousd):>9}  {what}")
        if len(breaks) > MOST_BREAKS:
            rest = sum(found.picousd for found in breaks[MOST_BREAKS:])
            yield Text(f"  {money(rest):>9}  {len(breaks) - MOST_BREAKS} more")
        own = sum(cost.own_picousd for cost in self.costs)
        used = any(tool.own for cost in self.costs for tool in cost.tools)
        yield Text(
            f"mcp_lean itself: {money(own)}, {share(own, self.total)} of the bill (definitions estimated)"
            if used
            else "mcp_lean itself: $0, none of its tools was called"
        )
        yield Text()

    def unknown(self) -> Iterator[RenderableType]:
        """What the figures rest on, and what they leave out."""
        notes = list(dict.fromkeys(f"lower bound: {gap}" for cost in self.costs for gap in cost.gaps))
        for cost in self.costs:
            account = cost.account
            if account and account.unrecorded_picousd:
                notes.append(
                    f"{cost.run.id[:8]}: {money(account.unrecorded_picousd)} from Claude Code's own account is in no transcript"
                )
        notes += list(dict.fromkeys(f"price assumed: {text}" for cost in self.costs for text in cost.assumptions))
        if self.table.contract:
            notes += [f"contract: {problem}" for problem in self.table.contract.problems]
            notes.append(f"prices at your organization's rates ({self.table.contract.source})")
        notes += _left_out(self.skipped)
        for note in notes:
            yield Text(note, style="yellow")
        if notes:
            yield Text()

    def savings(self) -> Iterator[RenderableType]:
        """The largest savings, in words."""
        found = largest_savings(self.costs, self.table)
        if not found:
            yield Text("no saving above a cent found")
            return
        yield Text("what would have saved most (estimates; they overlap, do not add them up)", style="bold")
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for saving in found:
            table.add_row(Text(f"  {money(saving.picousd)}", style="green"), Text(saving.words))
        yield table


def _table(*columns: str) -> Table:
    """Column names; a leading ">" aligns right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", no_wrap=True)
    return table


def _agent_name(agent: AgentCost) -> str:
    parts = [agent_type(agent)]
    if agent.agent.kind != "main":
        parts.append(agent.agent.id[:12])
    model = agent.model.removeprefix("claude-")
    description = f": {agent.agent.description}" if agent.agent.description else ""
    return f"{' '.join(parts)} ({model}){description}"


def _fit(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat.ljust(width) if len(flat) <= width else flat[: width - 1] + "…"


def _mark(part: float) -> str:
    if part >= TOP_TENTH_READ_SHARE:
        return f"the best tenth of agent loops has {100 * TOP_TENTH_READ_SHARE:.0f} % and more"
    if part >= MEDIAN_READ_SHARE:
        return f"the median agent loop has {100 * MEDIAN_READ_SHARE:.0f} %"
    if part >= POOR_READ_SHARE:
        return f"below the median of {100 * MEDIAN_READ_SHARE:.0f} %"
    return f"below {100 * POOR_READ_SHARE:.0f} %: look for what breaks it"


def _left_out(skipped: Skipped) -> list[str]:
    """Everything that the reading could not use, by reason."""
    notes = [f"not read: {path}: {reason}" for path, reason in skipped.files]
    for number, what in (
        (skipped.bad_lines, "line that is no JSON record"),
        (skipped.wrong_types, "record without a usable message"),
        (skipped.copied_requests, "request found in more than one file and counted once"),
    ):
        if number:
            notes.append(f"left out: {plural(number, what)}" if "request" not in what else f"{number:,} x {what}")
    if skipped.unknown_types:
        kinds = ", ".join(f"{name} ({number:,})" for name, number in skipped.unknown_types)
        notes.append(f"left out: records of unknown types: {kinds}")
    return [*notes, *skipped.notes]
