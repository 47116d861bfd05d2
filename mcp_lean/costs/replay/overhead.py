"""What we cost in a run that uses us: definitions in every agent, lines from hooks, headers, calls that fail.

In:  `Work` under a policy that needs our tools or hooks.
Out: the same with our texts in it.
Not here: headers and failing calls of single policies (each policy adds its own), our share in recorded runs
     (`costs/own`).
"""

from __future__ import annotations

from dataclasses import replace

from mcp_lean.costs.own import ALWAYS_LOADED_TOKENS
from mcp_lean.costs.replay.model import Actor, Piece, Turn, Work
from mcp_lean.costs.replay.policy import Case

NOTE_EVERY_TURNS = 20
NOTE_TOKENS = {"strict": 100, "expected": 60, "upper": 60}
"""A line of advice or a warning of a hook; ours are 20 to 90 tokens, and most runs see none."""

HEADER_TOKENS = {"strict": 100, "expected": 40, "upper": 0}
"""What our answer to several items says beside their contents: a line for each, and a summary."""


LISTED_TOKENS = 200
"""Names and descriptions of our four agents in the list of agents: 143 by characters / 4 (docs/figures.md#agents), and
more under the newer tokenizer."""


def charged(work: Work, case: Case, *, tools: bool, hooks: bool, agents: bool = False) -> Work:
    """Adds definitions and our agents' names to the base of every agent that is not lean, and a note every 20 turns."""
    if not (tools or hooks or agents):
        return work
    base = (ALWAYS_LOADED_TOKENS if tools else 0) + (LISTED_TOKENS if agents else 0)

    def one(actor: Actor) -> Actor:
        if actor.is_lean:
            return actor
        turns = tuple(_with_texts(turn, position, case, base, hooks) for position, turn in enumerate(actor.turns))
        return replace(actor, turns=turns)

    return work.mapped(one)


def _with_texts(turn: Turn, position: int, case: Case, base: int, hooks: bool) -> Turn:
    extra: list[Piece] = []
    if base and turn.is_reset:
        extra.append(Piece("base", base, own=True))
    if hooks and position % NOTE_EVERY_TURNS == NOTE_EVERY_TURNS - 1:
        extra.append(Piece("reminder", NOTE_TOKENS[case.bound], own=True))
    # A fresh start keeps its base; with us in it, that is so much more. Where nothing is cut, infinity stays.
    return replace(turn, pieces=(*turn.pieces, *extra), keeps_tokens=turn.keeps_tokens + base)
