"""Agents made by hand for the replay: explicit sizes, so that every figure of a test can be worked out on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from costs.runs import OPUS, START_S, agent, call, request, result
from mcp_lean.costs.money import Rates
from mcp_lean.costs.origins import Kind
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.facts import AgentFacts, CallFacts, Need
from mcp_lean.costs.replay.model import Actor, Piece, Sent, Turn, Work
from mcp_lean.costs.replay.outcome import Bound
from mcp_lean.costs.replay.policy import Applied, Case, Policy
from mcp_lean.costs.replay.run import applied
from mcp_lean.costs.replay.simulate import picousd
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import AgentKind, ToolCall

MICRO = 10**6
"""Picodollars per token at one dollar per million tokens."""

READ, WRITE, WRITE_1H, OUT = 0.2 * MICRO, 5 * MICRO, 8 * MICRO, 20 * MICRO
"""Opus 5.5."""

KNOWN = CallFacts(-1)
"""A call whose words were all known from the start."""

WORLD = World("recorded", list_prices())


def rates(_tokens: float) -> Rates:
    return Rates(4 * MICRO, 5 * MICRO, 8 * MICRO, MICRO // 5, 20 * MICRO)


@dataclass(frozen=True)
class Step:
    """One request: (kind, tokens[, call id]) that come in, calls that it makes, what it writes."""

    new: tuple[tuple[Kind, float] | tuple[Kind, float, str], ...] = ()
    calls: tuple[ToolCall, ...] = ()
    output: float = 100
    prompt_chars: int = 0
    hit: float = 1.0
    fresh_hit: float = 0.0
    after_s: float = 10.0
    write_1h: bool = False
    reset: bool = False
    model: str = OPUS


def reads(call_id: str, *, path: str = "src/app.py", lines: int = 400, partial: bool = False) -> ToolCall:
    """A Read of a file of so many lines."""
    returned = replace(result(lines * 30), lines=lines)
    return call(call_id, "Read", subject=path, returned=returned, partial=partial)


def made(
    steps: Sequence[Step],
    kind: AgentKind = "main",
    *,
    agent_id: str = "main",
    agent_type: str = "",
    facts: dict[str, CallFacts] | None = None,
    needs: Sequence[Need] = (),
    has_texts: bool = True,
    start_s: float = START_S,
) -> Actor:
    """An agent in which the given sizes are exact."""
    requests, turns = [], []
    at_s = start_s
    context = 0.0
    for number, step in enumerate(steps):
        at_s += step.after_s
        pieces = tuple(Piece(*new) for new in step.new)
        starts = step.reset or number == 0
        context = sum(p.tokens for p in pieces) + (0 if starts else context)
        asked = request(
            number,
            read=round(context),
            output=round(step.output),
            at_s=at_s,
            calls=step.calls,
            results=[p.call_id for p in pieces if p.kind == "result"],
            prompt_chars=step.prompt_chars,
            model=step.model,
            reset="compaction" if step.reset else "none",
        )
        requests.append(asked)
        writes = (0.0, 1.0) if step.write_1h else (1.0, 0.0)
        turns.append(
            Turn(asked, number, rates, pieces, step.hit, step.fresh_hit, *writes, step.output, 0, inf if starts else 0)
        )
    base = sum(piece.tokens for piece in turns[0].pieces if piece.kind == "base")
    return Actor(
        agent(requests, agent_id, kind, agent_type=agent_type),
        tuple(turns),
        AgentFacts(facts or {}, tuple(needs), has_texts),
        base,
    )


def saved(
    policy: Policy,
    actors: Actor | Sequence[Actor],
    bound: Bound = "strict",
    *,
    charged: bool = False,
    sent: Mapping[str, Sent] | None = None,
) -> float:
    """Picodollars that the policy saves; not charged: before our overhead. `sent`: what the router decides."""
    work = Work((actors,) if isinstance(actors, Actor) else tuple(actors), sent=sent or {})
    return picousd(work) - picousd(under(policy, work, bound, charged=charged).work)


def under(policy: Policy, work: Work, bound: Bound = "strict", *, charged: bool = False) -> Applied:
    """The run under the policy."""
    return applied((policy,), work, Case(bound, WORLD, charged))


@dataclass(frozen=True)
class Chat:
    """A main conversation of `turns` requests, each with `size` tokens more, for policies that need length."""

    turns: int
    size: float = 1_000
    base: float = 10_000
    extra: dict[int, Step] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        first = Step((("base", self.base), ("prompt", 100)), prompt_chars=350)
        rest = [Step((("result", self.size, f"r{n}"),), (reads(f"r{n + 1}"),)) for n in range(1, self.turns)]
        steps = [replace(first, calls=(reads("r1"),)), *rest]
        return [self.extra.get(number, step) for number, step in enumerate(steps)]
