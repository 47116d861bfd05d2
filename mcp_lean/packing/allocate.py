"""One budget for many blocks: small ones whole, the rest an even share, order kept.

In:  blocks in the order asked, pulled one by one, and a budget in tokens.
Out: `Packed`: the text of those that were served, and how many that were.
Not here: cutting one block (`render.py`), naming the blocks that were not served (the tool: it knows its items).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcp_lean.errors import AskError
from mcp_lean.packing.render import Block, Scale, Shown, fit, overhead

DEFAULT_BUDGET_TOKENS = 8_000
MIN_BUDGET_TOKENS = 200
MAX_BUDGET_TOKENS = 20_000
"""Above 25,000 tokens Claude Code 2.1.330 replaces a result by an error text; the estimate may be off by 8 %."""

MIN_SHARE_TOKENS = 300
"""A block that does not fit whole gets at least this much, else it is left for a further call: a head of a few lines
of each of a hundred files helps nobody."""


MIN_PIECE_TOKENS = 40
"""The first block can always show this much of its first row, so that every call makes progress."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The served blocks' texts in the order asked, and what they weigh together."""

    texts: tuple[str, ...]
    weight: float
    is_whole: bool

    @property
    def served(self) -> int:
        """How many blocks, from the first on, are in the answer."""
        return len(self.texts)


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
    served: list[Block] = []
    fixed: list[float] = []
    floor = 0.0
    for block in blocks:
        weight = overhead(block, scale)
        floor += weight + min(MIN_SHARE_TOKENS, 2 * block.chars)  # a character never costs two tokens
        if served and floor > pool:
            break
        if weight + MIN_PIECE_TOKENS > pool and not served:
            need = -(-int(weight + MIN_SHARE_TOKENS + scale.weigh(reserve)) // 100) * 100
            raise AskError(f"budget: {budget_tokens:.0f} tokens cannot hold the first item; ask for at least {need}")
        served.append(block)
        fixed.append(weight)
    shown = _share(served, fixed, pool - sum(fixed), scale)
    return Packed(
        tuple(block.text for block in shown), sum(block.weight for block in shown), all(s.is_whole for s in shown)
    )


def _share(blocks: list[Block], fixed: list[float], pool: float, scale: Scale) -> list[Shown]:
    """Smallest first, each at most an even share of what is left; what it does not use is left for the larger ones."""
    shown: dict[int, Shown] = {}
    smallest_first = sorted(range(len(blocks)), key=lambda i: (blocks[i].chars, i))
    for done, i in enumerate(smallest_first):
        shown[i] = fit(blocks[i], fixed[i] + pool / (len(blocks) - done), scale)
        pool -= shown[i].weight - fixed[i]
    return [shown[i] for i in range(len(blocks))]
