"""`mcp-lean doctor`: what is printed, for people and programs, and the status."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor.probe import OwnStart
from mcp_lean.cli.main import main

from .test_init import printed


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project, home, programs = tmp_path / "app", tmp_path / "home", tmp_path / "bin"
    for folder in (project, home, programs):
        folder.mkdir()
    program = programs / "mcp-lean"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    for name in [name for name in os.environ if name.startswith(("MCP_LEAN_", "CLAUDE", "XDG_", "ENABLE_TOOL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.chdir(project)
    return project


SESSION = "5e551011-0000-4000-8000-000000000001"
QUICK = ["doctor", "--no-start", "--days", "0"]


def test_an_installed_project_is_clean_and_one_without_is_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(QUICK) == 1
    assert "server-missing" in capsys.readouterr().out

    main(["init", "--yes"])
    capsys.readouterr()

    assert main(QUICK) == 0
    said = capsys.readouterr().out
    assert said.endswith("nothing found\n")
    assert [line for line in said.splitlines() if line.startswith("config")] == [
        "config: all 15 settings are defaults (--json lists them)"
    ]
    assert "not checked: the client's version, our server's start and its hooks (--no-start)" in said


def test_a_finding_has_place_cost_and_remedy(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--yes"])
    (project / "CLAUDE.md").write_text("# App\n\nBuilt 2026-11-22 14:03:11 by hand.\n", encoding="utf-8")
    capsys.readouterr()

    assert main(QUICK) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "memory-volatile  CLAUDE.md:3"
    assert [line.split(":")[0].strip() for line in lines[2:4]] == ["costs", "do"]
    assert lines[-1] == "1 finding: memory-volatile"


def test_settings_that_somebody_has_set_have_a_line_each(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MCP_LEAN_BUDGET_RUN_USD", "3")

    main(QUICK)

    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("config")] == [
        "config budget.run_usd: 3.0 (MCP_LEAN_BUDGET_RUN_USD)",
        "config: the other 14 settings are defaults (--json lists them)",
    ]


@pytest.mark.parametrize("columns", [60, 80])
def test_no_word_is_cut_on_a_terminal(project: Path, columns: int) -> None:
    (project / "CLAUDE.md").write_text("# App\n\nBuilt 2026-11-22 14:03:11 by hand.\n", encoding="utf-8")

    screen = printed(QUICK, project, columns)

    assert [line for line in screen.splitlines() if len(line) > columns and " " in line.strip()] == []
    assert screen.startswith("server-missing\n")
    assert screen.endswith("2 findings: server-missing, memory-volatile\n")


def test_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"findings", "facts", "unchecked"}
    assert [finding["id"] for finding in report["findings"]] == ["server-missing"]
    assert set(report["findings"][0]) == {"id", "path", "line", "says", "tokens", "usd_per_100_turns", "todo"}


def test_other_servers_are_named_and_started_only_when_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "mcp_lean.claude_code.doctor.probe.own_start", lambda *_, **__: OwnStart(0.1, ("a",), "{}", 0.1)
    )
    (project / "server.sh").write_text("#!/bin/sh\ntouch started\n", encoding="utf-8")
    entries = {"other": {"command": "sh", "args": ["server.sh"]}, "far": {"type": "http", "url": "http://127.0.0.1:9"}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": entries}), encoding="utf-8")
    (project / ".claude").mkdir()
    (project / ".claude/settings.json").write_text('{"enabledPlugins": {"a@b": true, "c@d": false}}', encoding="utf-8")

    main(["doctor", "--days", "0"])
    said = capsys.readouterr().out
    assert "not checked: what other list" in said
    assert "not checked: servers that are reached over a network: far" in said
    assert "not checked: plugins that are enabled and not installed: a@b" in said
    assert not (project / "started").exists()

    main(["doctor", "--days", "0", "--servers", "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert (project / "started").exists()
    assert "server-fails" in [finding["id"] for finding in found]


def test_runs_are_read_when_there_are_some(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--no-start"])
    assert "not checked: your runs: none in the last 14 days" in capsys.readouterr().out

    folder = Path(os.environ["HOME"]) / ".claude/projects/-home-me-shop"
    folder.mkdir(parents=True)
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 5, "cache_creation_input_tokens": 0},
    }
    record = {
        "type": "assistant",
        "uuid": "u1",
        "sessionId": "11111111-2222-4333-8444-555555555555",
        "requestId": "r1",
        "timestamp": datetime.now(UTC).isoformat(),
        "cwd": "/home/me/shop",
        "message": message,
    }
    (folder / "11111111-2222-4333-8444-555555555555.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")

    main(["doctor", "--no-start"])
    said = capsys.readouterr().out
    assert "cache lifetime, subagents: 0 requests: too few to say (200)" in said
    assert "main model and effort: " in said


@pytest.mark.parametrize(
    ("age_days", "said"),
    [(1, "cache reads: 1 of 1 runs read less than 80 % from the cache"), (30, "your runs: none in the last 14 days")],
)
def test_a_run_is_as_old_as_its_last_request_however_new_its_file_is(
    age_days: int, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a copy to another machine."""
    at = datetime.now(UTC) - timedelta(days=age_days)
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 9_000, "output_tokens": 20}
    message = {"id": "m1", "model": "claude-opus-5-5", "role": "assistant", "content": [], "usage": usage}
    record = {"type": "assistant", "uuid": "a1", "requestId": "r1", "timestamp": at.isoformat(), "message": message}
    place = Path(os.environ["HOME"]) / ".claude" / "projects" / "-app"
    place.mkdir(parents=True)
    (place / f"{SESSION}.jsonl").write_text(json.dumps({"sessionId": SESSION, **record}) + "\n", encoding="utf-8")

    main(["doctor", "--no-start"])

    assert said in capsys.readouterr().out


@pytest.mark.parametrize("days", ["-1", "x", "99999"])
def test_wrong_words_are_wrong_usage(days: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--days", days])

    assert ended.value.code == 2
