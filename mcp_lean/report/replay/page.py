"""A replay as one HTML file that opens offline: where each policy gains and loses, session by session.

In:  a `Summary`.
Out: the page as text.
Not here: the figures (`document`), charts and tables in the browser (`common.js`, `replay.js`).

As on the page of a bill, nothing is asked of a network, and without `with_text` no word of a conversation is in it.
"""

from __future__ import annotations

from mcp_lean.costs.prices import PriceTable
from mcp_lean.report.document import Json
from mcp_lean.report.page import filled
from mcp_lean.report.replay.document import replay_document
from mcp_lean.report.replay.summary import LOSS_SHARE, Summary
from mcp_lean.report.replay.terminal import adoption_lines, data_words, residual_words
from mcp_lean.transcripts.model import Skipped

MOST_SESSIONS = 400
"""The dearest ones, as points and rows; with thousands, a page would not open on a phone. Percentiles are over all."""


def replay_page(summary: Summary, table: PriceTable, skipped: Skipped, *, with_text: bool = False) -> str:
    """The whole file. Raises `page.ReportExtraMissingError` where plotly is not installed."""
    return filled("replay", page_data(summary, table, skipped, with_text=with_text))


def page_data(summary: Summary, table: PriceTable, skipped: Skipped, *, with_text: bool = False) -> Json:
    """The JSON document, with sentences that the terminal says too."""
    made = replay_document(summary, table, skipped, with_text=with_text)
    dearest = sorted(made["runs"], key=lambda run: (-run["baseline_usd"], run["session"]))[:MOST_SESSIONS]
    for run in dearest:
        run["project"] = summary.projects.get(run["session"], run["project"])
        run["outcomes"] = [{key: each[key] for key in ("policy", "bound", "share")} for each in run["outcomes"]]
    made["runs_in_all"], made["runs"] = len(made["runs"]), dearest
    made["loss_share"] = LOSS_SHARE
    made["words"] = {
        "residual": residual_words(summary),
        "data": data_words(summary),
        "measured": list(adoption_lines(summary.measured)) if summary.measured else [],
    }
    return made
