"""The table of the README: what everything together would have saved in recorded sessions, losses included.

    python bench/headline.py FOLDER...

FOLDER holds transcripts in any layout. Prints Markdown: what it rests on, then one row per set of assumptions and world
("recorded": models and prices of the day; "current": the same work on today's models at today's prices). A second
strict row does without `lean_base`, the one assumption in the bundle that can never lose. Nothing in FOLDER is changed,
and nothing is kept.

Exit status: 0 printed; 1 the simulator's baseline is off the recorded bill by more than 2 %; 3 nothing to replay.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.resources import files

from mcp_lean.costs.prices import PriceTable, list_prices
from mcp_lean.costs.replay.catalog import POLICIES, TOGETHER
from mcp_lean.costs.replay.outcome import WorldName
from mcp_lean.costs.replay.runs import replay_worlds
from mcp_lean.report.figures import money, percent, plural
from mcp_lean.report.replay.router import sent
from mcp_lean.report.replay.runs import measure
from mcp_lean.report.replay.summary import Row, Summary, summarize
from mcp_lean.report.replay.terminal import data_words, residual_words
from mcp_lean.transcripts.model import Run
from mcp_lean.transcripts.read import load_runs

WORLDS: tuple[WorldName, ...] = ("recorded", "current")
MOST_RESIDUAL = 0.02


def main() -> int:
    """Reads, replays in both worlds, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", nargs="+")
    args = parser.parse_args()
    table = list_prices()
    runs = load_runs(args.folder).runs
    replays = list(replay_worlds(runs, WORLDS, table=table, router=sent))
    found = list(measure(runs, table))
    summaries = [
        summarize([worlds[number] for worlds in replays], POLICIES, world, found) for number, world in enumerate(WORLDS)
    ]
    if not summaries[0].sessions:
        print(f"no session to replay in {', '.join(args.folder)}", file=sys.stderr)
        return 3
    print("\n".join([*basis(summaries[0], table), "", *rows(summaries, without_lean_base(runs, table))]))
    return 1 if (summaries[0].residual or 0.0) > MOST_RESIDUAL else 0


def without_lean_base(runs: Sequence[Run], table: PriceTable) -> list[Summary]:
    """The bundle in each world, where nobody gives up a server, a plugin or a memory file."""
    bundle = (TOGETHER.name,)
    replays = list(replay_worlds(runs, WORLDS, policies=bundle, table=table, router=sent, leaving_out=("lean_base",)))
    return [summarize([worlds[number] for worlds in replays], [TOGETHER], world) for number, world in enumerate(WORLDS)]


def basis(summary: Summary, table: PriceTable) -> Iterator[str]:
    """What the table rests on."""
    left_out = sum(number for _, number in summary.left_out)
    reasons = ", ".join(f"{reason}: {number}" for reason, number in summary.left_out)
    yield (
        f"{plural(summary.sessions, 'session')}{f' ({left_out} left out: {reasons})' if left_out else ''}, "
        f"{plural(summary.requests, 'request')}, {plural(summary.subagents, 'subagent')}, "
        f"{money(summary.recorded_picousd)} recorded; {data_words(summary)}; "
        f"list prices: {table.source}, the newest of {newest_price()}."
    )
    yield f"{residual_words(summary).partition('; world')[0].capitalize()}."
    measured = summary.measured
    yield (
        f"Measured in {plural(measured.runs, 'session')} that used mcp_lean: net {money(measured.net_picousd)}."
        if measured
        else "Simulated: none of these sessions used mcp_lean."
    )


def newest_price() -> str:
    """The day of the last change in our table of prices."""
    text = (files("mcp_lean.costs") / "prices.json").read_text(encoding="utf-8")
    return max(re.findall(r'"(\d{4}-\d\d-\d\d)"', text))


def rows(summaries: Sequence[Summary], kept: Sequence[Summary]) -> Iterator[str]:
    """The table."""
    yield "| everything together | saved, all money | median session | 10th to 90th percentile | lose | own overhead |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for summary, without in zip(summaries, kept, strict=True):
        for bound in ("strict", "expected"):
            row = summary.row(summary.together, bound)
            if row:
                yield _line(f"{bound}, {summary.world} prices", row, summary)
            less = without.row(without.together, bound)
            if less and bound == "strict":
                yield _line(f"{bound}, no server given up, {summary.world} prices", less, without)
        own = summary.row("own", "strict")
        if own:
            yield _line(f"connected and never used, {summary.world} prices", own, summary)


def _line(name: str, row: Row, summary: Summary) -> str:
    own = percent(row.own_picousd / summary.baseline_picousd if summary.baseline_picousd else 0.0)
    cells = (
        name,
        percent(row.share),
        percent(row.spread.median),
        f"{percent(row.spread.p10)} to {percent(row.spread.p90)}",
        f"{row.losers} of {row.sessions}",
        own,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
