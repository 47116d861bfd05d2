"""Fields of records that somebody else writes: each getter accepts anything and answers with one type.

In:  a value out of parsed JSON, of any type.
Out: a string, a count, a list, a mapping or a time; empty, zero or `None` when the value has another type.
Not here: what the fields mean (`thread`, `file`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

Json: TypeAlias = dict[str, object]

LARGEST_COUNT = 1 << 53
"""Counts above what a JSON number holds exactly are damage, and would break sums and the store."""


def text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Json:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def count(value: object) -> int:
    """A number of things: a whole number from 0 on; anything else counts as 0. `True` is not a number here."""
    if type(value) is int:
        return value if 0 <= value <= LARGEST_COUNT else 0
    if type(value) is float and value.is_integer():
        return count(int(value))
    return 0


def dollars(value: object) -> float:
    """An amount from 0 on; anything else counts as 0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < LARGEST_COUNT:
        return float(value)
    return 0.0


def seconds(value: object) -> float | None:
    """Seconds since 1970 of an ISO timestamp; without a zone it is taken as UTC. `None` if it is not one."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except ValueError:
        return None
