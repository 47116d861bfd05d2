"""Which of our agents are there, and which of the client's types somebody has taken over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_lean.claude_code.agents import AGENTS, PROJECT_PREFIX, agent_files
from mcp_lean.guard.routing.agents import NAMES, Installed, installed


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def agent(name: str) -> str:
    return f"---\nname: {name}\ndescription: x\n---\nPrompt with\nname: other\n"


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), **more}


def test_every_agent_that_calls_are_routed_to_has_a_file() -> None:
    assert set(NAMES) <= {agent.name for agent in AGENTS}
    assert {f"lean-{name}" for name in NAMES} <= set(agent_files(PROJECT_PREFIX))


@pytest.mark.parametrize("where", ["project/.claude/agents", "home/.claude/agents", "home/.claude/agents/deeper"])
def test_our_files_are_found_in_project_and_home(tmp_path: Path, where: str) -> None:
    put(tmp_path / where, **agent_files(PROJECT_PREFIX))

    found = installed(str(tmp_path / "project"), environ(tmp_path))
    assert found.present() == {name: f"lean-{name}" for name in NAMES}
    assert found.overridden == frozenset()


def test_the_configured_folder_stands_in_for_the_one_at_home(tmp_path: Path) -> None:
    put(tmp_path / "home/.claude/agents", **{"lean-scout": agent("lean-scout")})
    put(tmp_path / "config/agents", **{"lean-runner": agent("lean-runner")})

    found = installed(str(tmp_path), environ(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path / "config")))
    assert found.present() == {"runner": "lean-runner"}


def test_a_file_that_has_gone_since_is_not_asked_for(tmp_path: Path) -> None:
    folder = put(tmp_path / ".claude/agents", **agent_files(PROJECT_PREFIX))
    found = installed(str(tmp_path), environ(tmp_path))
    (folder / "lean-scout.md").unlink()

    assert found.present() == {name: f"lean-{name}" for name in NAMES if name != "scout"}


def test_the_plugin_brings_its_own(tmp_path: Path) -> None:
    put(tmp_path / ".claude/agents", **{"lean-scout": agent("lean-scout")})

    found = installed(str(tmp_path), environ(tmp_path, MCP_LEAN_PLUGIN="lean"))
    assert found.present() == {name: f"lean:{name}" for name in NAMES}


@pytest.mark.parametrize("name", ["Explore", "general-purpose"])
def test_a_type_that_a_person_has_an_own_agent_for_is_named(tmp_path: Path, name: str) -> None:
    """By the name in the file; the file's own name says nothing."""
    put(tmp_path / ".claude/agents", anything=agent(name), Plan=agent("planner"))

    assert installed(str(tmp_path), environ(tmp_path)) == Installed(
        {}, frozenset({name}),
        {name: str(tmp_path / ".claude/agents/anything.md"), "planner": str(tmp_path / ".claude/agents/Plan.md")},
    )  # fmt: skip


def test_files_that_cannot_be_used_are_no_agents(tmp_path: Path) -> None:
    folder = put(tmp_path / ".claude/agents", empty="", headless="just words", quoted='---\nname: "lean-scout"\n---\n')
    (folder / "binary.md").write_bytes(b"\xff\xfe\x00name: x")
    (folder / "gone.md").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "not-markdown.txt")

    assert installed(str(tmp_path), environ(tmp_path)).present() == {"scout": "lean-scout"}
