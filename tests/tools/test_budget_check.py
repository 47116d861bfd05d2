"""What budget_check answers: whole texts, for made-up runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from guard.runs import HAIKU, SESSION, Place, Writer

from mcp_lean.config import Budget, Limits
from mcp_lean.errors import AskError
from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.schema import slim
from mcp_lean.tools.base import Context
from mcp_lean.tools.budget_check import TOOL, BudgetCheck, next_step


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    opened = Ledger.open(place.environ)
    yield opened
    opened.close()


def ask(place: Place, ledger: Ledger | None, agent_id: str | None, agent_type: str = "", **more: object) -> str:
    caller = None if agent_id is None else Caller(SESSION, agent_id, agent_type, str(place.main))
    context = Context(Workspace(str(place.home), {}), caller=caller, ledger=ledger, **more)  # type: ignore[arg-type]
    return TOOL.run(BudgetCheck(), context)


def written(
    place: Place, ledger: Ledger, requests: int = 6, model: str = HAIKU, grows: int = 900, *, is_cold: bool = False
) -> Writer:
    """A main agent with one request, a scout with several."""
    place.append("", b"".join(Writer().request()))
    scout = Writer(agent_id="a1", model=model)
    for _ in range(requests):
        scout.context = 0 if is_cold else scout.context
        place.append("a1", b"".join(scout.request(grows=grows)))
    ledger.remember(place.event("SubagentStart", "a1", "scout"))
    ledger.remember(place.pre("toolu__1"))
    return scout


def test_a_subagent_hears_of_itself_and_of_the_run(place: Place, ledger: Ledger) -> None:
    written(place, ledger)
    budget = Budget(types={"scout": Limits(agent_usd=1.0, agent_requests=300)})

    cached = "92 % of what was sent came from the cache"
    assert ask(place, ledger, "a1", "scout", limits=budget).splitlines() == [
        "run: $0.01 of $25.00 (0 %), 7 requests, 2 agents (1 subagents at work)",
        "you (scout a1): $0.00 of $1.00 (0 %), 6 of 300 requests",
        f"context 13,403 tokens (over 100,000 every token of {HAIKU} costs more), {cached}",
        "loops: none seen",
        "as of now: all of it billed",
        "advice: go on",
    ]


def test_the_orchestrator_has_no_limits_of_its_own(place: Place, ledger: Ledger) -> None:
    written(place, ledger)

    assert ask(place, ledger, "").splitlines()[1] == "you (orchestrator): $0.01, no limit, 1 requests"


def test_without_hooks_it_answers_for_the_run(place: Place) -> None:
    place.append("", b"".join(Writer().request()))
    ledger = Ledger.open({**place.environ, "CLAUDE_CODE_SESSION_ID": SESSION})

    assert ask(place, ledger, None).splitlines() == [
        "run: $0.01 of $25.00 (0 %), 1 requests, 1 agents (0 subagents at work)",
        "you: not known, for no hook has told who calls; the figures are the run's",
        "as of now: all of it billed",
        "advice: go on",
    ]
    ledger.close()


@pytest.mark.parametrize("session", ["", "../../../etc/passwd"])
def test_where_nothing_says_which_run_it_is_it_says_where_to_look(place: Place, session: str) -> None:
    ledger = Ledger.open({**place.environ, "CLAUDE_CODE_SESSION_ID": session})

    with pytest.raises(AskError, match="no hook has said which run this is; `mcp-lean budget` in a shell"):
        ask(place, ledger, None)
    with pytest.raises(AskError, match="nothing is counted in this process"):
        ask(place, None, "a1")
    ledger.close()


def test_what_is_estimated_is_named(place: Place, ledger: Ledger) -> None:
    scout = written(place, ledger)
    scout.number += 1
    ledger.remember(
        place.event("PostToolBatch", "a1", "scout", batch=(ToolUse(scout.call_id(), "Read", {}, "r" * 60_000),))
    )

    lines = ask(place, ledger, "a1", "scout").splitlines()
    assert lines[4] == "as of now: $0.0025 of it estimated, for 1 sent and the next requests"
    assert lines[1].endswith("7 of 300 requests")


@pytest.mark.parametrize(
    ("budget", "requests", "model", "grows", "advice"),
    [
        (
            Budget(agent_requests=8),
            6,
            HAIKU,
            900,
            "Budget: this agent has used 6 of 8 requests (75 %); 2 requests left.",
        ),
        (Budget(agent_requests=6), 6, HAIKU, 900, "this agent has used 6 of 6 requests (100 %); report what you have"),
        (Budget(run_tokens=80_000), 6, HAIKU, 900, "this run has used"),
        (Budget(), 10, HAIKU, 10_000, "your context is over 100,000 tokens, where every token costs more"),
        (Budget(), 8, HAIKU, 10_000, "your context is close to 100,000 tokens"),
        (Budget(), 13, "claude-opus-5-5", 10_000, "every request carries your whole context"),
    ],
)
def test_the_advice_follows_from_the_figures(
    place: Place, ledger: Ledger, budget: Budget, requests: int, model: str, grows: int, advice: str
) -> None:
    written(place, ledger, requests, model, grows)

    last = ask(place, ledger, "a1", "scout", limits=budget).splitlines()[-1]
    assert last.startswith(f"advice: {advice}")


def test_who_finds_little_in_the_cache_hears_what_costs_less(place: Place, ledger: Ledger) -> None:
    written(place, ledger, 5, grows=20_000, is_cold=True)

    last = ask(place, ledger, "a1", "scout").splitlines()[-1]
    assert last.startswith("advice: much of what you send is not in the cache: several reads in one call")


def test_a_finding_of_the_loop_detector_is_shown(place: Place, ledger: Ledger) -> None:
    class Loops:
        def state_of(self, caller: Caller) -> str:
            return f"{caller.agent_id}: the same command failed 3 times"

    written(place, ledger)
    lines = ask(place, ledger, "a1", "scout", loops=Loops()).splitlines()

    assert lines[3] == "loops: a1: the same command failed 3 times"
    assert lines[5] == "advice: change the approach, or report what stands in the way"


def test_the_same_state_gives_the_same_bytes(place: Place, ledger: Ledger) -> None:
    written(place, ledger)

    assert len({ask(place, ledger, "a1", "scout") for _ in range(3)}) == 1


def test_only_models_with_a_price_step_are_said_to_have_one() -> None:
    assert [next_step(model) for model in (HAIKU, "claude-opus-5-5", "")] == [100_000, 0, 0]


def test_the_definition_is_short() -> None:
    shown = {"name": TOOL.name, "description": TOOL.description, "inputSchema": slim(TOOL.arguments)}

    assert len(json.dumps(shown, separators=(",", ":"))) <= 220


def test_the_orchestrator_hears_when_the_next_task_would_be_cheaper_after_a_clear(place: Place, ledger: Ledger) -> None:
    """40 requests are behind it, so 20 are expected; 100k tokens would go, at $0.20 per million a time."""
    writer = Writer(context=20_000)
    place.append("", writer.prompt())
    place.append("", b"".join(line for _ in range(40) for line in writer.request(grows=2_500)))
    ledger.remember(place.event("UserPromptSubmit"))

    last = ask(place, ledger, "").splitlines()[-1]
    assert last == (
        "advice: every request carries your whole context: when this task is done, tell the user that /clear is "
        "expected to save about $0.26 of the next one"
    )


@pytest.mark.parametrize(("requests", "grows"), [(8, 9_000), (40, 500)])
def test_a_clear_is_not_advised_while_the_history_is_young_or_small(
    place: Place, ledger: Ledger, requests: int, grows: int
) -> None:
    writer = Writer(context=20_000)
    place.append("", b"".join(line for _ in range(requests) for line in writer.request(grows=grows)))
    ledger.remember(place.event("UserPromptSubmit"))

    assert ask(place, ledger, "").splitlines()[-1] == "advice: go on"
