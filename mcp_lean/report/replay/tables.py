"""The tables of a replay: single policies, bundles, and what stands in their cells.

In:  a `Summary` and a `Look`.
Out: renderables of rich.
Not here: the order of the page, sentences (`terminal`).

Losses are red and have a minus sign. A blank cell: the policy has no such bound.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from mcp_lean.costs.money import PICO
from mcp_lean.costs.replay.outcome import BOUNDS, Bound, PolicyInfo
from mcp_lean.report.figures import money, percent
from mcp_lean.report.layout import Column, fitted, right
from mcp_lean.report.replay.summary import Row, Summary
from mcp_lean.report.tables import Look

LOSS = "red"
ARITHMETIC, WITHOUT_US = "*", "+"
"""Marks behind a title."""


def policies_of(summary: Summary) -> dict[str, PolicyInfo]:
    """All policies that have figures, by name, in the order of the page."""
    return {row.policy.name: row.policy for row in summary.rows}


def busy(summary: Summary) -> list[str]:
    """Names of the single policies that had something to do."""
    acted = {row.policy.name for row in summary.rows if row.acted or row.saved_picousd}
    return [name for name, policy in policies_of(summary).items() if not policy.is_bundle and name in acted]


def idle(summary: Summary) -> list[PolicyInfo]:
    """Single policies that found nothing to do, and cost nothing."""
    names = busy(summary)
    return [policy for name, policy in policies_of(summary).items() if not policy.is_bundle and name not in names]


def policies_table(summary: Summary, look: Look) -> Table:
    """One row per policy that had something to do; dollars and spread are of its strictest bound."""
    columns = (
        Column("policy, each alone", least=min(40, look.width // 2), keeps="all"),
        right("saved", leaves=4),
        right("strict"),
        right("expected"),
        right("upper", leaves=2),
        right("median", leaves=3),
        right("p10 .. p90", leaves=6),
        right(f"lose/{summary.sessions}", leaves=1),
        right("own", leaves=5),
    )
    rows = []
    for name in busy(summary):
        found: Mapping[Bound, Row] = {row.bound: row for row in summary.rows if row.policy.name == name}
        first = next(iter(found.values()))
        rows.append(
            (
                f"{first.policy.title}{mark(first.policy)}",
                dollars(first.saved_picousd),
                *(share(found[bound].share) if bound in found else "" for bound in BOUNDS),
                share(first.spread.median),
                _range(first),
                _losers(first),
                cents(first.own_picousd),
            )
        )
    return fitted(columns, rows, look.width)


def bundles_table(summary: Summary, look: Look) -> Table:
    """One row per bundle and bound."""
    columns = (
        Column("together", least=min(32, 2 * look.width // 5), keeps="all"),
        Column("bound"),
        right("saved", leaves=2),
        right("share"),
        right("median", leaves=3),
        right("p10 .. p90", leaves=5),
        right(f"lose/{summary.sessions}", leaves=1),
        right("own", leaves=4),
        right("waiting saved", leaves=6),
    )
    rows = []
    title = ""
    for row in (row for row in summary.rows if row.policy.is_bundle):
        rows.append(
            (
                row.policy.title if row.policy.title != title else "",
                row.bound,
                dollars(row.saved_picousd),
                share(row.share, "bold"),
                share(row.spread.median),
                _range(row),
                _losers(row),
                cents(row.own_picousd),
                minutes(row.seconds_saved),
            )
        )
        title = row.policy.title
    return fitted(columns, rows, look.width)


def mark(policy: PolicyInfo) -> str:
    """What the reader has to know beside the title."""
    marks = [ARITHMETIC] * policy.is_arithmetic + [WITHOUT_US] * policy.is_baseline
    return f" {' '.join(marks)}" if marks else ""


def cents(picousd: int) -> str:
    """Dollars for a column: always with cents."""
    if picousd < 0:
        return f"-{cents(-picousd)}"
    if 0 < picousd < PICO // 200:
        return "<$0.01"
    return money(picousd) if picousd >= PICO or not picousd else f"${picousd / PICO:.2f}"


def dollars(picousd: int) -> Text:
    """Red where it is a loss."""
    return Text(cents(picousd), style=LOSS if picousd < 0 else "")


def share(part: float, style: str = "") -> Text:
    """Red where it is a loss."""
    words = percent(part)
    return Text(words, style=LOSS if words.startswith("-") else style)


def minutes(seconds: float) -> Text:
    """Of waiting, over all sessions; red where there would have been more of it."""
    words = f"{seconds / 60:.1f}"
    words = words.removeprefix("-") if float(words) == 0 else words
    return Text(f"{words} min", style=LOSS if words.startswith("-") else "")


def _range(row: Row) -> Text:
    low, high = (percent(part).removesuffix(" %") for part in (row.spread.p10, row.spread.p90))
    return Text(f"{low} .. {high}", style=LOSS if high.startswith("-") else "")


def _losers(row: Row) -> Text:
    return Text(str(row.losers), style=LOSS if row.losers else "")
