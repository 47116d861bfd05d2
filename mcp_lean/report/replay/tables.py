"""The tables of a replay: single policies, bundles, and what stands in their cells.

In:  a `Summary` and a `Look`.
Out: renderables of rich.
Not here: the order of the page, sentences (`terminal`).

Losses are red and have a minus sign. A blank cell: the policy has no such bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from mcp_lean.costs.money import PICO
from mcp_lean.costs.replay.outcome import Bound, PolicyInfo
from mcp_lean.report.figures import money, percent
from mcp_lean.report.replay.summary import Row, Summary
from mcp_lean.report.tables import Look, columns

LOSS = "red"
TITLE_AT_LEAST = 22
ARITHMETIC, WITHOUT_US = "*", "+"
"""Marks behind a title."""


def policies_of(summary: Summary) -> dict[str, PolicyInfo]:
    """All policies that have figures, by name, in the order of the page."""
    return {row.policy.name: row.policy for row in summary.rows}


def numbered(summary: Summary) -> dict[str, int]:
    """Numbers of the single policies that had something to do; the assumptions below the table go by them."""
    busy = {row.policy.name for row in summary.rows if row.acted or row.saved_picousd}
    singles = [name for name, policy in policies_of(summary).items() if not policy.is_bundle and name in busy]
    return {name: number for number, name in enumerate(singles, start=1)}


def idle(summary: Summary) -> list[PolicyInfo]:
    """Single policies that found nothing to do, and cost nothing."""
    busy = numbered(summary)
    return [policy for name, policy in policies_of(summary).items() if not policy.is_bundle and name not in busy]


def policies_table(summary: Summary, look: Look) -> Table:
    """One row per policy that had something to do; dollars and spread are of its strictest bound."""
    lose = f">lose/{summary.sessions}"
    wide = [
        ">",
        "policy, each alone",
        ">saved",
        ">strict",
        ">expected",
        ">upper",
        ">median",
        ">p10 .. p90",
        lose,
        ">own",
    ]
    table = _table([*wide] if look.is_wide else [*wide[:2], *wide[3:7], lose])
    for name, number in numbered(summary).items():
        rows: Mapping[Bound, Row] = {row.bound: row for row in summary.rows if row.policy.name == name}
        first = next(iter(rows.values()))
        shares = [share(rows[bound].share) if bound in rows else Text() for bound in ("strict", "expected", "upper")]
        cells = [
            Text(str(number), "dim"),
            Text(f"{first.policy.title}{mark(first.policy)}"),
            dollars(first.saved_picousd),
            *shares,
            share(first.spread.median),
            _range(first),
            _losers(first),
            Text(cents(first.own_picousd)),
        ]
        table.add_row(*(cells if look.is_wide else [*cells[:2], *cells[3:7], cells[8]]))
    return table


def bundles_table(summary: Summary, look: Look) -> Table:
    """One row per bundle and bound."""
    lose = f">lose/{summary.sessions}"
    wide = ["together", "bound", ">saved", ">share", ">median", ">p10 .. p90", lose, ">own"]
    table = _table(wide if look.is_wide else [*wide[:5], lose])
    title = ""
    for row in (row for row in summary.rows if row.policy.is_bundle):
        cells = [
            Text(row.policy.title if row.policy.title != title else ""),
            Text(row.bound),
            dollars(row.saved_picousd),
            share(row.share, "bold"),
            share(row.spread.median),
            _range(row),
            _losers(row),
            Text(cents(row.own_picousd)),
        ]
        title = row.policy.title
        table.add_row(*(cells if look.is_wide else [*cells[:5], cells[6]]))
    return table


def _table(names: Sequence[str]) -> Table:
    """The column of titles takes the room that is left, in several lines if need be."""
    table = columns(*names)
    title = table.columns[1 if names[0] == ">" else 0]
    title.no_wrap, title.min_width = False, TITLE_AT_LEAST
    return table


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


def _range(row: Row) -> Text:
    low, high = (percent(part).removesuffix(" %") for part in (row.spread.p10, row.spread.p90))
    return Text(f"{low} .. {high}", style=LOSS if high.startswith("-") else "")


def _losers(row: Row) -> Text:
    return Text(str(row.losers), style=LOSS if row.losers else "")
