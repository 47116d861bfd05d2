"""A recorded run as `Work`: what entered each context with each request, and what the cache did.

In:  a `Run`, a `World`.
Out: `Work`, whose cost is the recorded bill (in the world "recorded").
Not here: the arithmetic (`simulate`), estimates of sizes (`origins`), facts about texts (`facts`).

The growth of a context is what the client reports; pieces split it as in the bill (`attribution`): estimated from
their characters and fitted to the growth, with a remainder that nothing explains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TypeAlias

from mcp_lean.costs.attribution import STRETCH
from mcp_lean.costs.cache_breaks import LIFETIMES, cache_lifetime_s, gap_s
from mcp_lean.costs.context import apportion
from mcp_lean.costs.origins import Kind, Origin, entered_pieces, first_pieces, output_pieces, total
from mcp_lean.costs.origins import Piece as Sized
from mcp_lean.costs.replay.facts import AgentFacts, facts_of
from mcp_lean.costs.replay.model import Actor, Piece, Router, Sent, Turn, Work
from mcp_lean.costs.replay.words import arguments_of
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.model import Agent, Request, Run

LOST_HIT = 0.1
"""Part of a prompt that stays readable where an entry has expired: tools and system prompt are shared with others."""


Facts: TypeAlias = Mapping[str, AgentFacts]
"""Of each agent, by its id."""


def facts_of_run(run: Run) -> Facts:
    """What the texts of all agents tell; the same in every world."""
    return {agent.id: facts_of(agent, run.cwd) for agent in run.agents if agent.requests}


def work_of(run: Run, world: World, facts: Facts | None = None, router: Router | None = None) -> Work:
    """The run in that world.

    Args:
        facts: from `facts_of_run`, where they are at hand.
        router: `None`: no call is sent anywhere.
    """
    known = facts_of_run(run) if facts is None else facts
    actors = tuple(_actor(agent, known[agent.id], world) for agent in run.agents if agent.requests)
    return Work(actors, run.cwd, dict(_sent(run, router)) if router is not None else {})


def _sent(run: Run, router: Router) -> Iterator[tuple[str, Sent]]:
    """Where the calls that started this run's agents would have gone."""
    calls = {call.id: call for agent in run.agents for request in agent.requests for call in request.calls}
    by_agent = {call.spawn.agent_id: call for call in calls.values() if call.spawn is not None}
    for agent in run.agents:
        call = calls.get(agent.spawn_call_id) or by_agent.get(agent.id)
        if call is not None and call.input_json is not None:
            yield agent.id, router(arguments_of(call.input_json), run.cwd)


def _actor(agent: Agent, facts: AgentFacts, world: World) -> Actor:
    reader = _Recorder(agent, world)
    turns = tuple(reader.turn(index) for index in range(len(agent.requests)))
    return Actor(agent, turns, facts, reader.base_tokens * reader.first_factor)


class _Recorder:
    """One pass over an agent; follows the size of its context."""

    def __init__(self, agent: Agent, world: World) -> None:
        self._agent = agent
        self._world = world
        self._calls = {call.id: call for request in agent.requests for call in request.calls}
        self._size = 0
        self._shares = (1.0, 0.0)
        self._lifetime_s = LIFETIMES["5m"]
        self.base_tokens = 0
        self.first_factor = 1.0

    def turn(self, index: int) -> Turn:
        """Request `index`; to be asked in order."""
        request = self._agent.requests[index]
        before = self._agent.requests[index - 1] if index else None
        pricing = self._world.pricing(request, is_subagent=self._agent.kind in ("subagent", "workflow"))
        if before is None:
            self.first_factor = pricing.factor
        drops, pieces = self._growth(request, before)
        size = request.usage.context_tokens
        fresh = sum(piece.tokens for piece in pieces)
        prefix = size - fresh
        hit, fresh_hit = _hits(request.usage.cache_read_tokens, prefix, fresh)
        write_5m, write_1h = self._shares = _writes(request) or self._shares
        if pricing.lifetime == "5m":
            write_5m, write_1h = write_5m + write_1h, 0.0
            if before is not None and _only_an_hour_bridges(gap_s(before, request), self._lifetime_s):
                hit = min(hit, LOST_HIT)
        self._lifetime_s = cache_lifetime_s(request) or self._lifetime_s
        self._size = size
        quote = self._world.table.quote(request.model, request.started_s)
        return Turn(
            request,
            index,
            pricing.tariff,
            tuple(Piece(p.origin.kind, p.tokens * pricing.factor, p.origin.call_id) for p in pieces),
            hit,
            fresh_hit,
            write_5m,
            write_1h,
            request.usage.output_estimated_tokens * pricing.factor,
            request.web_searches * quote.web_search_picousd,
            drops * pricing.factor,
        )

    def _growth(self, request: Request, before: Request | None) -> tuple[float, list[Sized]]:
        """Tokens that left the context before this request, and what came in; together they give its size."""
        size = request.usage.context_tokens
        if before is None:
            came_in = first_pieces(request.entered, self._calls, request.model)
            self.base_tokens = max(size - total(came_in), 0)
            return inf, _fitted("base", self.base_tokens, came_in, size, "base")
        came_in = entered_pieces(request.entered, self._calls, request.model)
        if request.is_after_reset:
            rest: Kind = "summary" if request.reset == "compaction" else "unexplained"
            return inf, _fitted("base", min(self.base_tokens, size), came_in, size, rest)
        came_in = [*output_pieces(before), *came_in]
        growth = size - self._size
        drops = min(total(came_in) - growth, self._size) if growth < 0 else 0
        return float(drops), _fitted("base", 0, came_in, growth + drops, "unexplained")


def _fitted(first: Kind, first_tokens: int, came_in: Sequence[Sized], size: int, rest: Kind) -> list[Sized]:
    """`size` tokens: the first piece as it is, those that came in fitted to the room behind it, and a remainder."""
    room = min(size - first_tokens, int(total(came_in) * STRETCH))
    sizes = apportion([piece.tokens for piece in came_in], room)
    pieces = [Sized(Origin(first), first_tokens)]
    pieces += [Sized(piece.origin, tokens) for piece, tokens in zip(came_in, sizes, strict=True)]
    pieces.append(Sized(Origin(rest), size - first_tokens - sum(sizes)))
    return [piece for piece in pieces if piece.tokens > 0]


def _hits(read_tokens: int, prefix: float, fresh: float) -> tuple[float, float]:
    """Shares of the earlier prompt and of the new part that the cache gave back."""
    if read_tokens <= prefix:
        return (read_tokens / prefix if prefix else 1.0), 0.0
    return 1.0, (read_tokens - prefix) / fresh


def _writes(request: Request) -> tuple[float, float] | None:
    """Shares of 5-minute and 1-hour writes in what was not read; `None` where all was read."""
    usage = request.usage
    paid = usage.cache_write_tokens + usage.input_tokens
    return (usage.cache_write_5m_tokens / paid, usage.cache_write_1h_tokens / paid) if paid else None


def _only_an_hour_bridges(gap: float | None, lifetime_s: float) -> bool:
    """A pause in which a 5-minute entry expires and the recorded 1-hour entry did not."""
    return lifetime_s == LIFETIMES["1h"] and gap is not None and LIFETIMES["5m"] < gap <= LIFETIMES["1h"]
