"""Clear and continue: at a prompt, a fresh start from a checkpoint in place of the whole history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcp_lean.costs.cache_breaks import LIFETIMES, gap_s
from mcp_lean.costs.clearing import (
    BOUNDARY_PROMPT_CHARS,
    LEAST_LOOKED_UP_TOKENS,
    decide,
    is_between_turns,
    is_cold,
    situation,
)
from mcp_lean.costs.origins import result_tokens
from mcp_lean.costs.replay.facts import Need
from mcp_lean.costs.replay.model import Actor, Piece, Turn, Work
from mcp_lean.costs.replay.outcome import PolicyInfo
from mcp_lean.costs.replay.policy import ANSWER_OUTPUT_TOKENS, CALL_OUTPUT_TOKENS, Applied, Case, asked_for
from mcp_lean.costs.replay.simulate import actor_picousd, prefix_tokens
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.estimate import characters_scale
from mcp_lean.transcripts.model import ToolCall

INFO = PolicyInfo(
    "clear",
    "Clear at a prompt, and continue from a checkpoint",
    ("strict", "expected", "upper"),
    (
        (
            "At a prompt between turns the rule of `mcp-lean`'s own watcher decides, from what is known by then: above "
            "60,000 tokens, at a prompt of 80 characters or with an expired cache, where the expected saving is above "
            "a cent."
        ),
        "What stands behind the base goes; a checkpoint comes in: 3,000 tokens (strict), 2,000, 1,500 (upper).",
        (
            "Names that the model wrote into later arguments and that stood in what went are looked up again, in "
            "turns of their own: three times that (strict), twice, once (upper); and strict and expected never less "
            "than 7,800 tokens for each clear, in four and in two turns, as after recorded compactions."
        ),
        "Upper: at long prompts, at any prompt, or never, whichever was cheapest in the end.",
        "Our hooks put a line into the conversation every 20 turns.",
    ),
    "the history is needed again at once, or the session ends soon after",
)


@dataclass(frozen=True, slots=True)
class _Terms:
    checkpoint_tokens: int
    looked_up: float
    least_tokens: float
    least_turns: float
    is_hindsight: bool


TERMS = {
    "strict": _Terms(3_000, 3.0, LEAST_LOOKED_UP_TOKENS, 4.0, False),
    "expected": _Terms(2_000, 2.0, LEAST_LOOKED_UP_TOKENS, 2.0, False),
    "upper": _Terms(1_500, 1.0, 0.0, 0.0, True),
}

READ_LINES, READ_TOKENS = 120, 40
LARGEST_RESULT_TOKENS, RESULT_SHARE = 1_500, 0.5
OWN_WORDS_TOKENS = 500
"""What looking something up again brings in: of a file 120 lines, of another result half and at most 1,500 tokens, of a
prompt or an own word 500."""

HISTORY = ("result", "arguments", "answer")


def apply(work: Work, case: Case) -> Applied:
    """Fresh starts in the main conversation."""
    terms = TERMS[case.bound]
    count = 0

    def one(actor: Actor) -> Actor:
        nonlocal count
        if not actor.is_main:
            return actor
        starts = clears(actor, terms.checkpoint_tokens, case.world)
        changed = _restarted(actor, starts, terms, case.world)
        if terms.is_hindsight:
            more = clears(actor, terms.checkpoint_tokens, case.world, any_prompt=True)
            ways = [((), actor), (starts, changed), (more, _restarted(actor, more, terms, case.world))]
            starts, changed = min(ways, key=lambda way: actor_picousd(way[1]))
        count += len(starts)
        return changed

    return Applied(work.mapped(one), count, needs_hooks=True)


def clears(actor: Actor, checkpoint_tokens: int, world: World, *, any_prompt: bool = False) -> tuple[int, ...]:
    """Indices of the prompts at which the rule clears. Each decision rests on what came before that prompt."""
    found: list[int] = []
    context = since = 0.0
    lifetime_s = LIFETIMES["5m"]
    before: Turn | None = None
    for turn in actor.turns:
        prefix = prefix_tokens(turn, context)
        since = 0 if turn.is_reset else since
        request = turn.request
        if before is not None and is_between_turns(before.request, request) and not turn.is_reset and not turn.is_added:
            held = context + before.output_tokens
            at = situation(
                world.pricing(request, is_subagent=False).model,
                lifetime_s,
                context_tokens=round(held),
                base_tokens=round(actor.base_tokens),
                requests_since_reset=round(since),
                is_cold=is_cold(gap_s(before.request, request), lifetime_s),
                is_boundary=any_prompt or request.entered.prompt_chars >= BOUNDARY_PROMPT_CHARS,
                checkpoint_tokens=checkpoint_tokens,
                table=world.table,
                at_s=request.started_s if world.name == "recorded" else None,
            )
            if decide(at).pays:
                found.append(turn.index)
                prefix, since = actor.base_tokens + checkpoint_tokens, 0.0
        context = prefix + turn.fresh_tokens
        since += turn.times
        if turn.write_5m or turn.write_1h:
            lifetime_s = LIFETIMES["1h"] if turn.write_1h else LIFETIMES["5m"]
        if not turn.is_added:
            before = turn
    return tuple(found)


def _restarted(actor: Actor, cleared: tuple[int, ...], terms: _Terms, world: World) -> Actor:
    """The conversation with these fresh starts, and everything that is looked up after them."""
    if not cleared:
        return actor
    back, starts = _looked_up(actor, cleared, terms, world), frozenset(cleared)
    turns: list[Turn] = []
    is_fresh = False
    for turn in actor.turns:
        if turn.is_added:
            turns.append(turn)
            continue
        is_fresh = (is_fresh or turn.index in starts) and not turn.is_reset
        if is_fresh:
            turn = replace(turn, drops_tokens=0.0)  # what a rewind then took may be gone already; in doubt it is
        if turn.index in starts:
            kept = tuple(piece for piece in turn.pieces if piece.kind not in HISTORY)
            checkpoint = Piece("summary", terms.checkpoint_tokens, own=True)
            turn = replace(turn, pieces=(*kept, checkpoint), keeps_tokens=actor.base_tokens)
        turns.append(turn)
        if turn.index in back:
            times, tokens = back[turn.index]
            turns += asked_for(turn, times, tokens, ANSWER_OUTPUT_TOKENS + CALL_OUTPUT_TOKENS)
    return replace(actor, turns=tuple(turns))


def _looked_up(actor: Actor, cleared: tuple[int, ...], terms: _Terms, world: World) -> dict[int, tuple[float, float]]:
    """By the request behind which it happens: how many turns, and how many tokens they bring in."""
    last = len(actor.agent.requests) - 1
    calls = {call.id: call for request in actor.agent.requests for call in request.calls}
    model = world.pricing(actor.agent.requests[0], is_subagent=False).model
    k = characters_scale(model)
    found: dict[int, tuple[float, float]] = {}
    for number, start in enumerate(cleared):
        end = cleared[number + 1] if number + 1 < len(cleared) else last + 1
        if start + 1 > last:
            continue  # the session ends with the answer: nothing is looked up any more
        turns, tokens = terms.least_turns, terms.least_tokens
        if turns:
            _add(found, start + 1, turns, tokens)
        for use, needs in _needed(actor, start, end):
            size = terms.looked_up * sum(_size(calls.get(need.call_id), k) for need in needs)
            beyond_turns, beyond = max(terms.looked_up - turns, 0.0), max(size - tokens, 0.0)
            turns, tokens = max(turns - terms.looked_up, 0.0), max(tokens - size, 0.0)
            if beyond or beyond_turns:
                _add(found, max(use, start + 1), beyond_turns, beyond)
    return found


def _add(found: dict[int, tuple[float, float]], index: int, turns: float, tokens: float) -> None:
    had = found.get(index, (0.0, 0.0))
    found[index] = (had[0] + turns, had[1] + tokens)


def _needed(actor: Actor, start: int, end: int) -> Iterator[tuple[int, list[Need]]]:
    """What went at `start` and is written in a request before `end`: each thing once, by the request that needs it."""
    had: set[tuple[str, int]] = set()
    by_use: dict[int, list[Need]] = {}
    for need in actor.facts.needs:
        thing = (need.call_id, -1 if need.call_id else need.seen)
        if need.seen < start <= need.use < end and thing not in had:
            had.add(thing)
            by_use.setdefault(need.use, []).append(need)
    yield from sorted(by_use.items())


def _size(call: ToolCall | None, k: float) -> float:
    """Tokens that looking it up again brings in, at the size that it had in the recorded run."""
    if call is None or call.result is None:
        return OWN_WORDS_TOKENS
    tokens = result_tokens(call.name, call.result, k)
    if call.name == "Read":
        return tokens * min(1.0, READ_LINES / max(call.result.lines, 1)) + READ_TOKENS
    return min(LARGEST_RESULT_TOKENS, RESULT_SHARE * tokens)
