"""What the user's own runs say about settings: cache lifetime per kind of work, causes of breaks, fan-outs, effort.

In:  the priced runs of the last days.
Out: findings where another setting would have cost less on them; figures to think about.
Not here: reading transcripts (`cli/doctor` asks for it), savings of one run (`costs/savings_cache`).

The cache's lifetime is judged on the pauses that really were. With 5-minute writes each pause between 4 minutes and an
hour turns its reads into writes; with 1-hour writes each write costs 1.6 times as much. Whoever has fewer pauses than
that pays for the longer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.claude_code.doctor.finding import Cost, Fact, Finding, Result
from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.cache_breaks import LIFETIMES, POOR_READ_SHARE, cache_lifetime_s, gap_s, lost_tokens, read_share
from mcp_lean.costs.prices import canonical, to_usd
from mcp_lean.costs.savings_cache import AVOIDABLE, NOTICED_GAP_S

WORTH_SHARE, WORTH_USD = 0.03, 1.0
"""A saving below either is noise: pauses of the next weeks will not be those of the last."""

FEWEST_REQUESTS = 200
"""Of one kind of work, before anything is said about it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work, and where its lifetime is set: a setting of Claude Code since 2.1.243, or variables.

    settings: in words, by the lifetime that is wanted. Source: the vendor's change log and settings page.
    """

    name: str
    settings: Mapping[str, str]
    holds: Callable[[AgentCost], bool]


def _prompts(cost: AgentCost) -> int:
    return sum(request.is_after_prompt for request in cost.agent.requests)


KINDS = (
    Kind(
        "sessions of several prompts",
        {ttl: f'"promptCacheTtl": "{ttl}"' for ttl in LIFETIMES},
        lambda agent: agent.side == "orchestrator" and _prompts(agent) > 1,
    ),
    Kind(
        "sessions of one prompt",
        {
            "5m": "FORCE_PROMPT_CACHING_5M=1 where such runs start",
            "1h": "ENABLE_PROMPT_CACHING_1H=1 where such runs start",
        },
        lambda agent: agent.side == "orchestrator" and _prompts(agent) <= 1,
    ),
    Kind(
        "subagents",
        {ttl: f'"subagentPromptCacheTtl": "{ttl}"' for ttl in LIFETIMES},
        lambda agent: agent.side == "subagents",
    ),
)

EFFORT_PRICES = {
    ("claude-opus-5-5", "high"): ("medium", 0.22 / 0.29, "95.3 % -> 92.8 %"),
    ("claude-opus-5-5", "medium"): ("low", 0.12 / 0.22, "92.8 % -> 87.4 %"),
}
"""(model, effort): the next lower effort, what it costs of the higher one per solved task, and tasks solved. Vendor's
measurement on a part of SWE-bench Pro ("Optimizing for cost and intelligence", platform documentation, 2026-11)."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What one kind of work would have saved under the other lifetime, in picodollars; below 0: it would have lost."""

    requests: int = 0
    picousd: int = 0
    with_5m: int = 0
    with_1h: int = 0
    written_5m_tokens: int = 0
    written_1h_tokens: int = 0


def lifetimes(costs: Sequence[RunCost], settings_file: str) -> Iterator[Result]:
    """Per kind of work: the lifetime that would have cost less."""
    for kind in KINDS:
        agents = [agent for cost in costs for agent in cost.agents if kind.holds(agent)]
        found = lifetime(agents)
        if found.requests < FEWEST_REQUESTS:
            yield Fact(f"cache lifetime, {kind.name}", f"{found.requests} requests: too few to say ({FEWEST_REQUESTS})")
            continue
        saved, other = max((found.with_5m, "5m"), (found.with_1h, "1h"))
        usd, share = to_usd(saved), saved / found.picousd if found.picousd else 0.0
        now = "1h" if found.written_1h_tokens > found.written_5m_tokens else "5m"
        if other == now or usd < WORTH_USD or share < WORTH_SHARE:
            yield Fact(f"cache lifetime, {kind.name}", f"{now} is as good as any on {found.requests:,} requests")
            continue
        yield Finding(
            "cache-lifetime",
            f"{kind.name}: with {other} instead of {now} these {found.requests:,} requests would have cost ${usd:.2f} "
            f"less ({share * 100:.0f} % of ${to_usd(found.picousd):.2f})",
            f"{kind.settings[other]}, if the next weeks have pauses like the last",
            settings_file if kind.settings[other].startswith('"') else "",
            0,
            Cost(found.written_1h_tokens + found.written_5m_tokens, usd / found.requests * 100),
        )


def lifetime(agents: Sequence[AgentCost]) -> Lifetime:
    """Both lifetimes on what these agents did."""
    requests = picousd = with_5m = with_1h = written_5m = written_1h = 0
    for agent in agents:
        requests += len(agent.requests)
        picousd += agent.picousd
        lasts = LIFETIMES["5m"]
        for index, item in enumerate(agent.requests):
            usage, rates = item.request.usage, item.quote.rates
            written_5m += usage.cache_write_5m_tokens
            written_1h += usage.cache_write_1h_tokens
            with_5m += usage.cache_write_1h_tokens * (rates.cache_write_1h - rates.cache_write_5m)
            lost = lost_tokens(agent.requests[index - 1].request, item.request) if index else 0
            gap = gap_s(agent.requests[index - 1].request, item.request) if index else None
            lasts = (cache_lifetime_s(agent.requests[index - 1].request) if index else None) or lasts
            again = rates.cache_write_5m - rates.cache_read
            is_hour = lasts == LIFETIMES["1h"] or (index == 0 and usage.cache_write_1h_tokens > 0)
            if is_hour and (index == 0 or (gap is not None and gap > NOTICED_GAP_S)):
                # Only a 1-hour entry bridges such a pause; what a first request finds, another conversation left.
                with_5m -= usage.cache_read_tokens * again
            is_bridged = gap is not None and LIFETIMES["5m"] < gap <= LIFETIMES["1h"] and lasts == LIFETIMES["5m"]
            kept = usage.cache_write_5m_tokens - (min(lost, usage.cache_write_5m_tokens) if is_bridged else 0)
            with_1h -= kept * (rates.cache_write_1h - rates.cache_write_5m)
            with_1h += lost * again if is_bridged else 0
    return Lifetime(requests, picousd, with_5m, with_1h, written_5m, written_1h)


def breaks(costs: Sequence[RunCost]) -> Iterator[Result]:
    """What breaks of the cache that a change made have cost, by cause."""
    by_cause: dict[str, list[int]] = {}
    for cost in costs:
        for found in cost.breaks:
            if found.cause in AVOIDABLE:
                by_cause.setdefault(found.cause, []).append(found.picousd)
    for cause, amounts in sorted(by_cause.items()):
        yield Fact(f"cache breaks, {cause.replace('_', ' ')}", f"{len(amounts)}, ${to_usd(sum(amounts)):.2f}")
    shares = [share for cost in costs if (share := read_share(cost.usage)) is not None]
    poor = sum(share < POOR_READ_SHARE for share in shares)
    if shares:
        yield Fact(
            "cache reads", f"{poor} of {len(shares)} runs read less than {POOR_READ_SHARE * 100:.0f} % from the cache"
        )


def fan_outs(costs: Sequence[RunCost]) -> Iterator[Result]:
    """Agents of one kind that one turn launched with different models or efforts."""
    mixed, extra, example = 0, 0, ""
    for cost in costs:
        launched: dict[tuple[str, str], list[AgentCost]] = {}
        starts = {
            call.id: (agent.agent.id, request.id)
            for agent in cost.agents
            for request in agent.agent.requests
            for call in request.calls
            if call.spawn
        }
        for agent in cost.agents:
            if agent.side == "subagents" and agent.requests and agent.agent.spawn_call_id in starts:
                launched.setdefault((*starts[agent.agent.spawn_call_id][1:], agent.agent.agent_type), []).append(agent)
        for (_, kind), agents in launched.items():
            ways = {(canonical(agent.model), agent.agent.requests[0].effort) for agent in agents}
            if len(ways) > 1:
                mixed += 1
                extra += sum(agent.requests[0].request.usage.cache_write_tokens for agent in agents[1:])
                example = example or f"{kind}: {', '.join(sorted(' '.join(filter(None, way)) for way in ways))}"
    if mixed:
        yield Finding(
            "fan-out-differs",
            f"{mixed} fan-outs launched agents of one kind with different models or efforts ({example}): each writes "
            "the prefix that it could have read",
            "let the agent's file name model and effort, and leave them out of the call",
            cost=Cost(extra),
        )


def effort(costs: Sequence[RunCost]) -> Iterator[Result]:
    """The main model and effort by money, and what the vendor measured for the next lower effort."""
    spent: dict[tuple[str, str], int] = {}
    for cost in costs:
        for agent in cost.agents:
            if agent.side == "orchestrator":
                for item in agent.requests:
                    way = (canonical(item.request.model), item.request.effort)
                    spent[way] = spent.get(way, 0) + item.bill.picousd
    if not spent:
        return
    (model, level), picousd = max(sorted(spent.items()), key=lambda way: way[1])
    usd = to_usd(picousd)
    known = next(
        (lower for (name, at), lower in EFFORT_PRICES.items() if canonical(name) == model and at == level), None
    )
    if known is None:
        named = f"{model} {level}".strip() or "unknown"
        yield Fact("main model and effort", f"{named}, ${usd:.2f}; the next lower effort is not priced")
        return
    lower, share, solved = known
    yield Fact(
        "main model and effort",
        f"{model} at {level}, ${usd:.2f}; at {lower} about ${usd * share:.2f} by the vendor's cost per solved task "
        f"(solved {solved}): a figure to think about, nothing is changed",
    )
