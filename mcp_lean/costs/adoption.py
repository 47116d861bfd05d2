"""What our reading tools did in a run that used them: measured, held against the same agents' own habits.

In:  a `RunCost` of a run that was read with its texts.
Out: `Adoption`, below zero where we cost more than the turns that we saved; `None` where nothing of ours was used.
Not here: runs without us (`replay`), taking answers apart (`own_answers`), printing (`report`).

A *look* is one thing that was looked at: a native Read, Grep, Glob, LS or shell command that only looks; an item of
read_many that was answered, and was not the rest of an answer that we had cut; a grep_and_read, however many patterns
it took; a repo_summary. Turns saved are those in which the agent would have made our looks by itself, at the number of
looks per turn of its own native turns (those of the run's other agents where it has fewer than three), less the turns
that it took with us, and less those in which it read natively what we had just shown. A turn is worth what reading its
context from the cache has cost and 40 tokens of output. What was different in the texts themselves (line numbers,
ranges in place of files) is not counted in our favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from mcp_lean.costs.breakdown import AgentCost, RunCost
from mcp_lean.costs.origins import argument_tokens, is_own_tool
from mcp_lean.costs.own_answers import answer_of, is_same_file, items_of, path_of
from mcp_lean.costs.read_only import only_looks
from mcp_lean.costs.reading import TURN_OUTPUT_TOKENS
from mcp_lean.costs.tool_loop import CallCost
from mcp_lean.transcripts.estimate import characters_scale
from mcp_lean.transcripts.model import ToolCall

FEWEST_TURNS = 3
"""Native turns that a habit can be seen in; below that the other agents of the run are asked too."""

READS, SEARCHES, SUMMARIES = "read_many", "grep_and_read", "repo_summary"
EDITS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})


@dataclass(frozen=True, slots=True)
class Adoption:
    """One run, or a sum of runs. Money in picodollars."""

    runs: int = 0
    losing_runs: int = 0
    own_calls: int = 0
    own_turns: int = 0
    own_looks: int = 0
    failed_items: int = 0
    """Items, or whole calls, that were answered with an error."""
    follow_ups: int = 0
    """Items that asked for what an earlier answer had cut, or had not sent again as unchanged."""
    unchanged_items: int = 0
    """Items, or parts of them, that were answered with "unchanged"."""
    reread_calls: int = 0
    """Native Reads of a file that read_many had shown the same agent, and that it had not changed since."""
    native_calls: int = 0
    """Looks without us; re-reads are not among them."""
    native_turns: int = 0
    unreadable_calls: int = 0
    """Own calls whose arguments or answer the transcript, or the agent, does not hold: they cost, and bring no look."""
    compared_turns: int = 0
    """Own turns of agents that a native habit is known for; of the others no saving is claimed."""
    saved_turns: float = 0.0
    saved_picousd: int = 0
    definitions_picousd: int = 0
    hooks_picousd: int = 0
    frames_picousd: int = 0
    """Headings, remarks and `more:` lines of our answers."""
    failures_picousd: int = 0
    """Own calls that failed as a whole: arguments and answer."""
    rereads_picousd: int = 0
    other_calls_picousd: int = 0
    """Tools of ours that look at nothing, such as budget_check."""

    @property
    def overhead_picousd(self) -> int:
        """What we cost."""
        return (
            self.definitions_picousd
            + self.hooks_picousd
            + self.frames_picousd
            + self.failures_picousd
            + self.rereads_picousd
            + self.other_calls_picousd
        )

    @property
    def net_picousd(self) -> int:
        """Below zero: a loss."""
        return self.saved_picousd - self.overhead_picousd

    @property
    def share(self) -> float | None:
        """Part of all looks that went through us."""
        looks = self.own_looks + self.native_calls
        return self.own_looks / looks if looks else None

    @property
    def looks_per_own_turn(self) -> float | None:
        return self.own_looks / self.own_turns if self.own_turns else None

    @property
    def looks_per_native_turn(self) -> float | None:
        return self.native_calls / self.native_turns if self.native_turns else None

    def __add__(self, other: Adoption) -> Adoption:
        return Adoption(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def adoption(cost: RunCost) -> Adoption | None:
    """Of one run, read with texts."""
    walks = [_Walk(agent) for agent in cost.agents if agent.side != "auxiliary"]
    own = {kind: sum(line.picousd for line in cost.lines if line.own and line.kind == kind) for kind in _LINES}
    if not any(walk.own_calls for walk in walks) and not own["reminder"]:
        return None
    run_habit = _habit(walks)
    parts = [walk.result(walk.habit or run_habit) for walk in walks]
    whole = sum(parts, Adoption()) + Adoption(runs=1, definitions_picousd=own["base"], hooks_picousd=own["reminder"])
    return whole + Adoption(losing_runs=int(whole.net_picousd < 0))


_LINES = ("base", "reminder")


@dataclass(slots=True)
class _Walk:
    """One pass over the requests of an agent, in order."""

    agent: AgentCost
    own_calls: int = 0
    own_turns: int = 0
    own_looks: int = 0
    failed_items: int = 0
    follow_ups: int = 0
    unchanged_items: int = 0
    reread_calls: int = 0
    reread_turns: int = 0
    native_calls: int = 0
    native_turns: int = 0
    unreadable_calls: int = 0
    frames_picousd: int = 0
    failures_picousd: int = 0
    rereads_picousd: int = 0
    other_calls_picousd: int = 0
    shown: list[str] = field(default_factory=list)
    """Files that read_many has shown and nobody has changed since."""
    cut: set[str] = field(default_factory=set)
    """Paths of which something was cut from an answer, or not sent again."""

    def __post_init__(self) -> None:
        by_turn: dict[int, list[CallCost]] = {}
        for call in self.agent.calls:
            by_turn.setdefault(call.index, []).append(call)
        for index, item in enumerate(self.agent.requests):
            if item.request.is_after_reset:  # what was shown is gone; to read it again is right
                self.shown.clear()
                self.cut.clear()
            self._turn(by_turn.get(index, ()))

    @property
    def habit(self) -> float | None:
        return _habit([self])

    def _turn(self, calls: Sequence[CallCost]) -> None:
        own = [found for found in calls if is_own_tool(found.call.name)]
        again = [found for found in calls if self._is_reread(found.call)]
        native = [found for found in calls if _is_native_look(found.call) and found not in again]
        for found in own:
            self._own(found)
        self.own_calls += len(own)
        self.own_turns += bool(own)
        self.native_calls += len(native)
        self.native_turns += bool(native)
        self.reread_calls += len(again)
        self.reread_turns += bool(again) and not own and not native
        self.rereads_picousd += sum(map(self._picousd, again))
        for found in calls:
            if found.call.name in EDITS:
                self.shown = [path for path in self.shown if not is_same_file(found.call.subject, path)]

    def _is_reread(self, call: ToolCall) -> bool:
        return call.name == "Read" and any(is_same_file(call.subject, path) for path in self.shown)

    def _own(self, found: CallCost) -> None:
        call, tool = found.call, found.call.name.rpartition("__")[2]
        if call.result is not None and call.result.is_error:
            self.failed_items += 1
            self.failures_picousd += self._picousd(found)
        elif tool not in (READS, SEARCHES, SUMMARIES):
            self.other_calls_picousd += self._picousd(found)
        elif tool == SUMMARIES:
            self.own_looks += 1
        elif call.input_json is None or call.result is None or call.result.text is None or call.result.is_persisted:
            self.unreadable_calls += 1
        else:
            self._answered(found, tool, call.input_json, call.result.text)

    def _answered(self, found: CallCost, tool: str, arguments: str, text: str) -> None:
        answer = answer_of(text)
        self.frames_picousd += found.result_picousd * answer.frame_chars // max(len(text), 1)
        if tool == SEARCHES:
            self.own_looks += 1
            return
        items = items_of(arguments, "items")
        if items is None:
            self.unreadable_calls += 1
            return
        served = items[: len(items) - answer.unserved]
        rests = sum(path_of(item) in self.cut for item in served)
        self.follow_ups += rests
        self.failed_items += answer.failed
        self.own_looks += max(len(served) - rests - answer.failed, 0)
        self.unchanged_items += len(answer.unchanged)
        self.cut.update(path_of(item) for item in (*answer.cut, *answer.unchanged))
        self.shown += [path for path in answer.shown if path not in self.shown]

    def _picousd(self, found: CallCost) -> int:
        """What a call has cost: its result in context, and its arguments as output (at the price of its request)."""
        item = self.agent.requests[found.index]
        written = argument_tokens(found.call, characters_scale(item.request.model))
        return found.result_picousd + written * item.quote.rates.output

    def result(self, habit: float | None) -> Adoption:
        """The agent's part, at so many looks per native turn; `None` where nothing shows its habit."""
        saved_turns, is_compared = 0.0, habit is not None and self.own_calls > 0
        if habit is not None and is_compared:
            saved_turns = self.own_looks / habit - self.own_turns - self.reread_turns
        return Adoption(
            own_calls=self.own_calls,
            own_turns=self.own_turns,
            own_looks=self.own_looks,
            failed_items=self.failed_items,
            follow_ups=self.follow_ups,
            unchanged_items=self.unchanged_items,
            reread_calls=self.reread_calls,
            native_calls=self.native_calls,
            native_turns=self.native_turns,
            unreadable_calls=self.unreadable_calls,
            compared_turns=self.own_turns if is_compared else 0,
            saved_turns=saved_turns,
            saved_picousd=round(saved_turns * self._turn_picousd()),
            frames_picousd=self.frames_picousd,
            failures_picousd=self.failures_picousd,
            rereads_picousd=self.rereads_picousd,
            other_calls_picousd=self.other_calls_picousd,
        )

    def _turn_picousd(self) -> float:
        """What one of the agent's turns that took in our answers has cost, apart from what was new in it."""
        ids = {found.call.id for found in self.agent.calls if is_own_tool(found.call.name)}
        took_in = [item for item in self.agent.requests if ids.intersection(item.request.entered.results)]
        if not took_in:
            return 0.0
        paid = sum(item.bill.cache_read_picousd + TURN_OUTPUT_TOKENS * item.quote.rates.output for item in took_in)
        return paid / len(took_in)


def _habit(walks: Sequence[_Walk]) -> float | None:
    """Native looks per turn with any; `None` where there are too few turns."""
    turns = sum(walk.native_turns for walk in walks)
    return sum(walk.native_calls for walk in walks) / turns if turns >= FEWEST_TURNS else None


def _is_native_look(call: ToolCall) -> bool:
    return only_looks(call) and not is_own_tool(call.name)
