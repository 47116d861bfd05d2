"""What became of a routed agent: a run for each way in which its work may have to be done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mcp_lean.costs.routing_outcomes import (
    ASKED_AGAIN,
    DONE_BY_PARENT,
    GOOD,
    NO_ANSWER,
    PENDING,
    STARTED_AGAIN,
    files_read,
    has_last_words,
    outcomes,
)
from mcp_lean.transcripts.model import Agent, Run, Spawn, ToolCall
from tests.costs.runs import agent, call, made, request, result, run

FILES = ("src/app.py", "src/db.py")
CWD = "/home/me/shop"


def spawn(
    call_id: str, *, description: str = "find the settings", digest: str = "", status: str = "completed"
) -> ToolCall:
    """As the parent wrote it: the client keeps the type that was asked for."""
    given = call(call_id, "Agent", subject=description, returned=result(100))
    return replace(
        given,
        spawn=made(
            Spawn, agent_type="Explore", description=description, prompt_digest=digest or call_id, status=status
        ),
    )


def reads(*files: str, tool: str = "mcp__lean__read_many") -> ToolCall:
    items = ",".join(f'"{file}"' for file in files)
    return call(f"read {items}", tool, subject=f'{{"items":[{items}]}}', returned=result(100))


def child(
    agent_id: str, call_id: str, *calls: ToolCall, says: int = 200, agent_type: str = "lean-scout", stop: str = ""
) -> Agent:
    requests = [request(1, calls=calls)] if calls else []
    last = replace(request(2, text_chars=says), stop_reason=stop or "end_turn")
    given = agent([*requests, last], agent_id, "subagent", agent_type=agent_type, parent_id="main")
    return replace(given, spawn_call_id=call_id)


def main(*turns: Sequence[ToolCall]) -> Agent:
    return agent([*(request(number, calls=calls) for number, calls in enumerate(turns)), request(99, text_chars=50)])


SCOUT = child("a1", "t1", reads(*FILES))


def verdict(*agents: Agent, is_over: bool = True) -> str:
    return outcomes(run(agents), {"t1"}, is_over=is_over)["t1"]


@pytest.mark.parametrize(
    ("started", "worker", "expected"),
    [
        (spawn("t1"), SCOUT, True),
        (spawn("t1"), child("a1", "t1", reads(*FILES), says=0), False),
        (spawn("t1"), replace(SCOUT, requests=SCOUT.requests[:1]), False),
        (spawn("t1"), replace(SCOUT, requests=()), False),
        (spawn("t1", status="async_launched"), replace(SCOUT, requests=SCOUT.requests[:1]), True),
        (replace(spawn("t1"), result=None), SCOUT, False),
        (spawn("t1"), child("a1", "other"), False),
        (replace(spawn("t1"), result=result(100, error=True)), replace(SCOUT, requests=SCOUT.requests[:1]), True),
        (spawn("other"), child("a1", "other", says=0), True),
    ],
)
def test_of_an_agent_that_has_answered_its_parent_the_last_words_will_come(
    started: ToolCall, worker: Agent, expected: bool
) -> None:
    assert has_last_words(run([main([started]), worker]), {"t1"}) is expected


def native(file: str, *, partial: bool = False) -> ToolCall:
    return call(f"own {file}", "Read", subject=f"{CWD}/{file}", partial=partial, returned=result(100))


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ((), GOOD),
        ((native("src/other.py"),), GOOD),
        ((native("src/app.py"),), DONE_BY_PARENT),
        ((native("src/app.py", partial=True), native("src/db.py", partial=True)), GOOD),
        ((reads("src/app.py:10-80", "src/db.py#Session"),), GOOD),
        ((reads("src/app.py", "src/db.py"),), DONE_BY_PARENT),
        ((call("b", "Bash", subject="cat src/app.py | head -50"),), DONE_BY_PARENT),
        ((call("b", "Bash", subject="sed -n 1,40p src/app.py"),), GOOD),
        ((call("b", "Bash", subject="cat src/app.py > copy.py"),), GOOD),
        ((call("b", "Bash", subject="pytest src/app.py"),), GOOD),
        ((native("src/app.py"), call("e", "Edit", subject=f"{CWD}/src/app.py")), GOOD),
        ((call("s", "SendMessage", subject='{"to":"a1","message":"and the tests?"}'),), ASKED_AGAIN),
        ((call("s", "SendMessage", subject='{"to":"a2","message":"and the tests?"}'),), GOOD),
    ],
)
def test_what_its_parent_does_next_decides(later: tuple[ToolCall, ...], expected: str) -> None:
    assert verdict(main([spawn("t1")], later), SCOUT) == expected


def test_one_file_of_many_may_be_read_again() -> None:
    many = child("a1", "t1", reads("a.py", "b.py", "c.py"))

    assert verdict(main([spawn("t1")], [native("a.py")]), many) == GOOD
    assert verdict(main([spawn("t1")], [native("a.py")], [native("b.py")]), many) == DONE_BY_PARENT


def test_what_is_read_much_later_is_read_for_another_reason() -> None:
    turns = [[call(f"w{number}", "Edit", subject="x.py")] for number in range(10)]

    assert verdict(main([spawn("t1")], *turns, [native("src/app.py")]), SCOUT) == GOOD
    assert verdict(main([spawn("t1")], *turns[1:], [native("src/app.py")]), SCOUT) == DONE_BY_PARENT


@pytest.mark.parametrize(
    ("second", "of_type", "read", "expected"),
    [
        (spawn("t2", description="Find the settings"), "lean-scout", ("z.py",), STARTED_AGAIN),
        (spawn("t2", description="other", digest="t1"), "lean-scout", ("z.py",), STARTED_AGAIN),
        (spawn("t2", description="other"), "lean-scout", ("src/app.py", "z.py"), STARTED_AGAIN),
        (spawn("t2", description="other"), "lean-scout", ("x.py", "y.py", "z.py"), GOOD),
        (spawn("t2", description="find the settings"), "lean-worker", FILES, GOOD),
        (spawn("t2", description="find the settings"), "Explore", ("z.py",), STARTED_AGAIN),
        (spawn("t2", description="other"), "Explore", FILES, GOOD),
    ],
)
def test_a_second_agent_of_the_kind_for_the_same_slice(
    second: ToolCall, of_type: str, read: tuple[str, ...], expected: str
) -> None:
    again = child("a2", "t2", reads(*read), agent_type=of_type)

    assert verdict(main([spawn("t1")], [second]), SCOUT, again) == expected


def test_siblings_of_one_turn_do_not_repeat_each_other() -> None:
    again = child("a2", "t2", reads(*FILES))

    assert verdict(main([spawn("t1"), spawn("t2")]), SCOUT, again) == GOOD


def test_an_agent_without_words_has_not_answered() -> None:
    assert verdict(main([spawn("t1")]), child("a1", "t1", reads(*FILES), says=0)) == NO_ANSWER
    failed = replace(spawn("t1"), result=result(40, error=True))
    assert verdict(main([failed]), SCOUT) == NO_ANSWER


def test_a_call_that_started_nobody_and_an_agent_that_a_person_stopped_are_no_failures() -> None:
    failed = replace(spawn("t1"), result=result(40, error=True))
    assert verdict(main([failed])) == PENDING
    stopped = replace(failed, result=replace(result(40, error=True), error_head="[Request interrupted by user]"))
    assert verdict(main([stopped]), SCOUT) == PENDING


def test_the_last_lines_of_an_agent_may_be_late() -> None:
    at_work = child("a1", "t1", reads(*FILES), says=0, stop="tool_use")
    assert verdict(agent([request(0, calls=[spawn("t1")])]), at_work) == PENDING


def test_what_is_not_over_is_not_judged() -> None:
    """The agent still runs, its record is missing, or its parent has not spoken since."""
    launched = spawn("t1", status="async_launched")
    at_work = replace(child("a1", "t1"), requests=(request(1, calls=[reads(*FILES)]),))

    assert verdict(main([launched]), at_work) == PENDING
    assert verdict(main([spawn("t1")])) == PENDING
    waiting = agent([request(0, calls=[spawn("t1")])])
    assert verdict(waiting, SCOUT, is_over=False) == PENDING
    assert verdict(waiting, SCOUT, is_over=True) == GOOD
    assert verdict(agent([request(0, calls=[replace(spawn("t1"), result=None)])]), SCOUT) == PENDING


def test_calls_that_the_run_does_not_have_are_not_answered_for() -> None:
    assert outcomes(run([main([spawn("t1")]), SCOUT]), {"t9"}) == {}


def test_files_are_named_from_the_folder_of_the_project() -> None:
    known: Run = run([main([]), SCOUT])
    mixed = child("a3", "t3", native("src/app.py"), reads("./src/app.py:1-9", "src/db.py#Session"), native("a b.py"))

    assert files_read(known, mixed) == frozenset({"src/app.py", "src/db.py", "a b.py"})
    assert files_read(known, child("a4", "t4")) == frozenset()
