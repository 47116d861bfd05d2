"""The same files read in three ways, at the same prices: by Reads one by one, by Reads in parallel, by `read_many`.

In:  texts of files, and what went over the wire when the server was asked for them.
Out: `Ways`, one `Reading` for each way.
Not here: asking the server (`cli/try_it`), the arithmetic (`reading`), showing it (`report/trial`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mcp_lean.costs.prices import Quote, quote
from mcp_lean.costs.reading import Call, Reading, reading
from mcp_lean.packing.tokens import estimate

NATIVE_NUMBERS = 1.15
"""The native Read puts a number before every line. Counted exactly (14 to 16 %), not estimated: the estimator charges
digits too much, which would flatter us (docs/figures.md#line-numbers)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire: each call's arguments as JSON, its answer, and the bytes of our definitions."""

    calls: tuple[tuple[str, str], ...]
    definitions: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The same files read in three ways, at the same prices."""

    files: tuple[str, ...]
    calls: int
    """Of read_many: its answers are limited, so that many files take several."""
    price: Quote
    one_by_one: Reading
    parallel: Reading
    read_many: Reading


@dataclass(frozen=True, slots=True)
class Trial:
    """One or several readings into a context of so many tokens, and what went over the wire for the first."""

    model: str
    context_tokens: int
    ways: tuple[Ways, ...]
    exchange: Exchange


def compare(files: Mapping[str, str], found: Exchange, context_tokens: int, model: str) -> Ways:
    """The three readings of the same files (path: text) at the model's newest prices."""
    price = quote(model, prompt_tokens=context_tokens)
    native = []
    for path, text in files.items():
        arguments = json.dumps({"file_path": path}, ensure_ascii=False)  # in truth absolute, and so a little dearer
        native.append(Call(estimate(arguments), estimate(text) * NATIVE_NUMBERS))
    ours = [Call(estimate(arguments), estimate(answer)) for arguments, answer in found.calls]
    return Ways(
        tuple(files),
        len(ours),
        price,
        reading([[call] for call in native], context_tokens, price.rates),
        reading([native], context_tokens, price.rates),
        reading([[call] for call in ours], context_tokens, price.rates, own_tokens=estimate(found.definitions)),
    )
