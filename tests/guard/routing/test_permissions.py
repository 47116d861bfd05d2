"""Whether our tools may be called, from the settings files of a person and a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.routing.permissions import is_allowed, went_through

LEAN = "mcp__lean"


def allowed(tmp_path: Path, server: str = LEAN, **files: object) -> bool:
    """`user`, `project`, `local`: the permissions in each file, or its text."""
    places = {
        "user": "home/.claude/settings.json",
        "project": "work/.claude/settings.json",
        "local": "work/.claude/settings.local.json",
    }
    for name, said in files.items():
        path = tmp_path / places[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said if isinstance(said, str) else json.dumps({"permissions": said}), encoding="utf-8")
    return is_allowed(server, str(tmp_path / "work"), {"HOME": str(tmp_path / "home")})


@pytest.mark.parametrize("where", ["user", "project", "local"])
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["mcp__lean"], True),
        (["mcp__lean__*"], True),
        (["mcp__*"], True),
        (["mcp__lean__read_many", "mcp__lean__grep_and_read"], True),
        (["mcp__lean__read_many"], False),
        (["mcp__leaner", "mcp__other", "Bash(mcp__lean)", "Read"], False),
        ([], False),
        (["mcp__plugin_lean_lean"], False),
    ],
)
def test_a_rule_counts_wherever_it_stands(tmp_path: Path, where: str, rules: list[str], expected: bool) -> None:
    assert allowed(tmp_path, **{where: {"allow": rules}}) is expected


def test_the_plugin_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert allowed(tmp_path, "mcp__plugin_lean_lean", user={"allow": ["mcp__plugin_lean_lean"]})
    assert not allowed(tmp_path, LEAN)


def test_a_denial_anywhere_goes_before(tmp_path: Path) -> None:
    assert not allowed(tmp_path, user={"allow": [LEAN]}, local={"deny": ["mcp__lean__read_many"]})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"permissions": 3}', '{"permissions": {"allow": "mcp__lean"}}']
)
def test_a_file_that_cannot_be_understood_allows_nothing(tmp_path: Path, text: str) -> None:
    assert not allowed(tmp_path, project=text)
    assert allowed(tmp_path, project=text, user={"allow": [LEAN, 7, None]})


def test_without_any_file_nothing_is_allowed(tmp_path: Path) -> None:
    assert not allowed(tmp_path)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (ToolUse("1", "mcp__lean__read_many", response="== a.py"), True),
        (
            ToolUse("1", "mcp__lean__read_many", response="Claude requested permissions to use mcp__lean__read_many"),
            False,
        ),
        (ToolUse("1", "mcp__lean__read_many", response=None), False),
        (ToolUse("1", "mcp__leaner__read_many", response="x"), False),
        (ToolUse("1", "Read", response="x"), False),
    ],
)
def test_what_a_result_shows(call: ToolUse, expected: bool) -> None:
    assert went_through([call], LEAN) is expected
    assert not went_through([], LEAN)
