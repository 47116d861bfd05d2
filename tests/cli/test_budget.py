"""`mcp-lean budget`: how runs stand, and raising a limit from a person's shell."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest
from guard.runs import SESSION, Place, Writer

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.cli import budget, person
from mcp_lean.config import Budget, Config
from mcp_lean.guard.budget.beginning import to_text
from mcp_lean.guard.budget.limits import Raised
from mcp_lean.guard.ledger.ledger import Ledger

OLDER = "66666666-6666-4666-8666-666666666666"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A project at /home/ann/app of somebody's temporary home, with two runs; the person says yes."""
    monkeypatch.setattr(person, "why_not", lambda environ: "")
    monkeypatch.setattr(person, "agrees", lambda question: True)
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


def shown(out: str) -> list[str]:
    """Lines without the width of columns, and without when a transcript was written."""
    return [" ".join(line.split("  last written")[0].split()) for line in out.splitlines()]


def test_sessions_are_shown_newest_first_with_their_agents_and_where_limits_come_from(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger.open(place.environ)
    ledger.remember(place.event("SubagentStart", "a1", "scout"))
    ledger.mark_stopped(SESSION, "a1", "Stopped: it did enough.")
    ledger.close()

    assert run() == 0
    assert shown(capsys.readouterr().out) == [
        SESSION,
        "$0.36 of $25.00 (1 %) in 4 requests",
        "agent id spent limit used requests context",
        "orchestrator $0.32 - - 3 10.7k",
        "scout a1 $0.05 $5.00 0 % 1 of 300 8,903 stopped",
        "a1: Stopped: it did enough.",
        "",
        OLDER,
        "$0.01 of $25.00 (0 %) in 1 request",
        "agent id spent limit used requests context",
        "orchestrator $0.01 - - 1 8,903",
        "",
        "limits: defaults; change them in .mcp-lean.toml, or with mcp-lean init --budget-usd N",
    ]


def test_files_that_set_limits_are_named_as_a_person_calls_them(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".mcp-lean.toml").write_text("[budget]\nrun_usd = 2.0\n", encoding="utf-8")
    own = Path(os.environ["HOME"]) / ".config" / "mcp-lean" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[budget]\nagent_usd = 1.0\n", encoding="utf-8")
    run()

    said = "limits: ~/.config/mcp-lean/config.toml, .mcp-lean.toml, else defaults; change them in"
    assert said in " ".join(shown(capsys.readouterr().out)[-2:])


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

    assert shown(capsys.readouterr().out) == [
        OLDER,
        "$0.01 of $30.00 (0 %) in 1 request; raised by $5.00",
        "agent id spent limit used requests context",
        "orchestrator $0.01 - - 1 8,903",
        "",
        "limits: defaults; change them in .mcp-lean.toml, or with mcp-lean init --budget-usd N",
        "",
        f"Raised for session {OLDER}. An agent that was stopped goes on when it is asked to.",
    ]


@pytest.mark.parametrize("amount", ["", "0", "-5", "five", "nan", "inf", "1e400", "5 eur", "1" * 400, "5 5"])
def test_an_amount_that_is_none_is_wrong_usage(place: Place, amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"--raise={amount}") == 2
    assert "an amount above 0, for example 5, 100requests" in capsys.readouterr().err


def test_a_run_at_its_limit_is_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MCP_LEAN_BUDGET_RUN_USD", "0.3")

    assert run() == 1
    lines = shown(capsys.readouterr().out)
    assert lines[1] == "$0.36 of $0.30 (121 %) in 4 requests"
    assert "limits: MCP_LEAN_BUDGET_RUN_USD, else defaults; change them in" in lines[-1]


def test_no_run_is_status_3_and_broken_settings_are_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--session", "nope") == 3
    assert "0 sessions found with an id that begins nope" in capsys.readouterr().err
    monkeypatch.setenv("MCP_LEAN_BUDGET_RUN_USD", "lots")
    assert run() == 2


def test_without_a_run_in_this_project_it_says_how_to_name_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mcp_lean.transcripts.locate.project_folders", lambda cwd, environ: ())
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", "/home/ann/other")

    assert run() == 3
    assert capsys.readouterr().err == (
        "mcp-lean budget: 0 sessions found of /home/ann/other; looked for session transcripts of Claude Code; "
        "--session ID takes one of any project\n"
    )


def test_a_raise_that_cannot_be_written_is_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.home / "data").write_text("in the way", encoding="utf-8")

    assert run("--raise", "5") == 1
    assert "not raised" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("why", "answer", "said"),
    [
        ("this is an agent", True, "this is an agent; a person raises limits, in a terminal outside of Claude Code"),
        ("", None, "there is no terminal to ask on; a person raises limits, in a terminal outside of Claude Code"),
        ("", False, "no"),
    ],
)
def test_only_a_person_who_agrees_raises_a_limit(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    why: str,
    answer: bool | None,
    said: str,
) -> None:
    monkeypatch.setattr(person, "why_not", lambda environ: why)
    monkeypatch.setattr(person, "agrees", lambda question: answer)

    assert run("--raise", "5") == 1
    assert capsys.readouterr() == ("", f"mcp-lean budget: not raised: {said}\n")
    ledger = Ledger.open(place.environ)
    assert ledger.raised(SESSION) == Raised()
    ledger.close()


def test_a_person_is_asked_about_the_run_that_is_meant(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(person, "agrees", lambda question: bool(asked.append(question)))
    run("--session", OLDER, "--raise", "50000context")

    assert asked == [f"Raise the limits of session {OLDER}, and of each of its agents, by 50000 context tokens?"]


def test_a_run_is_shown_with_the_limits_that_it_began_with(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger.open(place.environ)
    ledger.begin(SESSION, to_text(Budget(run_usd=7.0)))
    ledger.close()
    run("--session", SESSION)
    alone = shown(capsys.readouterr().out)
    run()
    both = " ".join(shown(capsys.readouterr().out)[-2:])

    assert alone[1] == "$0.36 of $7.00 (5 %) in 4 requests"
    assert alone[-2].startswith("limits: those that the session began with; for the next session: defaults; change")
    assert "of each session those that it began with (1 session that no guard saw begin: defaults); for the" in both


def test_the_hooks_are_printed_as_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--hooks") == 0

    settings = json.loads(capsys.readouterr().out)
    assert settings == {"hooks": hooks(Config())}
    assert {"PreToolUse", "PostToolBatch", "UserPromptSubmit"} <= settings["hooks"].keys()
