"""The prices under which a run is replayed.

In:  a recorded request, and whether a subagent made it.
Out: `Pricing`: the model, how many tokens of it one recorded token is, the tariff, and the cache's lifetime.
Not here: the tables themselves (`prices`).

recorded: everything as on the day. current: today's model of the same family at today's prices; 1.3 tokens for one
where the recorded model still had the tokenizer before 4.7; subagents write 5-minute entries, as clients do now.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from mcp_lean.costs.money import Rates
from mcp_lean.costs.prices import PriceTable, canonical
from mcp_lean.costs.replay.model import Tariff
from mcp_lean.costs.replay.outcome import WorldName
from mcp_lean.transcripts.estimate import characters_scale
from mcp_lean.transcripts.model import Request

NEWER_TOKENIZER_TOKENS = 1.3
"""Tokens for the same text, relative to models up to 4.6."""

CURRENT = {
    "opus": "claude-opus-5-5",
    "sonnet": "claude-sonnet-5-5",
    "haiku": "claude-haiku-5-5",
    "fable": "claude-fable-5-2",
    "mythos": "claude-mythos-5-2",
}
"""Newest model of each family, November 2026."""

LONGEST_PROMPT_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Pricing:
    """How one request is priced."""

    model: str
    factor: float
    """Tokens of this model for one recorded token."""
    tariff: Tariff
    lifetime: Literal["recorded", "5m"]


class World:
    """One world over one price table."""

    def __init__(self, name: WorldName, table: PriceTable) -> None:
        self.name = name
        self.table = table
        self._steps: dict[tuple[str, Rates, Rates], int] = {}
        """Shortest prompt of the higher price, by model and both prices."""

    def pricing(self, request: Request, *, is_subagent: bool) -> Pricing:
        """How a recorded request is priced here."""
        if self.name == "recorded":
            return Pricing(request.model, 1.0, self.tariff_of(request, request.model, request.started_s), "recorded")
        model = current_model(request.model)
        return Pricing(
            model,
            token_factor(request.model, model),
            self.tariff_of(request, model, None),
            "5m" if is_subagent else "recorded",
        )

    def tariff_of(self, request: Request, model: str, at_s: float | None) -> Tariff:
        """Rates of another model for this request, by the tokens of the prompt."""
        fast, batch, us = request.speed == "fast", request.service_tier == "batch", request.inference_geo == "us"
        return self._tariff(model, at_s, fast, batch, us)

    def cheap(self, request: Request, model: str) -> tuple[Tariff, float]:
        """Tariff of a cheaper model at its newest prices, and its tokens for one token of the request's own model."""
        own = request.model if self.name == "recorded" else current_model(request.model)
        return self._tariff(model, None, False, False, request.inference_geo == "us"), token_factor(own, model)

    def _tariff(self, model: str, at_s: float | None, fast: bool, batch: bool, us: bool) -> Tariff:
        def ask(tokens: float) -> Rates:
            prompt = math.ceil(tokens)
            return self.table.quote(model, at_s, prompt_tokens=prompt, fast=fast, batch=batch, us_only=us).rates

        short, long = ask(0), ask(LONGEST_PROMPT_TOKENS)
        if short == long:
            return lambda tokens: short
        step = self._steps.get((model, short, long))
        if step is None:
            lengths = range(LONGEST_PROMPT_TOKENS)
            step = self._steps[model, short, long] = bisect_left(lengths, True, key=lambda tokens: ask(tokens) == long)
        return lambda tokens: long if tokens > step - 1 else short


def current_model(model: str) -> str:
    """Today's model of the same family; one that is not known stays."""
    name = canonical(model)
    family = next((family for family in CURRENT if family in name.split("-")), None)
    return CURRENT[family] if family else model


def token_factor(model: str, other: str) -> float:
    """Tokens of `other` for one token of `model`."""
    older, newer = characters_scale(model) == 1, characters_scale(other) == 1
    if older == newer:
        return 1.0
    return NEWER_TOKENIZER_TOKENS if older else 1 / NEWER_TOKENIZER_TOKENS
