"""What `mcp-lean try` shows: the call, a table of three ways to read the same files, and what the figures rest on.

In:  a `Trial`.
Out: the page for a terminal, the document for programs.
Not here: computing it (`costs/trial`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from mcp_lean.packing.render import on_one_line
from mcp_lean.report.figures import plural
from mcp_lean.report.layout import Column, fitted, right

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from mcp_lean.costs.reading import Reading
    from mcp_lean.costs.trial import Trial, Ways
    from mcp_lean.report.tables import Look

HEAD_LINES = 11
"""The line with a file's name, and as many as show that every tenth carries its number."""


def page(trial: Trial, look: Look) -> Iterator[RenderableType]:
    """The first call and the head of its answer, a table for each reading, and what the figures rest on."""
    arguments, answer = trial.exchange.calls[0]
    yield Text.assemble(("read_many", "bold"), f" {arguments}")
    lines = answer.split("\n")
    for line in lines[:HEAD_LINES]:
        shown = on_one_line(f"  {line}".expandtabs())
        yield Text(shown if cell_len(shown) <= look.width else set_cell_size(shown, look.width), style="dim")
    if len(lines) > HEAD_LINES:
        yield Text(f"  ... {len(lines) - HEAD_LINES} more lines", style="dim")
    for ways in trial.ways:
        files = plural(len(ways.files), "file")
        yield Text(f"\n{files} into a context of {trial.context_tokens:,} tokens, {trial.model}", style="bold")
        yield ways_table(ways, look)
        yield Text(verdict(ways))
    yield Text()
    if assumption := trial.ways[0].price.assumption:
        yield Text(assumption, style="yellow")
    yield Text(
        "Tokens are estimates (median error 5 %). The context is taken as cached. Our definitions "
        f"({len(trial.exchange.definitions):,} bytes) are charged in full to each reading: written once, read by every "
        "request."
    )
    yield Text("Reading is one part of a bill; mcp-lean replay --all looks at your own runs.")


def ways_table(ways: Ways, look: Look) -> Table:
    """The three ways, and what each costs."""
    columns = (
        Column("way"),
        right("requests", leaves=1),
        right("tokens sent", leaves=2),
        right("of it new", leaves=3),
        right("output", leaves=4),
        right("dollars"),
    )
    rows = [
        (
            name,
            f"{reading.requests:,}",
            f"{reading.sent_tokens:,.0f}",
            f"{reading.written_tokens:,.0f}",
            f"{reading.output_tokens:,.0f}",
            f"${reading.bill.usd:.4f}",
        )
        for name, reading in (
            ("Reads, one by one", ways.one_by_one),
            ("Reads, in parallel", ways.parallel),
            (f"read_many, {plural(ways.calls, 'call')}", ways.read_many),
        )
    ]
    return fitted(columns, rows, look.width)


def verdict(ways: Ways) -> str:
    """One line: how much cheaper or dearer read_many is than both native ways."""
    parts = []
    for name, other in (("one by one", ways.one_by_one), ("in parallel", ways.parallel)):
        share = (other.bill.usd - ways.read_many.bill.usd) / other.bill.usd * 100
        parts.append(f"{abs(share):.0f} % {'cheaper' if share >= 0 else 'dearer'} than {name}")
    return f"read_many: {', '.join(parts)}"


def document(trial: Trial) -> dict[str, Any]:
    """For programs."""

    def row(found: Reading) -> dict[str, Any]:
        return {
            "requests": found.requests,
            "sent_tokens": round(found.sent_tokens),
            "written_tokens": round(found.written_tokens),
            "output_tokens": round(found.output_tokens),
            "usd": float(found.bill.usd),
        }

    return {
        "model": trial.model,
        "price_assumption": trial.ways[0].price.assumption,
        "context_tokens": trial.context_tokens,
        "readings": [
            {
                "files": list(ways.files),
                "one_by_one": row(ways.one_by_one),
                "native_parallel": row(ways.parallel),
                "read_many": row(ways.read_many),
            }
            for ways in trial.ways
        ],
    }
