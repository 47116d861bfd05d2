"""What a replay says about a run, as values.

In:  nothing; `run` fills these.
Out: frozen values for the command, the page and the headline: `RunReplay` -> `Outcome` -> `Example`; `PolicyInfo`.
Not here: simulating (`simulate`), which policies there are (`catalog`), adding up runs (`report`).

Money is in whole picodollars (1e-12 USD). Nothing here was run against a model: each figure is arithmetic on what was
recorded, under the assumptions that stand beside the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Bound = Literal["strict", "expected", "upper"]
"""strict: assumptions chosen against us. expected: those we believe. upper: more than can be had: hindsight, or every
doubtful case counted as a success."""

BOUNDS: tuple[Bound, ...] = ("strict", "expected", "upper")

WorldName = Literal["recorded", "current"]
"""recorded: models, tokens and prices of the day. current: the same work on today's model of the same family."""

RunLength = Literal["short", "medium", "long"]
"""Requests of all agents together: below 25, below 75, and from 75 on."""

LeftOut = Literal[
    "",
    "no usage",
    "one request",
    "main conversation missing",
    "subagents missing",
    "cannot be read again",
]
"""Why a run has no figures; empty: it has."""


@dataclass(frozen=True, slots=True)
class Example:
    """Recorded calls of one agent that could have been one."""

    agent_id: str
    request_index: int
    """Position in the agent of the request that made the first of these calls."""
    calls: tuple[tuple[str, str], ...]
    """(tool, what it was about), in order."""
    becomes: str
    """The one call in place of them, as the model would write it."""
    saved_picousd: int
    """Of the reads of the context that fall away, before our overhead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One policy at one bound, applied to one run."""

    policy: str
    bound: Bound
    saved_picousd: int
    """Net of what we cost; below zero where the policy would have lost money."""
    gross_picousd: int
    """Before our own overhead, but after what the policy itself costs (follow-ups, repeated work, dearer writes)."""
    own_picousd: int
    """Our definitions, hook texts, headers and failing calls: `gross_picousd - saved_picousd`."""
    count: int
    """How often the policy acted: turns merged, files outlined, contexts cleared, agents routed."""
    seconds_saved: float
    """Waiting that falls away with round trips; below zero where turns are added."""
    examples: tuple[Example, ...] = ()
    """The ones that save most, at most three; batching policies only."""


@dataclass(frozen=True, slots=True)
class RunReplay:
    """One run in one world."""

    session_id: str
    project: str
    title: str
    path: str
    started_s: float | None
    versions: tuple[str, ...]
    models: tuple[str, ...]
    """As recorded, in order of first use."""
    world: WorldName
    left_out: LeftOut
    length: RunLength
    requests: int
    """Of all agents, without the client's own requests (compaction, warm-up)."""
    subagents: int
    peak_tokens: int
    """Largest context of any agent, as recorded."""
    recorded_picousd: int
    """The bill of the recorded requests at the prices of their day, whatever the world."""
    baseline_picousd: int
    """What the simulator makes of the run when nothing is changed; savings are counted from here."""
    predicted_picousd: int
    """The same with an ideal prefix cache (gaps and lifetimes) in place of the recorded hits: how well the model of the
    cache explains the bill."""
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()
    """What is missing from this run's files, or special about it, in words."""

    def outcome(self, policy: str, bound: Bound) -> Outcome | None:
        """That policy at that bound; `None` where it has no such bound, or the run was left out."""
        return next((found for found in self.outcomes if (found.policy, found.bound) == (policy, bound)), None)

    def share(self, policy: str, bound: Bound) -> float | None:
        """Saved part of the bill, -inf..1; `None` without a bill or such an outcome."""
        found = self.outcome(policy, bound)
        return found.saved_picousd / self.baseline_picousd if found and self.baseline_picousd else None


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """What a policy is, for a reader."""

    name: str
    title: str
    bounds: tuple[Bound, ...]
    assumptions: tuple[str, ...]
    """One sentence each."""
    loses_when: str
    """The situation in which it costs more than it saves."""
    is_bundle: bool = False
    """Several policies together; not to be added to the others."""
    is_arithmetic: bool = False
    """Prices only; says nothing about whether the work would have succeeded."""
    is_baseline: bool = False
    """What Claude Code can do without us."""
