"""Section: names that are in use: paths, symbols, ids, numbers that the agent and its tools wrote last.

In:  the newest texts of a story, and what the checkpoint says already.
Out: names, the likeliest to be needed first; as many as there is room for.
Not here: what a name is (`names`).

A name counts once in each text that it stands in: what the agent wrote counts more than what a tool printed, and what
stands a few turns back counts less.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import lru_cache

from mcp_lean.checkpoint.names import names_in, parts_of
from mcp_lean.checkpoint.story import Story
from mcp_lean.checkpoint.words import relative
from mcp_lean.packing.tokens import cost

NAME = "in use"
WEIGHTS = {"summary": 1.0, "handed": 1.0, "user": 3.0, "client": 0.5, "result": 0.6, "agent": 2.0, "call": 2.0}
HALF_LIFE = 12.0
"""Turns after which a place counts half."""
ROUNDS = 3
"""A short name may be taken before a longer one that holds it; each round gives such room back."""
COST_POWER = 0.5
"""0: a long name is as good as a short one; 1: worth per token alone."""


@lru_cache(maxsize=20_000)
def name_cost(name: str) -> float:
    """Tokens of a name with the blank after it."""
    return cost(name + " ")


@lru_cache(maxsize=20_000)
def _length(name: str) -> float:
    return math.pow(name_cost(name), COST_POWER)


def ranked(story: Story, root: str) -> list[str]:
    """All names of the window, the best first."""
    now = story.waiting.number
    scores: defaultdict[str, float] = defaultdict(float)
    for turn in story.window():
        fresh = 0.5 ** ((now - turn.number) / HALF_LIFE)
        for piece in turn.newest_pieces():
            weight = WEIGHTS[piece.kind] * fresh
            for name in piece.names():
                scores[name] += weight
    paths = {name: scores.pop(name) for name in [name for name in scores if name.startswith("/")]}
    for path, score in paths.items():
        name = relative(path, root)
        scores[name] = max(scores[name], score)
    worth = {name: score / _length(name) for name, score in scores.items()}
    return sorted(sorted(worth), key=worth.__getitem__, reverse=True)  # the same worth: by name


def names_said(words: str, root: str) -> set[str]:
    """The names that somebody holds who has read this."""
    found = names_in(words)
    whole = (relative(name, root) if name.startswith("/") else name for name in found)
    return {*whole, *(part for name in found for part in parts_of(name))}


def chosen(names: list[str], said: str, budget_tokens: float) -> tuple[list[str], int]:
    """Names with room, in their order, and how many had none.

    What stands in `said` is left out, and what stands inside another name that is taken.
    """
    likely = names[: 2 * int(max(0.0, budget_tokens))]  # a name costs more than a token; some stand in the text
    words = set(said.split())
    others = sum(name not in words for name in names[len(likely) :])
    least = min(map(name_cost, likely), default=0.0)
    taken: list[str] = []
    for _ in range(ROUNDS):
        inside = " ".join(taken)
        outer = [name for name in taken if inside.count(name) == 1]
        kept = set(outer)
        left = budget_tokens - sum(map(name_cost, outer))
        text = " ".join([said, *outer])
        for name in likely:
            if left < least:
                break
            tokens = name_cost(name)
            if tokens <= left and name not in kept and name not in text:
                kept.add(name)
                text += " " + name
                left -= tokens
        taken = [name for name in likely if name in kept]
    text = " ".join([said, *taken])
    return taken, others + sum(name not in text for name in likely)
