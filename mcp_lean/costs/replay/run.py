"""One run through the replay.

In:  a `Run` with its texts, a world.
Out: a `RunReplay`: baseline, prediction, and each policy's outcome; or the reason why there is none.
Not here: reading runs (`runs`), the policies (`policies`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mcp_lean.costs.attribution import price_agent
from mcp_lean.costs.breakdown import gap_words
from mcp_lean.costs.origins import is_own_tool
from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.costs.replay.catalog import POLICIES, info, members
from mcp_lean.costs.replay.model import Router, Work
from mcp_lean.costs.replay.outcome import Bound, LeftOut, Outcome, RunLength, RunReplay, WorldName
from mcp_lean.costs.replay.overhead import charged
from mcp_lean.costs.replay.policy import Applied, Case, Policy
from mcp_lean.costs.replay.predict import predicted
from mcp_lean.costs.replay.record import Facts, work_of
from mcp_lean.costs.replay.seconds import seconds_saved
from mcp_lean.costs.replay.simulate import picousd
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import Run

ALREADY_USED = "mcp_lean was used in it: its definitions are in the bill, and are charged once more here"

SHORT_BELOW_REQUESTS, LONG_FROM_REQUESTS = 25, 75


def replay_run(
    run: Run,
    world: WorldName = "recorded",
    policies: Collection[str] | None = None,
    table: PriceTable | None = None,
    facts: Facts | None = None,
    router: Router | None = None,
    leaving_out: Collection[str] = (),
) -> RunReplay:
    """Replays one run.

    Args:
        run: with texts where policies that look at words are to find anything.
        policies: names out of `catalog.POLICIES`; `None` for all.
        facts: from `facts_of_run`, where they are at hand.
        router: where calls that start agents go; `None`: nothing is routed.
        leaving_out: names of policies that the bundles do without.
    Raises:
        KeyError: there is no policy of that name.
    """
    for name in (*(policies or ()), *leaving_out):
        info(name)
    prices = table or list_prices()
    left_out = why_left_out(run)
    if left_out:
        return described(run, world, left_out, prices)
    place = World(world, prices)
    work = work_of(run, place, facts, router)
    baseline = picousd(work)
    outcomes = tuple(
        _outcome(policy.name, bound, work, baseline, place, leaving_out)
        for policy in POLICIES
        if policies is None or policy.name in policies
        for bound in policy.bounds
    )
    return described(run, world, "", prices, round(baseline), round(picousd(predicted(work))), outcomes)


def why_left_out(run: Run) -> LeftOut:
    """Runs of which too little is known; nothing is guessed."""
    working = [agent for agent in run.agents if not agent.is_auxiliary]
    if run.gaps.is_main_missing or run.main is None:
        return "main conversation missing"
    if not any(request.usage.context_tokens for agent in run.agents for request in agent.requests):
        return "no usage"
    if sum(len(agent.requests) for agent in working) < 2:
        return "one request"
    return "subagents missing" if run.gaps.unknown_subagents else ""


def described(
    run: Run,
    world: WorldName,
    left_out: LeftOut,
    table: PriceTable,
    baseline_picousd: int = 0,
    predicted_picousd: int = 0,
    outcomes: tuple[Outcome, ...] = (),
) -> RunReplay:
    """The run's facts around its figures."""
    working = [agent for agent in run.agents if not agent.is_auxiliary]
    requests = sum(len(agent.requests) for agent in working)
    priced = [item for agent in run.agents for item in price_agent(agent, table)]
    assumptions = dict.fromkeys(item.quote.assumption for item in priced if item.quote.basis == "assumed")
    models = dict.fromkeys(model for agent in run.agents for model in agent.models)
    return RunReplay(
        run.id,
        run.project,
        run.title,
        run.path,
        run.started_s,
        run.versions,
        tuple(models),
        world,
        left_out,
        _length(requests),
        requests,
        sum(agent.kind != "main" for agent in working),
        max((request.usage.context_tokens for agent in run.agents for request in agent.requests), default=0),
        sum(item.bill.picousd for item in priced),
        baseline_picousd,
        predicted_picousd,
        outcomes,
        (*gap_words(run.gaps), *assumptions, *([ALREADY_USED] if _used_us(run) else [])),
    )


def _used_us(run: Run) -> bool:
    calls = (call for agent in run.agents for request in agent.requests for call in request.calls)
    return any(is_own_tool(call.name) for call in calls)


def _length(requests: int) -> RunLength:
    if requests < SHORT_BELOW_REQUESTS:
        return "short"
    return "medium" if requests < LONG_FROM_REQUESTS else "long"


def _outcome(
    name: str, bound: Bound, work: Work, baseline: float, world: World, leaving_out: Collection[str]
) -> Outcome:
    """The policy without our overhead, and with it."""
    modules = members(name, bound, leaving_out)
    free = applied(modules, work, Case(bound, world, is_charged=False))
    paid = applied(modules, work, Case(bound, world, is_charged=True))
    gross, net = round(baseline - picousd(free.work)), round(baseline - picousd(paid.work))
    seconds = paid.seconds_saved + seconds_saved(work, paid.work)
    return Outcome(name, bound, net, gross, gross - net, paid.count, seconds, paid.examples)


def applied(modules: Sequence[Policy], work: Work, case: Case) -> Applied:
    """The policies one after the other, each on what the ones before have left, and our overhead once."""
    parts: list[Applied] = []
    for module in modules:
        parts.append(module.apply(work, case))
        work = parts[-1].work
    tools, hooks = any(part.needs_tools for part in parts), any(part.needs_hooks for part in parts)
    agents = any(part.needs_agents for part in parts)
    if case.is_charged:
        work = charged(work, case, tools=tools, hooks=hooks, agents=agents)
    return Applied(
        work,
        sum(part.count for part in parts),
        sum(part.seconds_saved for part in parts),
        tuple(found for part in parts for found in part.examples),
        tools,
        hooks,
        agents,
    )
