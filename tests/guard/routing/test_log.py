"""The table of decisions: what comes back, and the rate that switches a kind off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.guard.routing.log import Entry, RoutingLog
from mcp_lean.guard.routing.policy import FAILED_TOO_OFTEN
from mcp_lean.guard.routing.standing import NEWEST_CALLS, Rate

SHOP = "/home/ann/shop"
ENTRY = Entry(
    "s1", "t1", SHOP, "", "read", "routed", "Explore", "lean-scout", "haiku", "low", "type Explore", outcome="good"
)


def log_in(folder: Path) -> RoutingLog:
    return RoutingLog(Ledger.open({"HOME": str(folder), "XDG_DATA_HOME": str(folder)}))


def filled(folder: Path, outcomes: list[str], **more: str) -> RoutingLog:
    log = log_in(folder)
    for number, outcome in enumerate(outcomes):
        log.note(replace(ENTRY, call_id=f"t{number}", outcome=outcome, **more))
    return log


def test_decisions_come_back_in_order_also_in_another_process(tmp_path: Path) -> None:
    entries = [ENTRY, replace(ENTRY, call_id="t2", kind="run"), replace(ENTRY, session_id="s2")]
    log = log_in(tmp_path)
    for entry in entries:
        log.note(entry)

    assert log.of_session("s1") == entries[:2]
    assert log_in(tmp_path).of_session("s2") == entries[2:]
    assert log.of_session("nobody") == []


def test_the_same_call_again_replaces_its_decision(tmp_path: Path) -> None:
    log = filled(tmp_path, ["", ""])
    log.note(replace(ENTRY, call_id="t0", action="left"))

    assert sorted(entry.action for entry in log.of_session("s1")) == ["left", "routed"]


def test_outcomes_are_noted_for_calls_of_the_session_alone(tmp_path: Path) -> None:
    log = filled(tmp_path, ["", "pending"])
    log.note(replace(ENTRY, session_id="s2", call_id="t0", outcome=""))
    log.settle("s1", {"t0": "good", "t1": "asked again", "t9": "good"})
    log.settle("s1", {})

    assert [entry.outcome for entry in log.of_session("s1")] == ["good", "asked again"]
    assert [entry.outcome for entry in log.of_session("s2")] == [""]


def test_a_rate_counts_judged_cases_of_the_project_and_kind(tmp_path: Path) -> None:
    log = filled(tmp_path, ["good", "good", "no answer", "pending", ""])
    log.note(replace(ENTRY, call_id="x1", kind="run", outcome="done by parent"))
    log.note(replace(ENTRY, call_id="x2", project="/home/ann/other", outcome="asked again"))
    log.note(replace(ENTRY, call_id="x3", action="advised", outcome="asked again"))

    assert log.rates(SHOP) == {"read": Rate(3, 1), "run": Rate(1, 1)}
    assert log.rates("/nowhere") == {}


def test_only_the_newest_calls_of_each_kind_count(tmp_path: Path) -> None:
    """A kind that is called often takes no room from one that is not."""
    log = filled(tmp_path, ["no answer"], kind="run")
    for number, outcome in enumerate(["asked again"] * 5 + ["good"] * NEWEST_CALLS):
        log.note(replace(ENTRY, call_id=f"r{number}", outcome=outcome))

    assert log.rates(SHOP) == {"read": Rate(NEWEST_CALLS, 0), "run": Rate(1, 1)}


def test_calls_left_alone_push_old_cases_out(tmp_path: Path) -> None:
    log = filled(tmp_path, ["asked again"] * 12)
    for number in range(NEWEST_CALLS - 5):
        log.note(replace(ENTRY, call_id=f"l{number}", action="left", reason=FAILED_TOO_OFTEN, outcome=""))
        log.note(replace(ENTRY, call_id=f"m{number}", action="left", reason="names a model", outcome=""))

    assert log.rates(SHOP) == {"read": Rate(5, 5)}


def test_a_table_of_an_older_file_is_added(tmp_path: Path) -> None:
    """A ledger of the version before has no such table."""
    import sqlite3

    log_in(tmp_path)
    file = tmp_path / "mcp-lean" / "ledger.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE routing")
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    assert filled(tmp_path, ["good"]).rates(SHOP) == {"read": Rate(1, 0)}
