"""A bill in each of its forms: text, JSON, a page; and the progress of reading.

In:  `RunCost` values.
Out: text on a stream, a file.
Not here: what the forms contain (`terminal`, `document`, `page`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from mcp_lean.costs.breakdown import RunCost
from mcp_lean.costs.prices import PriceTable
from mcp_lean.report.groups import By
from mcp_lean.transcripts.model import Run, Skipped
from mcp_lean.transcripts.read import Progress

PROGRESS_FROM_BYTES = 16 << 20
"""Less is read before a bar could be read."""


def as_text(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, out: TextIO, *, by: By | None = None
) -> None:
    """On a terminal with colours, else plain."""
    from mcp_lean.report.tables import Look
    from mcp_lean.report.terminal import bill, console

    page = console(out)
    ascii_only = not (out.encoding or "utf-8").lower().startswith("utf")
    look = Look(page.width, ascii_only)
    with page.capture() as captured:
        for part in bill(costs, table, skipped, look, by):
            page.print(part)
    text = captured.get()
    out.write(text if out.isatty() else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def as_json(
    costs: Sequence[RunCost],
    table: PriceTable,
    skipped: Skipped,
    out: TextIO,
    *,
    by: By | None = None,
    with_text: bool = False,
) -> None:
    """The document of docs/cost.md#json."""
    from mcp_lean.costs.money import to_usd
    from mcp_lean.report.document import document, tokens
    from mcp_lean.report.groups import grouped

    made = document(costs, table, skipped, with_text=with_text)
    if by:
        made["by"] = by
        made["groups"] = [
            {"key": row.key, "requests": row.requests, "tokens": tokens(row.usage), "usd": to_usd(row.picousd)}
            for row in grouped(costs, by)
        ]
    json.dump(made, out, indent=2, ensure_ascii=False)
    out.write("\n")


def as_page(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, path: str, texts: Mapping[str, Run] | None = None
) -> None:
    """One HTML file. Raises `page.ReportExtraMissingError` where plotly is not installed, OSError."""
    from mcp_lean.report.page import page

    content = page(costs, table, skipped, texts)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


@contextmanager
def loading(out: TextIO) -> Iterator[Progress | None]:
    """A progress bar for readings that take time; nothing in a pipe."""
    if not out.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("reading transcripts"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(file=out),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, visible=False)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total >= PROGRESS_FROM_BYTES)

        yield step
