"""What routing decided about the agents of some runs, and what became of it.

In:  bills of runs; the decisions that the ledger holds for their sessions.
Out: lines of text, and the same for programs; nothing where nothing was decided.
Not here: deciding and keeping (`guard`), judging (`costs/routing_outcomes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.costs.breakdown import RunCost
from mcp_lean.costs.money import to_usd
from mcp_lean.costs.routing_outcomes import FAILURES, GOOD, PENDING, agent_of, outcomes
from mcp_lean.guard.routing.log import Entry
from mcp_lean.guard.routing.policy import Action
from mcp_lean.guard.routing.standing import FEWEST_CASES
from mcp_lean.report.figures import money, plural

OF_NO_RECORD = "no record of it"
"""The transcript of the run does not have the call (any more)."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision with what became of it. picousd: the bill of the agent; None: no record of one."""

    entry: Entry
    outcome: str
    picousd: int | None


def decided(costs: Sequence[RunCost], entries: Mapping[str, Sequence[Entry]]) -> list[Decided]:
    """The decisions of these runs, in order, judged by what the transcripts say now.

    Args:
        entries: session id -> its decisions.
    """
    return [found for cost in costs for found in _of_run(cost, entries.get(cost.run.id, ()))]


def _of_run(cost: RunCost, entries: Sequence[Entry]) -> Iterator[Decided]:
    judged = outcomes(cost.run, {entry.call_id for entry in entries})
    bills = {agent.agent.id: agent.picousd for agent in cost.agents}
    started = {
        call.id: bills.get(agent.id)
        for each in cost.run.agents
        for request in each.requests
        for call in request.calls
        if call.spawn is not None and (agent := agent_of(cost.run, call)) is not None
    }
    for entry in entries:
        yield Decided(entry, judged.get(entry.call_id, OF_NO_RECORD), started.get(entry.call_id))


def section(found: Sequence[Decided]) -> list[str]:
    """Lines for a person; none where nothing was decided."""
    if not found:
        return []
    by_action: dict[str, list[Decided]] = {}
    for each in found:
        by_action.setdefault(each.entry.action, []).append(each)
    lines = ["routing of agents"]
    routed: dict[tuple[str, str, str, str], list[Decided]] = {}
    for each in by_action.get(Action.ROUTED, []):
        entry = each.entry
        routed.setdefault((entry.kind, entry.agent_type, entry.model, entry.effort), []).append(each)
    for (kind, agent_type, model, effort), cases in sorted(routed.items()):
        named = " ".join(word for word in (agent_type, model, f"effort {effort}" if effort else "") if word)
        paid = sum(case.picousd or 0 for case in cases)
        lines.append(f"  {kind} -> {named}: {plural(len(cases), 'call')}, {money(paid)}; {_became(cases)}")
    advised = [*by_action.get(Action.ADVISED, []), *by_action.get(Action.QUIET, [])]
    if advised:
        told = len(by_action.get(Action.ADVISED, []))
        lines.append(
            f"  {plural(len(advised), 'call')} could have been routed; {plural(told, 'line')} of advice said so"
        )
    left = Counter(each.entry.reason for each in by_action.get(Action.LEFT, []))
    if left:
        reasons = ", ".join(f"{reason} ({number})" for reason, number in sorted(left.items(), key=_most_first))
        lines.append(f"  {plural(left.total(), 'call')} left as written: {reasons}")
    return lines


def documents(found: Sequence[Decided]) -> list[dict[str, object]]:
    """One object per decision, for programs (docs/cost.md#json)."""
    return [
        {
            "session": each.entry.session_id,
            "call": each.entry.call_id,
            "parent": each.entry.agent_id or "main",
            "kind": each.entry.kind,
            "action": each.entry.action,
            "asked_type": each.entry.asked_type,
            "type": each.entry.agent_type,
            "model": each.entry.model,
            "effort": each.entry.effort,
            "reason": each.entry.reason,
            "outcome": each.outcome,
            "usd": None if each.picousd is None else to_usd(each.picousd),
        }
        for each in found
    ]


def _became(cases: Sequence[Decided]) -> str:
    """How it went, in words; a rate from as many cases on as routing itself asks for."""
    counts = Counter(case.outcome for case in cases)
    order = (GOOD, *FAILURES, PENDING, OF_NO_RECORD)
    words = ", ".join(f"{counts[outcome]} {outcome}" for outcome in order if counts[outcome])
    failures = sum(counts[outcome] for outcome in FAILURES)
    judged = failures + counts[GOOD]
    return f"{words}: {100 * failures / judged:.0f} % failed" if judged >= FEWEST_CASES else words


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
