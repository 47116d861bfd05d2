"""What it costs to bring some files into an agent's context, by the way in which they are read.

In:  the tokens of each file as a way renders them, the tokens of the calls, a model's rates.
Out: `Reading`: requests, tokens sent and written, dollars.
Not here: reading files, counting their tokens (`packing/tokens`), recorded runs (`breakdown`).

The arithmetic of the prompt cache: every request reads the whole earlier context at the read price and writes what is
new since the last request at the write price. The agent's context is assumed to be cached when the reading begins, and
a reading ends with the request that takes in the last text; what the model then answers is the same in all ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.costs.money import Bill, Rates

TURN_OUTPUT_TOKENS = 40
CALL_OUTPUT_TOKENS = 30
"""What a model writes per turn, and per tool call apart from its arguments: fit over 2,298 finished requests."""

RESULT_FRAME_TOKENS = 36
"""What a tool result weighs beyond its text: fit over 11,000 steps of recorded runs."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call: the tokens of its arguments, and those of the text that comes back."""

    arguments_tokens: float
    result_tokens: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one way of reading costs.

    sent_tokens: input of all requests together, cached or not; written_tokens: the part that was new.
    """

    requests: int
    sent_tokens: float
    written_tokens: float
    output_tokens: float
    bill: Bill


def reading(turns: Sequence[Sequence[Call]], context_tokens: float, rates: Rates, own_tokens: float = 0) -> Reading:
    """The bill of a reading.

    Args:
        turns: the calls of each turn; calls of one turn run in parallel.
        context_tokens: what the agent's context holds when the reading begins.
        own_tokens: definitions that this way needs in the context. Charged in full: written once, for this reading
            alone, and read by every request.
    """
    held = context_tokens
    sent = written = output = 0.0
    fresh = own_tokens
    for turn in [*turns, ()]:
        sent += held + fresh
        written += fresh
        held += fresh
        if turn:
            out = TURN_OUTPUT_TOKENS + sum(CALL_OUTPUT_TOKENS + call.arguments_tokens for call in turn)
            fresh = out + sum(RESULT_FRAME_TOKENS + call.result_tokens for call in turn)
            output += out
    bill = Bill(
        cache_write_5m_picousd=round(written * rates.cache_write_5m),
        cache_read_picousd=round((sent - written) * rates.cache_read),
        output_picousd=round(output * rates.output),
    )
    return Reading(len(turns) + 1, sent, written, output, bill)
