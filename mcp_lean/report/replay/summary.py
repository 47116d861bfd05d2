"""Replays of many runs, added up: what each policy saves overall, at the median, and in how many sessions it loses.

In:  `RunReplay` values (costs/replay), the policies, and what was measured where our tools were used (`Adoption`).
Out: `Summary`.
Not here: simulating (`costs/replay`), printing (`terminal`, `document`, `page`).

Shares are parts of the baseline in the world that was asked for. Percentiles are over sessions, each counted once,
interpolated between neighbours; the overall share is weighted by money, so few long sessions decide it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.replay.outcome import BOUNDS, Bound, Outcome, PolicyInfo, RunReplay, WorldName
from mcp_lean.packing.render import on_one_line

LOSS_SHARE = 0.001
"""A session loses where a policy makes it dearer by more than this part of its bill; less is rounding."""

MOST_GAINING = 3
MOST_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """A share of the bill over sessions."""

    p10: float
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Row:
    """One policy at one bound, over all sessions."""

    policy: PolicyInfo
    bound: Bound
    saved_picousd: int
    """Net of our own overhead; below zero for a loss."""
    gross_picousd: int
    own_picousd: int
    share: float
    """Saved part of the whole baseline."""
    spread: Spread
    losers: int
    """Sessions that become dearer by more than `LOSS_SHARE`."""
    sessions: int
    acted: int
    """Sessions in which the policy had something to do."""
    count: int
    seconds_saved: float


@dataclass(frozen=True, slots=True)
class Gain:
    """A session, and what all policies together would have saved in it."""

    run: RunReplay
    saved_picousd: int
    share: float
    examples: tuple[tuple[PolicyInfo, Outcome, int], ...]
    """(policy, outcome, index into its examples): the strictest first, and of these the largest saving."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay says."""

    world: WorldName
    sessions: int
    left_out: tuple[tuple[str, int], ...]
    """(reason, sessions), most first."""
    requests: int
    subagents: int
    versions: tuple[str, ...]
    models: tuple[str, ...]
    """By the number of sessions that used them."""
    recorded_picousd: int
    baseline_picousd: int
    predicted_picousd: int
    residual: float | None
    """How far the baseline is from the recorded bill, overall, as a share of it; `None` in a world of other prices."""
    worst_residual: float | None
    """The same, of the session where it is largest."""
    rows: tuple[Row, ...]
    """In the order of the policies, bounds from strict to upper; bundles last."""
    gains: tuple[Gain, ...]
    """The sessions that would have gained most."""
    losses: tuple[tuple[RunReplay, float], ...]
    """All sessions in which the bundle loses, at its strict bound, with the share; the largest loss first."""
    notes: tuple[tuple[str, int], ...]
    """What makes figures lower bounds, and in how many sessions."""
    runs: tuple[RunReplay, ...]
    """Those that count, as given."""
    excluded: tuple[RunReplay, ...]
    """Those that were left out."""
    measured: Adoption | None
    """`None`: no session used our tools."""
    projects: Mapping[str, str]
    """By session id: the folder that it worked in, as a person calls it."""

    def project(self, run: RunReplay) -> str:
        """Where a session worked."""
        return self.projects.get(run.session_id) or on_one_line(run.project)

    def row(self, policy: str, bound: Bound) -> Row | None:
        """That row; `None` where the policy has no such bound."""
        return next((row for row in self.rows if (row.policy.name, row.bound) == (policy, bound)), None)

    @property
    def together(self) -> str:
        """Name of the bundle that the headline speaks of; empty where there is none."""
        return _together([row.policy for row in self.rows])


def summarize(
    replays: Sequence[RunReplay],
    policies: Sequence[PolicyInfo],
    world: WorldName,
    measured: Sequence[Adoption] = (),
    projects: Mapping[str, str] | None = None,
) -> Summary:
    """Everything that is printed about a replay."""
    runs = tuple(run for run in replays if not run.left_out)
    ordered = sorted(policies, key=lambda policy: policy.is_bundle)  # stable: bundles last, else as given
    rows = tuple(
        row for policy in ordered for bound in BOUNDS if bound in policy.bounds and (row := _row(policy, bound, runs))
    )
    recorded = sum(run.recorded_picousd for run in runs)
    baseline = sum(run.baseline_picousd for run in runs)
    is_recorded = world == "recorded"
    return Summary(
        world=world,
        sessions=len(runs),
        left_out=_most_common(run.left_out for run in replays if run.left_out),
        requests=sum(run.requests for run in runs),
        subagents=sum(run.subagents for run in runs),
        versions=tuple(sorted({version for run in runs for version in run.versions}, key=_version_key)),
        models=tuple(model for model, _ in _most_common(model for run in runs for model in set(run.models))),
        recorded_picousd=recorded,
        baseline_picousd=baseline,
        predicted_picousd=sum(run.predicted_picousd for run in runs),
        residual=_residual(baseline, recorded) if is_recorded else None,
        worst_residual=max((_residual(run.baseline_picousd, run.recorded_picousd) or 0.0 for run in runs), default=None)
        if is_recorded
        else None,
        rows=rows,
        gains=_gains(runs, {policy.name: policy for policy in ordered}, _together(ordered)),
        losses=_losses(runs, _together(ordered)),
        notes=_most_common(note for run in runs for note in set(run.notes)),
        runs=runs,
        excluded=tuple(run for run in replays if run.left_out),
        measured=sum(measured, Adoption()) if measured else None,
        projects=projects or {},
    )


def _together(policies: Sequence[PolicyInfo]) -> str:
    """The first bundle: what comes after it is a part of it."""
    return next((policy.name for policy in policies if policy.is_bundle), "")


def _row(policy: PolicyInfo, bound: Bound, runs: Sequence[RunReplay]) -> Row | None:
    found = [(run, outcome) for run in runs if (outcome := run.outcome(policy.name, bound))]
    if not found:
        return None
    shares = [outcome.saved_picousd / run.baseline_picousd if run.baseline_picousd else 0.0 for run, outcome in found]
    baseline = sum(run.baseline_picousd for run, _ in found)
    saved = sum(outcome.saved_picousd for _, outcome in found)
    return Row(
        policy,
        bound,
        saved,
        sum(outcome.gross_picousd for _, outcome in found),
        sum(outcome.own_picousd for _, outcome in found),
        saved / baseline if baseline else 0.0,
        spread(shares),
        sum(share < -LOSS_SHARE for share in shares),
        len(found),
        sum(outcome.count > 0 for _, outcome in found),
        sum(outcome.count for _, outcome in found),
        sum(outcome.seconds_saved for _, outcome in found),
    )


def spread(shares: Sequence[float]) -> Spread:
    """Of at least one session."""
    ordered = sorted(shares)
    return Spread(*(_quantile(ordered, part) for part in (0.1, 0.5, 0.9)))


def _quantile(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _residual(baseline: int, recorded: int) -> float | None:
    return abs(baseline - recorded) / recorded if recorded else None


def _gains(runs: Sequence[RunReplay], policies: dict[str, PolicyInfo], together: str) -> tuple[Gain, ...]:
    """By what the bundle saves at its strict bound; sessions that would have lost are none."""
    found = []
    for run in runs:
        outcome = run.outcome(together, "strict")
        if outcome and outcome.saved_picousd > 0:
            share = outcome.saved_picousd / run.baseline_picousd if run.baseline_picousd else 0.0
            found.append(Gain(run, outcome.saved_picousd, share, _examples(run, policies)))
    found.sort(key=lambda gain: (-gain.saved_picousd, gain.run.session_id))
    return tuple(found[:MOST_GAINING])


def _losses(runs: Sequence[RunReplay], together: str) -> tuple[tuple[RunReplay, float], ...]:
    shares = [(run, run.share(together, "strict") or 0.0) for run in runs]
    lost = [(run, share) for run, share in shares if share < -LOSS_SHARE]
    return tuple(sorted(lost, key=lambda pair: (pair[1], pair[0].session_id)))


def _examples(run: RunReplay, policies: dict[str, PolicyInfo]) -> tuple[tuple[PolicyInfo, Outcome, int], ...]:
    """Each group of calls once, at its strictest bound."""
    found: dict[tuple[str, int], tuple[PolicyInfo, Outcome, int]] = {}
    for bound in BOUNDS:
        for outcome in run.outcomes:
            if outcome.bound == bound and outcome.policy in policies:
                for index, example in enumerate(outcome.examples):
                    found.setdefault(
                        (example.agent_id, example.request_index), (policies[outcome.policy], outcome, index)
                    )
    ordered = sorted(
        found.values(), key=lambda each: (BOUNDS.index(each[1].bound), -each[1].examples[each[2]].saved_picousd)
    )
    return tuple(ordered[:MOST_EXAMPLES])


def _most_common(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    counts = Counter(names)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _version_key(version: str) -> tuple[tuple[int, ...], str]:
    """2.1.9 before 2.1.10; anything unusual by its text."""
    numbers = version.split(".")
    return (tuple(map(int, numbers)) if all(number.isdigit() for number in numbers) else (0,), version)
