"""Which consecutive turns could have been one: shared by `batching` and `native_parallel`.

In:  an agent's turns and facts.
Out: `Group`s of turns, and the agent with each group's later turns gone.
Not here: whose call it would be, and what that costs.

A series: turns that make exactly one read-only call each, with nothing but results between them. Of a group all turns
but the first fall away: they do not read the context again. What they wrote is still written, and what their calls
brought in enters as before. What a cache break has taken from them is missing in the turn behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcp_lean.costs.read_only import only_looks
from mcp_lean.costs.replay.model import Actor, Piece, Turn
from mcp_lean.costs.replay.policy import CALL_OUTPUT_TOKENS, added_turn, is_waiting, recorded
from mcp_lean.costs.replay.simulate import prefix_picousd, walk
from mcp_lean.transcripts.model import ToolCall

NOTHING_CHARS = {"Bash": len("(Bash completed with no output)")}
NO_FIND_CHARS = len("No matches found")
"""What the client says where nothing was found; no longer answer of a search is taken for it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Turns that become one."""

    turns: tuple[Turn, ...]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(turn.request.calls[0] for turn in self.turns)

    @property
    def gone(self) -> tuple[Turn, ...]:
        return self.turns[1:]


Joins = Callable[[Sequence[Turn], Turn], bool]
"""Whether the next turn of a series may join a group."""


def series(actor: Actor) -> Iterator[list[Turn]]:
    """Runs of turns with one read-only call each."""
    current: list[Turn] = []
    for turn in recorded(actor):
        calls = turn.request.calls
        looks = len(calls) == 1 and only_looks(calls[0]) and not is_waiting(calls[0]) and turn.times == 1
        goes_on = looks and bool(current) and turn.request.is_tool_loop and not turn.is_reset
        if not goes_on:
            if len(current) > 1:
                yield current
            current = []
        if looks:
            current.append(turn)
    if len(current) > 1:
        yield current


def groups(actor: Actor, joins: Joins) -> list[Group]:
    """Each series cut where a turn may not join the ones before it."""
    found: list[Group] = []
    for turns in series(actor):
        current = [turns[0]]
        for turn in turns[1:]:
            if joins(current, turn):
                current.append(turn)
                continue
            found.append(Group(tuple(current)))
            current = [turn]
        found.append(Group(tuple(current)))
    return [group for group in found if len(group.turns) > 1]


def known_before(actor: Actor, group: Sequence[Turn], turn: Turn) -> bool:
    """Every word of the turn's arguments had been read or written when the group's first call was made.

    A call that looks at the same thing again does so because something has changed, or was cut off; one that follows a
    search without a find is another try.
    """
    call = turn.request.calls[0]
    facts = actor.facts.of(call.id)
    if facts.known_from > 2 * group[0].index + 1 or facts.reads_on or _found_nothing(group[-1].request.calls[0]):
        return False
    return not any(_is_same(call, other.request.calls[0]) for other in group)


def _found_nothing(call: ToolCall) -> bool:
    """An error, or no more than the sentence that says so."""
    if call.result is None or call.result.is_error:
        return True
    return call.result.result_chars <= NOTHING_CHARS.get(call.name, NO_FIND_CHARS)


def _is_same(call: ToolCall, other: ToolCall) -> bool:
    if call.name != other.name:
        return False
    if call.name == "Bash":
        return call.subject.split()[-1:] == other.subject.split()[-1:]
    return bool(call.input_digest) and call.input_digest == other.input_digest


def merged(actor: Actor, found: Sequence[Group], failing_share: float = 0.0, header_tokens: float = 0.0) -> Actor:
    """The agent with the later turns of each group gone, as often as the joined call does not fail.

    A joined call that fails leaves a round trip and its arguments; the calls are then made one by one.
    """
    gone = {turn.index for group in found for turn in group.gone}
    last = {group.turns[-1].index + 1 for group in found}
    turns: list[Turn] = []
    lost = 0.0
    for step in walk(actor):
        turn = step.turn
        if turn.index in gone and not turn.is_added:
            lost = max(lost, (1 - turn.hit) * step.prefix_tokens)
            turn = replace(turn, times=failing_share)
        elif turn.index in last and not turn.is_added:
            if failing_share:
                turns.append(added_turn(turn, failing_share, CALL_OUTPUT_TOKENS))
            headers = (Piece("result", header_tokens, own=True),) if header_tokens else ()
            # What a cache break took from a turn that went away is missing here.
            hit = min(turn.hit, max(1 - lost / step.prefix_tokens, 0.0)) if lost and step.prefix_tokens else turn.hit
            turn = replace(turn, hit=hit, pieces=(*turn.pieces, *headers))
            lost = 0.0
        turns.append(turn)
    return replace(actor, turns=tuple(turns))


def saved_by(actor: Actor, found: Sequence[Group]) -> Mapping[int, float]:
    """Picodollars that the turns which fall away have paid to send their context again, by the group's first turn."""
    first = {turn.index: group.turns[0].index for group in found for turn in group.gone}
    saved: dict[int, float] = {}
    for step in walk(actor):
        if step.turn.index in first and not step.turn.is_added:
            group = first[step.turn.index]
            saved[group] = saved.get(group, 0.0) + prefix_picousd(step) * actor.weight
    return saved
