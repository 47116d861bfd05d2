"""What the user's own runs say about lifetime, fan-outs and effort. Amounts are worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from costs.runs import HAIKU, OPUS, START_S, agent, call, request, run

from mcp_lean.claude_code.doctor import history
from mcp_lean.claude_code.doctor.finding import Fact, Finding
from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.costs.prices import list_prices
from mcp_lean.transcripts.model import Agent, Request, Spawn

SETTINGS = "/home/me/.claude/settings.json"


def priced(*agents: Agent) -> RunCost:
    return break_down(run(agents), list_prices())


def steady(number: int = 250, gap_s: float = 10.0, **kind: int) -> list[Request]:
    """Requests of one task: each reads 100,000 tokens and writes 1,000 more."""
    writes = {"write_1h": 1_000, **kind}
    return [
        request(n, read=100_000 if n else 0, at_s=START_S + gap_s * n, prompt_chars=0 if n else 40, **writes)
        for n in range(number)
    ]


def test_work_without_pauses_pays_for_an_hour_it_does_not_use() -> None:
    """250 x 1,000 tokens at 8 instead of 5 USD per million: 0.75; of a bill of 250 x 0.008 + 249 x 0.02."""
    found = history.lifetime(priced(agent(steady())).agents)

    assert found.with_5m == 750_000_000_000
    assert found.with_1h == 0
    assert (found.written_1h_tokens, found.written_5m_tokens) == (250_000, 0)


def test_a_pause_of_twenty_minutes_is_what_the_hour_is_for() -> None:
    """Each pause would write 100,000 tokens at 5 that are read at 0.20 now."""
    found = history.lifetime(priced(agent(steady(3, gap_s=1_200))).agents)

    assert found.with_5m == 3 * 3_000_000_000 - 2 * 480_000_000_000


def test_breaks_in_pauses_are_what_five_minutes_cost() -> None:
    """The second request lost 100,000 tokens in a pause of 20 minutes; the first wrote 101,000 for 8 instead of 5."""
    requests = [
        request(0, write_5m=101_000, prompt_chars=40),
        request(1, write_5m=102_000, at_s=START_S + 1_200),
    ]

    found = history.lifetime(priced(agent(requests)).agents)

    lost = 101_000
    assert found.with_1h == lost * 4_800_000 - (101_000 + 1_000) * 3_000_000


def findings(*costs: RunCost) -> list[Finding]:
    return [result for result in history.lifetimes(costs, SETTINGS) if isinstance(result, Finding)]


def test_a_lifetime_that_would_have_cost_less_is_a_finding_for_its_kind_of_work() -> None:
    task = agent(steady(2_000))
    conversation = agent([replace(item, entered=task.requests[0].entered) for item in steady(2_000)])
    scout = agent(steady(2_000), "a1", "subagent")

    [of_conversations] = findings(priced(conversation))
    [of_tasks] = findings(priced(task))
    [of_subagents] = findings(priced(agent(steady(1)), scout))

    assert of_tasks.says == (
        "sessions of one prompt: with 5m instead of 1h these 2,000 requests would have cost $6.00 less (11 % of $55.98)"
    )
    assert (of_tasks.todo.split()[0], of_tasks.path) == ("FORCE_PROMPT_CACHING_5M=1", "")
    assert (of_conversations.todo.split(",")[0], of_conversations.path) == ('"promptCacheTtl": "5m"', SETTINGS)
    assert of_subagents.todo.split(",")[0] == '"subagentPromptCacheTtl": "5m"'


def test_pauses_make_the_longer_lifetime_a_finding() -> None:
    requests = [
        request(n, write_5m=100_000 + n, at_s=START_S + 1_200 * n, prompt_chars=40)
        for n in range(history.FEWEST_REQUESTS)
    ]

    [found] = findings(priced(agent(requests)))

    assert found.says.startswith("sessions of several prompts: with 1h instead of 5m")


@pytest.mark.parametrize("number", [0, history.FEWEST_REQUESTS - 1])
def test_little_work_says_nothing(number: int) -> None:
    results = list(history.lifetimes([priced(agent(steady(number)))] if number else [], SETTINGS))

    assert {type(result) for result in results} == {Fact}
    assert all("too few to say" in result.says for result in results)


def test_lifetimes_that_fit_are_a_fact() -> None:
    results = list(history.lifetimes([priced(agent(steady(gap_s=1_200)))], SETTINGS))

    assert Fact("cache lifetime, sessions of one prompt", "1h is as good as any on 250 requests") in results


def fan_out(*models: str) -> RunCost:
    """One turn that launches an agent of one kind per model."""
    spawns = [
        replace(call(f"c{n}", "Agent"), spawn=Spawn("scout", "find", model, 10, "", "completed", f"a{n}"))
        for n, model in enumerate(models)
    ]
    launched = [
        replace(
            agent([request(5, write_5m=2_000, model=model)], f"a{n}", "subagent", agent_type="scout"),
            spawn_call_id=f"c{n}",
        )
        for n, model in enumerate(models)
    ]
    return priced(agent([request(0, write_5m=9_000, calls=spawns)]), *launched)


def test_one_kind_launched_with_two_models_is_a_finding() -> None:
    [found] = history.fan_outs([fan_out(HAIKU, OPUS), fan_out(HAIKU, HAIKU)])

    assert isinstance(found, Finding)
    assert found.says.startswith("1 fan-outs launched agents of one kind with different models")
    assert "scout: " in found.says
    assert found.cost.tokens == 2_000


def test_agents_of_one_model_are_no_finding() -> None:
    assert list(history.fan_outs([fan_out(HAIKU, HAIKU, HAIKU)])) == []


def test_effort_is_a_figure_to_think_about_and_never_a_finding() -> None:
    """One request that writes a million tokens: 5 USD at medium."""
    [said] = history.effort([priced(agent([request(0, write_5m=1_000_000, effort="medium")]))])
    [unknown] = history.effort([priced(agent([request(0, write_5m=1_000_000, effort="low")]))])

    assert isinstance(said, Fact)
    assert "at medium, $5.00; at low about $2.73" in said.says
    assert "nothing is changed" in said.says
    assert "not priced" in unknown.says
