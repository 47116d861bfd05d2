"""A bill as one HTML file that opens offline: charts by plotly, its script inlined, and tables to sort.

In:  `RunCost` values, what the reading skipped, and texts only where they were asked for.
Out: the page as text, and as a file.
Not here: the look (`page.css`), charts and tables in the browser (`common.js`, `page.js`), the figures (`document`).

The page's policy forbids every request, so nothing leaves even if the script wanted to. Without texts there is no word
of a conversation in it: no prompts, descriptions, titles, paths or commands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from mcp_lean import __version__
from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.money import to_usd
from mcp_lean.costs.prices import PriceTable, canonical
from mcp_lean.errors import LeanError
from mcp_lean.report.document import Json, document, newest_first
from mcp_lean.report.figures import CAUSES, LABELS, label, project_name
from mcp_lean.report.terminal import mark
from mcp_lean.transcripts.model import Run, Skipped

MOST_RUNS_WITH_CHARTS = 60
"""The dearest ones; a page with the curves of thousands of runs would not open on a phone."""
MOST_CURVES = 12
PROMPT_CHARS = 300


class ReportExtraMissingError(LeanError):
    """plotly is not installed."""


class PageNotWrittenError(LeanError):
    """The file that was asked for cannot be written."""


def write_page(path: str, content: str) -> None:
    """Writes a page where a person wants it.

    Raises:
        PageNotWrittenError: there is no such folder, or no right to write.
    """
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        why = "there is no such folder" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise PageNotWrittenError(
            f"--html {path}: not written: {why}; name a file in a folder that you can write to"
        ) from error


def page(costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, texts: Mapping[str, Run] | None = None) -> str:
    """The whole file.

    Args:
        texts: runs with their texts, by id; `None` or empty leaves every text out.
    Raises:
        ReportExtraMissingError: plotly is not installed.
    """
    return filled("page", page_data(costs, table, skipped, texts))


def filled(name: str, data: Json) -> str:
    """A page of this folder: its template NAME.html with style, data, plotly and NAME.js put in.

    Raises:
        ReportExtraMissingError: plotly is not installed.
    """
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    parts = {
        "STYLE": _part("page.css"),
        "PLOTLY": _plotly(),
        "COMMON": _part("common.js"),
        "SCRIPT": _part(f"{name}.js"),
        # A "<" could end the script element; in JSON strings its escape means the same.
        "DATA": written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        "VERSION": __version__,
    }
    before, *pieces = _part(f"{name}.html").split("%%")
    for number, piece in enumerate(pieces):
        before += parts[piece] if number % 2 == 0 else piece
    return before


def page_data(
    costs: Sequence[RunCost], table: PriceTable, skipped: Skipped, texts: Mapping[str, Run] | None = None
) -> Json:
    """What the page's script draws: the JSON document, with curves and labels."""
    ordered = newest_first(costs)
    made = document(ordered, table, skipped, with_text=bool(texts))
    dearest = sorted(range(len(ordered)), key=lambda i: (-ordered[i].picousd, i))[:MOST_RUNS_WITH_CHARTS]
    for index in dearest:
        made["runs"][index]["curves"] = curves(ordered[index])
    for index, cost in enumerate(ordered):
        run = made["runs"][index]
        run["project"] = project_name(cost.run.cwd, cost.run.project)
        run["cache_mark"] = "" if cost.read_share is None else mark(cost.read_share)
        for line, known in zip(run["lines"], cost.lines, strict=True):
            line["label"] = label(known.kind, known.own)
        for agent, spent in zip(run["agents"], cost.agents, strict=True):
            agent["lines"] = [
                {"kind": line.kind, "label": label(line.kind, line.own), "own": line.own, "usd": to_usd(line.picousd)}
                for line in spent.lines
            ]
            agent["model"] = canonical(agent["model"])
        if texts and cost.run.id in texts:
            run["prompts"] = prompts(texts[cost.run.id])
    made["runs_with_charts"] = len(dearest)
    made["kinds"] = list(LABELS)
    made["causes"] = CAUSES
    return made


def curves(cost: RunCost) -> list[Json]:
    """Context size over the requests of each agent; the largest agents only."""
    shown = sorted(cost.agents, key=lambda agent: (agent.side != "orchestrator", -agent.picousd, agent.agent.id))
    return [_curve(agent) for agent in shown[:MOST_CURVES] if agent.requests]


def _curve(cost: AgentCost) -> Json:
    breaks = {found.index: found.cause for found in cost.breaks}
    return {
        "agent": cost.agent.id,
        "context": [item.request.usage.context_tokens for item in cost.requests],
        "usd": [round(to_usd(item.bill.picousd), 6) for item in cost.requests],
        "at": [item.request.started_s for item in cost.requests],
        "compactions": [index for index, item in enumerate(cost.requests) if item.request.reset == "compaction"],
        "breaks": [[index, cause] for index, cause in sorted(breaks.items())],
    }


def prompts(run: Run) -> list[Json]:
    """The beginning of every prompt, in order."""
    return [
        {"agent": agent.id, "request": index + 1, "text": text[:PROMPT_CHARS]}
        for agent in run.agents
        for index, request in enumerate(agent.requests)
        for text in request.entered.prompts or ()
    ]


def _part(name: str) -> str:
    return (files("mcp_lean.report") / name).read_text(encoding="utf-8")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError:
        raise ReportExtraMissingError(
            "--html needs plotly, which is not installed; it comes with: pip install '.[report]' (in the checkout; "
            "also pipx install --force '.[report]', uv tool install --force '.[report]')"
        ) from None
    script: Any = get_plotlyjs()
    return str(script)
