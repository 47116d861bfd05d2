"""One agent's context as an ordered list of pieces, and what each piece has cost so far; exact.

In:  pieces as they enter, and for each request how many tokens were read, written and sent uncached.
Out: picodollars and tokens per piece key. Their sum is the sum of the prompts' bills, to the last picodollar.
Not here: which pieces there are and how large (`origins`, `attribution`), output tokens, prices.

A prompt is a prefix order: what the cache gave back is the front, what was written follows, uncached input is the end.
So a piece pays the read price while it stands in the part that was read, and the write price on the request that it
enters with and on every request that finds the cache broken before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of tokens of the prompt that is billed at one rate."""

    tokens: int
    rate: int
    """Picodollars per token."""


@dataclass(slots=True)
class _Piece:
    key: Hashable
    start: int
    tokens: int
    reads_at_entry: int
    extra: int = 0
    """Picodollars above (or below) the read price, from requests that did not read all of it."""


class Context:
    """Mutable; one per agent. Pieces that every request reads cost nothing to keep up to date."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._reads = 0
        """Sum of the read rates of all requests so far: what one token has paid that was read by each of them."""
        self._spent: dict[Hashable, int] = {}
        self._entered: dict[Hashable, int] = {}

    @property
    def tokens(self) -> int:
        """Size of the context."""
        return self._pieces[-1].start + self._pieces[-1].tokens if self._pieces else 0

    @property
    def entered_tokens(self) -> dict[Hashable, int]:
        """Tokens that ever came in, per key."""
        return dict(self._entered)

    def enter(self, key: Hashable, tokens: int) -> None:
        """Append a piece; it is paid for from the next `charge` on."""
        if tokens <= 0:
            return
        self._pieces.append(_Piece(key, self.tokens, tokens, self._reads))
        self._entered[key] = self._entered.get(key, 0) + tokens

    def truncate(self, tokens: int) -> None:
        """Drop everything behind the first `tokens` tokens."""
        while self._pieces and self._pieces[-1].start >= tokens:
            self._settle(self._pieces.pop())
        if self._pieces and (last := self._pieces[-1]).start + last.tokens > tokens:
            kept = tokens - last.start
            self._add(last.key, (last.tokens - kept) * (self._reads - last.reads_at_entry))
            last.tokens = kept

    def rescale(self, tokens: int) -> None:
        """The same pieces under another tokenizer, `tokens` in all. Nothing enters by it."""
        before, self._pieces = self._pieces, []
        sizes = apportion([piece.tokens for piece in before], tokens)
        for piece, size in zip(before, sizes, strict=True):
            self._settle(piece)
            if size > 0:
                self._pieces.append(_Piece(piece.key, self.tokens, size, self._reads))

    def charge(self, read: Segment, behind: Sequence[Segment]) -> None:
        """Bill one request whose prompt is `read` and then `behind`; together they are exactly the context.

        Raises:
            ValueError: they are not; a cost would be lost or made up.
        """
        total = read.tokens + sum(segment.tokens for segment in behind)
        if total != self.tokens:
            raise ValueError(f"a prompt of {total} tokens is billed against a context of {self.tokens}")
        self._reads += read.rate
        for piece in reversed(self._pieces):
            end = piece.start + piece.tokens
            if end <= read.tokens:
                break
            start = max(piece.start, read.tokens)
            piece.extra += _cost_between(start, end, read.tokens, behind) - (end - start) * read.rate

    def finish(self) -> dict[Hashable, int]:
        """Settle what is still in context; picodollars per key."""
        self.truncate(0)
        return dict(self._spent)

    def _settle(self, piece: _Piece) -> None:
        self._add(piece.key, piece.extra + piece.tokens * (self._reads - piece.reads_at_entry))

    def _add(self, key: Hashable, picousd: int) -> None:
        self._spent[key] = self._spent.get(key, 0) + picousd


def _cost_between(start: int, end: int, offset: int, segments: Sequence[Segment]) -> int:
    """Picodollars of the tokens from `start` to `end`, where `segments` follow each other from `offset` on."""
    cost = 0
    for segment in segments:
        overlap = min(end, offset + segment.tokens) - max(start, offset)
        if overlap > 0:
            cost += overlap * segment.rate
        offset += segment.tokens
    return cost


def apportion(weights: Sequence[int], total: int) -> list[int]:
    """Whole shares of `total` in proportion to `weights`; they add up to `total`. All weights zero: the first takes it.

    The largest remainders get what rounding leaves over, earlier ones first.
    """
    if not weights:
        return []
    weight = sum(weights)
    if weight == 0:
        return [total] + [0] * (len(weights) - 1)
    shares = [total * part // weight for part in weights]
    left = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % weight), i))
    for i in by_remainder[:left]:
        shares[i] += 1
    return shares
