"""A replay on a terminal, and the same as plain text in a pipe.

In:  a `Summary`, what the reading skipped.
Out: renderables of rich, in the order of a page: verdict, policies, bundles, sessions, what was measured, what was
     left out, what the columns mean, and the verdict again.
Not here: the tables (`tables`), adding up (`summary`), other forms (`document`, `page`): these have each policy's
     assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.prices import PriceTable, canonical
from mcp_lean.costs.replay.outcome import Bound
from mcp_lean.packing.render import on_one_line
from mcp_lean.report.figures import local_time, money, percent, plural
from mcp_lean.report.replay.summary import LOSS_SHARE, Gain, Summary
from mcp_lean.report.replay.tables import (
    ARITHMETIC,
    LOSS,
    WITHOUT_US,
    bundles_table,
    idle,
    policies_table,
    share,
)
from mcp_lean.report.tables import Look
from mcp_lean.report.terminal import left_out
from mcp_lean.transcripts.file import MAIN
from mcp_lean.transcripts.model import Skipped

WORLDS = {
    "recorded": "models and prices: as recorded (--world current: today's)",
    "current": "models and prices: today's (--world recorded: as they were)",
}
LEGEND = (
    "saved is net of own, what mcp_lean itself costs. saved, median, p10 .. p90 (over sessions), lose and own are of "
    f"the strictest bound there is; lose: sessions dearer by more than {100 * LOSS_SHARE:g} %; "
    "waiting saved: of all sessions together, below zero there is more of it.\n"
    "strict: assumptions against us; expected: as we think it is; upper: the most it could be.\n"
    "Everything together has fewer servers, plugins and memory files in it: that part only you can do.\n"
    "Policies overlap, do not add them up. What is simulated was not tried on a model. "
    f"{ARITHMETIC} prices only: whether the work would have succeeded is not known. {WITHOUT_US} Claude Code can do "
    "this without us.\n"
    "What each line assumes, and when it loses: --html FILE, --json, or docs/replay.md."
)
HEADLINE: tuple[Bound, ...] = ("strict", "expected")
MOST_CALLS = 3
MOST_LOSSES = 5
CALL_CHARS = 60


def replayed(summary: Summary, table: PriceTable, skipped: Skipped, look: Look) -> Iterator[RenderableType]:
    """The page; `summary` has at least one session."""
    sessions, requests = plural(summary.sessions, "session"), plural(summary.requests, "request")
    yield Text(f"{sessions}, {requests}, {money(summary.recorded_picousd)} recorded")
    yield from verdict(summary)
    yield Text(residual_words(summary), style="dim")
    yield Group(Text(), policies_table(summary, look))
    unused = ", ".join(policy.title for policy in idle(summary))
    if unused:
        yield Text(f"nothing to do in these sessions: {unused}", style="dim")
    if any(row.policy.is_bundle for row in summary.rows):
        yield Group(Text(), bundles_table(summary, look))
    yield from gains(summary)
    yield from losses(summary)
    yield from measured(summary.measured)
    notes = [*gaps(summary), *price_notes(table), *left_out(skipped)]
    if notes:
        yield Group(Text(), *(Text(note, style="yellow") for note in notes))
    yield Group(Text(), Text(LEGEND, style="dim"))
    yield from verdict(summary)  # once more: the first line has scrolled away


def verdict(summary: Summary) -> Iterator[RenderableType]:
    """What everything together comes to."""
    line = Text()
    for bound in HEADLINE:
        if row := summary.row(summary.together, bound):
            line.append(" or " if line else "simulated: everything together saves ")
            line.append_text(share(row.share, "bold")).append(f" ({bound})")
    if line:
        yield line


def residual_words(summary: Summary) -> str:
    """How well the simulator explains what was paid; in a world of other prices there is nothing to hold it against."""
    world = WORLDS[summary.world]
    if summary.residual is None:
        return f"{world}; with nothing changed these sessions cost {money(summary.baseline_picousd)} so"
    worst = _within(summary.worst_residual or 0.0)
    words = f"baseline reproduces the bill within {_within(summary.residual)} (worst session {worst})"
    if summary.recorded_picousd and summary.predicted_picousd:
        ideal = 100 * summary.predicted_picousd / summary.recorded_picousd
        words += f"; with an ideal cache in place of the recorded hits {ideal:.0f} % of it"
    return f"{words}; {world}"


def _within(part: float) -> str:
    """Rounded up: a residual is never said smaller than it is."""
    return "0.01 %" if part <= 0.0001 else f"{(int(part * 1000) + 1) / 10:.1f} %"


# ------------------------------------------------------------------------------------------------------------ sessions


def gains(summary: Summary) -> Iterator[RenderableType]:
    """The sessions that would have gained most, with calls that could have been one."""
    if not summary.gains:
        return
    yield Group(Text(), Text("these sessions would have gained most (together, strict)", style="bold"))
    for gain in summary.gains:
        run = gain.run
        saved = f"{money(gain.saved_picousd)} of {money(run.baseline_picousd)}, {percent(gain.share)}"
        yield Text(f"{run.session_id[:8]}  {summary.project(run)}  {local_time(run.started_s)}  {saved}")
        yield from _example(gain)


def losses(summary: Summary) -> Iterator[RenderableType]:
    """The sessions in which everything together loses, the worst by name."""
    if not summary.losses:
        return
    named = [f"{run.session_id[:8]} {percent(share)}" for run, share in summary.losses[:MOST_LOSSES]]
    rest = len(summary.losses) - len(named)
    words = f"{', '.join(named)}{f', and {rest} more' if rest else ''}"
    yield Group(Text(), Text("would have lost (together, strict): ", style="bold").append(words, LOSS))


def _example(gain: Gain) -> Iterator[RenderableType]:
    """Calls that could have been one, where there are some."""
    for _, outcome, index in gain.examples[:1]:
        example = outcome.examples[index]
        calls = [_cut(f"{tool} {about}") for tool, about in example.calls[:MOST_CALLS]]
        if len(example.calls) > MOST_CALLS:
            calls.append(f"{len(example.calls) - MOST_CALLS} more")
        agent = "orchestrator" if example.agent_id == MAIN else example.agent_id[:12]
        where = f"{agent}, request {example.request_index + 1}, {outcome.bound}"
        what = f"for example {plural(len(example.calls), 'call')} in one turn, {money(example.saved_picousd)} less"
        yield Padding(Text(f"{what} ({where}): {'; '.join(calls)}", style="dim"), (0, 0, 0, 4))


def _cut(words: str) -> str:
    """One line; control characters, which could steer a terminal, as their escapes."""
    flat = on_one_line(" ".join(words.split()))
    return flat if len(flat) <= CALL_CHARS else f"{flat[: CALL_CHARS - 2]}.."


# ------------------------------------------------------------------------------------------------------------ measured


def measured(found: Adoption | None) -> Iterator[RenderableType]:
    """What is known rather than simulated: sessions that used our tools."""
    yield Group(Text(), Text("measured in sessions that used mcp_lean", style="bold"))
    if found is None:
        yield Text("none of these did: nothing is measured yet", style="dim")
        return
    yield from (Text(line) for line in adoption_lines(found))
    net = Text("net: ").append(money(found.net_picousd), LOSS if found.net_picousd < 0 else "")
    net.append(f" in {plural(found.runs, 'session')}; ")
    net.append(f"{found.losing_runs} of them lost", LOSS if found.losing_runs else "")
    yield net


def adoption_lines(found: Adoption) -> Iterator[str]:
    """Figures of the measured side, in words; also for the page."""
    if found.share is not None:
        looks = plural(found.own_looks + found.native_calls, "look")
        yield f"adoption: {100 * found.share:.0f} % of {looks} at files and searches went through us"
    if found.looks_per_own_turn is not None:
        habit = found.looks_per_native_turn
        native = f"; native ones {habit:.2f}" if habit is not None else "; there were no native ones"
        yield f"looks per turn: ours {found.looks_per_own_turn:.2f} in {plural(found.own_turns, 'turn')}{native}"
    if found.own_turns:
        unknown = found.own_turns - found.compared_turns
        without = f" ({plural(unknown, 'turn')} with nothing to compare with: none claimed)" if unknown else ""
        yield f"turns saved: {found.saved_turns:.1f}, {money(found.saved_picousd)}{without}"
    again = [
        f"{plural(found.follow_ups, 'item')} asked for what we had cut",
        f"{plural(found.reread_calls, 'native Read')} of what we had shown",
        f"{plural(found.failed_items, 'item')} failed",
    ]
    if found.unchanged_items:
        again.append(f"{plural(found.unchanged_items, 'item')} answered with 'unchanged'")
    if found.unreadable_calls:
        again.append(f"{plural(found.unreadable_calls, 'call')} that the transcript does not hold")
    yield f"asked again: {'; '.join(again)}"
    parts = [
        ("definitions", found.definitions_picousd),
        ("hook texts", found.hooks_picousd),
        ("headings in answers", found.frames_picousd),
        ("failed calls", found.failures_picousd),
        ("re-reads", found.rereads_picousd),
        ("other calls", found.other_calls_picousd),
    ]
    words = ", ".join(f"{name} {money(amount)}" for name, amount in parts if amount)
    yield f"overhead: {money(found.overhead_picousd)}{f' ({words})' if words else ''}"


# --------------------------------------------------------------------------------------------------------------- notes


def gaps(summary: Summary) -> Iterator[str]:
    """Sessions that have no figures, and what makes the others' figures lower bounds."""
    total = sum(number for _, number in summary.left_out)
    if total:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in summary.left_out)
        yield f"left out: {plural(total, 'session')} ({reasons})"
    for note, number in summary.notes:
        yield f"{plural(number, 'session')}: {note}"


def price_notes(table: PriceTable) -> Iterator[str]:
    """Prices that are not the vendor's."""
    if table.contract:
        yield from table.contract.problems
        yield f"prices at your organization's rates ({table.contract.source})"


def data_words(summary: Summary) -> str:
    """Clients and models, for a caption."""
    models = list(dict.fromkeys(canonical(model).removeprefix("claude-") for model in summary.models))
    versions = summary.versions
    span = f"{versions[0]} to {versions[-1]}" if len(versions) > 1 else "".join(versions) or "of unknown version"
    return f"clients {span}; models {', '.join(models) or 'unknown'}"
