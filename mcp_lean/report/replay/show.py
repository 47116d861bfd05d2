"""A replay in each of its forms: text, JSON, a page.

In:  a `Summary`.
Out: text on a stream, a file.
Not here: what the forms contain (`terminal`, `document`, `page`).
"""

from __future__ import annotations

import json
from typing import TextIO

from mcp_lean.costs.prices import PriceTable
from mcp_lean.report.replay.summary import Summary
from mcp_lean.transcripts.model import Skipped


def as_text(summary: Summary, table: PriceTable, skipped: Skipped, out: TextIO) -> None:
    """On a terminal with colours, else plain."""
    from mcp_lean.report.replay.terminal import replayed
    from mcp_lean.report.show import write

    write(lambda look: replayed(summary, table, skipped, look), out)


def as_json(summary: Summary, table: PriceTable, skipped: Skipped, out: TextIO, *, with_text: bool = False) -> None:
    """The document of docs/cost.md#replay-json."""
    from mcp_lean.report.replay.document import replay_document
    from mcp_lean.report.show import is_narrow

    json.dump(replay_document(summary, table, skipped, with_text=with_text), out, indent=2, ensure_ascii=is_narrow(out))
    out.write("\n")


def as_page(summary: Summary, table: PriceTable, skipped: Skipped, path: str, *, with_text: bool = False) -> None:
    """One HTML file. Raises `page.ReportExtraMissingError`, `page.PageNotWrittenError`."""
    from mcp_lean.report.page import write_page
    from mcp_lean.report.replay.page import replay_page

    write_page(path, replay_page(summary, table, skipped, with_text=with_text))
