"""What plugins and an administrator bring into a set-up is looked at like everything else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcp_lean import __version__
from mcp_lean.claude_code.doctor import reading
from mcp_lean.claude_code.doctor.checks import Report, Seen, examine
from mcp_lean.claude_code.doctor.finding import Finding
from mcp_lean.claude_code.init.plan import Asked, make_plan

from .setups import Place, clean

FOLDER = "~/.claude/plugins/cache/shop/tidy/1.0"
UNPINNED = {"command": "npx", "args": ["-y", "some-server@latest"]}
DATED = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "date"}]}]}}


def plug(place: Place, name: str = "tidy@shop", version: str = "1.0", *, is_on: bool = True, **entry: object) -> None:
    """An installed plugin, as the client notes it down."""
    folder = f"~/.claude/plugins/cache/shop/{name.partition('@')[0]}/{version}"
    place.put(f"{folder}/.claude-plugin/plugin.json", json.dumps({"name": name.partition("@")[0]}))
    where = {"scope": "user", "installPath": str(place.home / folder[2:]), "version": version, **entry}
    place.change("~/.claude/plugins/installed_plugins.json", version=2, plugins={name: [where]})
    place.change("~/.claude/settings.json", enabledPlugins={name: is_on})


def found(place: Place) -> Report:
    return examine(place.setup(), Seen())


def places(report: Report) -> list[tuple[str, str]]:
    return [(each.id, os.path.basename(each.path)) for each in report.findings]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".mcp.json": {"mcpServers": {"x": UNPINNED}}}, [("server-unpinned", ".mcp.json")]),
        ({".mcp.json": {"x": UNPINNED}}, [("server-unpinned", ".mcp.json")]),
        ({".claude-plugin/plugin.json": {"mcpServers": {"x": UNPINNED}}}, [("server-unpinned", "plugin.json")]),
        (
            {".claude-plugin/plugin.json": {"mcpServers": "./more.json"}, "more.json": {"mcpServers": {"x": UNPINNED}}},
            [("server-unpinned", "more.json")],
        ),
        ({"hooks/hooks.json": DATED}, [("hook-varying", "hooks.json")]),
        ({".claude-plugin/plugin.json": DATED}, [("hook-varying", "plugin.json")]),
        ({".claude-plugin/plugin.json": {"hooks": ["./h.json", 7]}, "h.json": DATED}, [("hook-varying", "h.json")]),
        ({".claude-plugin/plugin.json": {"hooks": "../../../other.json"}}, []),
        ({".mcp.json": {"mcpServers": {"x": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/x.js"]}}}}, []),
        ({".mcp.json": [], "hooks/hooks.json": {"hooks": 3}}, []),
    ],
)
def test_servers_and_hooks_of_a_plugin_are_looked_at(
    tmp_path: Path, files: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    place = clean(tmp_path)
    plug(place)
    for name, value in files.items():
        place.put(f"{FOLDER}/{name}", json.dumps(value, indent=2))

    report = found(place)

    assert places(report) == expected
    assert all(each.line > 1 for each in report.findings)


def test_a_script_of_a_plugin_is_read(tmp_path: Path) -> None:
    place = clean(tmp_path)
    plug(place)
    command = "sh ${CLAUDE_PLUGIN_ROOT}/hello.sh"
    place.put(f"{FOLDER}/hello.sh", "git log -1\n")
    hooks = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": command}]}]}}
    place.put(f"{FOLDER}/hooks/hooks.json", json.dumps(hooks))

    assert [each.id for each in found(place).findings] == ["hook-varying"]


@pytest.mark.parametrize("how", [{"is_on": False}, {"installPath": "/gone"}, {"projectPath": "/home/other"}])
def test_a_plugin_that_is_off_gone_or_of_another_project_brings_nothing(tmp_path: Path, how: dict[str, object]) -> None:
    place = clean(tmp_path)
    plug(place, **how)  # type: ignore[arg-type]
    place.put(f"{FOLDER}/.mcp.json", json.dumps({"mcpServers": {"x": UNPINNED}}))

    assert places(found(place)) == []
    assert found(place).findings == ()


def test_a_project_that_switches_a_plugin_off_has_the_last_word(tmp_path: Path) -> None:
    place = clean(tmp_path)
    plug(place)
    place.put(f"{FOLDER}/.mcp.json", json.dumps({"mcpServers": {"x": UNPINNED}}))
    place.change(".claude/settings.json", enabledPlugins={"tidy@shop": False})

    assert found(place).findings == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"plugins": []}', '{"plugins": {"tidy@shop": {}}}', "\x00"])
def test_a_broken_register_of_plugins_hides_none_of_them(tmp_path: Path, text: str) -> None:
    place = clean(tmp_path)
    plug(place)
    place.put("~/.claude/plugins/installed_plugins.json", text)

    setup = place.setup()

    assert (setup.enabled_plugins, setup.plugins) == (("tidy@shop",), ())


def test_a_broken_file_of_a_plugin_is_said(tmp_path: Path) -> None:
    place = clean(tmp_path)
    plug(place)
    place.put(f"{FOLDER}/.mcp.json", "{")

    assert places(found(place)) == [("servers-broken", ".mcp.json")]


OURS = {"hooks": {"Stop": [{"hooks": [{"type": "mcp_tool", "server": "plugin:lean:lean", "tool": "hook"}]}]}}


def plug_ours(place: Place, version: str) -> None:
    plug(place, "lean@mcp-lean", version)
    place.put(f"~/.claude/plugins/cache/shop/lean/{version}/hooks/hooks.json", json.dumps(OURS))


def test_our_plugin_and_init_together_are_said_with_what_to_remove(tmp_path: Path) -> None:
    place = clean(tmp_path)
    plug_ours(place, __version__)

    [finding] = found(place).findings

    assert finding.id == "installed-twice"
    assert finding.todo == "keep one: mcp-lean init --undo, or claude plugin disable lean@mcp-lean"


def test_our_plugin_of_another_version_is_said(tmp_path: Path) -> None:
    place = clean(tmp_path)
    place.put(".mcp.json", "{}")
    plug_ours(place, "0.0.1")

    [finding] = [each for each in found(place).findings if each.id.startswith("plugin")]

    assert finding.id == "plugin-other-version"
    assert finding.todo.startswith("claude plugin update lean@mcp-lean")


def test_another_plugin_of_our_name_is_looked_at_like_any_other_and_stands_for_nothing_of_ours(tmp_path: Path) -> None:
    place = clean(tmp_path)
    plug(place, "lean@prover")
    place.put("~/.claude/plugins/cache/shop/lean/1.0/.mcp.json", json.dumps({"mcpServers": {"lean": UNPINNED}}))
    assert [each.id for each in found(place).findings] == ["server-unpinned"]

    place.put(".mcp.json", "{}")
    assert [each.id for each in found(place).findings] == ["server-missing", "server-unpinned"]
    remarks = make_plan(Asked(budget_usd=1), str(place.project), place.environ).remarks
    assert not [remark for remark in remarks if "the plugin" in remark]


def with_managed(place: Place, monkeypatch: pytest.MonkeyPatch, servers: object) -> tuple[Finding, ...]:
    folder = place.root / "etc"
    folder.mkdir()
    (folder / "managed-mcp.json").write_text(json.dumps(servers, indent=2), encoding="utf-8")
    monkeypatch.setattr(reading, "managed_folder", lambda: str(folder))
    return found(place).findings


def test_an_administrator_s_list_without_our_server_shuts_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = clean(tmp_path)

    [finding] = with_managed(place, monkeypatch, {"mcpServers": {"db": {"command": "db"}}})

    assert finding.id == "server-managed-away"
    assert finding.path.endswith("/managed-mcp.json")


def test_an_administrator_s_servers_are_looked_at_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = clean(tmp_path)
    place.server("other", "npx", "-y", "another@latest")
    lean = {"command": "mcp-lean", "args": ["serve"]}

    [finding] = with_managed(place, monkeypatch, {"mcpServers": {"lean": lean, "x": UNPINNED}})

    assert (finding.id, os.path.basename(finding.path)) == ("server-unpinned", "managed-mcp.json")


def test_hooks_that_an_administrator_keeps_from_running_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = clean(tmp_path)
    folder = place.root / "etc"
    folder.mkdir()
    rules = {"allowManagedHooksOnly": True, "deniedMcpServers": [{"serverName": "lean"}]}
    (folder / "managed-settings.json").write_text(json.dumps(rules, indent=2), encoding="utf-8")
    monkeypatch.setattr(reading, "managed_folder", lambda: str(folder))

    assert [(each.id, each.line) for each in found(place).findings] == [("server-disabled", 3), ("hooks-disabled", 2)]
