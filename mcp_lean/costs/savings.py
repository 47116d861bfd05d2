"""What a recorded run could have saved, in dollars, by things that its person can do.

In:  `RunCost` values.
Out: `Saving` values, largest first; nothing below a cent, nothing that would have lost money.
Not here: a full replay under other policies; the formulas in words (docs/cost.md#savings).

Every figure is arithmetic on what was billed, under assumptions that were chosen against us. They overlap (a file that
is never read whole is not in the history either), so they must not be added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mcp_lean.costs import savings_cache, savings_context
from mcp_lean.costs.breakdown import RunCost
from mcp_lean.costs.money import PICO
from mcp_lean.costs.prices import PriceTable, list_prices

SavingKind = Literal[
    "cold_history",
    "longer_cache",
    "shorter_cache",
    "steady_prefix",
    "lean_base",
    "outlines",
    "cheaper_model",
    "batching",
]

SMALLEST_PICOUSD = PICO // 100
"""A cent; below it advice costs more attention than it saves."""


@dataclass(frozen=True, slots=True)
class Saving:
    """One thing that would have made the run cheaper."""

    kind: SavingKind
    picousd: int
    count: int
    """How often the situation occurred: pauses, changes, files, agents, turns."""
    tokens: int
    """How many tokens it concerns."""
    words: str
    """What to do and why, in one sentence without the amount."""


def largest_savings(costs: Sequence[RunCost], table: PriceTable | None = None, most: int = 3) -> tuple[Saving, ...]:
    """The `most` largest savings over all these runs, each kind taken together."""
    prices = table or list_prices()
    sums: dict[SavingKind, tuple[int, int, int]] = {}
    for cost in costs:
        for kind, found in _found(cost, prices):
            picousd, count, tokens = sums.get(kind, (0, 0, 0))
            sums[kind] = (picousd + found.picousd, count + found.count, tokens + found.tokens)
    savings = [Saving(kind, *found, _words(kind, *found[1:])) for kind, found in sums.items()]
    paying = [saving for saving in savings if saving.picousd >= SMALLEST_PICOUSD]
    return tuple(sorted(paying, key=lambda saving: (-saving.picousd, saving.kind))[:most])


def _found(cost: RunCost, table: PriceTable) -> Iterator[tuple[SavingKind, savings_cache.Part]]:
    """What one run has of each kind. Of the answers to pauses, only the better one: they spend the same money."""
    answers: list[tuple[SavingKind, savings_cache.Part]] = [
        ("longer_cache", savings_cache.longer_cache(cost)),
        ("cold_history", savings_cache.cold_history(cost, table)),
    ]
    yield max(answers, key=lambda answer: answer[1].picousd)
    yield "shorter_cache", savings_cache.shorter_cache(cost)
    yield "steady_prefix", savings_cache.steady_prefix(cost)
    yield "lean_base", savings_context.lean_base(cost)
    yield "outlines", savings_context.outlines(cost)
    yield "cheaper_model", savings_context.cheaper_model(cost, table)
    yield "batching", savings_context.batching(cost)


WORDS: dict[SavingKind, tuple[str, str]] = {
    "cold_history": (
        "prompt",
        (
            "Clear and continue from a checkpoint after long pauses: {n} came when the cache had expired; "
            "{size} of history were written again and carried on."
        ),
    ),
    "longer_cache": (
        "pause",
        "Ask for the 1-hour cache (setting promptCacheTtl): {n} of 5 to 60 minutes had {size} written again.",
    ),
    "shorter_cache": (
        "pause",
        (
            "Ask for the 5-minute cache (setting promptCacheTtl): {size} were written at the 1-hour price, "
            "and {n} made use of it."
        ),
    ),
    "steady_prefix": (
        "change",
        (
            "Keep model, effort and tools as they are within a conversation: {n} threw {size} out of the cache "
            "(half of it counted)."
        ),
    ),
    "lean_base": (
        "run",
        (
            "Trim what stands before the first prompt (MCP servers, plugins, CLAUDE.md): {size} above 15k "
            "in every request of {n} (a fifth counted)."
        ),
    ),
    "outlines": ("file", "Read large files by outline and range: {n} came in whole, {size}."),
    "cheaper_model": ("subagent", "Run agents that only read on Haiku: {n}, {size} of context sent."),
    "batching": (
        "turn",
        (
            "Ask for independent reads in one turn: {n} went on with one more read-only call, "
            "and read {size} of context again (half counted)."
        ),
    ),
}
"""Per kind: what is counted, and the sentence."""


def _words(kind: SavingKind, count: int, tokens: int) -> str:
    what, sentence = WORDS[kind]
    size = f"{tokens / 1e6:.1f}M" if tokens >= 999_500 else f"{tokens / 1e3:.0f}k" if tokens >= 1_000 else str(tokens)
    return sentence.format(n=_n(count, what), size=f"{size} tokens")


def _n(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count <= 1 else 's'}"
