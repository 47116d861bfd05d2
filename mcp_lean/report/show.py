"""A bill in each of its forms: text, JSON, a page; and the progress of reading.

In:  `RunCost` values.
Out: text on a stream, a file.
Not here: what the forms contain (`terminal`, `document`, `page`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from mcp_lean.costs.breakdown import RunCost
from mcp_lean.costs.prices import PriceTable
from mcp_lean.report.groups import By
from mcp_lean.transcripts.model import Run, Skipped
from mcp_lean.transcripts.read import Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mcp_lean.report.tables import Look

PROGRESS_FROM_BYTES = 16 << 20
"""Less is read before a bar could be read."""
REDRAW_SECONDS = 0.1


def as_text(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, out: TextIO, *, by: By | None = None
) -> None:
    """On a terminal with colours, else plain."""
    from mcp_lean.report.terminal import bill

    write(lambda look: bill(costs, table, skipped, look, by), out)


def as_lines(lines: Iterable[str], out: TextIO) -> None:
    """Lines of text, wrapped between words on a terminal."""
    from rich.text import Text

    write(lambda _: (Text(line) for line in lines), out)


def is_narrow(out: TextIO) -> bool:
    """Whether there are characters that the stream cannot take."""
    return not (out.encoding or "utf-8").lower().startswith("utf")


def write(parts: Callable[[Look], Iterable[RenderableType]], out: TextIO) -> None:
    """Renderables as text; characters that the stream cannot take are not used."""
    from mcp_lean.report.tables import Look
    from mcp_lean.report.terminal import console

    page = console(out)
    ascii_only = is_narrow(out)
    with page.capture() as captured:
        for part in parts(Look(page.width, ascii_only)):
            page.print(part)
    text = captured.get()
    if ascii_only:  # a path or a description may hold anything
        text = text.encode(out.encoding, "backslashreplace").decode(out.encoding)
    out.write(text if out.isatty() else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def as_json(
    costs: Sequence[RunCost],
    table: PriceTable,
    skipped: Skipped,
    out: TextIO,
    *,
    by: By | None = None,
    with_text: bool = False,
    more: Mapping[str, object] | None = None,
) -> None:
    """The document of docs/cost.md#json. `more` stands at its end, as it is."""
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
    made |= more or {}
    json.dump(made, out, indent=2, ensure_ascii=is_narrow(out))
    out.write("\n")


def as_page(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, path: str, texts: Mapping[str, Run] | None = None
) -> None:
    """One HTML file. Raises `page.ReportExtraMissingError`, `page.PageNotWrittenError`."""
    from mcp_lean.report.page import page, write_page

    write_page(path, page(costs, table, skipped, texts))


@contextmanager
def loading(out: TextIO) -> Iterator[Progress | None]:
    """A progress bar for readings that take time; nothing in a pipe."""
    with progress_bar(out, "reading transcripts", PROGRESS_FROM_BYTES, in_bytes=True) as step:
        yield step


@contextmanager
def progress_bar(out: TextIO, what: str, shown_from: int = 0, *, in_bytes: bool = False) -> Iterator[Progress | None]:
    """A bar that is drawn by its steps alone: with a thread of its own, the work could not fork any more.

    Args:
        shown_from: a total below this is done before a bar could be read.
    """
    if not out.isatty():
        yield None
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(what), BarColumn(), DownloadColumn() if in_bytes else MofNCompleteColumn())
    console = Console(file=out)
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None, visible=False)
        drawn_s = 0.0

        def step(done: int, total: int) -> None:
            nonlocal drawn_s
            now_s = time.monotonic()
            is_due = now_s - drawn_s >= REDRAW_SECONDS or done == total
            drawn_s = now_s if is_due else drawn_s
            bar.update(task, completed=done, total=total, visible=total >= shown_from, refresh=is_due)

        yield step
