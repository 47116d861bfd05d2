"""The plugin's folder says what it is made of, and is in the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean import __version__
from mcp_lean.claude_code.agents import PLUGIN_PREFIX, agent_files
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.plugin_files import FOLDER, IN_REPOSITORY, marketplace, plugin_files
from mcp_lean.cli.main import main
from mcp_lean.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_folder_is_what_it_is_made_of() -> None:
    """After a change of agents, hooks or version: scripts/update_plugin."""
    there = {path.relative_to(FOLDER).as_posix() for path in Path(FOLDER).rglob("*") if path.is_file()}
    made = plugin_files()

    assert there == {*made, "LICENSE", ".claude-plugin/icon.png"}
    for name, text in made.items():
        assert (Path(FOLDER) / name).read_text(encoding="utf-8") == text, name
    assert (REPOSITORY / ".claude-plugin" / "marketplace.json").read_text(encoding="utf-8") == marketplace()
    assert (Path(FOLDER) / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_the_script_finds_nothing_to_change() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts" / "update_plugin"), "--check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_its_hooks_are_those_of_the_settings_for_its_server() -> None:
    made = json.loads(plugin_files()["hooks/hooks.json"])

    assert made == {"hooks": hooks(Config(), "plugin:lean:lean")}
    servers = {handler["server"] for groups in made["hooks"].values() for group in groups for handler in group["hooks"]}
    assert servers == {"plugin:lean:lean"}
    assert "mcp__plugin_lean_lean__.*" in {group.get("matcher") for group in made["hooks"]["PreToolUse"]}


def test_manifest_and_marketplace_name_the_same_plugin() -> None:
    manifest = json.loads(plugin_files()[".claude-plugin/plugin.json"])
    [offered] = json.loads(marketplace())["plugins"]

    assert (manifest["name"], manifest["version"]) == ("lean", __version__)
    assert (offered["name"], offered["source"]) == ("lean", IN_REPOSITORY)
    assert (REPOSITORY / IN_REPOSITORY).resolve() == Path(FOLDER).resolve()


def test_the_server_is_started_by_the_script_and_knows_that_it_is_in_a_plugin() -> None:
    assert json.loads(plugin_files()[".mcp.json"]) == {
        "mcpServers": {
            "lean": {
                "command": "sh",
                "args": ["${CLAUDE_PLUGIN_ROOT}/run", "serve"],
                "env": {"MCP_LEAN_PLUGIN": "lean"},
            }
        }
    }


def test_agents_use_the_tools_under_their_names_in_the_plugin() -> None:
    for name, text in agent_files(PLUGIN_PREFIX).items():
        assert plugin_files()[f"agents/{name}.md"] == text
        assert "mcp__lean__" not in text


def test_the_command_prints_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin"]) == 0
    assert capsys.readouterr().out == f"{FOLDER}\n"


def test_the_command_says_when_the_folder_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_lean.claude_code import plugin_files as module

    monkeypatch.setattr(module, "FOLDER", str(tmp_path))
    assert main(["plugin"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"mcp-lean plugin: {tmp_path}: the plugin was not installed with the package\n"
