"""What a check says: `Finding`, `Fact`; and what tokens in a prefix cost.

In:  checks' results.
Out: values for `cli/doctor`.
Not here: what is checked (the modules beside this one).
"""

from __future__ import annotations

from dataclasses import dataclass

TURNS = 100

ALIASES = {"opus": "claude-opus-5-5", "sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5"}
"""What the client 2.1.330 makes of its short names."""

DEFAULT_MODEL = "claude-opus-5-5"
"""What the client 2.1.330 takes where nothing names a model."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs. `None`: not priced, since how often it happens is not known."""

    tokens: int | None = None
    usd_per_100_turns: float | None = None


UNPRICED = Cost()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to change. `path` is empty and `line` is 0 where it stands in no file."""

    id: str
    says: str
    todo: str
    path: str = ""
    line: int = 0
    cost: Cost = UNPRICED


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to know: a measured size, a version, a setting, a figure to think about.

    is_default: a setting that nobody has set; people see how many there are.
    """

    name: str
    says: str
    is_default: bool = False


Result = Finding | Fact


def carried(tokens: int, model: str) -> Cost:
    """What tokens in the prefix cost over 100 turns: written once, read in each turn after that, at current prices."""
    from mcp_lean.costs.contract import price_table
    from mcp_lean.costs.prices import to_usd

    rates = price_table().quote(priced_as(model), prompt_tokens=tokens).rates
    return Cost(tokens, to_usd(tokens * (rates.cache_write_5m + (TURNS - 1) * rates.cache_read)))


def priced_as(model: str) -> str:
    """The model whose prices are used for a setting: what a short name stands for; for one that is not known, the
    client's default."""
    from mcp_lean.costs.prices import list_prices

    named = ALIASES.get(model, model)
    return named if named and list_prices().knows(named) else DEFAULT_MODEL


def in_words(cost: Cost) -> str:
    """A cost for a person."""
    tokens = f"{cost.tokens:,} tokens" if cost.tokens is not None else ""
    usd = f"${cost.usd_per_100_turns:.3f} per {TURNS} turns" if cost.usd_per_100_turns is not None else "not priced"
    return f"{tokens}, {usd}" if tokens else usd
