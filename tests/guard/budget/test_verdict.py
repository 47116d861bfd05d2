"""What a share of a limit calls for, as tables."""

from __future__ import annotations

import pytest

from mcp_lean.config import Budget, Limits
from mcp_lean.guard.budget import words
from mcp_lean.guard.budget.limits import Raised, Spent, Standing, percent
from mcp_lean.guard.budget.verdict import State, Verdict, decide, limits_of
from mcp_lean.guard.decision import Decision
from mcp_lean.guard.event import Event, ToolUse

BUDGET = Budget(agent_usd=4.0, agent_requests=100, run_usd=20.0)
SUB, MAIN = {"agent_id": "a1", "agent_type": "scout"}, {"agent_id": "", "agent_type": ""}
NOTHING = Verdict()


def batch(who: dict[str, str]) -> Event:
    return Event("PostToolBatch", "s", **who)  # type: ignore[arg-type]


def call(who: dict[str, str], tool: str = "Read", **inputs: object) -> Event:
    return Event("PreToolUse", "s", tool=ToolUse("t", tool, inputs), **who)  # type: ignore[arg-type]


def state(agent_usd: float = 0.0, run_usd: float = 0.0, *told: str, **spent: float) -> State:
    agent = Spent(usd=agent_usd, requests=10)._replace(**spent)  # type: ignore[arg-type]
    return State(agent, Spent(usd=run_usd, requests=40), BUDGET, told=frozenset(told))


@pytest.mark.parametrize(
    ("who", "agent_usd", "run_usd", "step"),
    [
        (SUB, 0, 0, "pass"),
        (SUB, 2.999, 0, "pass"),
        (SUB, 3.0, 0, "notice"),
        (SUB, 3.799, 0, "notice"),
        (SUB, 3.8, 0, "finish"),
        (SUB, 3.999, 0, "finish"),
        (SUB, 4.0, 0, "stop"),
        (SUB, 40.0, 0, "stop"),
        (SUB, 0, 15.0, "pass"),
        (SUB, 0, 19.0, "finish"),
        (SUB, 0, 20.0, "stop"),
        (SUB, 3.0, 19.5, "finish"),
        (SUB, 3.0, 18.0, "notice"),
        (MAIN, 19, 0, "pass"),
        (MAIN, 0, 15.0, "notice"),
        (MAIN, 0, 19.0, "finish"),
        (MAIN, 0, 20.0, "report"),
    ],
)
def test_after_a_batch_the_nearest_limit_decides(
    who: dict[str, str], agent_usd: float, run_usd: float, step: str
) -> None:
    verdict = decide(batch(who), state(agent_usd, run_usd))
    decision = verdict.decision

    standing = verdict.standing
    expected = {
        "pass": Decision(),
        "notice": Decision(context=words.notice(standing, 40 if standing.name == "run_usd" else 10))
        if standing.name
        else None,
        "finish": Decision(context=words.finish(standing)) if standing.name else None,
        "report": Decision(context=words.report(standing)) if standing.name else None,
        "stop": Decision(stop=words.stopped(standing)) if standing.name else None,
    }
    assert decision == expected[step]
    assert verdict.is_stop == (step == "stop")
    assert len(verdict.tells) == (step in ("notice", "finish", "report"))


@pytest.mark.parametrize(
    ("spent", "name"),
    [
        ({"requests": 100}, "agent_requests"),
        ({"reserved_usd": 1.0, "usd": 3.0}, "agent_usd"),
    ],
)
def test_every_kind_of_limit_stops_and_what_is_in_flight_counts(spent: dict[str, float], name: str) -> None:
    verdict = decide(call(SUB), state(**spent))

    assert verdict.is_stop
    assert verdict.standing.name == name


def test_tokens_and_context_are_limits_where_they_are_set() -> None:
    limits = Budget(agent_tokens=1_000_000, agent_context_tokens=150_000, run_tokens=5_000_000)
    spent = Spent(tokens=10, context_tokens=150_000)

    assert decide(batch(SUB), State(spent, Spent(), limits)).standing == Standing(
        "agent_context_tokens", 150_000, 150_000
    )
    assert decide(batch(SUB), State(Spent(tokens=10**6), Spent(), limits)).standing.name == "agent_tokens"
    assert decide(batch(SUB), State(Spent(), Spent(tokens=5 * 10**6), limits)).standing.name == "run_tokens"


def test_each_step_is_said_once_and_again_after_a_raise() -> None:
    first = decide(batch(SUB), state(3.0))
    again = state(3.0, 0.0, *first.tells)
    later = state(3.9, 0.0, *first.tells)
    finish = decide(batch(SUB), later)

    assert decide(batch(SUB), again) == NOTHING
    assert finish.decision.context.startswith("Budget: this agent has used $3.90 of $4.00 (97 %). Finish now")
    assert decide(batch(SUB), later._replace(told=frozenset((*first.tells, *finish.tells)))) == NOTHING
    raised = later._replace(agent=Spent(usd=8.8, requests=10), raised=Raised(usd=5), told=frozenset(finish.tells))
    assert decide(batch(SUB), raised).decision.context.startswith("Budget: this agent has used $8.80 of $9.00")


def test_who_was_told_to_finish_is_not_told_that_much_is_left() -> None:
    told = decide(batch(SUB), state(3.9)).tells

    assert decide(batch(SUB), state(3.1, 0.0, *told)) == NOTHING


def test_before_a_call_only_a_stop_is_said() -> None:
    assert decide(call(SUB), state(3.9)) == NOTHING
    assert decide(call(SUB), state(4.0)).decision.stop == (
        "Stopped: this agent has used $4.00 of $4.00 (100 %). "
        "A person can lift this in a shell of their own: mcp-lean budget --raise 5"
    )


def test_at_the_run_s_limit_the_orchestrator_reports_and_ends_last() -> None:
    """Batches of the orchestrator after the limit: told, then stopped."""
    over = state(0, 20.5)
    told = decide(batch(MAIN), over)
    ends = decide(batch(MAIN), over._replace(told=frozenset(told.tells)))

    assert [verdict.is_stop for verdict in (told, ends)] == [False, True]
    assert "its subagents are stopped. Report to the person now" in told.decision.context


@pytest.mark.parametrize(("tool", "is_denied"), [("Agent", True), ("Task", True), ("Read", False), ("Write", False)])
def test_while_it_reports_the_orchestrator_may_write_but_start_nobody(tool: str, is_denied: bool) -> None:
    verdict = decide(call(MAIN, tool), state(0, 20.5))

    assert bool(verdict.decision.deny) == is_denied
    assert not verdict.is_stop


def test_a_stopped_orchestrator_stays_stopped_until_the_limit_is_raised() -> None:
    prompt = Event("UserPromptSubmit", "s", prompt="go on")
    over = state(0, 20.5)._replace(is_stopped=True)

    assert decide(prompt, over).is_stop
    assert decide(prompt, over._replace(raised=Raised(usd=5))) == NOTHING
    assert decide(prompt, over._replace(is_stopped=False)) == NOTHING, "a notification of a subagent is to be reported"


@pytest.mark.parametrize(
    ("agent_id", "agent_type", "raised", "limits"),
    [
        ("a1", "writer", Raised(), Limits(5.0, 300, 0, 0)),
        ("a1", "scout", Raised(), Limits(1.0, 300, 0, 0)),
        ("a1", "scout", Raised(2.0, 10, 5, 7), Limits(3.0, 310, 0, 0)),
        ("", "", Raised(2.0), Limits(0.0, 0, 0, 0)),
    ],
)
def test_limits_are_by_type_and_a_raise_makes_no_limit_where_none_was(
    agent_id: str, agent_type: str, raised: Raised, limits: Limits
) -> None:
    budget = Budget(types={"scout": Limits(agent_usd=1.0)})

    assert limits_of(budget, raised, agent_id, agent_type) == limits


def test_the_orchestrator_has_own_limits_only_where_its_type_is_named() -> None:
    budget = Budget(types={"main": Limits(agent_usd=2.0)})
    verdict = decide(batch(MAIN), State(Spent(usd=2.0), Spent(usd=2.0), budget))

    assert verdict.is_stop
    assert verdict.standing == Standing("agent_usd", 2.0, 2.0)


@pytest.mark.parametrize("name", ["PostToolUse", "SubagentStart", "SubagentStop", "Stop", "PreCompact", "NoSuchEvent"])
def test_other_events_change_nothing(name: str) -> None:
    assert decide(Event(name, "s", agent_id="a1"), state(9.0, 99.0)) == NOTHING


@pytest.mark.parametrize("who", [SUB, MAIN])
@pytest.mark.parametrize("run_usd", [0.0, 20.0])
def test_the_person_is_asked_before_an_agent_writes_limits(who: dict[str, str], run_usd: float) -> None:
    """Also by the orchestrator that is to report, for its run has used up its limit."""
    asks = Verdict(Decision(ask=words.FOR_PEOPLE))
    for tool in ("Edit", "Write"):
        verdict = decide(call(who, tool, file_path="/home/ann/app/.mcp-lean.toml"), state(run_usd=run_usd))
        assert verdict == asks or (verdict.is_stop and who is SUB and run_usd)
    for tool, path in (("Read", "/home/ann/app/.mcp-lean.toml"), ("Edit", "/home/ann/app/not.mcp-lean.toml")):
        verdict = decide(call(who, tool, file_path=path), state())
        assert verdict == NOTHING


def test_the_words_for_each_kind_of_limit() -> None:
    stopped = {
        Standing("agent_requests", 300, 300): ("this agent has used 300 of 300 requests (100 %)", "100requests"),
        Standing("run_tokens", 510, 500): ("this run has used 510 of 500 tokens (102 %)", "500000tokens"),
        Standing("agent_context_tokens", 1_500, 1_500): (
            "this agent has used 1,500 of 1,500 context tokens (100 %)",
            "50000context",
        ),
    }

    for standing, (used, raises) in stopped.items():
        command = f"mcp-lean budget --raise {raises}"
        assert words.stopped(standing) == f"Stopped: {used}. A person can lift this in a shell of their own: {command}"
    assert words.notice(Standing("run_usd", 18.75, 25.0), 150) == (
        "Budget: this run has used $18.75 of $25.00 (75 %); $6.25 left, about 50 more requests like those so far. "
        "Do what matters most first."
    )
    assert words.to_parent("scout", "a1", "it was over its budget.", 12, "/p/agent-a1.jsonl") == (
        "The scout agent a1 was stopped after 12 requests (it was over its budget), "
        "its partial results are in /p/agent-a1.jsonl."
    )


@pytest.mark.parametrize(
    ("used", "limit", "words"),
    [(0.29, 1.0, "29 %"), (0.996, 1.0, "99 %"), (1.0, 1.0, "100 %"), (0.0, 5.0, "0 %"), (0.57, 0.19, "300 %")],
)
def test_a_share_of_a_limit_is_rounded_down_and_by_nothing_else(used: float, limit: float, words: str) -> None:
    assert percent(used, limit) == words
