"""The answer to every event, with every state; and a guard whose parts fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.config import Budget, Config
from mcp_lean.config import Guard as GuardSettings
from mcp_lean.guard.budget import verdict as budget
from mcp_lean.guard.budget.limits import Raised, Spent
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import EVENTS, Event, ToolUse
from mcp_lean.guard.hooks import Guard, Outcome, State, decide
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.parts import Deferred, Watcher
from mcp_lean.guard.words import READS_TOGETHER
from mcp_lean.transcripts.own import START

CONFIG = Config(budget=Budget(agent_usd=5.0, run_usd=25.0))
MODEST = budget.State(Spent(usd=1.0, requests=3), Spent(usd=2.0, requests=9), CONFIG.budget)
OVER_AGENT = MODEST._replace(agent=Spent(usd=5.0, requests=3))
OVER_RUN = MODEST._replace(run=Spent(usd=26.0, requests=9))
NEAR_AGENT = MODEST._replace(agent=Spent(usd=4.0, requests=4))

BASH = ToolUse("toolu_1", "Bash", {"command": "make"})
LIFT = "mcp-lean budget --raise"


def event(name: str, agent_id: str = "", **more: object) -> Event:
    if name in ("PreToolUse", "PostToolUse", "PostToolUseFailure"):
        more = {"tool": BASH, **more}
    if name == "PostToolBatch":
        more = {"batch": (BASH,), **more}
    made: dict[str, object] = {"session_id": "S", "agent_id": agent_id, "transcript_path": "/t/S.jsonl", **more}
    return Event(name, **made)  # type: ignore[arg-type]


STATES = {
    "nothing known": State(),
    "within its limits": State(MODEST),
    "a line that is due": State(MODEST, nudge="read together"),
    "a subagent that ended": State(MODEST, ended=("it was stopped",)),
    "a notice": State(MODEST, ("notice", "again")),
    "a stop of the loop detector": State(MODEST, ("stop", "looping")),
    "over its own limit": State(OVER_AGENT),
    "in a run over its limit": State(OVER_RUN),
}
ENDS_AGENTS = ("PreToolUse", "PostToolBatch")
"""The events that can end an agent."""


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
@pytest.mark.parametrize("state", ["nothing known", "within its limits"])
def test_an_agent_within_its_limits_hears_nothing(name: str, agent_id: str, state: str) -> None:
    assert decide(event(name, agent_id), STATES[state], CONFIG) == Outcome()


@pytest.mark.parametrize("name", [*EVENTS, "Notification", ""])
@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
@pytest.mark.parametrize("state", STATES)
def test_a_guard_that_is_switched_off_says_nothing(name: str, agent_id: str, state: str) -> None:
    off = CONFIG._replace(guard=GuardSettings(enabled=False))

    assert decide(event(name, agent_id), STATES[state], off) == Outcome()


@pytest.mark.parametrize("state", STATES)
def test_an_unknown_event_is_nothing(state: str) -> None:
    assert decide(event("Notification"), STATES[state], CONFIG) == Outcome()


@pytest.mark.parametrize("name", EVENTS)
def test_a_subagent_over_its_own_limit_ends_before_its_next_request(name: str) -> None:
    outcome = decide(event(name, "a1"), State(OVER_AGENT), CONFIG)

    assert outcome.stop_kind == ("budget" if name in ENDS_AGENTS else "")
    assert bool(outcome.decision.stop) == (name in ENDS_AGENTS)
    assert (LIFT in outcome.decision.stop) == (name in ENDS_AGENTS)
    assert outcome.decision.person == ""


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
def test_a_run_over_its_limit_ends_its_subagents_and_lets_the_orchestrator_report(name: str, agent_id: str) -> None:
    outcome = decide(event(name, agent_id), State(OVER_RUN), CONFIG)

    assert bool(outcome.decision.stop) == (name in ENDS_AGENTS and agent_id == "a1")
    assert ("Report" in outcome.decision.context) == (name == "PostToolBatch" and agent_id == "")


def test_an_orchestrator_that_had_its_report_is_stopped_and_the_person_sees_why() -> None:
    first = decide(event("PostToolBatch"), State(OVER_RUN), CONFIG)
    second = decide(event("PostToolBatch"), State(OVER_RUN._replace(told=frozenset(first.tells))), CONFIG)

    assert second.stop_kind == "budget"
    assert second.decision.person == second.decision.stop
    assert LIFT in second.decision.person


def test_no_agent_is_started_in_a_run_over_its_limit() -> None:
    outcome = decide(event("PreToolUse", tool=ToolUse("toolu_2", "Agent")), State(OVER_RUN), CONFIG)

    assert LIFT in outcome.decision.deny
    assert outcome.decision.stop == ""


def test_a_run_that_was_stopped_takes_no_prompt_and_says_so_once() -> None:
    outcome = decide(event("UserPromptSubmit"), State(OVER_RUN._replace(is_stopped=True)), CONFIG)

    assert LIFT in outcome.decision.stop
    assert outcome.decision.person == "", "the client shows the reason by itself"


@pytest.mark.parametrize(
    ("loops", "step", "context", "stop"),
    [
        ("stop", "notice", "again", ""),
        ("stop", "warning", "again", ""),
        ("stop", "stop", "", "again"),
        ("warn", "stop", "again", ""),
        ("off", "stop", "", ""),
    ],
)
@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
def test_a_finding_is_said_or_ends_the_agent(loops: str, step: str, context: str, stop: str, agent_id: str) -> None:
    config = CONFIG._replace(guard=GuardSettings(loops=loops))
    outcome = decide(event("PostToolBatch", agent_id), State(MODEST, (step, "again")), config)

    person = stop if not agent_id else ""
    assert outcome == Outcome(Decision(context=context, stop=stop, person=person), stop_kind="loop" if stop else "")


def test_everything_that_is_due_is_said_at_once_the_budget_first() -> None:
    state = State(NEAR_AGENT, ("notice", "again"), ("it was stopped",), "read together")
    outcome = decide(event("PostToolBatch", "a1"), state, CONFIG)

    first, *rest = outcome.decision.context.splitlines()
    assert first.startswith("Budget: ")
    assert rest == ["it was stopped", "again", "read together"]
    assert outcome.tells


def test_the_nudge_has_a_switch() -> None:
    config = CONFIG._replace(guard=GuardSettings(nudge=False))

    assert decide(event("PostToolBatch"), State(MODEST, nudge="read together"), config) == Outcome()


# --- the guard with its parts -------------------------------------------------------------------------------------


@dataclass
class Books:
    """A ledger in memory. `fails` names methods that raise."""

    fails: frozenset[str] = frozenset()
    spending: dict[str | None, Spent] = field(default_factory=dict)
    stops: dict[str, str] = field(default_factory=dict)
    said: set[tuple[str, str]] = field(default_factory=set)
    seen: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    looks: int = 0
    billed_after: int = 0
    at_most: Spent | None = None
    bill: dict[str | None, Spent] = field(default_factory=dict)

    def _enter(self, method: str) -> None:
        if method in self.fails or "all" in self.fails:
            raise OSError("no space left on device")

    def remember(self, event: Event) -> None:
        self._enter("remember")
        self.seen.append((event.name, event.agent_id))

    def spent(self, session_id: str, agent_id: str | None) -> Spent:
        self._enter("spent")
        return self.spending.get(agent_id, Spent())

    def is_billed(self, session_id: str, agent_id: str) -> bool:
        self._enter("is_billed")
        self.looks += 1
        if self.looks >= self.billed_after:
            self.spending |= self.bill
        return self.looks >= self.billed_after

    def unseen(self, session_id: str, agent_id: str) -> Spent | None:
        self._enter("unseen")
        return self.at_most

    def raised(self, session_id: str) -> Raised:
        self._enter("raised")
        return Raised()

    def told_so_far(self, session_id: str, agent_id: str) -> frozenset[str]:
        self._enter("told_so_far")
        return frozenset(what for agent, what in self.said if agent == agent_id)

    def told(self, session_id: str, agent_id: str, what: str) -> bool:
        self._enter("told")
        is_new = (agent_id, what) not in self.said
        self.said.add((agent_id, what))
        return is_new

    def stop_reason(self, session_id: str, agent_id: str) -> str:
        self._enter("stop_reason")
        return self.stops.get(agent_id, "")

    def begin(self, session_id: str, limits: str) -> str:
        self._enter("begin")
        return limits

    def began_with(self, session_id: str) -> str:
        self._enter("began_with")
        return ""

    def limits_before(self, session_id: str, cwd: str) -> str:
        self._enter("limits_before")
        return ""

    def mark_stopped(self, session_id: str, agent_id: str, reason: str, kind: str = "budget") -> None:
        self._enter("mark_stopped")
        self.stops[agent_id] = reason

    def identify(self, tool_use_id: str) -> Caller | None:
        self._enter("identify")
        return Caller("S", "a1")

    def take_notes(self) -> list[str]:
        self._enter("take_notes")
        notes, self.notes = self.notes, []
        return notes


METHODS = [name for name in vars(Books) if not name.startswith("_") and callable(getattr(Books, name))]


@dataclass(frozen=True)
class Found:
    step: str
    words: str


@dataclass
class Detector:
    """A loop detector that notes what it is shown, and finds what it is told to."""

    finds: Callable[[str], Found | None] = lambda _: None
    seen: list[tuple[str, str, str, bool, int]] = field(default_factory=list)

    def observe(self, caller: Caller, tool_use: ToolUse, response: str, is_error: bool, at_turn: int) -> Found | None:
        self.seen.append((caller.agent_id, tool_use.id, response, is_error, at_turn))
        return self.finds(tool_use.id)


def fields(name: str, agent_id: str = "", **more: object) -> dict[str, object]:
    return {"event": name, "session_id": "S", "transcript_path": "/t/S.jsonl", "agent_id": agent_id, **more}


def call(number: int, name: str = "Bash", response: object = "ok", **arguments: object) -> dict[str, object]:
    return {"tool_name": name, "tool_use_id": f"toolu_{number}", "tool_input": arguments, "tool_response": response}


def batch(*calls: dict[str, object], agent_id: str = "") -> dict[str, object]:
    return fields("PostToolBatch", agent_id, tool_calls=json.dumps(calls))


def context_of(answer: str) -> str:
    said = json.loads(answer)
    words = str(said.get("hookSpecificOutput", {}).get("additionalContext", ""))
    assert words.startswith(START) or not words, "the meter could not tell that it is ours"
    return words.removeprefix(START)


def nothing(name: str) -> str:
    return "" if name == "PreCompact" else "{}"


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("agent_id", ["", "a1"], ids=["main", "subagent"])
@pytest.mark.parametrize("method", [*METHODS, "all"])
def test_a_ledger_that_fails_holds_up_nobody_and_is_spoken_of_once(name: str, agent_id: str, method: str) -> None:
    said: list[str] = []
    ledger = Books(frozenset((method,)), {agent_id: Spent(usd=1.0), None: Spent(usd=1.0)})
    guard = Guard(CONFIG, ledger, Detector(), said.append)
    passed = fields(name, agent_id, tool_name="Bash", tool_use_id="toolu_1", tool_input="{}")

    assert [guard.answer(passed) for _ in range(3)] == [nothing(name)] * 3
    assert len(said) <= 1
    if method in ("all", "remember", "take_notes"):
        assert said == ["the guard's ledger failed (OSError: no space left on device); work goes on without it"]


@pytest.mark.parametrize("name", EVENTS)
def test_a_loop_detector_that_fails_holds_up_nobody_and_is_spoken_of_once(name: str) -> None:
    def fail(_: str) -> Found | None:
        raise RecursionError

    said: list[str] = []
    guard = Guard(CONFIG, Books(), Detector(fail), said.append)
    more = {"tool_name": "Bash", "tool_use_id": "toolu_1", "tool_calls": json.dumps([call(2)])}

    assert [guard.answer(fields(name, **more)) for _ in range(3)] == [nothing(name)] * 3
    looks = name in ("PostToolUse", "PostToolUseFailure", "PostToolBatch")
    assert said == ["the guard's loop detector failed (RecursionError); work goes on without it"] * looks


@pytest.mark.parametrize("name", EVENTS)
def test_without_a_ledger_nothing_is_limited(name: str) -> None:
    said: list[str] = []
    guard = Guard(CONFIG, None, None, said.append)

    assert guard.answer(fields(name, "a1", tool_name="Bash")) == nothing(name)
    assert guard.identify("toolu_1") is None
    assert said == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["[", '[{"a":1}]']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["session_id", "agent_id", "tool_name", "tool_input", "tool_use_id", "tool_response", "tool_calls", "prompt"]


@given(st.sampled_from([*EVENTS, "Else", ""]), st.dictionaries(st.sampled_from(NAMES), json_values))
def test_whatever_an_event_holds_the_answer_is_one_that_the_client_takes(name: str, held: Mapping[str, object]) -> None:
    said: list[str] = []
    answer = Guard(CONFIG, Books(), Detector(), said.append).answer({"event": name, **held})

    assert answer == nothing(name)
    assert said == []


def test_where_the_last_request_may_have_passed_a_limit_its_bill_is_waited_for() -> None:
    """Else an agent that this bill takes over its limit could send another request unstopped."""
    below = {"a1": Spent(usd=0.5, requests=9), None: Spent(usd=0.5)}
    over = {"a1": Spent(usd=6.0, requests=10), None: Spent(usd=6.0)}
    ledger = Books(spending=dict(below), billed_after=3, bill=over, at_most=Spent(usd=5.5))

    assert json.loads(Guard(CONFIG, ledger).answer(batch(call(1), agent_id="a1")))["continue"] is False
    assert ledger.looks == 3


def test_while_a_bill_is_waited_for_other_agents_are_answered() -> None:
    is_waiting, other_is_answered, in_time = Signal(), Signal(), []

    class Slow(Books):
        def is_billed(self, session_id: str, agent_id: str) -> bool:
            is_waiting.set()
            in_time.append(other_is_answered.wait(10))
            return True

    spending: dict[str | None, Spent] = {"a1": Spent(usd=4.5), None: Spent(usd=4.5)}
    guard = Guard(CONFIG, Slow(spending=spending, at_most=Spent(usd=5.5)))
    waiting = Thread(target=guard.answer, args=(batch(call(1), agent_id="a1"),), daemon=True)
    waiting.start()
    assert is_waiting.wait(20)

    assert guard.answer(fields("PreToolUse", "a2", tool_name="Bash", tool_use_id="toolu_2")) == "{}"

    other_is_answered.set()
    waiting.join(20)
    assert in_time == [True]


@pytest.mark.parametrize(
    ("usd", "at_most", "name"),
    [
        (4.0, Spent(usd=0.5), "PostToolBatch"),
        (4.0, None, "PostToolBatch"),
        (6.0, Spent(usd=9.0), "PostToolBatch"),
        (4.0, Spent(usd=9.0), "PreToolUse"),
    ],
    ids=["it cannot have passed it", "its bill is there", "it is passed", "a call has ended nothing"],
)
def test_no_bill_is_waited_for_in_vain(usd: float, at_most: Spent | None, name: str) -> None:
    ledger = Books(spending={"a1": Spent(usd=usd), None: Spent(usd=usd)}, billed_after=3, at_most=at_most)
    passed = fields(name, "a1", tool_name="Bash", tool_use_id="toolu_1", tool_calls=json.dumps([call(1)]))
    Guard(CONFIG, ledger).answer(passed)

    assert ledger.looks == 0


def test_notes_of_the_ledger_are_passed_on_once() -> None:
    said: list[str] = []
    ledger = Books(notes=["ledger: read-only"])
    guard = Guard(CONFIG, ledger, say=said.append)
    guard.answer(fields("Stop"))
    ledger.notes = ["ledger: read-only"]
    guard.answer(fields("Stop"))

    assert said == ["ledger: read-only"]


def test_a_guard_that_is_switched_off_still_remembers_who_calls() -> None:
    ledger = Books()
    Guard(CONFIG._replace(guard=GuardSettings(enabled=False)), ledger).answer(fields("PreToolUse", "a1"))

    assert ledger.seen == [("PreToolUse", "a1")]


def test_a_stopped_orchestrator_has_no_request_in_flight() -> None:
    """Recorded on 2.1.330: no Stop hook comes after a stop. What would have come next must not count for ever."""
    over = Spent(usd=26.0)
    ledger = Books(spending={"": over, None: over})
    guard = Guard(CONFIG, ledger)
    answers = [json.loads(guard.answer(batch(call(n)))) for n in (1, 2)]

    assert ["continue" in answer for answer in answers] == [False, True]
    assert ledger.seen == [("PostToolBatch", ""), ("PostToolBatch", ""), ("Stop", "")]


def test_a_stopped_subagent_is_noted_as_ended_and_its_parent_hears_of_it_once() -> None:
    ledger = Books(spending={"a1": Spent(usd=6.0, requests=7), None: Spent(usd=6.0)})
    guard = Guard(CONFIG, ledger)

    stopped = json.loads(guard.answer(batch(call(1), agent_id="a1")))
    assert stopped["continue"] is False
    assert ledger.seen[-1] == ("SubagentStop", "a1")
    report = call(2, "Agent", "words\nagentId: a1 (use SendMessage to go on)")
    first, second = (context_of(guard.answer(batch(report))) for _ in range(2))
    assert first == (
        f"The agent a1 was stopped after 7 requests ({stopped['stopReason'].rstrip('.')}), "
        "its partial results are in /t/S/subagents/agent-a1.jsonl."
    )
    assert second == ""


@pytest.mark.parametrize(
    ("passed", "hears"),
    [
        (fields("UserPromptSubmit", prompt="<task-notification>\n<task-id>a1</task-id>"), True),
        (fields("UserPromptSubmit", prompt="what is <task-id>a1</task-id>?"), False),
        (batch(call(2, "Agent", [{"type": "text", "text": "agentId: a1 (use"}])), True),
        (batch(call(2, "Agent", {"agentId": "a1", "isAsync": False})), True),
        (batch(call(2, "SendMessage", "agentId: a1")), True),
        (batch(call(2, "Agent", "agentId: a2")), False),
        (batch(call(2, "Bash", "agentId: a1")), False),
        (batch(call(2, "Agent", "agentId: a1"), agent_id="a9"), True),
    ],
)
def test_news_of_a_stopped_agent_come_with_its_result(passed: dict[str, object], hears: bool) -> None:
    answer = Guard(CONFIG, Books(stops={"a1": "Stopped: looping."})).answer(passed)

    assert ("The agent a1 was stopped" in context_of(answer)) == hears


def test_a_call_is_looked_at_once_whatever_events_tell_of_it() -> None:
    loops = Detector()
    guard = Guard(CONFIG, Books(), loops)
    failing = {"tool_name": "Bash", "tool_use_id": "toolu_1", "tool_input": "{}", "error": "Exit code 1"}
    guard.answer(fields("PostToolUseFailure", "a1", **failing))
    guard.answer(fields("PostToolUse", "a1", tool_name="Bash", tool_use_id="toolu_2", tool_response="fine"))
    guard.answer(batch(call(1, response="Exit code 1"), call(2, response="fine"), call(3, response="x"), agent_id="a1"))
    guard.answer(batch(call(4, response="y"), agent_id="a1"))

    assert loops.seen == [
        ("a1", "toolu_1", "Exit code 1", True, 0),
        ("a1", "toolu_2", "fine", False, 0),
        ("a1", "toolu_3", "x", False, 0),
        ("a1", "toolu_4", "y", False, 1),
    ]


@pytest.mark.parametrize(
    ("between", "turn"),
    [
        (fields("UserPromptSubmit", prompt="go on"), 0),
        (fields("SessionStart", source="compact"), 0),
        (fields("PostCompact"), 0),
        (fields("UserPromptSubmit", prompt="<task-notification>"), 2),
        (fields("Stop"), 2),
        (fields("SubagentStop", "a1"), 2),
    ],
)
def test_turns_are_counted_anew_with_another_prompt_or_context(between: dict[str, object], turn: int) -> None:
    loops = Detector()
    guard = Guard(CONFIG, Books(), loops)
    for passed in (batch(call(1)), batch(call(2)), between, batch(call(3))):
        guard.answer(passed)

    assert [seen[-1] for seen in loops.seen] == [0, 1, turn]


def test_a_finding_waits_for_the_end_of_the_batch_and_the_gravest_counts() -> None:
    found = {"toolu_1": Found("stop", "looping"), "toolu_2": Found("notice", "again")}
    guard = Guard(CONFIG, Books(), Detector(found.get))

    assert guard.answer(fields("PostToolUse", "a1", tool_name="Bash", tool_use_id="toolu_1")) == "{}"
    stopped = json.loads(guard.answer(batch(call(1), call(2), agent_id="a1")))
    assert stopped == {"continue": False, "stopReason": "looping"}
    assert guard.answer(batch(call(3), agent_id="a1")) == "{}"


def test_interrupted_calls_are_no_loops() -> None:
    loops = Detector()
    guard = Guard(CONFIG, Books(), loops)
    interrupted = {"tool_name": "Bash", "tool_use_id": "toolu_1", "error": "stopped", "is_interrupt": "true"}
    guard.answer(fields("PostToolUseFailure", **interrupted))
    guard.answer(batch(call(1, response="stopped")))

    assert loops.seen == []


@pytest.mark.parametrize(
    ("agent_id", "tools", "is_told"),
    [("", "", True), ("a1", "", False), ("a1", "mcp__lean__read_many", True), ("a1", "mcp__other__thing", False)],
)
def test_only_agents_that_have_our_tools_are_nudged(agent_id: str, tools: str, is_told: bool) -> None:
    guard = Guard(CONFIG, Books())
    if tools:
        guard.answer(fields("PreToolUse", agent_id, tool_name=tools, tool_use_id="toolu_0"))
    said = [context_of(guard.answer(batch(call(n, command=f"cat {n}"), agent_id=agent_id))) for n in range(1, 6)]

    assert said == ["", "", READS_TOGETHER if is_told else "", "", ""]


def test_stretches_of_different_agents_are_apart() -> None:
    guard = Guard(CONFIG, Books())
    said = [context_of(guard.answer(batch(call(n, "Read"), agent_id=agent))) for n in range(3) for agent in ("", "a1")]

    assert said == ["", "", "", "", READS_TOGETHER, ""]


def test_pass_is_what_nothing_to_say_looks_like() -> None:
    assert Outcome().decision is PASS


@dataclass
class Says(Watcher):
    """A watcher that answers every event alike, or fails."""

    answer: Decision = PASS
    name: str = "watcher"
    seen: list[str] = field(default_factory=list)
    failure: Exception | None = None
    ready_after: int = 0
    remembered: list[tuple[str, str]] = field(default_factory=list)

    def is_ready(self, event: Event) -> bool:
        assert self.remembered == [], "asked before the event is taken in, which drops what has ended"
        self.ready_after -= 1
        return self.ready_after < 0

    def see(self, event: Event) -> Decision:
        self.seen.append(event.name)
        if self.failure:
            raise self.failure
        return self.answer


def test_what_watchers_say_stands_below_each_other_and_one_that_fails_says_nothing() -> None:
    broken = Says(name="second", failure=RuntimeError("boom"))
    watchers = [Says(Decision(context="one", person="to you")), broken, Says(Decision(context="three", person="more"))]
    said: list[str] = []
    guard = Guard(CONFIG, Books(), say=said.append, watchers=watchers)

    answer = json.loads(guard.answer(fields("UserPromptSubmit")))

    assert answer == {
        "systemMessage": "to you\nmore",
        "hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": f"{START}one\nthree"},
    }
    assert len(said) == 1
    assert "second" in said[0]


@pytest.mark.parametrize("ready_after", [0, 3])
def test_what_a_watcher_needs_of_the_transcripts_is_waited_for(ready_after: int) -> None:
    ledger = Books()
    watcher = Says(ready_after=ready_after, remembered=ledger.seen)

    Guard(CONFIG, ledger, watchers=[watcher]).answer(fields("Stop"))

    assert watcher.ready_after == -1
    assert watcher.seen == ["Stop"]


def test_what_never_comes_is_not_waited_for_for_ever() -> None:
    watcher = Says(ready_after=10_000)

    Guard(CONFIG, Books(), watchers=[watcher]).answer(fields("Stop"))

    assert watcher.ready_after > 9_900
    assert watcher.seen == ["Stop"]


def test_a_watcher_is_not_shown_what_stops_the_agent_nor_anything_while_the_guard_is_off() -> None:
    seen = Says()
    Guard(CONFIG._replace(guard=GuardSettings(enabled=False)), Books(), watchers=[seen]).answer(fields("Stop"))
    over = Books(spending={"a1": Spent(usd=6.0)})
    Guard(CONFIG, over, watchers=[seen]).answer(fields("PreToolUse", "a1"))

    assert seen.seen == []


def test_a_deferred_watcher_is_made_with_the_first_event_that_it_may_answer_and_then_sees_all() -> None:
    watcher, made = Says(Decision(context="hello")), list[str]()

    def make() -> Says:
        made.append("made")
        return watcher

    deferred = Deferred("later", make, lambda event: event.name == "Stop")
    answers = [deferred.see(Event(name)) for name in ("SessionStart", "Stop", "SessionStart")]

    assert answers == [PASS, watcher.answer, watcher.answer]
    assert made == ["made"]
    assert watcher.seen == ["Stop", "SessionStart"]
