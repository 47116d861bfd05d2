"""The doctor finds each planted defect, names its place, and says nothing of a clean set-up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor.checks import Report, Seen, examine
from mcp_lean.claude_code.doctor.probe import OwnStart
from mcp_lean.claude_code.doctor.servers import Listing, listing

from .setups import DEFECTS, Place, clean, server, session_start

TOOLS = [{"name": "a", "description": "x", "inputSchema": {}}, {"name": "b", "description": "y", "inputSchema": {}}]


def report(place: Place, **seen: object) -> Report:
    return examine(place.setup(), Seen(**seen))  # type: ignore[arg-type]


def ids(found: Report) -> list[str]:
    return [finding.id for finding in found.findings]


def test_a_clean_set_up_has_no_finding(tmp_path: Path) -> None:
    start = OwnStart(0.1, ("read_many",), "{}", 0.5, 0.01)
    files = listing(TOOLS, "", 0.5)

    found = report(clean(tmp_path), client_version="2.1.330", start=start, listings={"files": [files, files]}, runs=[])

    assert found.findings == ()


@pytest.mark.parametrize(
    ("finding", "place", "plant"), [defect[1:] for defect in DEFECTS], ids=[defect[0] for defect in DEFECTS]
)
def test_a_planted_defect_is_the_only_finding(
    tmp_path: Path, finding: str, place: str, plant: Callable[[Place], None]
) -> None:
    setup = clean(tmp_path)
    plant(setup)

    found = report(setup)

    assert ids(found) == [finding]
    only = found.findings[0]
    name, _, line = place.partition(":")
    path = os.path.realpath(setup.home / name[2:] if name.startswith("~/") else setup.project / name) if name else ""
    assert only.path == path
    assert (only.line > 0) if line == "0" else only.line == int(line or only.line)
    assert only.says
    assert only.todo


def test_all_defects_of_different_files_together_are_all_found(tmp_path: Path) -> None:
    chosen = {
        "uuid in a rule",
        "time in an agent",
        "date in a start hook",
        "latest by npx",
        "twins",
        "reader in a worktree",
    }
    place = clean(tmp_path)
    expected = []
    for name, finding, _, plant in DEFECTS:
        if name in chosen:
            plant(place)
            expected.append(finding)

    assert sorted(ids(report(place))) == sorted(expected)


def test_the_same_set_up_gives_the_same_report(tmp_path: Path) -> None:
    place = clean(tmp_path)
    for _, _, _, plant in DEFECTS[4:12]:
        plant(place)

    assert report(place) == report(place)


def test_memory_has_its_weight_and_price(tmp_path: Path) -> None:
    [weight] = [fact.says for fact in report(clean(tmp_path)).facts if fact.name == "memory"]

    assert weight.startswith("3 files, about ")
    assert weight.endswith(" per 100 turns of claude-opus-5-5")


@pytest.mark.parametrize(
    ("version", "found"),
    [("2.1.330", []), ("2.2.0", []), ("", []), ("2.1.118", ["client-old"]), ("2.1.117", ["client-too-old"])],
)
def test_an_old_client_is_a_finding_and_a_new_one_is_not(tmp_path: Path, version: str, found: list[str]) -> None:
    assert ids(report(clean(tmp_path), client_version=version)) == found


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (OwnStart(0.1, ("a",), "{}", 0.5, 0.1), []),
        (OwnStart(2.5, ("a",), "{}", 3.0, 0.1), ["server-slow"]),
        (OwnStart(0.1, ("a",), "", 0.5, 0.0), ["hook-fails"]),
        (OwnStart(problem="ends without an answer (status 1)"), ["server-fails"]),
    ],
)
def test_how_our_server_starts(tmp_path: Path, start: OwnStart, found: list[str]) -> None:
    assert ids(report(clean(tmp_path), start=start)) == found


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (listing(TOOLS, "", 0.1), ""),
        (listing(TOOLS[::-1], "", 0.1), "the order of its tools differs"),
        (listing(TOOLS[:1], "", 0.1), "its list of tools differs"),
        (listing([TOOLS[0], {**TOOLS[1], "description": "at 12:01"}], "", 0.1), "the definition of b differs"),
        (listing(TOOLS, "2 files open", 0.1), "its instructions differ"),
        (Listing(problem="gives no answer to initialize in time"), "gives no answer to initialize in time"),
    ],
)
def test_two_starts_of_a_server_are_compared(tmp_path: Path, second: Listing, says: str) -> None:
    place = clean(tmp_path)
    server("node", "x.js")(place)

    found = report(place, listings={"other": [listing(TOOLS, "", 0.1), second]})

    assert [says in finding.says for finding in found.findings] == ([True] if says else [])


@pytest.mark.parametrize(
    ("version", "found"), [("2.1.330", []), ("2.1.200", ["hook-varying", "client-old"]), ("", ["hook-varying"])]
)
def test_a_varying_start_hook_does_no_harm_where_its_text_stands_behind_the_prompt(
    tmp_path: Path, version: str, found: list[str]
) -> None:
    place = clean(tmp_path)
    session_start("date")(place)

    said = report(place, client_version=version)

    assert ids(said) == found
    assert any(fact.name == "hook-varying" for fact in said.facts) == (not found)


def test_two_names_of_one_agent_are_no_finding(tmp_path: Path) -> None:
    place = clean(tmp_path)
    place.agent("finder-too", tools="Grep, Read", model="haiku")

    assert ids(report(place)) == []


def test_an_always_loaded_server_that_is_light_is_no_finding(tmp_path: Path) -> None:
    place = clean(tmp_path)
    server("node", "x.js", alwaysLoad=True)(place)
    light = listing(TOOLS, "", 0.1)

    assert ids(report(place, listings={"other": [light, light]})) == []


def test_with_the_plugin_neither_server_nor_hooks_are_missed(tmp_path: Path) -> None:
    place = clean(tmp_path)
    place.put(".mcp.json", "{}")
    place.put(".claude/settings.json", '{"enabledPlugins": {"lean@mcp-lean": true}}')

    assert ids(report(place)) == []


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    place = clean(tmp_path)
    (place.project / "CLAUDE.md").write_bytes(b"\xff\xfe")
    os.mkfifo(place.project / ".claude/agents/pipe.md")

    assert ids(report(place)) == ["file-unreadable", "file-unreadable"]


def test_a_server_with_comments_in_its_file_does_not_count_as_registered(tmp_path: Path) -> None:
    place = clean(tmp_path)
    file = place.project / ".mcp.json"
    file.write_text(f"// ours\n{file.read_text(encoding='utf-8')}", encoding="utf-8")

    assert ids(report(place)) == ["server-missing", "servers-broken"]


def test_a_server_of_user_scope_is_found_in_a_large_file_of_the_client(tmp_path: Path) -> None:
    place = clean(tmp_path)
    place.put(".mcp.json", "{}")
    history = {f"/p{number}": {"history": ["x" * 1_000] * 20} for number in range(200)}
    place.change("~/.claude.json", mcpServers={"lean": {"command": "mcp-lean", "args": ["serve"]}}, projects=history)

    found = report(place)

    assert ids(found) == []
    assert any("(user scope)" in fact.says for fact in found.facts)


def test_a_broken_file_of_the_client_is_said(tmp_path: Path) -> None:
    place = clean(tmp_path)
    place.put("~/.claude.json", "{")

    assert ids(report(place)) == ["servers-broken"]


def test_an_agent_of_ours_that_a_person_has_changed_is_no_finding_but_is_told(tmp_path: Path) -> None:
    place = clean(tmp_path)
    file = place.project / ".claude/agents/lean-scout.md"
    file.write_text(file.read_text(encoding="utf-8") + "Answer in verse.\n", encoding="utf-8")

    found = report(place)

    assert ids(found) == []
    [fact] = [fact for fact in found.facts if fact.name == "agent lean-scout"]
    assert "move it away and run mcp-lean init for ours" in fact.says
