"""A bill on a terminal, and the same as plain text in a pipe.

In:  `RunCost` values and what the reading skipped.
Out: renderables of rich, in the order of a page: total, agents, lines, tools, cache, what is not known, savings.
Not here: which runs (`selection`), the tables (`tables`), the amounts (`costs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcp_lean.costs.breakdown import RunCost
from mcp_lean.costs.cache_breaks import MEDIAN_READ_SHARE, POOR_READ_SHARE, TOP_TENTH_READ_SHARE
from mcp_lean.costs.money import PICO
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.savings import largest_savings
from mcp_lean.report.document import newest_first
from mcp_lean.report.figures import cause, count, local_time, money, plural, project_name, share
from mcp_lean.report.groups import By
from mcp_lean.report.tables import Look, agents_tree, groups_table, lines_table, runs_table, tools_table
from mcp_lean.transcripts.file import MAIN
from mcp_lean.transcripts.model import Skipped, Usage

MOST_BREAKS = 5
PIPE_WIDTH = 120


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process with 1; the command line knows that a reader that has gone is no failure."""
        raise BrokenPipeError


def console(out: TextIO) -> Console:
    """Colours and the real width on a terminal; plain text of a fixed width everywhere else."""
    return _Console(file=out, width=None if out.isatty() else PIPE_WIDTH, highlight=False)


def bill(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, look: Look, by: By | None = None
) -> Iterator[RenderableType]:
    """The page for any number of runs, at least one; with `by`, one table in place of three."""
    ordered = newest_first(costs)
    yield from head(ordered, look)
    yield Text()
    if by:
        yield groups_table(ordered, by, look)
        if by == "tool":
            yield tool_loop_share(ordered)
    else:
        yield Group(agents_tree(ordered, look), Text(), lines_table(ordered, look))
        yield from tool_loop(ordered, look)
    yield Text()
    yield from cache(ordered)
    notes = [*gaps(ordered), *price_notes(ordered, table), *left_out(skipped)]
    if notes:
        yield Group(Text(), *(Text(note, style="yellow") for note in notes))
    yield Text()
    yield from savings(ordered, table)


def head(costs: Sequence[RunCost], look: Look) -> Iterator[RenderableType]:
    """What this is a bill of, and the total."""
    if len(costs) == 1:
        run = costs[0].run
        client = f"client {run.versions[-1]}" if run.versions else ""
        name = project_name(run.cwd, run.project)
        yield Text(f"{run.id}  {name}  {local_time(run.started_s)}  {client}".rstrip(), style="dim")
    else:
        yield runs_table(costs, look)
    requests = sum(len(agent.requests) for cost in costs for agent in cost.agents)
    total = Text("at least " if any(cost.is_lower_bound for cost in costs) else "")
    total.append(money(sum(cost.picousd for cost in costs)), "bold")
    total.append(f" in {plural(requests, 'request')}")
    estimated = sum(cost.estimated_requests for cost in costs)
    if estimated:
        part = money(sum(cost.estimated_picousd for cost in costs))
        total.append(f"; {part} of it is estimated output ({plural(estimated, 'request')} without a final count)")
    yield total


def tool_loop(costs: Sequence[RunCost], look: Look) -> Iterator[RenderableType]:
    """The table of tools and what it leaves to say."""
    table = tools_table(costs, look)
    if table is None:
        return
    trips = sum(cost.round_trips.requests for cost in costs)
    paid = sum(cost.round_trips.picousd for cost in costs)
    yield Group(Text(), table)
    yield tool_loop_share(costs)
    yield Text(
        f"* {plural(trips, 'request')} only took in results and paid {money(paid)} to read the context again; "
        "that is a look across the lines above",
        style="dim",
    )


def tool_loop_share(costs: Sequence[RunCost]) -> Text:
    """What all tools together came to."""
    loop, whole = sum(cost.tool_loop_picousd for cost in costs), sum(cost.picousd for cost in costs)
    return Text(f"tool loop: {money(loop)}, {share(loop, whole)} of the bill", style="dim")


def cache(costs: Sequence[RunCost]) -> Iterator[RenderableType]:
    """How much was read from the cache, what broke it, and what mcp_lean itself has cost."""
    total = sum(cost.picousd for cost in costs)
    usage = sum((cost.usage for cost in costs), Usage())
    if usage.context_tokens:
        part = usage.cache_read_tokens / usage.context_tokens
        yield Text(f"cache: {100 * part:.1f} % of the input was read from it ({mark(part)})")
    breaks = sorted((found for cost in costs for found in cost.breaks), key=lambda found: -found.picousd)
    if breaks:
        paid = sum(found.picousd for found in breaks)
        yield Text(f"{plural(len(breaks), 'cache break')} cost {money(paid)}, {share(paid, total)} of the bill:")
    listed = _amounts()
    for found in breaks[:MOST_BREAKS]:
        where = f"{'orchestrator' if found.agent_id == MAIN else found.agent_id[:12]}, request {found.index + 1}"
        what = f"{cause(found.cause, found.gap_s)}: {count(found.lost_tokens)} tokens written again ({where})"
        listed.add_row(Text(f"  {money(found.picousd)}"), Text(what))
    if len(breaks) > MOST_BREAKS:
        rest = sum(found.picousd for found in breaks[MOST_BREAKS:])
        listed.add_row(Text(f"  {money(rest)}"), Text(f"{len(breaks) - MOST_BREAKS} more"))
    if breaks:
        yield listed
    own = sum(cost.own_picousd for cost in costs)
    used = any(tool.own for cost in costs for tool in cost.tools)
    basis = "its definitions are an estimate" if used else "texts of its hooks; none of its tools was called"
    yield Text(
        f"mcp_lean itself: {money(own)}, {share(own, total)} of the bill ({basis})"
        if used or own
        else "mcp_lean itself: $0, none of its tools was called"
    )


def gaps(costs: Sequence[RunCost]) -> Iterator[str]:
    """What the files do not say."""
    for cost in costs:
        name = f"{cost.run.id[:8]}: " if len(costs) > 1 else ""
        for gap in cost.gaps:
            yield f"{name}lower bound: {gap}"
        if cost.unrecorded_picousd:
            yield f"{name}{money(cost.unrecorded_picousd)} of Claude Code's own account is in no transcript; included"
        account = cost.account
        if account and account.our_picousd - account.client_picousd >= PICO // 100:
            ours, theirs = money(account.our_picousd), money(account.client_picousd)
            yield f"{name}Claude Code's own account of these requests says {theirs}; the transcripts hold {ours}"


def price_notes(costs: Sequence[RunCost], table: PriceTable) -> Iterator[str]:
    """Prices that are not the vendor's."""
    yield from dict.fromkeys(f"price assumed: {text}" for cost in costs for text in cost.assumptions)
    if table.contract:
        yield from table.contract.problems
        yield f"prices at your organization's rates ({table.contract.source})"


def left_out(skipped: Skipped) -> Iterator[str]:
    """Everything that the reading could not use, by reason."""
    for path, reason in skipped.files:
        yield f"not read: {path}: {reason}"
    if skipped.bad_lines:
        yield f"left out: {plural(skipped.bad_lines, 'line')} that are no JSON records"
    if skipped.wrong_types:
        yield f"left out: {plural(skipped.wrong_types, 'record')} without a usable message"
    if skipped.copied_requests:
        yield f"counted once: {plural(skipped.copied_requests, 'request')} found in more than one file"
    if skipped.unknown_types:
        kinds = ", ".join(f"{name} ({number:,})" for name, number in skipped.unknown_types)
        yield f"left out: records of unknown types: {kinds}"
    yield from skipped.notes


def savings(costs: Sequence[RunCost], table: PriceTable) -> Iterator[RenderableType]:
    """The largest savings, in words."""
    found = largest_savings(costs, table)
    if not found:
        yield Text("no saving above a cent found")
        return
    yield Text("what would have saved most (estimates; they overlap, do not add them up)", style="bold")
    grid = _amounts()
    for saving in found:
        grid.add_row(Text(f"  {money(saving.picousd)}", style="green"), Text(saving.words))
    yield grid


def _amounts() -> Table:
    """Amounts, and words that wrap beside them."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    return grid


def mark(part: float) -> str:
    """What a share of the input that was read from the cache is to be held against; also on the page."""
    if part >= TOP_TENTH_READ_SHARE:
        return f"the best tenth of agent loops has {100 * TOP_TENTH_READ_SHARE:.0f} % or more"
    if part >= MEDIAN_READ_SHARE:
        return f"the median agent loop has {100 * MEDIAN_READ_SHARE:.0f} %"
    if part >= POOR_READ_SHARE:
        return f"below the median of {100 * MEDIAN_READ_SHARE:.0f} %"
    return f"below {100 * POOR_READ_SHARE:.0f} %: look for what breaks it"
