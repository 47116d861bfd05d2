"""Whether a fresh start from a checkpoint is cheaper than going on with the whole history.

In:  a `Situation`: what is known when a prompt arrives, nothing of what comes after it.
Out: a `Verdict`: picodollars of both ways, whether clearing pays, and why not where it does not.
Not here: reading transcripts, asking a clock, telling the person (`guard/continuing`), hindsight (`savings_cache`).

Going on:  the prompt sends the whole context once, at the write price where the cache has expired; every request
           after it reads that again.
Clearing:  the prompt sends the base and the checkpoint; what was dropped and is needed after all is looked up again
           (written once, read by half of the requests that follow) in some turns of its own.
What both ways have in common (the prompt itself, answers, new results) is left out. In words: docs/cost.md#clearing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mcp_lean.costs.cache_breaks import LIFETIMES
from mcp_lean.costs.money import PICO
from mcp_lean.costs.origins import first_pieces, total
from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.transcripts.model import Request

Reason = Literal["", "small", "little_to_drop", "in_mid_task", "dearer", "below_a_cent"]
"""Why not; empty where it pays. In the order in which they are looked at."""

SMALLEST_CONTEXT_TOKENS = 60_000
"""Replayed over 290 recorded sessions: those that never pass 60k hold 6 % of the money; a mark of 40k adds 0.2-0.6
points with more clears, 100k loses 2.1-3.5 (docs/figures.md#continue)."""

AT_WORK_S = 60.0
"""An agent that works sends its next request sooner after the result of a call."""
BOUNDARY_PROMPT_CHARS = 80
"""A prompt of this length is taken for a new task: in the same replay 12.2 % of the money, against 14.8 with clears at
any prompt ("yes", "go on") and 10.3 with 200 characters; shorter ones go on with what is in the context."""

CHECKPOINT_TOKENS = 1_500
"""What `checkpoint.build` is asked for at most."""

LOOKED_UP_SHARE = 15, 100
LEAST_LOOKED_UP_TOKENS = 7_800
"""What is looked up again: 15 % of what was dropped, and no less than what 32 recorded compactions have brought in
over the ten turns after them (7,800 tokens more than before, in 1.3 more turns)."""

EXTRA_TURNS = 4
"""Three times the measured 1.3: each reads the small context once more."""

REQUESTS_STILL_EXPECTED = 1, 2
"""Half of those since the last fresh start. An agent that knew the future would save 0.5-0.7 points more."""

SMALLEST_SAVING_PICOUSD = PICO // 100
"""A cent: less is not worth anybody's attention."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one token in picodollars, in a prompt of some length."""

    cache_write_picousd: int
    cache_read_picousd: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a prompt arrives.

    context_tokens: what the last request has sent, and its answer.
    base_tokens: what stands before the first prompt, and stands there after a fresh start too.
    requests_since_reset: of this agent since its start, its last compaction or its last fresh start.
    is_cold: the cache has expired, so that everything is written again, whichever way.
    is_boundary: the prompt begins something new.
    now, after: prices of a prompt of this length, and of one after a fresh start: some models charge long prompts more.
    suffix_tokens: kept behind what is dropped, and so written again; 0 for /clear.
    """

    context_tokens: int
    base_tokens: int
    requests_since_reset: int
    is_cold: bool
    is_boundary: bool
    now: Tariff
    after: Tariff
    checkpoint_tokens: int = CHECKPOINT_TOKENS
    suffix_tokens: int = 0

    @property
    def dropped_tokens(self) -> int:
        """What a fresh start leaves behind."""
        return max(self.context_tokens - self.base_tokens - self.suffix_tokens, 0)

    @property
    def expected_requests(self) -> int:
        """Still to come, the one of this prompt included."""
        share, whole = REQUESTS_STILL_EXPECTED
        return max(self.requests_since_reset * share // whole, 1)

    @property
    def looked_up_tokens(self) -> int:
        """Of what is dropped: expected to be needed after all."""
        share, whole = LOOKED_UP_SHARE
        return min(max(self.dropped_tokens * share // whole, LEAST_LOOKED_UP_TOKENS), self.dropped_tokens)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both ways are expected to cost, from this prompt to the end. `prompt_...` is the part of its own request."""

    going_on_picousd: int
    clearing_picousd: int
    prompt_going_on_picousd: int
    prompt_clearing_picousd: int
    reason: Reason

    @property
    def pays(self) -> bool:
        return not self.reason

    @property
    def saved_picousd(self) -> int:
        """Negative where going on is cheaper."""
        return self.going_on_picousd - self.clearing_picousd


def decide(situation: Situation) -> Verdict:
    """Compares both ways. Pure: the same situation, the same verdict."""
    costs = _costs(situation)
    return replace(costs, reason=_reason(situation, costs))


def _costs(at: Situation) -> Verdict:
    """Both ways, without a judgement."""
    later = at.expected_requests - 1
    is_written = at.is_cold
    stays = at.base_tokens + at.checkpoint_tokens + at.suffix_tokens
    prompt_going_on = at.context_tokens * (at.now.cache_write_picousd if is_written else at.now.cache_read_picousd)
    base_rate = at.after.cache_write_picousd if is_written else at.after.cache_read_picousd
    prompt_clearing = at.base_tokens * base_rate + (stays - at.base_tokens) * at.after.cache_write_picousd
    going_on = prompt_going_on + later * at.context_tokens * at.now.cache_read_picousd
    clearing = prompt_clearing + later * stays * at.after.cache_read_picousd
    clearing += at.looked_up_tokens * at.after.cache_write_picousd
    clearing += at.looked_up_tokens * later * at.after.cache_read_picousd // 2
    clearing += EXTRA_TURNS * stays * at.after.cache_read_picousd
    return Verdict(going_on, clearing, prompt_going_on, prompt_clearing, "")


def _reason(at: Situation, costs: Verdict) -> Reason:
    if at.context_tokens < SMALLEST_CONTEXT_TOKENS:
        return "small"
    if at.dropped_tokens <= 2 * at.checkpoint_tokens:
        return "little_to_drop"
    if not (at.is_cold or at.is_boundary):
        return "in_mid_task"
    if costs.saved_picousd <= 0:
        return "dearer"
    return "below_a_cent" if costs.saved_picousd < SMALLEST_SAVING_PICOUSD else ""


def is_cold(idle_s: float | None, lifetime_s: float) -> bool:
    """Whether the cache has expired. A clock that went back, or no time at all, says nothing: then it has not."""
    return idle_s is not None and idle_s > lifetime_s


def is_between_turns(before: Request, now: Request) -> bool:
    """Whether a person could have cleared before `now`: a prompt came in, and the agent was not at work.

    A prompt that was typed while it worked comes in beside a result that has just arrived; one after an interruption
    or a usage limit, beside an old one. Without times a result counts as just arrived.
    """
    if not now.is_after_prompt or not now.entered.results:
        return now.is_after_prompt
    arrived = [call.result.at_s for call in before.calls if call.result is not None and call.result.at_s is not None]
    return bool(arrived) and now.started_s is not None and now.started_s - max(arrived) > AT_WORK_S


def is_new_task(prompt: str) -> bool:
    """Whether a prompt is taken for the beginning of something new."""
    return len(prompt.strip()) >= BOUNDARY_PROMPT_CHARS


def base_tokens(first: Request) -> int:
    """What stood before the first prompt of a conversation: system prompt, tools, memory; an estimate."""
    return max(first.usage.context_tokens - total(first_pieces(first.entered, {}, first.model)), 0)


def tariff(
    model: str,
    prompt_tokens: int,
    lifetime_s: float,
    table: PriceTable | None = None,
    at_s: float | None = None,
    *,
    fast: bool = False,
) -> Tariff:
    """Prices in a prompt of this length; an unknown model has those of the dearest one.

    Args:
        lifetime_s: of what is written to the cache; the longer one is written at a higher price.
    """
    rates = (table or list_prices()).quote(model, at_s, prompt_tokens=prompt_tokens, fast=fast).rates
    written = rates.cache_write_1h if lifetime_s >= LIFETIMES["1h"] else rates.cache_write_5m
    return Tariff(written, rates.cache_read)


def situation(
    model: str,
    lifetime_s: float,
    *,
    context_tokens: int,
    base_tokens: int,
    requests_since_reset: int,
    is_cold: bool,
    is_boundary: bool,
    checkpoint_tokens: int = CHECKPOINT_TOKENS,
    table: PriceTable | None = None,
    at_s: float | None = None,
    fast: bool = False,
) -> Situation:
    """A situation at the prices of a model; its prompt after a fresh start is taken with all that is looked up again.

    Args:
        at_s: when the prompt comes; `None`: the newest prices.
    """
    base_tokens = min(base_tokens, context_tokens)
    now = tariff(model, context_tokens, lifetime_s, table, at_s, fast=fast)
    found = Situation(
        context_tokens, base_tokens, requests_since_reset, is_cold, is_boundary, now, now, checkpoint_tokens
    )
    prompt_after = base_tokens + checkpoint_tokens + found.looked_up_tokens
    return replace(found, after=tariff(model, prompt_after, lifetime_s, table, at_s, fast=fast))
