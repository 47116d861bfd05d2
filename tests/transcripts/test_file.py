"""Which record belongs to which thread, and what a file says about its session."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.transcripts.model import CostState, ModelTotal, Skipped

from .records import (
    Record,
    agent_progress,
    assistant,
    compact_boundary,
    joined,
    load,
    only_agent,
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


def test_lines_that_are_no_record_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    """T6: unknown types, damage, blank lines, an end in the middle of a line."""
    path = session_file(
        tmp_path,
        assistant("m1", used=usage(1, 5)),
        "",
        "   ",
        "{not json}",
        "[1, 2]",
        '"text"',
        b"\xff\xfe\x00\x01",
        {"type": "from-the-future", "usage": usage(9, 9)},
        {"type": "from-the-future"},
        {"type": "hologram"},
        {"no": "type"},
        {"type": 7},
        assistant("m2", used=usage(2, 5)),
    )
    with path.open("ab") as file:
        file.write(b'{"type":"assistant","message":{"id":"m3","usa')

    loaded = load(path)

    assert [request.id for request in loaded.runs[0].agents[0].requests] == ["m1", "m2"]
    assert loaded.skipped == Skipped(
        bad_lines=4, torn_lines=1, wrong_types=2, unknown_types=(("from-the-future", 2), ("hologram", 1))
    )


def test_a_last_line_without_its_end_is_read_if_it_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", assistant("m1"), assistant("m2"))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))

    loaded = load(path)

    assert [request.id for request in loaded.runs[0].agents[0].requests] == ["m1", "m2"]
    assert loaded.skipped == Skipped()


def test_json_with_spaces_is_read_like_compact_json(tmp_path: Path) -> None:
    """T6: a meter that scans for `"usage":{` finds nothing here."""
    path = write(
        tmp_path / "a.jsonl",
        '{ "type" : "assistant", "message" : { "id" : "m1", "model" : "x", "usage" : { "input_tokens" : 7 } } }',
    )

    assert only_agent(path).usage.input_tokens == 7


def test_a_line_cut_in_the_middle_of_a_character_is_read(tmp_path: Path) -> None:
    """Clients cut texts by UTF-16 unit: half an emoji remains, which strict parsers refuse."""
    half = '{"type":"assistant","message":{"id":"m1","usage":{"input_tokens":7},"content":"a\\ud83d"}}'
    broken = b'{"type":"assistant","message":{"id":"m2","usage":{"input_tokens":8},"content":"\xe2\x82"}}'
    path = write(tmp_path / "a.jsonl", half, broken)

    loaded = load(path)

    assert [request.usage.input_tokens for request in loaded.runs[0].agents[0].requests] == [7, 8]
    assert [request.text_chars for request in loaded.runs[0].agents[0].requests] == [2, 1]
    assert loaded.skipped == Skipped()


@pytest.mark.parametrize("message", [None, "text", 7, ["list"]], ids=["null", "string", "number", "list"])
@pytest.mark.parametrize("kind", ["user", "assistant"])
def test_a_message_of_a_wrong_type_is_counted(tmp_path: Path, kind: str, message: object) -> None:
    path = session_file(tmp_path, {"type": kind, "message": message}, assistant("m1"))

    loaded = load(path)

    assert len(loaded.runs[0].agents[0].requests) == 1
    assert loaded.skipped.wrong_types == 1


def test_messages_that_the_client_made_up_are_no_requests(tmp_path: Path) -> None:
    """T8."""
    path = session_file(
        tmp_path,
        assistant("m1", used=usage(1, 5)),
        assistant("s1", text("No response requested."), model="<synthetic>", used=usage()),
        assistant("s2", text("API Error: 500"), isApiErrorMessage=True, used=usage(), error="unknown"),
        {"type": "system", "subtype": "api_error", "retryAttempt": 1, "error": {"usage": usage(99, 99)}},
        assistant("m2", used=usage(2, 5)),
    )

    loaded = load(path)

    assert [request.id for request in loaded.runs[0].agents[0].requests] == ["m1", "m2"]
    assert loaded.skipped == Skipped(synthetic_messages=2)


def test_an_error_message_that_was_billed_all_the_same_counts(tmp_path: Path) -> None:
    path = session_file(tmp_path, assistant("m1", isApiErrorMessage=True, used=usage(100, 5)))

    assert only_agent(path).usage.input_tokens == 100


def test_a_prompt_that_quotes_a_record_is_not_taken_for_one(tmp_path: Path) -> None:
    """The marks of lines that are skipped unparsed may stand in any text, or in a tool's arguments."""
    quoted: Record = {"type": "progress", "data": {"type": "bash_progress"}}
    path = session_file(
        tmp_path,
        user('look: {"type":"progress","data":{"type":"bash_progress"}}'),
        assistant("m1", tool_use("t1", "mcp__x__send", **quoted)),
        assistant("m2", tool_use("t2", "mcp__x__send", attachment={"type": "prompt_snapshot"})),
    )

    assert [[call.id for call in request.calls] for request in only_agent(path).requests] == [["t1"], ["t2"]]


def test_sidechains_of_one_file_are_split_by_their_parents(tmp_path: Path) -> None:
    """T14: 1.0 names no agent. Two agents run at once; their lines alternate."""
    side: Record = {"isSidechain": True, "version": "1.0.98"}
    path = session_file(
        tmp_path,
        user("both", uuid="u0", parentUuid=None),
        assistant("m1", tool_use("ta", "Task", prompt="task A", description="A", subagent_type="reader"), uuid="u1"),
        assistant("m1", tool_use("tb", "Task", prompt="task B", description="B", subagent_type="writer"), uuid="u2"),
        user("task A", uuid="a0", parentUuid=None, **side),
        user("task B", uuid="b0", parentUuid=None, **side),
        assistant("ma1", tool_use("r1"), uuid="a1", parentUuid="a0", used=usage(10, 5), **side),
        assistant("mb1", text("B"), uuid="b1", parentUuid="b0", used=usage(200, 5), **side),
        results(tool_result("r1", "12345"), uuid="a2", parentUuid="a1", **side),
        assistant("ma2", text("A"), uuid="a3", parentUuid="a2", used=usage(30, 5), **side),
        results(tool_result("ta", "A"), tool_result("tb", "B"), uuid="u3"),
        assistant("m2", text("both done"), uuid="u4"),
    )

    run = only_run(path)

    assert [(agent.id, agent.kind, agent.source) for agent in run.agents] == [
        ("main", "main", "file"),
        ("sidechain-a0", "subagent", "sidechain"),
        ("sidechain-b0", "subagent", "sidechain"),
    ]
    assert [agent.usage.input_tokens for agent in run.agents] == [20, 40, 200]
    assert [
        (agent.agent_type, agent.description, agent.parent_id, agent.spawn_call_id) for agent in run.agents[1:]
    ] == [
        ("reader", "A", "main", "ta"),
        ("writer", "B", "main", "tb"),
    ]
    assert run.agents[1].requests[1].entered.result_chars == 5
    assert run.gaps.unknown_subagents == 0


def test_a_sidechain_with_an_agent_id_goes_by_it(tmp_path: Path) -> None:
    side: Record = {"isSidechain": True, "agentId": "a7"}
    path = session_file(
        tmp_path, assistant("m1"), user("x", uuid="a", **side), assistant("m2", uuid="b", parentUuid="zzz", **side)
    )

    assert [agent.id for agent in only_run(path).agents] == ["main", "a7"]


def test_copies_of_a_subagent_count_where_nothing_better_exists(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1", "Task", prompt="p", description="look", subagent_type="Explore")),
        agent_progress("a1", user([text("p")]), "t1"),
        agent_progress("a1", assistant("s1", tool_use("r1"), used=usage(50, 1)), "t1"),
        agent_progress("a1", results(tool_result("r1", "1234")), "t1"),
        agent_progress("a1", assistant("s2", tool_use("r2"), used=usage(60, 1)), "t1"),
        results(tool_result("t1", "answer"), toolUseResult={"status": "completed", "agentId": "a1"}),
        assistant("m2", text("x")),
    )

    run = only_run(path)
    agent = run.agents[1]

    assert (agent.id, agent.source, agent.agent_type, agent.description) == ("a1", "progress", "Explore", "look")
    assert (agent.parent_id, agent.spawn_call_id, agent.usage.input_tokens) == ("main", "t1", 110)
    assert agent.requests[1].entered.result_chars == 4
    assert (run.gaps.unknown_subagents, run.gaps.partial_subagents) == (0, 1)


def test_other_progress_is_nobodys_request(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        {"type": "progress", "data": {"type": "hook_progress", "message": assistant("x1")}},
        {"type": "progress", "data": {"type": "agent_progress", "message": "text"}},
        {"type": "progress", "data": None},
        {"type": "progress"},
        assistant("m1"),
    )

    loaded = load(path)

    assert [len(agent.requests) for agent in loaded.runs[0].agents] == [1]
    assert loaded.skipped == Skipped()


def test_the_clients_own_account_is_kept_with_its_place(tmp_path: Path) -> None:
    said = {
        "inputTokens": 1,
        "outputTokens": 2,
        "cacheReadInputTokens": 3,
        "cacheCreationInputTokens": 4,
        "costUSD": 0.5,
    }
    path = session_file(
        tmp_path,
        assistant("m1"),
        assistant("m2"),
        {"type": "cost-state", "totalCostUSD": 0.75, "modelUsage": {"b": said, "a": "damaged"}},
        assistant("m3"),
        {"type": "cost-state", "totalCostUSD": "much", "modelUsage": None},
    )

    assert only_run(path).cost_states == (
        CostState(0.75, (ModelTotal("a", 0, 0, 0, 0, 0.0), ModelTotal("b", 1, 2, 3, 4, 0.5)), 2),
        CostState(0.0, (), 3),
    )


@pytest.mark.parametrize(
    ("records", "title"),
    [
        ([{"type": "ai-title", "aiTitle": "AI"}, {"type": "custom-title", "customTitle": "Mine"}], "Mine"),
        ([user("do\n the thing"), {"type": "ai-title", "aiTitle": "AI"}], "AI"),
        ([user("do\n the thing"), {"type": "summary", "summary": "Sum", "leafUuid": "x"}], "Sum"),
        ([user("do\n the thing")], "do the thing"),
        ([user("<command-name>/x</command-name>"), user("y" * 500)], "y" * 80),
        ([], ""),
    ],
    ids=["custom", "ai", "summary", "first prompt", "first typed prompt, cut", "none"],
)  # fmt: skip
def test_a_session_is_called_by_its_best_name(tmp_path: Path, records: list[Record], title: str) -> None:
    assert only_run(session_file(tmp_path, *records, assistant("m1"))).title == title


def test_facts_about_a_session_come_from_its_records(tmp_path: Path) -> None:
    path = session_file(
        tmp_path / "-home-ann-app",
        user("x", timestamp="1970-01-01T00:00:10Z", gitBranch="topic", version="2.1.20"),
        assistant("m1", timestamp="1970-01-01T00:00:05Z", version="2.1.20"),
        assistant("m2", timestamp="1970-01-01T00:00:30Z"),
    )

    run = only_run(path)

    assert (run.id, run.project, run.cwd) == ("11111111-1111-4111-8111-111111111111", "-home-ann-app", "/home/ann/app")
    assert (run.git_branch, run.versions) == ("topic", ("2.1.20", "2.1.330"))
    assert (run.started_s, run.ended_s, run.path) == (5.0, 30.0, str(path))


def test_a_file_of_another_name_is_called_as_its_records_say(tmp_path: Path) -> None:
    path = write(tmp_path / "exported.jsonl", assistant("m1", sessionId="abc"))

    assert only_run(path).id == "abc"


def test_a_compaction_inside_a_sidechain_belongs_to_it(tmp_path: Path) -> None:
    side: Record = {"isSidechain": True, "agentId": "a7"}
    path = session_file(tmp_path, assistant("m1"), assistant("m2", **side), compact_boundary(5, **side))

    assert [len(agent.compactions) for agent in only_run(path).agents] == [0, 1]


def test_a_file_without_any_request_is_no_run(tmp_path: Path) -> None:
    path = session_file(tmp_path, user("hello"), {"type": "summary", "summary": "x"})

    loaded = load(path)

    assert loaded.runs == ()
    assert loaded.files == 1


def test_the_builders_write_what_the_reader_skips_unparsed() -> None:
    """Guards the tests above: the quoted marks stand in their lines as the fast path looks for them."""
    quoted = joined([assistant("m", tool_use("t", "x", type="progress", data={"type": "bash_progress"}))])

    assert b'"type":"progress","data":{"type":"' in quoted
