"""What the guard answers to an event of Claude Code.

In:  an event's fields, from either door; the settings; the ledger, and the loop detector where there is one.
Out: the hook's output text. Never an exception: what fails is said once on stderr, and work goes on without it.
Not here: limits (`budget`), loops and what else takes several turns (`memory`), the doors (`server/hook_tool`,
`cli/hook`), deadlines (theirs too).

`decide` is pure; `Guard` gathers what it needs and notes down what follows, one event after the other.

Recorded on Claude Code 2.1.330: an agent that a hook stops fires no SubagentStop, and its parent is not told why. So
the parent hears of it when the agent's result reaches it: after the batch with the Agent call, or with the
notification of a background agent, which comes as a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mcp_lean.config import Budget, Config
from mcp_lean.guard.budget import verdict as budget
from mcp_lean.guard.budget import words as budget_words
from mcp_lean.guard.budget.beginning import Beginnings
from mcp_lean.guard.budget.limits import Spent
from mcp_lean.guard.decision import PASS, Decision, joined, render
from mcp_lean.guard.event import EVENTS, NOTIFICATION, Event, parse
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.ledger.settling import Settling
from mcp_lean.guard.parts import STOP, Failsafe, Ledger, Loops, Recall, Watcher

if TYPE_CHECKING:
    from mcp_lean.guard.memory import Memory

TALKS_TO_AGENTS = budget.SPAWNS | {"SendMessage", "TaskOutput"}
AGENT_ID = r"""\bagentId["']?:\s*["']?([A-Za-z0-9_-]{1,100})|<task-id>([A-Za-z0-9_-]{1,100})</task-id>"""

T = TypeVar("T")


class State(NamedTuple):
    """What is known when an event comes in.

    budget: None where the ledger could not say; then nothing is limited.
    finding: step and words of the loop detector.
    ended: sentences on subagents that were stopped, of which this agent has not heard.
    nudge: the line that is due.
    """

    budget: budget.State | None = None
    finding: tuple[str, str] = ("", "")
    ended: tuple[str, ...] = ()
    nudge: str = ""


class Outcome(NamedTuple):
    """The decision; what the agent is told with it; why it is stopped, if it is: "budget" or "loop"."""

    decision: Decision = PASS
    tells: tuple[str, ...] = ()
    stop_kind: str = ""


def decide(event: Event, state: State, config: Config) -> Outcome:
    """What to answer. Pure: the same event, state and settings, the same outcome."""
    if not config.guard.enabled or event.name not in EVENTS:
        return Outcome()
    verdict = budget.decide(event, state.budget or budget.State(Spent(), Spent(), config.budget))
    if verdict.is_stop:
        # A stopped run is shown to the person; in print mode the stop itself leaves no text behind.
        person = "" if event.agent_id or event.name == "UserPromptSubmit" else verdict.decision.stop
        return Outcome(verdict.decision._replace(person=person), verdict.tells, "budget")
    step, said = state.finding
    if step == STOP and config.guard.loops == STOP:
        return Outcome(Decision(stop=said, person="" if event.agent_id else said), stop_kind="loop")
    finding = said if config.guard.loops != "off" else ""
    lines = (verdict.decision.context, *state.ended, finding, state.nudge if config.guard.nudge else "")
    context = "\n".join(line for line in lines if line)
    return Outcome(verdict.decision._replace(context=context), verdict.tells)


class Guard:
    """Answers events.

    Args:
        say: takes what went wrong, one line each; each line comes once.
        problem: why the settings could not be read, for the person.
        watchers: parts with an answer of their own, which stands below the one of limits and loops.
        recall: asked once for an agent whose beginning was not seen.
        remembers: False for a process that ends after one event: what takes several is then not looked at.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger | None,
        loops: Loops | None = None,
        say: Callable[[str], None] | None = None,
        problem: str = "",
        watchers: Sequence[Watcher] = (),
        recall: Recall | None = None,
        remembers: bool = True,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._failsafe = Failsafe(say)
        self._beginnings = Beginnings(config, problem)
        self._watchers = watchers
        self._late_bills, self._late_answers = Settling(), Settling()
        self._lock = Lock()
        self._memory = self._remembering(loops, recall) if remembers else None

    def _remembering(self, loops: Loops | None, recall: Recall | None) -> Memory:
        from mcp_lean.guard.memory import Memory

        looks_for_loops = self._config.guard.loops != "off"
        return Memory(self._failsafe, loops if looks_for_loops else None, recall if looks_for_loops else None)

    def answer(self, fields: Mapping[str, object]) -> str:
        """The output of the hook that passed these fields.

        Threads that ask at once wait for one another, but not for the bill that another one waits for.
        """
        event = self._tried("reading of an event", lambda: parse(fields), Event(""))
        if event.name not in EVENTS or not event.session_id:
            return render(PASS, event.name)
        with self._lock:
            are_ready = self._are_ready(event)
        if not are_ready:  # `remember` drops what has ended
            self._wait(self._late_answers, event, lambda: self._are_ready(event))
        with self._lock:
            self._asked(lambda ledger: ledger.remember(event), None)
            is_open = self._asked(lambda ledger: self._may_have_passed(ledger, event), False)
        if is_open:
            self._wait(self._late_bills, event, lambda: self._is_billed(event))
        with self._lock:
            return render(self._tried("decision", lambda: self._decision(event), PASS), event.name)

    def identify(self, tool_use_id: str) -> Caller | None:
        """The agent that makes a call; `None`: not known."""
        return self._asked(lambda ledger: ledger.identify(tool_use_id), None)

    def _decision(self, event: Event) -> Decision:
        outcome, config = Outcome(), self.settings(event.session_id)
        if config.guard.enabled:
            outcome = decide(event, self._state(event, config), config)
            self._note_down(event, outcome)
            if not outcome.decision.stop:
                outcome = outcome._replace(decision=joined([outcome.decision, *self._watched(event)]))
        notes: list[str] = []
        for note in self._asked(lambda ledger: ledger.take_notes(), notes):
            self._failsafe.say_once(note)
        line = ""
        if event.name == "UserPromptSubmit":
            line = self._asked(lambda ledger: self._beginnings.line(ledger, event), "")
        return joined([Decision(person=line), outcome.decision]) if line else outcome.decision

    def settings(self, session_id: str) -> Config:
        """Those that hold for a session: with the limits that it began with."""
        return self._asked(lambda ledger: self._beginnings.settings(ledger, session_id), self._config)

    def _watched(self, event: Event) -> Iterable[Decision]:
        for watcher in self._watchers:
            yield self._tried(watcher.name, partial(watcher.see, event), PASS)

    def _state(self, event: Event, config: Config) -> State:
        finding, nudge = self._memory.see(event) if self._memory else (("", ""), "")
        return State(
            self._asked(lambda ledger: self._spending(ledger, event, config.budget), None),
            finding,
            self._asked(lambda ledger: tuple(self._ended(ledger, event)), ()),
            nudge,
        )

    def _may_have_passed(self, ledger: Ledger, event: Event) -> bool:
        """Whether a bill that is not there yet may have passed a limit."""
        config = self.settings(event.session_id)
        if event.name != "PostToolBatch" or not config.guard.enabled:
            return False
        unseen = ledger.unseen(event.session_id, event.agent_id)
        state = self._spending(ledger, event, config.budget)
        return unseen is not None and budget.may_have_passed(event, state, unseen)

    def _are_ready(self, event: Event) -> bool:
        ready = (self._tried(each.name, partial(each.is_ready, event), True) for each in self._watchers)
        return all(ready) or not self.settings(event.session_id).guard.enabled

    def _is_billed(self, event: Event) -> bool:
        return self._asked(lambda ledger: ledger.is_billed(event.session_id, event.agent_id), True)

    def _wait(self, settling: Settling, event: Event, is_written: Callable[[], bool]) -> None:
        """Gives the transcripts a moment to have what an event follows from."""
        self._tried("waiting", lambda: settling.wait(event.session_id, event.agent_id, is_written), False)

    def _spending(self, ledger: Ledger, event: Event, limits: Budget) -> budget.State:
        session, agent_id = event.session_id, event.agent_id
        return budget.State(
            ledger.spent(session, agent_id),
            ledger.spent(session, None),
            limits,
            ledger.raised(session),
            ledger.told_so_far(session, agent_id),
            bool(ledger.stop_reason(session, agent_id)),
        )

    def _ended(self, ledger: Ledger, event: Event) -> Iterable[str]:
        """Sentences on agents whose results come in with this event, and which were stopped."""
        for agent_id in sorted(_agents_named(event)):
            reason = ledger.stop_reason(event.session_id, agent_id)
            if reason and ledger.told(event.session_id, event.agent_id, f"ended.{agent_id}.{reason}"):
                requests = ledger.spent(event.session_id, agent_id).requests
                path = Caller(event.session_id, agent_id, "", event.transcript_path).own_transcript_path
                yield budget_words.to_parent("", agent_id, reason, requests, path)

    def _note_down(self, event: Event, outcome: Outcome) -> None:
        for what in outcome.tells:
            self._asked(partial(_tell, event, what), None)
        if outcome.stop_kind:
            reason, kind = outcome.decision.stop, outcome.stop_kind
            self._asked(lambda ledger: ledger.mark_stopped(event.session_id, event.agent_id, reason, kind), None)
            end = event._replace(name="SubagentStop" if event.agent_id else "Stop")  # no such event will come
            self._asked(lambda ledger: ledger.remember(end), None)
        if self._memory:
            is_refused = event.name == "PreToolUse" and bool(outcome.decision.deny or outcome.decision.stop)
            self._memory.note_down(event, is_refused=is_refused)

    def _asked(self, ask: Callable[[Ledger], T], otherwise: T) -> T:
        """What the ledger says."""
        ledger = self._ledger
        return otherwise if ledger is None else self._tried("ledger", lambda: ask(ledger), otherwise)

    def _tried(self, part: str, work: Callable[[], T], otherwise: T) -> T:
        return self._failsafe.run(part, work, otherwise)


def _agents_named(event: Event) -> set[str]:
    """Ids of agents that an event brings a result of."""
    texts = []
    if event.name == "PostToolBatch":
        texts = [call.response or "" for call in event.batch if call.name in TALKS_TO_AGENTS]
    elif event.name == "UserPromptSubmit" and NOTIFICATION in event.prompt:
        texts = [event.prompt]
    return {found for text in texts for pair in re.findall(AGENT_ID, text) for found in pair if found}


def _tell(event: Event, what: str, ledger: Ledger) -> None:
    ledger.told(event.session_id, event.agent_id, what)
