"""A cheaper model for the main conversation. Arithmetic only."""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.prices import canonical
from mcp_lean.costs.replay.model import Actor, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policies.routing import on_model
from mcp_lean.costs.replay.policy import Applied, Case

MODEL = "claude-sonnet-5-5"
REPEATED_SHARE = 0.15
DEARER = ("opus", "fable", "mythos")

INFO = PolicyInfo(
    "cheaper_main",
    "Sonnet 5.5 for the main conversation",
    ("expected",),
    (
        (
            "A main conversation on Opus, Fable or Mythos runs on Sonnet 5.5, with 1.3 tokens for one where the "
            "recorded tokenizer was older; 15 % of the work is done again by the old model."
        ),
        "Arithmetic only: how much of the work the cheaper model does as well has to be measured.",
    ),
    "never by this arithmetic at list prices; in practice where more than half of the work comes back",
    is_arithmetic=True,
)


def apply(work: Work, case: Case) -> Applied:
    """Another model for the main conversation."""
    actors: list[Actor] = []
    count = 0
    for actor in work.actors:
        if actor.is_main and all(_is_dearer(request.model) for request in actor.agent.requests):
            count += 1
            actors.append(on_model(actor, MODEL, case.world))
            actor = replace(actor, weight=actor.weight * REPEATED_SHARE)
        actors.append(actor)
    return Applied(replace(work, actors=tuple(actors)), count)


def _is_dearer(model: str) -> bool:
    return any(family in canonical(model).split("-") for family in DEARER)
