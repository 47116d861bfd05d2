"""A run in the form in which a replay changes it: agents of turns, turns of pieces.

In:  nothing; `record` makes these from a recorded run, policies make new ones from them.
Out: frozen values: `Work` -> `Actor` -> `Turn` -> `Piece`.
Not here: what they cost (`simulate`).

Sizes and counts are floats: a follow-up that comes in 30 % of the cases is a turn that happens 0.3 times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import TypeAlias

from mcp_lean.costs.money import Rates
from mcp_lean.costs.origins import Kind
from mcp_lean.costs.replay.facts import AgentFacts
from mcp_lean.transcripts.fields import Json
from mcp_lean.transcripts.model import Agent, Request

Tariff: TypeAlias = Callable[[float], Rates]
"""Rates of a request, by the tokens of its prompt."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that enters a context with a turn."""

    kind: Kind
    tokens: float
    call_id: str = ""
    """Of a tool call's result or arguments."""
    own: bool = False
    """Brought in by mcp_lean under the policy."""
    is_cut: bool = False
    """Of a result: a policy has left less of its text than was recorded."""

    def times(self, share: float) -> Piece:
        """The same at another size."""
        return replace(self, tokens=self.tokens * share)


@dataclass(frozen=True, slots=True)
class Turn:
    """One request: what comes in, how much of the prompt the cache gives back, what the model writes."""

    request: Request
    """As recorded; of an added turn: the request that it was added to."""
    index: int
    """Of `request` in its agent."""
    tariff: Tariff
    pieces: tuple[Piece, ...]
    """New in this prompt; the rest of the prompt is what the turn before left, less what is dropped."""
    hit: float
    """Part of the earlier prompt that was read from the cache."""
    fresh_hit: float
    """Part of the new pieces that was read: a base that another agent has left in the cache."""
    write_5m: float
    write_1h: float
    """Parts of what was not read; the remainder is uncached input."""
    output_tokens: float
    fixed_picousd: int = 0
    """Web searches."""
    drops_tokens: float = 0
    """Taken out of the earlier prompt before this turn (cleared results, rewinds); infinite after a compaction."""
    keeps_tokens: float = inf
    """At most so much of the earlier prompt stays."""
    times: float = 1
    """How often the turn is expected to happen: 0 for one that falls away. Its pieces and its output are expected
    amounts already; this is for the prompt that it reads again."""
    is_added: bool = False

    @property
    def fresh_tokens(self) -> float:
        return sum(piece.tokens for piece in self.pieces)

    @property
    def is_reset(self) -> bool:
        return self.drops_tokens == inf


@dataclass(frozen=True, slots=True)
class Actor:
    """One agent with its own context."""

    agent: Agent
    turns: tuple[Turn, ...]
    facts: AgentFacts
    base_tokens: float
    """Of its first turn: system prompt, tools and memory."""
    weight: float = 1
    """How often the agent is expected to run in full."""
    is_lean: bool = False
    """Carries none of our definitions beyond those in its base."""
    is_scout: bool = False
    """Does what the main conversation would have done (policy "scout")."""
    is_repeat: bool = False
    """Does again, as recorded, what an agent of ours was sent to do and could not."""

    @property
    def is_main(self) -> bool:
        return self.agent.kind == "main"

    @property
    def is_subagent(self) -> bool:
        return self.agent.kind in ("subagent", "workflow")


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a router sends a call that starts an agent. It knows the call, and nothing of what came of it."""

    agent: str = ""
    """Short name of an agent of ours; empty: the type that the call asked for."""
    is_cheap: bool = False
    """On the client's cheapest model."""


Router: TypeAlias = Callable[[Json, str], Sent]
"""Of a call's arguments and the project's folder."""


@dataclass(frozen=True, slots=True)
class Work:
    """All agents of a run."""

    actors: tuple[Actor, ...]
    cwd: str = ""
    sent: Mapping[str, Sent] = field(default_factory=dict)
    """By the id of the agent that the call started."""

    def mapped(self, change: Callable[[Actor], Actor]) -> Work:
        """Each recorded agent that does somebody's work changed; scouts and the client's own requests stay."""
        actors = tuple(actor if actor.agent.is_auxiliary or actor.is_scout else change(actor) for actor in self.actors)
        return replace(self, actors=actors)
