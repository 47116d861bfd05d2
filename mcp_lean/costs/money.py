"""Money, exactly: rates and bills in whole picodollars.

In:  nothing; these are values.
Out: `Rates` (per token) and `Bill` (an amount by price class), both in integers.
Not here: what a model costs (`prices`).

A picodollar is 1e-12 USD. One dollar per million tokens is 1,000,000 picodollars per token, so every list price is a
whole number, and sums are exact in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

PICO = 10**12
"""Picodollars in a dollar."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Picodollars per token, by price class."""

    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int

    def scaled(self, factor: Decimal) -> Rates:
        """All rates times `factor`, each rounded to a whole picodollar per token (list factors leave no rest)."""
        return Rates(*(whole(rate * factor) for rate in self.as_tuple()))

    def as_tuple(self) -> tuple[int, int, int, int, int]:
        return (self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read, self.output)


@dataclass(frozen=True, slots=True)
class Bill:
    """Picodollars by price class. Adds up exactly."""

    input_picousd: int = 0
    cache_write_5m_picousd: int = 0
    cache_write_1h_picousd: int = 0
    cache_read_picousd: int = 0
    output_picousd: int = 0
    web_search_picousd: int = 0

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.input_picousd + other.input_picousd,
            self.cache_write_5m_picousd + other.cache_write_5m_picousd,
            self.cache_write_1h_picousd + other.cache_write_1h_picousd,
            self.cache_read_picousd + other.cache_read_picousd,
            self.output_picousd + other.output_picousd,
            self.web_search_picousd + other.web_search_picousd,
        )

    @property
    def cache_write_picousd(self) -> int:
        return self.cache_write_5m_picousd + self.cache_write_1h_picousd

    @property
    def prompt_picousd(self) -> int:
        """Everything the model was sent: uncached input, writes and reads."""
        return self.input_picousd + self.cache_write_picousd + self.cache_read_picousd

    @property
    def picousd(self) -> int:
        """The whole bill."""
        return self.prompt_picousd + self.output_picousd + self.web_search_picousd

    @property
    def usd(self) -> Decimal:
        """The whole bill in dollars, exact."""
        return Decimal(self.picousd).scaleb(-12)


def to_usd(picousd: int) -> float:
    """Dollars as a float, correctly rounded; for JSON and printing, not for adding up."""
    return picousd / PICO


def whole(amount: Decimal) -> int:
    """The nearest whole number; halves go to the even one."""
    return int(amount.to_integral_value(ROUND_HALF_EVEN))
