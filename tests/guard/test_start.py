from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.guard.start import start

PROMPT = {"event": "UserPromptSubmit", "session_id": "S"}
RAISE = {
    "event": "PreToolUse",
    "session_id": "S",
    "tool_name": "Bash",
    "tool_use_id": "t",
    "tool_input": '{"command": "mcp-lean budget --raise 5"}',
}


def test_settings_that_cannot_be_used_switch_the_guard_off_and_the_person_is_told(tmp_path: Path) -> None:
    (tmp_path / ".mcp-lean.toml").write_text("[budget]\nrun_dollars = 3\n", encoding="utf-8")
    guard = start(str(tmp_path), {"HOME": str(tmp_path)}).guard

    line = json.loads(guard.answer(PROMPT))["systemMessage"]
    assert line.startswith("mcp-lean: the guard is off: ")
    assert "run_dollars" in line
    assert guard.answer(PROMPT) == "{}"
    assert guard.answer(RAISE) == "{}"


def test_settings_are_read_once_so_that_no_agent_lifts_its_limits_by_an_edit(tmp_path: Path) -> None:
    guard = start(str(tmp_path), {"HOME": str(tmp_path)}).guard
    (tmp_path / ".mcp-lean.toml").write_text("[guard]\nenabled = false\n", encoding="utf-8")

    assert "deny" in guard.answer(RAISE)


@pytest.mark.parametrize("is_for_one_event", [False, True])
def test_a_data_folder_that_cannot_be_made_is_said_and_work_goes_on(tmp_path: Path, is_for_one_event: bool) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said: list[str] = []
    environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "file")}
    guard = start(str(tmp_path), environ, is_for_one_event=is_for_one_event, say=said.append).guard

    assert [guard.answer(PROMPT), guard.answer(PROMPT)] == ["{}", "{}"]
    assert len(said) == 1
    assert "file" in said[0]
