"""One budget for many blocks: small ones whole, the rest an even share, order kept.

In:  blocks in the order asked, pulled one by one, and a budget in tokens.
Out: `Packed`: those that were served, as they are shown.
Not here: cutting one block (`render.py`), naming the blocks that were not served (the tool: it knows its items).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_lean.errors import AskError
from mcp_lean.packing.render import Block, Scale, Shown, fit, overhead

DEFAULT_BUDGET_TOKENS = 8_000
"""For one thing that is asked for."""

MIN_BUDGET_TOKENS = 200
MAX_BUDGET_TOKENS = 20_000
"""Above 25,000 tokens Claude Code 2.1.330 replaces a result by an error text. But it counts long ones only, and none
of at most 45,000 characters, which is all that an answer has (`render`; tests/e2e/test_result_limit.py): where the
estimate is a third too low, as for rows of single digits and some scripts, an answer costs more, and is not lost."""

MIN_SHARE_TOKENS = 300
"""A block that does not fit whole gets at least this much, else it is left for a further call: a head of a few lines
of each of a hundred files helps nobody."""

SMALL_CHARS = 4 * MIN_SHARE_TOKENS
"""Above this a block is not expected to fit into its least share, and is not tried."""

MIN_PIECE_TOKENS = 40
"""The first block can always show this much of its first row, so that every call makes progress."""


def default_budget(items: int) -> int:
    """Tokens for a list of so many: each counts as if it had been asked for by itself, up to what a result may hold."""
    return min(MAX_BUDGET_TOKENS, DEFAULT_BUDGET_TOKENS * items)


@dataclass(frozen=True, slots=True)
class Packed:
    """The served blocks in the order asked."""

    shown: tuple[Shown, ...]

    @property
    def served(self) -> int:
        """How many blocks, from the first on, are in the answer."""
        return len(self.shown)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(block.text for block in self.shown)

    @property
    def weight(self) -> float:
        """What they weigh together."""
        return sum(block.weight for block in self.shown)

    @property
    def is_whole(self) -> bool:
        return all(block.is_whole for block in self.shown)


@dataclass(slots=True)
class _Served:
    """A block in the answer; `shown` is None until it is known how much of the budget is left for it."""

    block: Block
    chars: int
    fixed: float
    shown: Shown | None = None


def pack(blocks: Iterable[Block], budget_tokens: float, reserve: str = "") -> Packed:
    """Fill the budget.

    Args:
        blocks: pulled only as far as they can be served, so that a glob of thousands of files reads few of them.
        reserve: text that the caller will add below, for example what was not served.
    Raises:
        AskError: the budget does not even hold the first block's heading and resume items.
    """
    scale = Scale.of(budget_tokens)
    pool = budget_tokens - scale.weigh(reserve)
    unclaimed = pool
    served: list[_Served] = []
    for block in blocks:
        candidate = _Served(block, block.chars, overhead(block, scale))
        need = candidate.fixed + MIN_SHARE_TOKENS
        if candidate.chars <= SMALL_CHARS:
            least = fit(block, need, scale)
            if least.is_whole:
                need = least.weight
                candidate.shown = least
        if need > unclaimed:
            if served:
                break
            candidate.shown = None  # the first one gets all there is
            if candidate.fixed + min(MIN_PIECE_TOKENS, 2 * candidate.chars) > pool:
                enough = candidate.fixed + MIN_SHARE_TOKENS + budget_tokens - pool
                raise AskError(
                    f"budget: {budget_tokens:.0f} tokens cannot hold the first item; ask for at least "
                    f"{math.ceil(enough / 100) * 100}"
                )
        served.append(candidate)
        unclaimed -= need
    return Packed(tuple(_share(served, pool, scale)))


def _share(served: list[_Served], pool: float, scale: Scale) -> list[Shown]:
    """Smallest first, each at most an even share of what is left; what it does not use is left for the larger ones."""
    waiting = sorted((entry for entry in served if entry.shown is None), key=lambda entry: entry.chars)
    pool -= sum(entry.fixed if entry.shown is None else entry.shown.weight for entry in served)
    for done, entry in enumerate(waiting):
        entry.shown = fit(entry.block, entry.fixed + pool / (len(waiting) - done), scale)
        pool -= entry.shown.weight - entry.fixed
    return [entry.shown for entry in served if entry.shown is not None]
