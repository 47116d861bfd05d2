"""What an agent's spending calls for.

In:  an event; what the agent and the run have spent; the limits, and what a person added; what the agent was told.
Out: a `Verdict`: the decision, and what to note down if it is carried out.
Not here: counting (`ledger`), loops (`loops`), who carries it out (`hooks`).

    share of the nearest limit   subagent                        orchestrator
    75 %                         told once (own limits only)     told once
    95 %                         told once to finish             told once to finish
    100 % of its own limit       stopped                         stopped (only [budget.types.main] sets such limits)
    100 % of the run's limit     stopped                         told to report, and may start no more agents; stopped
                                                                 after its next batch

So at most one request of an agent follows the one that has passed a limit. The bill of a request is written up to 0.1 s
after its end; where that bill could be the one that passes a limit, it is waited for (`settling`).

A step is named with its limit, so that a raised limit begins anew. A stopped orchestrator stays stopped: its next
prompt is not sent while the limit is passed.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from mcp_lean.config import PROJECT_FILE, Budget, Limits
from mcp_lean.guard.budget import words
from mcp_lean.guard.budget.limits import Raised, Spent, Standing, Step, of_agent, of_run
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import Event, ToolUse

SPAWNS = frozenset(("Agent", "Task"))

WRITES = frozenset(("Edit", "Write", "MultiEdit", "NotebookEdit"))

NOWHERE = Standing()


NOT_RAISED = Raised()


class State(NamedTuple):
    """What is known when an event comes in.

    told: everything this agent was told.
    is_stopped: this agent was stopped for its budget before.
    """

    agent: Spent
    run: Spent
    budget: Budget
    raised: Raised = NOT_RAISED
    told: frozenset[str] = frozenset()
    is_stopped: bool = False


class Verdict(NamedTuple):
    """The decision; what the agent is told with it; whether it ends the agent; and the limit behind it."""

    decision: Decision = PASS
    tells: tuple[str, ...] = ()
    is_stop: bool = False
    standing: Standing = NOWHERE


def limits_of(budget: Budget, raised: Raised, agent_id: str, agent_type: str) -> Limits:
    """The limits of one agent with what a person added; a limit of 0 stays none."""
    limits = budget.of_agent(agent_type) if agent_id else budget.of_main
    return Limits(
        limits.agent_usd and limits.agent_usd + raised.usd,
        limits.agent_requests and limits.agent_requests + raised.requests,
        limits.agent_tokens and limits.agent_tokens + raised.tokens,
        limits.agent_context_tokens and limits.agent_context_tokens + raised.context_tokens,
    )


def standings(state: State, agent_id: str, agent_type: str) -> tuple[Standing, Standing]:
    """Where an agent and its run stand, each at the limit nearest to its end."""
    own = of_agent(state.agent, limits_of(state.budget, state.raised, agent_id, agent_type))
    tokens = state.budget.run_tokens and state.budget.run_tokens + state.raised.tokens
    return own, of_run(state.run, state.budget._replace(run_tokens=tokens), state.raised.usd)


def may_have_passed(event: Event, state: State, unseen: Spent) -> bool:
    """Whether a bill that is not there yet could be the one that passes a limit.

    Args:
        unseen: the most that it can be.
    """
    more = state._replace(agent=_plus(state.agent, unseen), run=_plus(state.run, unseen))
    now, then = (standings(each, event.agent_id, event.agent_type) for each in (state, more))
    return max(each.step for each in now) < Step.STOP <= max(each.step for each in then)


def _plus(spent: Spent, unseen: Spent) -> Spent:
    context = max(spent.context_tokens, unseen.context_tokens)
    return spent._replace(usd=spent.usd + unseen.usd, tokens=spent.tokens + unseen.tokens, context_tokens=context)


def decide(event: Event, state: State) -> Verdict:
    """What this event calls for. Pure: the same event and state, the same verdict."""
    own, run = standings(state, event.agent_id, event.agent_type)
    nearest = own if (own.step, own.share) >= (run.step, run.share) else run
    if event.agent_id and nearest is run and run.step is Step.NOTICE:
        nearest = own  # a subagent has its own limits to look at
    if event.name == "UserPromptSubmit":
        is_shut = state.is_stopped and not event.agent_id and nearest.step is Step.STOP
        return _stop(nearest) if is_shut else Verdict()
    if event.name not in ("PreToolUse", "PostToolBatch"):
        return Verdict()
    if nearest.step is Step.STOP:
        return _orchestrator_at_the_end(event, state, run) if nearest is run and not event.agent_id else _stop(nearest)
    if event.name == "PreToolUse":
        return Verdict(Decision(ask=words.FOR_PEOPLE)) if _sets_limits(event.tool) else Verdict()
    if nearest.step is Step.NONE:
        return Verdict()
    finish, notice = _key(nearest, Step.FINISH), _key(nearest, Step.NOTICE)
    if finish in state.told or (nearest.step is Step.NOTICE and notice in state.told):
        return Verdict()
    if nearest.step is Step.FINISH:
        return Verdict(Decision(context=words.finish(nearest)), (finish,), standing=nearest)
    return Verdict(
        Decision(context=words.notice(nearest, (state.run if nearest is run else state.agent).requests)),
        (notice,),
        standing=nearest,
    )


def _sets_limits(tool: ToolUse | None) -> bool:
    """Whether a call writes to a project's settings file. A shell can write to it by other ways: see `beginning`."""
    path = tool.input.get("file_path") if tool and tool.name in WRITES else None
    return isinstance(path, str) and os.path.basename(path) == PROJECT_FILE


def _orchestrator_at_the_end(event: Event, state: State, run: Standing) -> Verdict:
    """The run's limit is used up: subagents end first, the orchestrator gets one request to report."""
    report = f"{_key(run, Step.STOP)}.report"
    if event.name == "PreToolUse":
        if event.tool and event.tool.name in SPAWNS:
            return Verdict(Decision(deny=words.no_more_agents(run)), standing=run)
        return Verdict(Decision(ask=words.FOR_PEOPLE)) if _sets_limits(event.tool) else Verdict()
    if report not in state.told:
        return Verdict(Decision(context=words.report(run)), (report,), standing=run)
    return _stop(run)


def _stop(standing: Standing) -> Verdict:
    return Verdict(Decision(stop=words.stopped(standing)), is_stop=True, standing=standing)


def _key(standing: Standing, step: Step) -> str:
    return f"budget.{standing.name}.{standing.limit:g}.{step.name.lower()}"
