"""Batching: consecutive reads and searches as one call of `read_many` or `grep_and_read`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import Example, PolicyInfo
from mcp_lean.costs.replay.overhead import HEADER_TOKENS
from mcp_lean.costs.replay.policies.equivalents import one_turn, ours, short
from mcp_lean.costs.replay.policies.merging import Group, groups, known_before, merged, saved_by
from mcp_lean.costs.replay.policy import FAILING_SHARE, Applied, Case
from mcp_lean.packing.allocate import DEFAULT_BUDGET_TOKENS, default_budget

INFO = PolicyInfo(
    "batching",
    "Consecutive reads and searches in one call",
    ("strict", "upper"),
    (
        "A turn that goes away no longer reads the context again; results and what the model wrote are paid as before.",
        (
            "Strict: every word of a merged call's arguments stood in the context before the first of them; no next "
            "pages, nothing looked at twice, nothing behind a call that found nothing; one call of a tool of ours says "
            "the same as all of them (lists of matching files have no counterpart), and holds it in its default budget."
        ),
        "Upper: any consecutive read-only calls, but for looks at something that is still going on.",
        "One joined call in twenty fails and is made again call by call.",
        "Our definitions are in every agent.",
    ),
    "an agent makes few such series: our definitions then cost more than the turns that go away",
)

MOST_EXAMPLES = 3


def apply(work: Work, case: Case) -> Applied:
    """Merges turns in every agent."""
    removed = 0
    examples: list[Example] = []

    def one(actor: Actor) -> Actor:
        nonlocal removed
        sizes = {piece.call_id: piece.tokens for turn in actor.turns for piece in turn.pieces if piece.kind == "result"}
        found = groups(actor, lambda group, turn: case.bound == "upper" or _joins(actor, group, turn, work.cwd, sizes))
        removed += sum(len(group.gone) for group in found)
        examples.extend(_examples(actor, found, work.cwd))
        if not case.is_charged:
            return merged(actor, found)
        return merged(actor, found, FAILING_SHARE, HEADER_TOKENS[case.bound])

    changed = work.mapped(one)
    best = sorted(examples, key=lambda found: (-found.saved_picousd, found.agent_id, found.request_index))
    return Applied(changed, removed, examples=tuple(best[:MOST_EXAMPLES]), needs_tools=True)


def _joins(actor: Actor, group: Sequence[Turn], turn: Turn, cwd: str, sizes: Mapping[str, float]) -> bool:
    calls = [each.request.calls[0] for each in (*group, turn)]
    asked = [ours(call, cwd) for call in calls]
    first = asked[0]
    if first is None or not all(first.joins(each) for each in asked) or not known_before(actor, group, turn):
        return False
    items = sum(len(each.asked) for each in asked if each)
    budget_tokens = default_budget(items) if first.tool == "read_many" else DEFAULT_BUDGET_TOKENS
    return sum(sizes.get(call.id, 0.0) for call in calls) <= budget_tokens


def _examples(actor: Actor, found: Sequence[Group], cwd: str) -> list[Example]:
    saved = saved_by(actor, found)
    return [
        Example(
            actor.agent.id,
            group.turns[0].index,
            tuple((call.name, short(call.subject, cwd)) for call in group.calls),
            one_turn(group.calls, cwd),
            round(saved.get(group.turns[0].index, 0.0)),
        )
        for group in found
    ]
