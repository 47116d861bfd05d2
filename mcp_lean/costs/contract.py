"""The organization's contracted rates: the managed setting `modelPricing` of Claude Code.

In:  the managed settings files of this machine (or any folder given).
Out: a `Contract`, or `None` where nothing is agreed; and `price_table()`, list prices with the contract laid over them.
Not here: arithmetic (`prices`), settings that a server sends to the client (they are in no file we may rely on).

Shape (Claude Code 2.1.243 and later; rates in US dollars per million tokens):

    {"modelPricing": {
        "multiplier": 0.85,
        "overrides": {"claude-opus-5-5": {"input": 3.2, "output": 16, "cacheRead": 0.16, "cacheWrite": 4}}}}

`multiplier` (above 0, at most 10) scales every price, overridden or not. A row needs all four rates, each 0 to 10,000;
`cacheWrite` prices 5-minute and 1-hour writes alike; nothing is added to it for fast mode, region or prompt length. A
key that names a known model covers all its spellings; any other key matches that id alone; an exact match wins. What
does not fit is left out with one line in `problems`, and the list price stands: the same rule as in the client.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from mcp_lean.costs.money import Rates
from mcp_lean.costs.prices import PriceTable, canonical, list_prices

MAX_RATE_USD = 10_000
"""Per million tokens; the client's own bound."""

_COLUMNS = ("input", "cacheWrite", "cacheWrite", "cacheRead", "output")


@dataclass(frozen=True, slots=True)
class Contract:
    """Rates that replace the list prices."""

    source: str
    """File that the setting was read from."""
    multiplier: Decimal = Decimal(1)
    exact: dict[str, Rates] = field(default_factory=dict)
    """By the id as written, in lower case."""
    by_model: dict[str, tuple[str, Rates]] = field(default_factory=dict)
    """By `canonical` spelling of a known model: the key as written, and its rates."""
    problems: tuple[str, ...] = ()
    """One line for each part that was left out."""

    def find(self, model: str, key: str | None) -> tuple[str, Rates] | None:
        """The agreed row for `model`, if any. `key` is its canonical spelling where the model is known."""
        name = model.strip().lower().removesuffix("[1m]")
        if name in self.exact:
            return name, self.exact[name]
        return self.by_model.get(key) if key else None


def managed_folder() -> Path:
    """Where administrators put Claude Code's settings on this system."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/ClaudeCode")
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMFILES", r"C:\Program Files")) / "ClaudeCode"
    return Path("/etc/claude-code")


def load_contract(folder: Path | None = None, table: PriceTable | None = None) -> Contract | None:
    """The contract in `managed-settings.json` and `managed-settings.d/*.json`; later files win, key by key."""
    base = folder or managed_folder()
    files = [base / "managed-settings.json", *sorted((base / "managed-settings.d").glob("*.json"))]
    merged: dict[str, Any] = {}
    problems: list[str] = []
    source = ""
    for path in files:
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            problems.append(f"{path}: not read, list prices used: {error}")
            continue
        if isinstance(settings, dict) and settings.get("modelPricing") is not None:
            source = str(path)
            _merge(merged, settings["modelPricing"], path, problems)
    if not merged and not problems:
        return None
    return parse_contract(merged, source or str(base), table or list_prices(), problems)


def parse_contract(
    setting: dict[str, Any], source: str, table: PriceTable, problems: list[str] | None = None
) -> Contract:
    """The value of `modelPricing` as a contract. Never raises: what does not fit becomes a line in `problems`."""
    faults = list(problems or ())
    multiplier = _multiplier(setting.get("multiplier", 1), source, faults)
    exact: dict[str, Rates] = {}
    by_model: dict[str, tuple[str, Rates]] = {}
    rows = setting.get("overrides", {})
    if not isinstance(rows, dict):
        faults.append(f"{source}: modelPricing.overrides is not an object; list prices used")
        rows = {}
    for name, row in rows.items():
        rates = _row(row)
        if rates is None:
            faults.append(
                f"{source}: modelPricing.overrides.{name} needs input, output, cacheRead and cacheWrite as numbers "
                f"from 0 to {MAX_RATE_USD:,}; list price used"
            )
            continue
        exact.setdefault(name.strip().lower(), rates)
        if table.knows(name):
            by_model.setdefault(canonical(name), (name, rates))
    return Contract(source, multiplier, exact, by_model, tuple(faults))


def price_table(folder: Path | None = None) -> PriceTable:
    """List prices under this machine's contract, if it has one; `contract.problems` are for the reader of the bill."""
    table = list_prices()
    contract = load_contract(folder, table)
    return table.with_contract(contract) if contract else table


def _merge(merged: dict[str, Any], setting: object, path: Path, problems: list[str]) -> None:
    if not isinstance(setting, dict):
        problems.append(f"{path}: modelPricing is not an object; list prices used")
        return
    for key, value in setting.items():
        known = merged.get(key)
        merged[key] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value


def _multiplier(value: object, source: str, faults: list[str]) -> Decimal:
    number = _number(value)
    if number is None or not 0 < number <= 10:
        faults.append(f"{source}: modelPricing.multiplier is not a number above 0 and at most 10; 1 used")
        return Decimal(1)
    return number


def _row(row: object) -> Rates | None:
    if not isinstance(row, dict):
        return None
    numbers = [_number(row.get(column)) for column in _COLUMNS]
    if any(number is None or not 0 <= number <= MAX_RATE_USD for number in numbers):
        return None
    return Rates(*(round(number * 10**6) for number in numbers if number is not None))


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None
