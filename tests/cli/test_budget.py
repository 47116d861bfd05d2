"""`mcp-lean budget`: how runs stand, and raising a limit from a person's shell."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest
from guard.runs import SESSION, Place, Writer

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.cli import budget
from mcp_lean.config import Config
from mcp_lean.guard.budget.limits import Raised
from mcp_lean.guard.ledger.ledger import Ledger

OLDER = "66666666-6666-4666-8666-666666666666"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A project at /home/ann/app of somebody's temporary home, with two runs."""
    project = tmp_path / "app"
    project.mkdir()
    monkeypatch.chdir(project)
    place = Place(tmp_path)
    for name in [name for name in os.environ if name.startswith(("MCP_LEAN_", "CLAUDE", "XDG_"))]:
        monkeypatch.delenv(name)
    for name, value in place.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("mcp_lean.transcripts.locate.project_folders", lambda cwd, environ: (str(place.folder),))
    older = Place(tmp_path, OLDER)
    older.append("", b"".join(Writer(OLDER).request()))
    os.utime(older.main, (1, 1))
    writer, scout = Writer(), Writer(agent_id="a1")
    for _ in range(3):
        place.append("", b"".join(writer.request(output=5_000)))
    place.append("a1", b"".join(scout.request(output=2_000)))
    return place


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    budget.add_arguments(parser)
    return budget.run(parser.parse_args(words))


def test_runs_are_shown_newest_first_with_their_agents(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger.open(place.environ)
    ledger.remember(place.event("SubagentStart", "a1", "scout"))
    ledger.mark_stopped(SESSION, "a1", "Stopped: it did enough.")
    ledger.close()

    assert run() == 0
    assert capsys.readouterr().out == (
        f"run {SESSION}: 0.36 of 25.00 USD (1 %); 4 requests\n"
        "  orchestrator: 0.32 USD, no limit, 3 requests, context 10,703 tokens, ended or idle\n"
        "  scout a1: 0.05 of 5.00 USD (0 %), 1 of 300 requests, context 8,903 tokens, stopped\n"
        "    Stopped: it did enough.\n"
        "\n"
        f"run {OLDER}: 0.01 of 25.00 USD (0 %); 1 requests\n"
        "  orchestrator: 0.01 USD, no limit, 1 requests, context 8,903 tokens, ended or idle\n"
    )


def test_json_has_the_meter_s_total(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--session", SESSION[:6], "--json") == 0

    [found] = json.loads(capsys.readouterr().out)
    assert found["session_id"] == SESSION
    assert found["spent"]["usd"] == place.metered() / 10**12
    assert [agent["agent_id"] for agent in found["agents"]] == ["main", "a1"]
    assert found["agents"][1]["limits"]["agent_usd"] == 5.0


@pytest.mark.parametrize(
    ("amount", "raised"),
    [
        ("5", Raised(usd=5)),
        ("2.50", Raised(usd=2.5)),
        ("$5", Raised(usd=5)),
        ("5usd", Raised(usd=5)),
        ("5 $", Raised(usd=5)),
        ("100requests", Raised(requests=100)),
        ("1 request", Raised(requests=1)),
        ("500000tokens", Raised(tokens=500_000)),
        ("50000context", Raised(context_tokens=50_000)),
    ],
)
def test_a_person_raises_the_limits_of_the_newest_run(place: Place, amount: str, raised: Raised) -> None:
    assert run("--raise", amount) == 0

    ledger = Ledger.open(place.environ)
    assert ledger.raised(SESSION) == raised
    assert ledger.raised(OLDER) == Raised()
    ledger.close()


def test_a_raise_is_shown_and_another_run_can_be_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--session", OLDER, "--raise", "5") == 0

    assert capsys.readouterr().out == (
        f"run {OLDER}: 0.01 of 30.00 USD (0 %); 1 requests, raised by 5 USD\n"
        "  orchestrator: 0.01 USD, no limit, 1 requests, context 8,903 tokens, ended or idle\n"
        "\n"
        f"Raised for run {OLDER}. An agent that was stopped goes on when it is asked to.\n"
    )


@pytest.mark.parametrize("amount", ["", "0", "-5", "five", "nan", "inf", "1e400", "5 eur", "1" * 400, "5 5"])
def test_an_amount_that_is_none_is_wrong_usage(place: Place, amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"--raise={amount}") == 2
    assert "an amount above 0, for example 5, 100requests" in capsys.readouterr().err


def test_a_run_at_its_limit_is_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MCP_LEAN_BUDGET_RUN_USD", "0.3")

    assert run() == 1
    assert "  this run has used 0.36 of 0.30 USD (121 %)\n" in capsys.readouterr().out


def test_no_run_is_status_3_and_broken_settings_are_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--session", "nope") == 3
    assert "0 runs found with an id that begins nope" in capsys.readouterr().err
    monkeypatch.setenv("MCP_LEAN_BUDGET_RUN_USD", "lots")
    assert run() == 2


def test_without_a_run_in_this_project_it_says_how_to_name_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mcp_lean.transcripts.locate.project_folders", lambda cwd, environ: ())
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", "/home/ann/other")

    assert run() == 3
    assert capsys.readouterr().err == (
        "mcp-lean budget: 0 runs found of /home/ann/other; looked for session transcripts of Claude Code; "
        "--session ID takes a run of any project\n"
    )


def test_a_raise_that_cannot_be_written_is_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.home / "data").write_text("in the way", encoding="utf-8")

    assert run("--raise", "5") == 1
    assert "not raised" in capsys.readouterr().err


def test_a_session_that_is_in_the_environment_changes_nothing_for_a_person(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard refuses agents; the command refuses nobody."""
    monkeypatch.setenv("CLAUDECODE", "1")

    assert run("--raise", "5") == 0


def test_the_hooks_are_printed_as_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--hooks") == 0

    settings = json.loads(capsys.readouterr().out)
    assert settings == {"hooks": hooks(Config())}
    assert {"PreToolUse", "PostToolBatch", "UserPromptSubmit"} <= settings["hooks"].keys()
