"""The honest baseline of batching: the same calls, made in parallel by Claude Code's own tools."""

from __future__ import annotations

from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.merging import groups, known_before, merged
from mcp_lean.costs.replay.policy import Applied, Case

INFO = PolicyInfo(
    "native_parallel",
    "The same calls in parallel, without us",
    ("strict", "upper"),
    (
        (
            "Claude Code can make several calls in one turn; a turn that goes away saves the same, whoever joins the "
            "calls."
        ),
        (
            "Strict: every word of a joined call's arguments stood in the context before the first of them; no next "
            "pages, nothing looked at twice, nothing behind a call that found nothing; any tools."
        ),
        "Upper: any consecutive read-only calls, but for looks at something that is still going on.",
        (
            "Nothing of ours is in the context. What batching saves beyond this line is what our tools add: by "
            "arithmetic nothing; only that a model may use one call with several items more readily than several calls."
        ),
    ),
    "never by this arithmetic; in practice where parallel calls fail together, or ask for more than is needed",
    is_baseline=True,
)


def apply(work: Work, case: Case) -> Applied:
    """Merges turns in every agent."""
    removed = 0

    def one(actor: Actor) -> Actor:
        nonlocal removed
        found = groups(actor, lambda group, turn: case.bound == "upper" or known_before(actor, group, turn))
        removed += sum(len(group.gone) for group in found)
        return merged(actor, found)

    return Applied(work.mapped(one), removed)
