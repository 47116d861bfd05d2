"""Recorded runs through the replay, one after the other, so that only results stay in memory.

In:  runs as `transcripts/read` gives them, without their texts; their files are read again, with texts, one by one.
Out: `RunReplay` values, in the order of the runs.
Not here: one run (`run`), choosing runs and adding them up (`report`, `cli`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.costs.replay.model import Router
from mcp_lean.costs.replay.outcome import RunReplay, WorldName
from mcp_lean.costs.replay.record import facts_of_run
from mcp_lean.costs.replay.run import described, replay_run, why_left_out
from mcp_lean.transcripts.model import Agent, Run
from mcp_lean.transcripts.parallel import in_order
from mcp_lean.transcripts.read import load_runs

Progress = Callable[[int, int], None]
"""Called with the runs done and the runs to do."""

PARALLEL_FROM_REQUESTS = 2_000
"""Fewer are done sooner than a second process is started."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One run, and how it is to be replayed."""

    run: Run
    worlds: tuple[WorldName, ...]
    policies: frozenset[str] | None
    leaving_out: frozenset[str]


def replay(
    runs: Sequence[Run],
    *,
    world: WorldName = "recorded",
    policies: Collection[str] | None = None,
    table: PriceTable | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
    router: Router | None = None,
) -> Iterator[RunReplay]:
    """Replays every run in one world.

    Args:
        policies: names out of `catalog.POLICIES`; `None` for all.
        processes: how many may work at once; `None` for one per processor.
        router: where calls that start agents go, a function of a module; `None`: nothing is routed.
    """
    for [found] in replay_worlds(
        runs, (world,), policies=policies, table=table, progress=progress, processes=processes, router=router
    ):
        yield found


def replay_worlds(
    runs: Sequence[Run],
    worlds: Sequence[WorldName],
    *,
    policies: Collection[str] | None = None,
    table: PriceTable | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
    router: Router | None = None,
    leaving_out: Collection[str] = (),
) -> Iterator[tuple[RunReplay, ...]]:
    """Replays every run in several worlds; its files are read once. One value per world, in the order asked.

    Args:
        leaving_out: names of policies that the bundles do without.
    """
    wanted = None if policies is None else frozenset(policies)
    jobs = [_Job(run, tuple(worlds), wanted, frozenset(leaving_out)) for run in runs]
    if sum(len(agent.requests) for run in runs for agent in run.agents) < PARALLEL_FROM_REQUESTS:
        processes = 1
    work = partial(_replayed, table=table or list_prices(), router=router)
    for number, found in enumerate(in_order(work, jobs, processes)):
        if progress is not None:
            progress(number + 1, len(jobs))
        yield found


def _replayed(job: _Job, table: PriceTable, router: Router | None) -> tuple[RunReplay, ...]:
    run = job.run
    left_out = why_left_out(run)
    if not left_out and not has_texts(run):
        again = with_texts(run)
        left_out, run = ("", again) if again is not None else ("cannot be read again", run)
    if left_out:
        return tuple(described(run, world, left_out, table) for world in job.worlds)
    facts = facts_of_run(run)
    return tuple(replay_run(run, world, job.policies, table, facts, router, job.leaving_out) for world in job.worlds)


def has_texts(run: Run) -> bool:
    """The run was read with its texts, or has none that could be read."""
    calls = [call for agent in run.agents for request in agent.requests for call in request.calls]
    return not calls or any(call.input_json is not None for call in calls)


def with_texts(run: Run) -> Run | None:
    """The run read again, with texts; `None` where its files no longer hold it.

    Only the requests that the first reading gave to this run, with their counts: copies belong to another one, and
    what was written since then is not part of it.
    """
    found = next((other for other in load_runs([run.path], with_text=True).runs if other.id == run.id), None)
    if found is None:
        return None
    texts = {agent.id: agent for agent in found.agents}
    if any(agent.id not in texts for agent in run.agents):
        return None
    agents = tuple(_joined(agent, texts[agent.id]) for agent in run.agents)
    if any(agent is None for agent in agents):
        return None
    return replace(run, agents=tuple(agent for agent in agents if agent is not None))


def _joined(agent: Agent, texts: Agent) -> Agent | None:
    """The agent with its texts; `None` where a request is gone."""
    by_id = {request.id: request for request in texts.requests}
    requests = []
    for request in agent.requests:
        found = by_id.get(request.id)
        if found is None:
            return None
        requests.append(replace(found, usage=request.usage))
    return replace(agent, requests=tuple(requests))
