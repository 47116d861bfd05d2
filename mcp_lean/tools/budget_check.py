"""budget_check: what the calling agent and its run have spent of their limits, and what follows.

In:  nothing; who calls is known from the hooks.
Out: four short lines and a line of advice; without hooks, the run's.
Not here: counting (`guard/ledger`), limits that stop (`guard/budget`).

Figures are as of the call: the transcripts are read, and what they do not have yet is estimated and named. The same
state gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_lean.config import Budget
from mcp_lean.errors import AskError
from mcp_lean.guard.budget import words
from mcp_lean.guard.budget.limits import Raised, Spent, Standing, Step, of_agent, percent
from mcp_lean.guard.budget.verdict import State, limits_of, standings
from mcp_lean.guard.ledger.ledger import Known, Ledger
from mcp_lean.tools.base import Arguments, Context, Tool

LARGE_CONTEXT_TOKENS = 120_000
"""From here on every request reads more than most runs' whole history (p90 of first requests is 44,000)."""

POOR_READ_SHARE, FEWEST_REQUESTS = 0.6, 5
"""Of the prompt from the cache; recorded runs have 0.93 at the median. Fewer requests prove nothing."""

PRICE_STEPS = (100_000, 200_000)
"""Prompt lengths above which some model costs more per token; which one does is asked of the price table."""

NEAR_STEP_SHARE = 0.85


class BudgetCheck(Arguments):
    """No arguments."""


def run(args: BudgetCheck, context: Context) -> str:
    """The answer for the agent that calls.

    Raises:
        AskError: this process keeps no ledger, or nothing says which run it serves.
    """
    ledger = context.ledger
    if ledger is None:
        raise AskError("budget_check: nothing is counted in this process; `mcp-lean budget` in a shell shows the runs")
    caller = context.caller
    session = caller.session_id if caller else ledger.own_session()
    if not session:
        raise AskError("budget_check: no hook has said which run this is; `mcp-lean budget` in a shell shows the runs")
    ledger.refresh(session, caller.transcript_path if caller else "")
    agents = {known.agent_id: known for known in ledger.agents(session)}
    own = None
    if caller:
        own = agents.get(caller.agent_id) or Known(caller.agent_id, caller.agent_type, True, Spent(), "", 0, 0.0, "")
    loops = context.loops.state_of(caller) if context.loops and caller else ""
    lines = _lines(ledger, session, own, agents, context.limits or Budget(), loops)
    return "\n".join(lines)


def _lines(
    ledger: Ledger, session: str, own: Known | None, agents: dict[str, Known], budget: Budget, loops: str
) -> Iterator[str]:
    spent, raised = ledger.spent(session, None), ledger.raised(session)
    state = State(own.spent if own else Spent(), spent, budget, raised)
    of_own, of_run = standings(state, own.agent_id if own else "", own.agent_type if own else "")
    running = len(ledger.running_subagents(session))
    work = f"{spent.requests} requests, {len(agents)} agents ({running} subagents at work)"
    yield f"run: {_amount(spent, of_run)}, {work}"
    if own is None:
        yield "you: not known, for no hook has told who calls; the figures are the run's"
    else:
        yield from _own_lines(own, budget, raised)
        yield f"loops: {loops or 'none seen'}"
    yield _freshness(spent, agents)
    fresh = _fresh_start(ledger.transcript(session)) if own and not own.agent_id else ""
    yield f"advice: {_advice(own, of_own, of_run, spent, loops, fresh)}"


def _own_lines(own: Known, budget: Budget, raised: Raised) -> Iterator[str]:
    limits = limits_of(budget, raised, own.agent_id, own.agent_type)
    usd = Standing("agent_usd", own.spent.usd + own.spent.reserved_usd, limits.agent_usd)
    requests = f"{own.spent.requests} of {limits.agent_requests}" if limits.agent_requests else f"{own.spent.requests}"
    who = f"{own.agent_type or 'subagent'} {own.agent_id}" if own.agent_id else "orchestrator"
    context = f"context {own.spent.context_tokens:,} tokens"
    step = next_step(own.model)
    if step:
        context += f" (over {step:,} every token of {own.model} costs more)"
    yield f"you ({who}): {_amount(own.spent, usd)}, {requests} requests"
    yield f"{context}, {own.cache_read_share * 100:.0f} % of what was sent came from the cache"
    nearest = of_agent(own.spent, limits)
    if nearest.share and nearest.name not in ("agent_usd", "agent_requests"):
        yield f"nearest limit: {words.used(nearest)}"


def _amount(spent: Spent, limit: Standing) -> str:
    usd = f"${spent.usd + spent.reserved_usd:.2f}"
    if not limit.limit:
        return f"{usd}, no limit"
    if words.kind(limit) == "usd":
        return f"{usd} of ${limit.limit:.2f} ({percent(limit.used, limit.limit)})"
    return f"{usd}, {words.used(limit)}"


def _freshness(spent: Spent, agents: dict[str, Known]) -> str:
    unwritten = sum(known.unwritten for known in agents.values())
    if not spent.requests:
        return "as of now: no request of this run is written yet"
    if not spent.reserved_usd:
        return "as of now: all of it billed"
    return f"as of now: ${spent.reserved_usd:.4f} of it estimated, for {unwritten} sent and the next requests"


def next_step(model: str) -> int:
    """The prompt length above which every token of a request costs more; 0 where the model has none."""
    if not model:
        return 0
    from mcp_lean.costs.prices import list_prices

    table = list_prices()
    for step in PRICE_STEPS:
        below, above = (table.quote(model, prompt_tokens=tokens).rates for tokens in (step, step + 1))
        if below != above:
            return step
    return 0


def _fresh_start(transcript: str) -> str:
    """What the person should hear at the end of the task, where a fresh start would be cheaper then; else nothing."""
    from mcp_lean.costs import clearing
    from mcp_lean.costs.contract import price_table
    from mcp_lean.costs.money import to_usd
    from mcp_lean.guard.continuing.weighing import situation_at_rest
    from mcp_lean.transcripts.ends import read_ends

    try:
        at = situation_at_rest(read_ends(transcript), price_table())
    except OSError:
        return ""
    verdict = clearing.decide(at) if at else None
    if verdict is None or not verdict.pays:
        return ""
    return (
        "every request carries your whole context: when this task is done, tell the user that /clear is expected to "
        f"save about ${to_usd(verdict.saved_picousd):.2f} of the next one"
    )


def _advice(own: Known | None, of_own: Standing, of_run: Standing, spent: Spent, loops: str, fresh: str) -> str:
    nearest = of_own if (of_own.step, of_own.share) >= (of_run.step, of_run.share) else of_run
    if nearest.step is Step.STOP:
        return f"{words.used(nearest)}; report what you have, the next calls are refused. {words.lift(nearest)}"
    if nearest.step is Step.FINISH:
        return f"{words.used(nearest)}; finish now and report"
    if own and loops:
        return "change the approach, or report what stands in the way"
    if own:
        context, step = own.spent.context_tokens, next_step(own.model)
        if step and context > step:
            return (
                f"your context is over {step:,} tokens, where every token costs more: report, and let a new agent go on"
            )
        if step and context > step * NEAR_STEP_SHARE:
            return f"your context is close to {step:,} tokens, above which every token costs more: finish or hand over"
        if own.spent.requests >= FEWEST_REQUESTS and own.cache_read_share < POOR_READ_SHARE:
            return "much of what you send is not in the cache: several reads in one call, and no long pauses, cost less"
        if fresh:
            return fresh
        if context > LARGE_CONTEXT_TOKENS:
            return "every request carries your whole context: give what is left to new agents, or finish"
    if nearest.step is Step.NOTICE:
        return f"{words.notice(nearest, (own.spent if own and nearest is of_own else spent).requests)}"
    return "go on"


TOOL = Tool(
    name="budget_check",
    description="What this run and you have spent of the limits, your context, and what follows.",
    arguments=BudgetCheck,
    run=run,
)
