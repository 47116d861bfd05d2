"""Agents that go round in circles, on the real client: who is warned, who is stopped, who goes on."""

import pytest

from mcp_lean.guard.loops.words import LIFT

from .client import Claude
from .script import Says, ToolUse, spawn, use
from .test_guard import GUARDED, ending, once_ready, remarks

pytestmark = pytest.mark.e2e


def fail(times: int) -> list[ToolUse]:
    return [use("Bash", command="echo no such target; exit 2") for _ in range(times)]


def step(name: str, number: int) -> ToolUse:
    return use("Bash", command=f"echo {name} {number}")


def test_a_subagent_that_repeats_a_failing_call_is_stopped_and_everybody_else_goes_on(claude: Claude) -> None:
    run = claude(
        settings=GUARDED,
        turns=[once_ready([spawn("looper"), spawn("sibling")]), step("main", 1), "all done"],
        subagents={
            "looper": [*fail(9), "never"],
            "sibling": [*(step("sibling", number) for number in range(7)), "sibling is through"],
        },
    )

    assert len(run.of("looper")) == 5, "the fifth failure is the last"
    said = remarks(run.of("looper")[-1])
    assert [line.partition("Repeats: ")[2].partition(",")[0] for line in said] == [
        'Bash "echo no such target; exit 2" gave the same result 3 times',
        'Bash "echo no such target; exit 2" gave the same result 4 times',
    ]
    assert len(run.of("sibling")) == 8
    [answer] = [result.text for result in run.results("Agent") if result.input["description"] == "sibling"]
    assert "sibling is through" in answer
    [told] = remarks(run.of("main")[1])
    assert f"agent {run.of('looper')[0].agent_id} was stopped" in told
    assert "gave the same result 5 times" in told
    assert LIFT in told
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


def test_an_agent_that_asks_is_told_that_it_goes_round_in_circles(claude: Claude) -> None:
    run = claude(
        settings=GUARDED,
        turns=[once_ready(spawn("looper")), "all done"],
        subagents={"looper": [*fail(3), use("mcp__lean__budget_check"), step("new", 1), "found"]},
    )

    asked = run.result_text("mcp__lean__budget_check", agent="looper").splitlines()
    assert [line.partition(",")[0] for line in asked if line.startswith("loops: ")] == [
        'loops: Repeats: Bash "echo no such target; exit 2" gave the same result 3 times'
    ]
    assert asked[-1] == "advice: change the approach, or report what stands in the way"
    assert "found" in run.result_text("Agent")


@pytest.mark.parametrize("how", ["parallel failures in one turn", "failures that differ", "green checks between edits"])
def test_work_that_goes_on_is_let_alone(claude: Claude, how: str) -> None:
    def edit(number: int) -> ToolUse:
        return use("Bash", command=f"echo {number} > state.txt")

    work: dict[str, list[Says]] = {
        "parallel failures in one turn": [[*fail(6)]],
        "failures that differ": [use("Bash", command=f"echo {n} errors; exit 1") for n in range(9, 1, -1)],
        "green checks between edits": [each for n in range(6) for each in (edit(n), use("Bash", command="echo green"))],
    }
    run = claude(settings=GUARDED, turns=[once_ready(work[how][0]), *work[how][1:], "all done"])

    assert [line for request in run.requests for line in remarks(request)] == []
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


def test_where_loops_are_only_warned_of_nobody_is_stopped(claude: Claude) -> None:
    run = claude(
        files={".mcp-lean.toml": '[guard]\nloops = "warn"\n'},
        settings=GUARDED,
        turns=[once_ready(spawn("looper")), "all done"],
        subagents={"looper": [*fail(6), "found"]},
    )

    assert len(run.of("looper")) == 7
    assert len(remarks(run.of("looper")[-1])) == 4
    assert "found" in run.result_text("Agent")
