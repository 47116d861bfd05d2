from __future__ import annotations

import json
from pathlib import Path
from threading import Timer

import pytest

from mcp_lean.config import Budget
from mcp_lean.guard.budget import words
from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.start import start
from tests.guard.runs import Place, Writer

PROMPT = {"event": "UserPromptSubmit", "session_id": "S", "cwd": "/home/ann/app", "transcript_path": "/t/S.jsonl"}
EDIT = {
    "event": "PreToolUse",
    "session_id": "S",
    "tool_name": "Edit",
    "tool_use_id": "t",
    "tool_input": '{"file_path": "/home/ann/app/.mcp-lean.toml"}',
}


def write(project: Path, text: str) -> None:
    (project / ".mcp-lean.toml").write_text(text, encoding="utf-8")


def guard(project: Path, *, is_for_one_event: bool = False) -> Guard:
    """A new process."""
    return start(str(project), {"HOME": str(project)}, is_for_one_event=is_for_one_event).guard


def told(answer: str) -> str:
    """What the person reads."""
    return str(json.loads(answer).get("systemMessage", ""))


def test_settings_that_cannot_be_used_switch_the_guard_off_and_the_person_is_told(tmp_path: Path) -> None:
    write(tmp_path, "[budget]\nrun_dollars = 3\n")
    one = guard(tmp_path)

    line = told(one.answer(PROMPT))
    assert line.startswith("mcp-lean: the guard is off: ")
    assert "run_dollars" in line
    assert one.answer(PROMPT) == "{}"
    assert one.answer(EDIT) == "{}"


@pytest.mark.parametrize("is_for_one_event", [False, True])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[budget]\nrun_usd = 0\nagent_usd = 0\n", "the settings now say agent_usd 1 -> 0, run_usd 2 -> 0; this"),
        ("[budget.types.scout]\nagent_usd = 9\n", "run_usd 2 -> 25, scout agent_usd 1 -> 9; this session keeps"),
        ("[guard]\nenabled = false\n", "the settings now say the guard off; this session keeps the limits"),
        ("[[[\n", "this session keeps the limits that it began with: "),
    ],
)
def test_no_file_lifts_the_limits_of_a_session_that_has_begun(
    tmp_path: Path, text: str, line: str, is_for_one_event: bool
) -> None:
    """Command hooks are a process per event, and a server may be started anew."""
    write(tmp_path, "[budget]\nrun_usd = 2\nagent_usd = 1\n")
    first = guard(tmp_path, is_for_one_event=is_for_one_event)
    assert told(first.answer(PROMPT)) == ""
    write(tmp_path, text)
    later = guard(tmp_path, is_for_one_event=is_for_one_event)

    assert later.settings("S").guard.enabled
    assert later.settings("S").budget == Budget(run_usd=2.0, agent_usd=1.0)
    assert "permissionDecision" in later.answer(EDIT)
    assert line in told(later.answer(PROMPT))
    assert told(guard(tmp_path, is_for_one_event=is_for_one_event).answer(PROMPT)) == "", "it is said once"


def test_the_next_session_has_the_new_limits_and_its_person_reads_what_changed(tmp_path: Path) -> None:
    write(tmp_path, "[budget]\nrun_usd = 2\n")
    guard(tmp_path).answer(PROMPT)
    write(tmp_path, "[budget]\nrun_usd = 50\n")
    after = guard(tmp_path)
    again = {**PROMPT, "session_id": "T", "transcript_path": "/t/T.jsonl"}
    elsewhere = {**PROMPT, "session_id": "U", "transcript_path": "/t/U.jsonl", "cwd": "/home/ann/other"}

    line = "mcp-lean: limits have changed since the last session in this folder: run_usd 2 -> 50"
    assert [told(after.answer(again)), told(after.answer(again)), told(after.answer(elsewhere))] == [line, "", ""]
    assert after.settings("T").budget.run_usd == 50
    last = {**PROMPT, "session_id": "V", "transcript_path": "/t/V.jsonl"}
    assert told(after.answer(last)) == "", "the session before had these"


def test_a_guard_that_was_switched_off_since_the_last_session_says_so_once(tmp_path: Path) -> None:
    guard(tmp_path).answer(PROMPT)
    write(tmp_path, "[guard]\nenabled = false\n")
    sessions = [{**PROMPT, "session_id": name, "transcript_path": f"/t/{name}.jsonl"} for name in "TU"]

    assert [told(guard(tmp_path).answer(each)) for each in sessions] == [words.OFF_NOW, ""]
    write(tmp_path, "")
    assert guard(tmp_path).settings("U").guard.enabled, "a person has switched it on again"


@pytest.mark.parametrize("is_for_one_event", [False, True])
def test_of_two_processes_at_the_beginning_the_first_sets_the_limits(tmp_path: Path, is_for_one_event: bool) -> None:
    write(tmp_path, "[budget]\nrun_usd = 2\n")
    one = guard(tmp_path, is_for_one_event=is_for_one_event)
    write(tmp_path, "[budget]\nrun_usd = 50\n")
    other = guard(tmp_path)

    assert [each.settings("S").budget.run_usd for each in (one, other)] == [2.0, 2.0]


@pytest.mark.parametrize("is_for_one_event", [False, True])
def test_a_data_folder_that_cannot_be_made_is_said_and_work_goes_on(tmp_path: Path, is_for_one_event: bool) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said: list[str] = []
    environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "file")}
    one = start(str(tmp_path), environ, is_for_one_event=is_for_one_event, say=said.append).guard

    assert [one.answer(PROMPT), one.answer(PROMPT)] == ["{}", "{}"]
    assert len(said) == 1
    assert "file" in said[0]


@pytest.mark.parametrize("is_for_one_event", [False, True])
@pytest.mark.parametrize("has_begun", [False, True])
def test_no_request_follows_one_that_jumps_over_the_limit_though_its_bill_comes_late(
    tmp_path: Path, is_for_one_event: bool, has_begun: bool
) -> None:
    """Recorded on Claude Code 2.1.330: the bill is written up to 0.09 s after the batch's end, the next request some
    milliseconds after our answer. A jump from 2 % of the limit to 200 %."""
    place, writer = Place(tmp_path), Writer(agent_id="a1")
    environ = {**place.environ, "MCP_LEAN_BUDGET_AGENT_USD": "1"}
    place.append("", Writer().prompt())
    if has_begun:
        place.append("a1", b"".join(writer.request()))
    dear = writer.request(output=100_000)
    batch = {
        "event": "PostToolBatch",
        "session_id": place.session,
        "transcript_path": str(place.main),
        "agent_id": "a1",
        "agent_type": "general-purpose",
        "tool_calls": json.dumps([{"tool_use_id": writer.call_id(), "tool_name": "Read", "tool_response": "ok"}]),
    }
    one = start(str(tmp_path), environ, is_for_one_event=is_for_one_event).guard
    late = Timer(0.09, lambda: place.append("a1", b"".join(dear)))
    late.start()
    answer = json.loads(one.answer(batch))
    late.join()

    assert answer["continue"] is False
    used = "$4.52 of $1.00 (451 %)" if has_begun else "$4.51 of $1.00 (450 %)"
    assert answer["stopReason"].startswith(f"Stopped: this agent has used {used}, $2.50 of it estimated. A person")
