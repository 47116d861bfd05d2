"""Several files of one session, and requests that stand in more than one file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.transcripts.assemble import united
from mcp_lean.transcripts.model import Gaps, Usage

from .records import (
    OTHER_SESSION,
    SESSION,
    Record,
    agent_file,
    agent_progress,
    assistant,
    compact_boundary,
    load,
    only_run,
    results,
    session_file,
    text,
    tool_result,
    tool_use,
    usage,
    user,
    write,
)


def agent_call(tool_id: str = "t1", name: str = "Agent", prompt: str = "p", **more: object) -> Record:
    return tool_use(tool_id, name, prompt=prompt, description="look", subagent_type="Explore", **more)


def agent_result(tool_id: str, agent_id: str, status: str = "completed", **more: object) -> Record:
    return results(tool_result(tool_id, "answer"), toolUseResult={"status": status, "agentId": agent_id, **more})


def meta(folder: Path, agent_id: str, **said: object) -> None:
    path = folder / SESSION / "subagents" / f"agent-{agent_id}.meta.json"
    path.write_text(json.dumps(said), encoding="utf-8")


def test_copies_are_left_out_where_the_agents_own_file_exists(tmp_path: Path) -> None:
    """T15: the file has 50 + 60 + 70, the copies 50 + 60; together they would be 290."""
    session_file(
        tmp_path,
        assistant("m1", agent_call()),
        agent_progress("a1", assistant("s1", used=usage(50, 1)), "t1"),
        agent_progress("a1", assistant("s2", used=usage(60, 1)), "t1"),
        agent_progress("a1", assistant("s-only-in-the-copy", used=usage(999, 1)), "t1"),
        agent_result("t1", "a1"),
    )
    agent_file(
        tmp_path,
        "a1",
        user("p"),
        assistant("s1", used=usage(50, 1)),
        assistant("s2", used=usage(60, 1)),
        assistant("s3", used=usage(70, 1)),
    )

    run = only_run(tmp_path)

    assert [(agent.id, agent.source, agent.usage.input_tokens) for agent in run.agents] == [
        ("main", "file", 10),
        ("a1", "file", 180),
    ]
    assert run.gaps == Gaps()


def test_a_copy_wins_over_a_sidechain_of_the_same_agent(tmp_path: Path) -> None:
    side: Record = {"isSidechain": True, "agentId": "a1"}
    session_file(
        tmp_path,
        assistant("m1"),
        assistant("s1", used=usage(50, 1), **side),
        agent_progress("a1", assistant("s1", used=usage(50, 1))),
        agent_progress("a1", assistant("s2", used=usage(60, 1))),
    )

    run = only_run(tmp_path)

    assert [(agent.source, agent.usage.input_tokens) for agent in run.agents] == [("file", 10), ("progress", 110)]


def test_a_compaction_request_is_a_class_of_its_own(tmp_path: Path) -> None:
    """T16 and T26, the file is there: billed, not a subagent, and no gap."""
    session_file(tmp_path, assistant("m1"), compact_boundary(150_000), assistant("m2"))
    agent_file(
        tmp_path, "acompact-9f00aa", user("summarize"), assistant("c1", text("sum"), used=usage(3, 6, read=150_000))
    )

    run = only_run(tmp_path)

    assert [(agent.kind, agent.is_auxiliary, agent.usage.cache_read_tokens) for agent in run.agents] == [
        ("main", False, 0),
        ("compaction", True, 150_000),
    ]
    assert run.gaps == Gaps()


def test_a_compaction_without_its_request_is_a_gap(tmp_path: Path) -> None:
    """T26: the newest client writes the marker only. Two markers, one request on file."""
    session_file(tmp_path, assistant("m1"), compact_boundary(1), assistant("m2"), compact_boundary(1), assistant("m3"))
    agent_file(tmp_path, "acompact-9f00aa", assistant("c1"))

    assert only_run(tmp_path).gaps == Gaps(missing_compactions=1)


def test_subagents_without_a_parent_file_are_a_run_that_says_so(tmp_path: Path) -> None:
    """T17."""
    agent_file(tmp_path / "-home-ann-app", "a1", user("explore"), assistant("s1", used=usage(7, 1)))

    run = only_run(tmp_path)

    assert (run.id, run.project, run.main) == (SESSION, "-home-ann-app", None)
    assert run.path == str(tmp_path / "-home-ann-app" / SESSION)
    assert [(agent.id, agent.usage.input_tokens) for agent in run.agents] == [("a1", 7)]
    assert run.gaps == Gaps(is_main_missing=True)


def test_nested_agents_and_workflow_agents_belong_to_the_root_session(tmp_path: Path) -> None:
    """T18: a1 is spawned by main, a2 by a1 (flat, told by its meta file), w1 stands one folder deeper."""
    session_file(tmp_path, assistant("m1", agent_call("t1"), used=usage(1, 5)), agent_result("t1", "a1"))
    agent_file(tmp_path, "a1", user("p"), assistant("s1", agent_call("t2", prompt="q"), used=usage(2, 5)))
    agent_file(tmp_path, "a2", user("other words"), assistant("s2", used=usage(4, 5)))
    meta(tmp_path, "a2", agentType="scout", description="deep", toolUseId="t2", parentAgentId="a1", spawnDepth=2)
    write(
        tmp_path / SESSION / "subagents" / "workflows" / "wf_1" / "agent-w1.jsonl",
        assistant("s3", used=usage(8, 5), isSidechain=True, agentId="w1"),
    )
    write(tmp_path / SESSION / "subagents" / "workflows" / "wf_1" / "journal.jsonl", assistant("s3"), assistant("j"))

    run = only_run(tmp_path)
    described = {a.id: (a.kind, a.parent_id, a.spawn_call_id, a.agent_type, a.description) for a in run.agents}

    assert described == {
        "main": ("main", "", "", "", ""),
        "a1": ("subagent", "main", "t1", "Explore", "look"),
        "a2": ("subagent", "a1", "t2", "scout", "deep"),
        "w1": ("workflow", "", "", "", ""),
    }
    assert run.usage.input_tokens == 15
    assert run.gaps == Gaps()


@pytest.mark.parametrize("name", ["Task", "Agent"])
@pytest.mark.parametrize("status", ["completed", "async_launched", "teammate_spawned"])
def test_a_spawned_agent_without_any_record_is_unknown_not_free(tmp_path: Path, name: str, status: str) -> None:
    """T19 and T21: both names of the tool, whatever became of the call."""
    session_file(tmp_path, assistant("m1", agent_call("t1", name)), agent_result("t1", "a1", status))

    run = only_run(tmp_path)
    [call] = run.agents[0].requests[0].calls

    assert run.gaps == Gaps(unknown_subagents=1)
    assert call.spawn is not None
    assert (call.spawn.status, call.spawn.agent_id, call.spawn.agent_type) == (status, "a1", "Explore")


def test_a_spawn_that_failed_left_nothing_unknown(tmp_path: Path) -> None:
    session_file(
        tmp_path,
        assistant("m1", agent_call("t1"), agent_call("t2")),
        results(tool_result("t1", "The user doesn't want to proceed", is_error=True)),
    )

    assert only_run(tmp_path).gaps == Gaps(unknown_subagents=1), "t2 has no result: it may have run"


def test_what_the_agent_result_says_about_usage_is_never_spend(tmp_path: Path) -> None:
    """T20: totalTokens is the last request's context; the sum of inputs is 11 times larger in practice."""
    session_file(
        tmp_path,
        assistant("m1", agent_call("t1"), used=usage(1, 5)),
        agent_result("t1", "a1", totalTokens=76_365, usage=usage(76_000, 365)),
        assistant("m2", used=usage(2, 5)),
    )

    assert only_run(tmp_path).usage.input_tokens == 3


def test_a_warm_up_agent_is_counted_apart(tmp_path: Path) -> None:
    """T22, and the flat layout of 2.0.6x: agent files beside the session, no meta files."""
    session_file(tmp_path, assistant("m1", agent_call("t1", "Task", "real work"), used=usage(1, 5)))
    for agent_id, prompt in (("aaaaaaaa", "Warmup"), ("bbbbbbbb", "real work")):
        marked: Record = {"isSidechain": True, "agentId": agent_id}
        write(
            tmp_path / f"agent-{agent_id}.jsonl",
            user(prompt, **marked),
            assistant(f"w-{agent_id}", used=usage(2, 5), **marked),
        )

    run = only_run(tmp_path)

    assert [(agent.id, agent.kind, agent.is_auxiliary, agent.spawn_call_id) for agent in run.agents] == [
        ("main", "main", False, ""),
        ("aaaaaaaa", "warmup", True, ""),
        ("bbbbbbbb", "subagent", False, "t1"),
    ]
    assert run.gaps == Gaps()


def test_requests_that_the_client_makes_for_itself_are_auxiliary(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    agent_file(tmp_path, "aprompt_suggestion-1c9d2e", assistant("x1"))

    assert [agent.kind for agent in only_run(tmp_path).agents] == ["main", "auxiliary"]


@pytest.mark.parametrize(("old", "new"), [(SESSION, OTHER_SESSION), (OTHER_SESSION, SESSION)])
def test_a_request_in_two_files_is_owned_by_the_older_one(tmp_path: Path, old: str, new: str) -> None:
    """T24: a resumed session begins with a copy of the first one's history, under its own session id."""
    history = [
        assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:00:00Z"),
        assistant("m2", used=usage(20, 5), timestamp="2026-11-22T10:01:00Z"),
    ]
    third = assistant("m3", used=usage(40, 5), timestamp="2026-11-22T11:00:00Z")
    session_file(tmp_path, *({**record, "sessionId": old} for record in history), session=old)
    session_file(tmp_path, *({**record, "sessionId": new} for record in [*history, third]), session=new)

    loaded = load(tmp_path)

    assert {run.id: (run.usage.input_tokens, run.gaps.copied_requests) for run in loaded.runs} == {
        old: (30, 0),
        new: (40, 2),
    }
    assert loaded.skipped.copied_requests == 2


def test_a_copy_that_names_the_session_it_came_from_does_not_own_it(tmp_path: Path) -> None:
    """Though the first session went on for longer than the copy."""
    shared = assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:00:00Z", sessionId=OTHER_SESSION)
    last = assistant("m9", used=usage(1, 5), timestamp="2026-11-22T18:00:00Z", sessionId=OTHER_SESSION)
    session_file(tmp_path, shared, last, session=OTHER_SESSION)
    session_file(tmp_path, shared, assistant("m2", used=usage(4, 5), timestamp="2026-11-22T11:00:00Z"))

    assert [(run.id, run.usage.input_tokens) for run in load(tmp_path).runs] == [(SESSION, 4), (OTHER_SESSION, 11)]


def test_a_copied_request_keeps_the_largest_numbers_of_all_copies(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1", used=usage(10, 9, read=5), timestamp="2026-11-22T10:00:00Z"))
    session_file(
        tmp_path,
        assistant("m1", used=usage(10, 159), stop="end_turn", timestamp="2026-11-22T10:00:00Z", sessionId=SESSION),
        assistant("m2", used=usage(1, 5), timestamp="2026-11-22T12:00:00Z", sessionId=OTHER_SESSION),
        session=OTHER_SESSION,
    )

    first, _ = load(tmp_path).runs

    assert first.usage == Usage(10, 0, 0, 5, 159, 159, False)


def test_a_fork_does_not_own_what_it_copied_though_it_ended_first(tmp_path: Path) -> None:
    """2.1.330: a fork copies messages under its own session id, but not the notes of the requests themselves."""
    note: Record = {"type": "api-request", "id": "q1", "shapeHash": "abc"}
    first = assistant("m1", used=usage(10, 5), requestRef="q1", timestamp="2026-11-22T10:00:00Z")
    session_file(tmp_path, note, first, assistant("m9", used=usage(1, 5), timestamp="2026-11-22T18:00:00Z"))
    session_file(
        tmp_path,
        {**first, "sessionId": OTHER_SESSION},
        assistant("m2", used=usage(4, 5), timestamp="2026-11-22T11:00:00Z", sessionId=OTHER_SESSION),
        session=OTHER_SESSION,
    )

    assert [(run.id, run.usage.input_tokens) for run in load(tmp_path).runs] == [(SESSION, 11), (OTHER_SESSION, 4)]


def test_a_run_of_nothing_but_copies_is_no_run(tmp_path: Path) -> None:
    record = assistant("m1", timestamp="2026-11-22T10:00:00Z")
    session_file(tmp_path, record)
    session_file(tmp_path, {**record, "sessionId": OTHER_SESSION}, session=OTHER_SESSION)

    assert [run.id for run in load(tmp_path).runs] == [SESSION]


def test_marks_move_with_the_requests_that_a_copy_lost(tmp_path: Path) -> None:
    """A copied marker is the older file's gap; positions count the requests that are left."""
    history: list[Record] = [
        assistant("m1", timestamp="2026-11-22T10:00:00Z"),
        compact_boundary(1),
        assistant("m2", timestamp="2026-11-22T10:01:00Z"),
    ]
    account: Record = {"type": "cost-state", "totalCostUSD": 1.0, "modelUsage": {}}
    session_file(tmp_path, *history)
    session_file(
        tmp_path,
        *({**record, "sessionId": OTHER_SESSION} for record in history),
        assistant("m3", timestamp="2026-11-22T11:00:00Z", sessionId=OTHER_SESSION),
        compact_boundary(2),
        account,
        session=OTHER_SESSION,
    )

    first, second = load(tmp_path).runs

    assert (first.gaps.missing_compactions, second.gaps.missing_compactions) == (1, 1)
    assert [marker.before_request for marker in second.agents[0].compactions] == [0, 1]
    assert [state.after_request for state in second.cost_states] == [1]


def test_a_message_that_main_sent_to_an_agent_counts_once(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:00:00Z"))
    agent_file(
        tmp_path,
        "a1",
        assistant("s1", used=usage(1, 5), timestamp="2026-11-22T10:05:00Z"),
        assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:06:00Z"),
    )

    assert [agent.usage.input_tokens for agent in only_run(tmp_path).agents] == [10, 1]


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"agentType": 7, "toolUseId": null}'])
def test_a_damaged_meta_file_is_like_none(tmp_path: Path, damage: str) -> None:
    """T22."""
    session_file(tmp_path, assistant("m1"))
    path = agent_file(tmp_path, "a1", assistant("s1"))
    path.with_name("agent-a1.meta.json").write_text(damage, encoding="utf-8")

    agent = only_run(tmp_path).agents[1]

    assert (agent.agent_type, agent.spawn_call_id) == ("", "")


def test_agents_come_in_the_order_of_their_first_request(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    agent_file(tmp_path, "a1", assistant("s1", timestamp="2026-11-22T12:00:00Z"))
    agent_file(tmp_path, "a2", assistant("s2", timestamp="2026-11-22T11:00:00Z"))
    agent_file(tmp_path, "a3", assistant("s3"))

    assert [agent.id for agent in only_run(tmp_path).agents] == ["main", "a2", "a1", "a3"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Usage(1, 2, 3, 4, 5, 90, True), Usage(9, 1, 1, 1, 7, 80, True), Usage(9, 2, 3, 4, 7, 90, True)),
        (Usage(1, 2, 3, 4, 5, 90, True), Usage(1, 2, 3, 4, 70, 70, False), Usage(1, 2, 3, 4, 70, 70, False)),
        (Usage(0, 0, 0, 0, 60, 60, False), Usage(0, 0, 0, 0, 70, 70, False), Usage(0, 0, 0, 0, 70, 70, False)),
    ],
    ids=["both estimated", "one final", "both final"],
)
def test_two_reports_of_one_request_are_united(first: Usage, second: Usage, expected: Usage) -> None:
    assert united(first, second) == expected
    assert united(second, first) == expected
