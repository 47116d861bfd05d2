"""The section on routing of a bill: what is said, and that nothing is said where nothing was decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_lean.cli.main import main as mcp_lean
from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.contract import price_table
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.guard.routing.log import Entry, RoutingLog
from mcp_lean.report.routing import decided, documents, section
from mcp_lean.transcripts.model import ToolCall
from tests.cli import test_cost
from tests.costs.runs import HAIKU, request, run
from tests.costs.test_routing_outcomes import child, main, native, reads, spawn

SESSION = "11111111-2222-4333-8444-555555555555"
ENTRY = Entry(
    SESSION, "t1", "/home/me/shop", "", "read", "routed", "Explore", "lean-scout", "haiku", "low", "type Explore"
)


def priced(agent_id: str, call_id: str) -> object:
    """An agent that wrote 1,000 tokens into the cache of Haiku, and 100 as output: 0.000175 USD."""
    given = child(agent_id, call_id, reads("src/app.py"))
    paid = replace(request(1, write_5m=1_000, output=100, model=HAIKU), calls=given.requests[0].calls)
    return replace(given, requests=(paid, replace(given.requests[1], model=HAIKU)))


def lines(entries: list[Entry], *later: ToolCall) -> list[str]:
    calls = [spawn(entry.call_id, description=entry.call_id) for entry in entries if entry.call_id[0] == "t"]
    agents = [priced(f"a{number}", call.id) for number, call in enumerate(calls)]
    cost = break_down(run([main(calls, later), *agents]), price_table())  # type: ignore[list-item]
    return section(decided([cost], {SESSION: entries}))


def test_nothing_is_said_where_nothing_was_decided() -> None:
    assert lines([]) == []


def test_routed_advised_and_left_calls_each_have_a_line() -> None:
    entries = [
        ENTRY,
        replace(ENTRY, call_id="t2"),
        replace(ENTRY, call_id="t3", kind="write", agent_type="general-purpose", model="", effort="medium"),
        replace(ENTRY, call_id="x1", action="advised"),
        replace(ENTRY, call_id="x2", action="quiet"),
        replace(ENTRY, call_id="x3", action="left", reason="names a model"),
        replace(ENTRY, call_id="x4", action="left", reason="names a model"),
        replace(ENTRY, call_id="x5", action="left", reason="has no prompt"),
    ]

    assert lines(entries) == [
        "routing of agents",
        "  read -> lean-scout haiku effort low: 2 calls, $0.0003; 2 good",
        "  write -> general-purpose effort medium: 1 call, $0.0002; 1 good",
        "  2 calls could have been routed; 1 line of advice said so",
        "  3 calls left as written: names a model (2), has no prompt (1)",
    ]


def test_work_done_twice_is_counted_and_a_rate_comes_with_ten_cases() -> None:
    assert lines([ENTRY], native("src/app.py"))[1].endswith("; 1 done by parent")
    ten = [replace(ENTRY, call_id=f"t{number}") for number in range(10)]
    assert lines(ten)[1].endswith("; 10 good: 0 % failed")
    assert lines(ten, native("src/app.py"))[1].endswith("; 10 done by parent: 100 % failed")


def test_a_call_that_the_transcript_does_not_have_is_said_to_be_missing() -> None:
    gone = replace(ENTRY, call_id="x9")

    assert lines([gone])[1].endswith(": 1 call, $0; 1 no record of it")
    cost = break_down(run([main([])]), price_table())
    assert documents(decided([cost], {SESSION: [gone]})) == [
        {
            "session": SESSION, "call": "x9", "parent": "main", "kind": "read", "action": "routed",
            "asked_type": "Explore", "type": "lean-scout", "model": "haiku", "effort": "low", "reason": "type Explore",
            "outcome": "no record of it", "usd": None,
        }
    ]  # fmt: skip


def test_the_command_reads_the_ledger_of_this_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run is the one of examples/cost; its first agent changed nothing and was not asked again."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    test_cost.example().write_run(tmp_path / "projects")
    where = ["cost", "--dir", str(tmp_path / "projects"), "--json"]
    assert mcp_lean(where) == 0
    before = json.loads(capsys.readouterr().out)
    assert before["routing"] == []
    assert not (tmp_path / "data").exists(), "asking leaves nothing behind"

    [session] = [found["session"] for found in before["runs"]]
    log = RoutingLog(Ledger.open({"XDG_DATA_HOME": str(tmp_path / "data")}))
    log.note(replace(ENTRY, session_id=session, call_id="nothing in it"))
    assert mcp_lean(where) == 0
    [found] = json.loads(capsys.readouterr().out)["routing"]
    assert (found["kind"], found["outcome"]) == ("read", "no record of it")
    assert mcp_lean(where[:-1]) == 0
    assert capsys.readouterr().out.endswith(
        "\nrouting of agents\n  read -> lean-scout haiku effort low: 1 call, $0; 1 no record of it\n"
    )


def test_a_ledger_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    test_cost.example().write_run(tmp_path / "projects")
    (tmp_path / "data/mcp-lean").mkdir(parents=True)
    with sqlite3.connect(tmp_path / "data/mcp-lean/ledger.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()

    assert mcp_lean(["cost", "--dir", str(tmp_path / "projects")]) == 0
    captured = capsys.readouterr()
    assert "made by a newer mcp-lean" in captured.err
    assert "routing of agents" not in captured.out
