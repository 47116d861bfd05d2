"""Results of replays made by hand: what the reports of a replay are tested with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp_lean.costs.replay.outcome import Bound, Example, LeftOut, Outcome, PolicyInfo, RunReplay

USD = 10**12
"""Picodollars."""

BATCH = PolicyInfo("batch", "Batching", ("strict", "upper"), ("Words were known.",), "there are no series")
BASE = PolicyInfo("base", "Less before it", ("strict",), ("Nobody misses it.",), "never")
CHEAP = PolicyInfo("cheap", "A cheaper model", ("expected",), ("Prices.",), "never", is_arithmetic=True)
NATIVE = PolicyInfo("native", "Without us", ("strict",), ("In parallel.",), "never", is_baseline=True)
ALL = PolicyInfo("together", "Everything", ("strict", "expected"), ("In order.",), "it is short", is_bundle=True)
HALF = PolicyInfo("half", "Settings only", ("strict",), ("No server.",), "it is short", is_bundle=True)

CALLS = (("Read", "src/a.py"), ("Read", "src/b.py"))
EXAMPLE = Example("main", 4, CALLS, 'read_many(items=["src/a.py","src/b.py"])', USD // 10)


def outcome(
    policy: PolicyInfo,
    saved_usd: float,
    bound: Bound = "strict",
    *,
    own_usd: float = 0.0,
    count: int = 1,
    seconds: float = 0.0,
    examples: Sequence[Example] = (),
) -> Outcome:
    saved, own = round(saved_usd * USD), round(own_usd * USD)
    return Outcome(policy.name, bound, saved, saved + own, own, count, seconds, tuple(examples))


def replayed(
    number: int,
    *outcomes: Outcome,
    usd: float = 10.0,
    baseline_usd: float | None = None,
    left_out: LeftOut = "",
    versions: Sequence[str] = ("2.1.330",),
    models: Sequence[str] = ("claude-opus-5-5",),
    notes: Sequence[str] = (),
) -> RunReplay:
    baseline = usd if baseline_usd is None else baseline_usd
    return RunReplay(
        session_id=f"{number:08d}-0000-4000-8000-000000000000",
        project="-home-ann-shop",
        title=f"Title {number}",
        path=f"{number}.jsonl",
        started_s=1_790_000_000.0 + number,
        versions=tuple(versions),
        models=tuple(models),
        world="recorded",
        left_out=left_out,
        length="medium",
        requests=30,
        subagents=2,
        peak_tokens=90_000,
        recorded_picousd=round(usd * USD),
        baseline_picousd=round(baseline * USD),
        predicted_picousd=round(0.9 * usd * USD),
        outcomes=tuple(outcomes),
        notes=tuple(notes),
    )


def together(number: int, share: float, **more: float) -> RunReplay:
    """A session of 10 dollars in which everything together saves this share."""
    return replace(replayed(number, outcome(ALL, 10 * share), **more))
