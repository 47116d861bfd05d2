"""Whether an agent goes round in circles.

In:  an agent's ended tool calls, one by one, with their results and the turn that they belong to.
Out: a `Finding`: notice, warning, or stop; mostly nothing.
Not here: what counts as the same (`masking`), what a call is (`call_kind`), who is told (`hooks`).

    rule      counts turns in which ...                                                     notice  warning  stop
    repeat    the same call gave the same result, and nothing changed in between                 3        4     5
    act       the same, of a call that says nothing about its effect                             4        8    16
    failure   the same call failed in the same way, whatever was changed in between              3        4     6
    error     a tool gave the same error, and no success in between                              3        5    10
    edit      the text to replace was not found in one file                                      3        4     6
    cycle     a round of 2 to 4 calls came with the same results                                 3        4     5
    reading   nothing but reading, without new lines                                             6       10    20
    poll      something that is waited for was exactly as before                                10       20     -

Over nine recorded sessions (bench/guard_loops.py) these rules stopped none, and spoke in one, rightly. Calls of one
turn count once. Results that differ, changes and waits in between end a count; so do a new prompt and a compaction,
after which turns are counted from 0 again. Calls that did not run prove nothing: parallel siblings of a failure,
rejections, interrupts, and our own refusals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mcp_lean.guard.budget.words import FOR_PEOPLE
from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.loops import masking, words
from mcp_lean.guard.loops.call_kind import Kind, kind_of, kind_of_failed
from mcp_lean.guard.parts import NOTICE, STOP, WARNING
from mcp_lean.guard.unchanged.deliveries import UNCHANGED

CALLS_KEPT = 64
"""Of each agent, the newest."""

AGENTS_KEPT = 1_000
"""At most 20 KB each; the ones that acted longest ago are dropped."""

NEVER = 1 << 30
STEPS = {
    "repeat": (3, 4, 5),
    "act": (4, 8, 16),
    "failure": (3, 4, 6),
    "error": (3, 5, 10),
    "edit": (3, 4, 6),
    "cycle": (3, 4, 5),
    "reading": (6, 10, 20),
    "poll": (10, 20, NEVER),
}
PERIODS = (2, 3, 4)
NEW_SHARE = 0.05
"""Of the lines of a result; less is nothing new."""

FEWEST_LINES = 3
"""A shorter result ("no matches", "unchanged") tells something, but not by its lines."""

STANDS_TURNS = 3
"""So long a finding is an agent's present state."""

EDITS = frozenset(("Edit", "MultiEdit"))
DID_NOT_RUN = re.compile(
    r"\s*(?:<tool_use_error>)?\s*(?:Sibling tool call errored|Cancelled: parallel tool call"
    r"|The user doesn't want to |The user rejected|\[Request interrupted by user|Interrupted by user)",
    re.IGNORECASE,
)
NO_OUTPUT = "(Bash completed with no output)"
"""So says Claude Code 2.1.330 in events and transcripts; older clients gave an empty text."""
NOT_FOUND = "String to replace not found"
OWN_WORDS = (FOR_PEOPLE, "mcp-lean budget --raise", words.LIFT)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: the rule, its step, and words for the agent."""

    rule: str
    step: str
    words: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An ended call, as far as it matters. Numbers are digests."""

    turn: int
    call: int
    result: int
    tool: str
    kind: Kind
    is_failure: bool = False
    error: int = 0
    missed_in: int = 0
    """The file in which the text to replace was not found."""

    @property
    def changes(self) -> bool:
        """What was true before it may be other now."""
        return self.kind is Kind.WAIT or (not self.is_failure and self.kind in (Kind.CHANGE, Kind.ACT))


@dataclass(frozen=True, slots=True)
class History:
    """What is kept of an agent.

    lines: filter of the lines it was given.
    stale_turns: reading turns without new lines in a row, before this one; `is_stale`: this one, None as long as it
        has only calls that say nothing either way.
    """

    turn: int = 0
    seen: tuple[Seen, ...] = ()
    lines: bytes = b""
    stale_turns: int = 0
    is_stale: bool | None = None
    finding: Finding | None = None
    found_turn: int = 0


NOTHING_SEEN = History()


class Loops:
    """The histories of all agents. Each is a value: a reader in another thread sees it before or after a call.

    Args:
        may_stop: otherwise a warning is the last step.
    """

    def __init__(self, may_stop: bool = True) -> None:
        self._may_stop = may_stop
        self._histories: dict[tuple[str, str], History] = {}

    def observe(self, caller: Caller, tool_use: ToolUse, response: str, is_error: bool, at_turn: int) -> Finding | None:
        """Takes in an ended call; what it makes of its agent's history."""
        key = caller.session_id, caller.agent_id
        before = self._histories.pop(key, NOTHING_SEEN)
        self._histories[key], finding = observe(before, tool_use, response, is_error, at_turn, self._may_stop)
        if len(self._histories) > AGENTS_KEPT:
            del self._histories[next(iter(self._histories))]
        return finding

    def state_of(self, caller: Caller) -> str:
        """The finding that an agent is in, in a few words; empty if there is none."""
        history = self._histories.get((caller.session_id, caller.agent_id), NOTHING_SEEN)
        is_present = history.finding and history.turn - history.found_turn < STANDS_TURNS
        return history.finding.words if history.finding and is_present else ""


def observe(
    history: History, tool_use: ToolUse, response: str, is_error: bool, at_turn: int, may_stop: bool = True
) -> tuple[History, Finding | None]:
    """The history with one more ended call, and what that shows. Pure."""
    response = "" if response.strip() == NO_OUTPUT else response
    if at_turn < history.turn:
        history = History(at_turn)  # a new prompt or context: looking again is no loop
    if DID_NOT_RUN.match(response[:500]) or (is_error and _is_refused_by_us(response)):
        return history, None
    now = _seen(tool_use, response, is_error, at_turn)
    if UNCHANGED in response:
        now = _as_before(history, now, response)
    if any(was.turn == now.turn and (was.call, was.result) == (now.call, now.result) for was in history.seen):
        return history, None
    history, stale_turns = _read(history, now, response)
    history = replace(history, turn=at_turn, seen=(*history.seen, now)[-CALLS_KEPT:])
    found = _gravest(_counts(history.seen, now, stale_turns, tool_use), may_stop)
    if found is not None:
        history = replace(history, finding=found, found_turn=at_turn)
    return history, found


def _is_refused_by_us(error: str) -> bool:
    """Whether our own words are the error, and no program's output that shows them."""
    return not masking.EXIT_CODE.match(error) and any(own in error[:2_000] for own in OWN_WORDS)


def _seen(call: ToolUse, response: str, is_error: bool, turn: int) -> Seen:
    is_missed = call.name in EDITS and NOT_FOUND in response[:500]
    is_failure = is_error or is_missed or response.startswith("<tool_use_error>")
    kind = kind_of_failed(call) if is_failure else kind_of(call)
    if kind is Kind.CHANGE and call.name == "Bash" and not is_failure and not response.strip():
        kind = Kind.ACT
    of_call = masking.of_call(call.name, call.input)
    if not is_failure:
        result = masking.digest(response) if kind is Kind.WAIT else masking.of_success(response)
        return Seen(turn, of_call, result, call.name, kind)
    result = masking.of_failure(response)
    error = result if call.name == "Bash" else masking.of_class(response)
    missed = masking.digest(str(call.input.get("file_path", ""))) if is_missed else 0
    return Seen(turn, of_call, result, call.name, kind, True, error, missed)


def _as_before(history: History, now: Seen, response: str) -> Seen:
    """A line in the place of text that an agent holds is the same result as that text, if nothing else is new."""
    rest = "\n".join(line for line in response.split("\n") if not line.endswith(UNCHANGED))
    _, new, _ = masking.learn(history.lines, rest)
    before = [was.result for was in history.seen if was.call == now.call]
    return replace(now, result=before[-1]) if before and not new else now


def _read(history: History, now: Seen, response: str) -> tuple[History, int]:
    """The history after what the call has read, and the number of stale turns if it makes this one stale, else 0."""
    stale_turns, is_stale = history.stale_turns, history.is_stale
    if now.turn != history.turn:
        stale_turns = stale_turns if is_stale is None else stale_turns + 1 if is_stale else 0
        is_stale = None
    lines, before = history.lines, is_stale
    if now.kind is Kind.LOOK and not now.is_failure:
        lines, new, total = masking.learn(lines, response)
        if total >= FEWEST_LINES:
            is_stale = is_stale is not False and new < total * NEW_SHARE
    elif now.changes:
        is_stale = False
    history = replace(history, lines=lines, stale_turns=stale_turns, is_stale=is_stale)
    return history, stale_turns + 1 if is_stale and before is None else 0


def _counts(seen: Sequence[Seen], now: Seen, stale_turns: int, call: ToolUse) -> Iterator[tuple[str, int, str]]:
    """(rule, count, what was seen), most telling first."""
    past = seen[-2::-1]
    if now.kind is Kind.WAIT:
        if call.name != "Bash" or now.result != NO_RESULT:
            times = _turns(now, _until_other_result(past, now))
            yield "poll", times, words.poll(call, times)
        return
    times = _turns(now, _until_other_result(past, now, stops_at_change=True))
    is_act = now.kind is Kind.ACT and not now.is_failure
    yield "act" if is_act else "repeat", times, words.repeat(call, times)
    if now.is_failure:
        times = _turns(now, _until_other_result(past, now, stops_at_wait=True))
        yield "failure", times, words.failure(call, times)
    if now.missed_in:
        times = _turns(now, _missed_edits(past, now))
        yield "edit", times, words.missed_edit(call, times)
    elif now.is_failure and now.error != NO_WORDS:
        times = _turns(now, _same_errors(past, now))
        yield "error", times, words.error(call, times)
    yield from _cycles(seen)
    yield "reading", stale_turns, words.reading(stale_turns)


NO_RESULT = masking.digest("")
NO_WORDS = masking.of_failure("Exit code 1")
"""A search without a hit, a test that is false: of several such commands none says anything about the others."""


def _turns(now: Seen, others: Iterable[Seen]) -> int:
    return len({now.turn, *(other.turn for other in others)})


def _until_other_result(
    past: Iterable[Seen], now: Seen, *, stops_at_change: bool = False, stops_at_wait: bool = False
) -> Iterator[Seen]:
    """The same call with the same result, back to where it gave another one."""
    for was in past:
        if was.call == now.call:
            if was.result != now.result:
                return
            yield was
        elif (stops_at_change and was.changes) or (stops_at_wait and was.kind is Kind.WAIT):
            return


def _same_errors(past: Iterable[Seen], now: Seen) -> Iterator[Seen]:
    """Errors of one class of one tool; for commands, with nothing changed in between."""
    for was in past:
        if was.kind is Kind.WAIT or (now.tool == "Bash" and was.changes):
            return
        if was.tool == now.tool:
            if was.error != now.error:
                return
            yield was


def _missed_edits(past: Iterable[Seen], now: Seen) -> Iterator[Seen]:
    """Back to an edit that went through; which file that was in is not kept."""
    for was in past:
        if was.missed_in == now.missed_in:
            yield was
        elif was.tool in EDITS and not was.is_failure:
            return


def _cycles(seen: Sequence[Seen]) -> Iterator[tuple[str, int, str]]:
    """The shortest round of different calls that has just ended, and how often it came in turns of its own."""
    for period in PERIODS:
        length = 0
        while length + period < len(seen) and _is_same(seen[-1 - length], seen[-1 - length - period]):
            length += 1
        last = seen[-period:]
        if length >= 2 * period and length % period == 0 and len({was.call for was in last}) > 1:
            times = len({was.turn for was in seen[-1 - length :: period]})
            is_act = any(was.kind is Kind.ACT and not was.is_failure for was in last)
            yield "act" if is_act else "cycle", times, words.cycle(period, times)
            return


def _is_same(one: Seen, other: Seen) -> bool:
    return one.kind is not Kind.WAIT and (one.call, one.result) == (other.call, other.result)


def _gravest(counts: Iterable[tuple[str, int, str]], may_stop: bool) -> Finding | None:
    """The gravest of what is due at these counts; of equal ones the first. Between its steps a rule is silent."""
    due: Finding | None = None
    for rule, count, what in counts:
        notice_at, warning_at, stop_at = STEPS[rule]
        if count >= stop_at and may_stop:
            return Finding(rule, STOP, words.stopped(what))
        if count == warning_at or count >= stop_at:
            may_end = may_stop and stop_at is not NEVER
            if due is None or due.step == NOTICE:
                due = Finding(rule, WARNING, words.warning(what, may_stop=may_end))
        elif count == notice_at and due is None:
            due = Finding(rule, NOTICE, words.notice(what))
    return due
