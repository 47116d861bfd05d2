"""Runs through the replay and through the measure of adoption: everything that `mcp-lean replay` prints.

In:  runs as `selection.choose` gives them, a world, prices.
Out: a `Summary`.
Not here: the policies (`costs/replay`), choosing runs (`selection`), printing.

Runs are read again with their texts, one at a time, so that only results stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from mcp_lean.costs.adoption import Adoption, adoption
from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.origins import is_own_tool
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.replay.catalog import POLICIES
from mcp_lean.costs.replay.outcome import WorldName
from mcp_lean.costs.replay.runs import replay, with_texts
from mcp_lean.report.figures import project_name
from mcp_lean.report.replay.router import sent
from mcp_lean.report.replay.summary import Summary, summarize
from mcp_lean.report.show import progress_bar
from mcp_lean.transcripts.model import Run
from mcp_lean.transcripts.read import Progress


def replay_runs(runs: Sequence[Run], world: WorldName, table: PriceTable, err: TextIO) -> Summary:
    """Replays all of them; a progress bar goes to `err` where that is a terminal."""
    with progress_bar(err, "replaying") as progress:
        replays = list(replay(runs, world=world, table=table, progress=progress, router=sent))
    used = [run for run in runs if uses_us(run)]
    with progress_bar(err, "measuring what mcp_lean did") as progress:
        found = list(measure(used, table, progress))
    projects = {run.id: project_name(run.cwd, run.project) for run in runs}
    return summarize(replays, POLICIES, world, found, projects)


def measure(runs: Sequence[Run], table: PriceTable, progress: Progress | None = None) -> Iterator[Adoption]:
    """Of the runs in which mcp_lean did or said anything; one whose files are gone by now is left out."""
    for number, run in enumerate(runs):
        again = with_texts(run) if uses_us(run) else None
        found = adoption(break_down(again, table)) if again else None
        if progress is not None:
            progress(number + 1, len(runs))
        if found:
            yield found


def uses_us(run: Run) -> bool:
    """Whether a tool of ours was called, or a hook of ours spoke."""
    return any(
        request.entered.own_chars or any(is_own_tool(call.name) for call in request.calls)
        for agent in run.agents
        for request in agent.requests
    )
