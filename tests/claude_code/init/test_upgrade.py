"""`init` where an older version of ours has been: what is renewed, what a person changed, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.claude_code import agents
from mcp_lean.claude_code.agents import PROJECT_PREFIX, agent_files, is_as_written
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.init import plan as init_plan
from mcp_lean.config import Config

from .test_init import Folder

SCOUT, PLANNER, RUNNER = (f".claude/agents/lean-{name}.md" for name in ("scout", "planner", "runner"))
SETTINGS = ".claude/settings.json"
OLD_HOOK = {"hooks": [{"type": "mcp_tool", "server": "lean", "tool": "hook", "input": {"event": "Stop"}, "timeout": 9}]}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def older(prefix: str) -> dict[str, str]:
    """The agents of a version that had other prompts, and one agent more."""
    plain = {name: agents.MARK.sub("", text, count=1) + "Be quick.\n" for name, text in agent_files(prefix).items()}
    plain["lean-planner"] = plain["lean-scout"].replace("lean-scout", "lean-planner")
    return {name: agents._marked(text) for name, text in plain.items()}


def init_of_older_version(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(init_plan, "agent_files", older)
        patch.setattr(init_plan, "hooks", lambda _config, _server: {"Stop": [OLD_HOOK], "Notification": [OLD_HOOK]})
        folder.init(budget_usd=5)


def forget(folder: Folder) -> None:
    """As in another person's checkout: the files are there, our record is not."""
    import shutil

    shutil.rmtree(folder.home / ".local")


def test_everything_of_the_older_version_is_renewed_and_undo_goes_back_to_before_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put(SETTINGS, '{ "model":"opus",  "hooks": {"Stop": []} }')
    folder.put("CLAUDE.md", "be kind\n")
    before = folder.tree()
    init_of_older_version(folder, monkeypatch)
    assert folder.json(SETTINGS)["hooks"] == {"Stop": [OLD_HOOK], "Notification": [OLD_HOOK]}

    plan = folder.init()

    wanted = {f".claude/agents/{name}.md": text for name, text in agent_files(PROJECT_PREFIX).items()}
    assert {name: (folder.project / name).read_text(encoding="utf-8") for name in wanted} == wanted
    assert not (folder.project / PLANNER).exists()
    assert folder.json(SETTINGS)["hooks"] == hooks(Config())
    assert any("hooks for Notification, Stop are not as this version" in remark for remark in plan.remarks)
    assert folder.plan().is_empty

    folder.undo()

    assert folder.tree() == before


def test_an_agent_that_a_person_has_changed_stays_and_is_named(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    init_of_older_version(folder, monkeypatch)
    for name in (SCOUT, PLANNER):
        mine = folder.project / name
        mine.write_text(mine.read_text(encoding="utf-8") + "Always answer in verse.\n", encoding="utf-8")
    kept = {name: (folder.project / name).read_bytes() for name in (SCOUT, PLANNER)}

    plan = folder.init()

    assert {name: (folder.project / name).read_bytes() for name in kept} == kept
    assert not any(SCOUT in change.held.path or PLANNER in change.held.path for change in plan.changes)
    assert [remark for remark in plan.remarks if SCOUT in remark] == [
        f"{folder.project / SCOUT}: differs from ours and stays as it is; move it away and run init again for ours"
    ]
    assert RUNNER in "".join(change.held.path for change in plan.changes)

    folder.undo()

    assert {name: (folder.project / name).read_bytes() for name in kept} == kept
    assert not (folder.project / RUNNER).exists()


def test_a_team_s_files_are_renewed_also_where_no_record_of_them_is(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_of_older_version(folder, monkeypatch)
    forget(folder)
    before = folder.tree(folder.project)

    folder.init()

    assert (folder.project / SCOUT).read_text(encoding="utf-8") == agent_files(PROJECT_PREFIX)["lean-scout"]
    assert not (folder.project / PLANNER).exists()
    assert folder.json(SETTINGS)["hooks"] == hooks(Config())

    folder.undo()

    assert folder.tree(folder.project) == before


def test_a_team_s_file_that_somebody_has_changed_stays(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    init_of_older_version(folder, monkeypatch)
    forget(folder)
    mine = folder.project / SCOUT
    mine.write_text(mine.read_text(encoding="utf-8").replace("maxTurns: 12", "maxTurns: 30"), encoding="utf-8")

    folder.init()

    assert "maxTurns: 30" in mine.read_text(encoding="utf-8")


def test_hooks_of_others_and_their_order_survive_an_upgrade(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./lint"}]}
    folder.put(SETTINGS, json.dumps({"hooks": {"PreToolUse": [theirs], "Stop": [theirs]}, "env": {"A": "1"}}))
    before = folder.tree()
    init_of_older_version(folder, monkeypatch)

    folder.init()

    held = folder.json(SETTINGS)
    assert held["env"] == {"A": "1"}
    assert all(held["hooks"][event][0] == theirs for event in ("PreToolUse", "Stop"))  # type: ignore[index]
    folder.undo()
    assert folder.tree() == before


@pytest.mark.parametrize("change", ["", " ", "\n", "x"])
def test_a_file_is_known_again_as_long_as_no_byte_of_it_was_changed(change: str) -> None:
    for text in agent_files(PROJECT_PREFIX).values():
        assert is_as_written(text + change) is (change == "")
        assert is_as_written(text.replace("\n", "\r\n")), "git may have changed the line ends"
        assert not is_as_written(agents.MARK.sub("", text)), "one without the mark may be anybody's"


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link out of the project", "bytes", "large"])
def test_what_lies_beside_our_agents_is_not_in_the_way(folder: Folder, what: str) -> None:
    import os

    file = folder.put(".claude/agents/lean-notes.md", "mine")
    if what == "a folder":
        file.unlink()
        file.mkdir()
    elif what == "a pipe":
        file.unlink()
        os.mkfifo(file)
    elif what == "a link out of the project":
        file.unlink()
        file.symlink_to(folder.home)
    else:
        file.write_bytes(b"\xff" if what == "bytes" else b"x" * (2 << 20))

    plan = folder.init()

    assert not [change for change in plan.changes if "lean-notes" in change.held.path]
    assert (folder.project / SCOUT).exists()
