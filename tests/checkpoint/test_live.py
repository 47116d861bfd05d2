"""A growing transcript gives what a full reading gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transcripts.records import assistant, attachment, joined, line, results, tool_result, user

from checkpoint.talk import Talk, section
from mcp_lean.checkpoint.build import checkpoint
from mcp_lean.checkpoint.live import SessionCheckpoints
from mcp_lean.checkpoint.story import WINDOW_CHARS, story_of
from mcp_lean.transcripts.read import load_runs

SPOTTER = os.environ.get("MCP_LEAN_SPOTTER", "")


def long_talk() -> Talk:
    talk = Talk().user("Fix it. Never push.")
    for number in range(30):
        talk.read(f"shop/module_{number}.py", 200).bash(f"pytest tests/test_{number}.py", f"{number} passed")
        talk.says(f"I decided to keep order_{number} because total_{number} needs it.")
    return talk


def test_each_step_agrees_with_a_full_reading(tmp_path: Path) -> None:
    lines = [line(record) + b"\n" for record in long_talk().records]
    path = tmp_path / "grows" / "11111111-1111-4111-8111-111111111111.jsonl"
    path.parent.mkdir()
    followed = SessionCheckpoints(str(path))
    for number, data in enumerate(lines):
        with path.open("ab") as file:
            file.write(data[: len(data) // 2])
        followed.checkpoint()  # half a line is no line yet
        with path.open("ab") as file:
            file.write(data[len(data) // 2 :])
        found = followed.checkpoint()
        if number % 9 == 8:
            [run] = load_runs([str(path)], with_text=True).runs
            assert found == checkpoint(run)


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = Talk().user("the first task").says("Yes.").file(tmp_path)
    followed = SessionCheckpoints(str(path))
    assert section(followed.checkpoint(), "task")[-1] == "> the first task"

    path.write_bytes(joined(Talk().user("another task").says("Yes.").records))
    assert section(followed.checkpoint(), "task")[-1] == "> another task"

    path.unlink()
    assert followed.checkpoint().text == ""


def test_memory_is_bounded_by_the_window(tmp_path: Path) -> None:
    talk = Talk().user("go")
    for number in range(400):
        talk.call("Grep", f"name_{number} " * 600, pattern=f"name_{number}")
    run = talk.run(tmp_path)
    story = story_of(run, run.agents[0])
    kept = sum(len(piece.text) for turn in story.turns for piece in turn.pieces or ())

    assert kept <= WINDOW_CHARS
    assert sum(len(call.result) for call in story.calls.values()) == 0
    assert "name_399" in checkpoint(run).text


def test_results_between_the_lines_of_one_message_belong_to_the_next_request(tmp_path: Path) -> None:
    """Tools start while the answer still streams."""
    talk = Talk().user("go").bash("pytest a.py", "1 passed").bash("pytest b.py", "1 failed\nFAILED b.py::test_b - no")
    first, second = (talk.records[at]["message"] for at in (1, 3))
    second["id"] = first["id"]

    assert "«FAILED b.py::test_b - no»" in talk.checkpoint(tmp_path).text


@pytest.mark.skipif(not SPOTTER, reason="MCP_LEAN_SPOTTER names no folder of real transcripts")
def test_real_transcripts_agree_as_well() -> None:
    for run in load_runs([SPOTTER], with_text=True).runs:
        if not os.path.isfile(run.path):
            continue
        found = SessionCheckpoints(run.path).checkpoint()
        if b'"operation":"enqueue"' in Path(run.path).read_bytes():
            assert found.text
        else:  # a run does not hold prompts that were queued only
            assert found == checkpoint(run)


def test_a_prompt_that_an_old_client_wrote_down_as_queued_only_is_a_request(tmp_path: Path) -> None:
    """2.1.39: typed while the agent works, sent with the next tool result, in no user record."""
    talk = Talk().user("go").idle(1)
    queued = {"type": "queue-operation", "sessionId": "x"}
    talk.records += [{**queued, "operation": "enqueue", "content": "never push"}, {**queued, "operation": "remove"}]
    talk.idle(1)
    talk.records += [{**queued, "operation": "enqueue", "content": "taken back"}, {**queued, "operation": "popAll"}]
    talk.idle(1).user("go on")

    found = SessionCheckpoints(str(talk.file(tmp_path))).checkpoint()
    assert section(found, "task") == [
        '- first request: "go"',
        '- earlier: "never push"',
        "last request, from the user:",
        "> go on",
    ]


KEYS = ("type", "text", "id", "name", "input", "content", "tool_use_id", "is_error", "file_path", "command", "todos",
        "items", "subject", "taskId", "status", "attachment", "message", "prompt", "plan", "offset")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab/#«\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
TOOLS = ("Bash", "Read", "TodoWrite", "TaskCreate", "TaskUpdate", "Agent", "AskUserQuestion", "ExitPlanMode", "Write",
         "mcp__lean__read_many", "KillShell", "TaskOutput")  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(TOOLS), JSON, JSON, JSON), min_size=1, max_size=5))
def test_wrong_types_anywhere_break_nothing(tmp_path: Path, calls: list[tuple[str, object, object, object]]) -> None:
    """Models send a string as an offset, and clients change what they write."""
    talk = Talk().user("go")
    for number, (name, arguments, content, said) in enumerate(calls):
        use = {"type": "tool_use", "id": f"t{number}", "name": name, "input": arguments}
        talk.records.append(assistant(f"m{number}", use))
        talk.records.append(results(tool_result(f"t{number}", content), toolUseResult=said))
        talk.records.append(user(said, isMeta=content, origin=arguments))
        talk.records.append({**attachment("x"), "attachment": said})

    found = talk.checkpoint(tmp_path)
    assert "go" in found.text.split("task:")[1]
