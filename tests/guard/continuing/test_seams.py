"""Which conversation came before: by one process, by several, and with several at once in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_lean.guard.continuing.seams import NEVER, Seams, Session, before, client_of, find
from mcp_lean.guard.ledger.ledger import Ledger
from tests.guard.runs import Place

CLIENT = "4711"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(Place(tmp_path).environ)


def test_the_session_that_was_served_last_is_the_one_that_a_clear_ends(ledger: Ledger) -> None:
    seams = Seams(ledger, CLIENT)
    seams.prompt("one", "/t/one.jsonl", "/app")

    assert seams.cleared("two", "/t/two.jsonl", "/app") == Session("one", "/t/one.jsonl", "/app")
    assert seams.cleared("three", "/t/three.jsonl", "/app") == Session("two", "/t/two.jsonl", "/app", NEVER, "one")


def test_prompts_are_counted_from_the_advice_on(ledger: Ledger) -> None:
    seams = Seams(ledger, CLIENT)
    counts = [seams.prompt("one", "/t/one.jsonl", "/app").prompts_since_advice]
    assert seams.advised(seams.prompt("one", "/t/one.jsonl", "/app"))
    counts += [seams.prompt("one", "/t/one.jsonl", "/app").prompts_since_advice for _ in range(2)]

    assert counts == [NEVER, 1, 2]


def test_a_later_process_goes_on_where_the_last_one_stopped(ledger: Ledger) -> None:
    first = Seams(ledger, CLIENT)
    first.advised(first.prompt("one", "/t/one.jsonl", "/app"))

    assert Seams(ledger, CLIENT).prompt("one", "/t/one.jsonl", "/app").prompts_since_advice == 1
    found = Seams(ledger, CLIENT).cleared("two", "/t/two.jsonl", "/app")
    assert found == Session("one", "/t/one.jsonl", "/app", 1)


def test_a_process_that_knows_nothing_takes_the_last_session_of_the_folder(ledger: Ledger) -> None:
    for name, cwd in (("one", "/app"), ("two", "/app"), ("three", "/other"), ("one", "/app")):
        Seams(ledger, CLIENT).prompt(name, f"/t/{name}.jsonl", cwd)

    found = Seams(ledger, CLIENT).cleared("four", "/t/four.jsonl", "/app")
    assert found is not None
    assert found.id == "one"
    assert Seams(ledger, CLIENT).cleared("five", "/t/five.jsonl", "/nowhere") is None


def test_two_terminals_in_one_folder_are_not_confused(ledger: Ledger) -> None:
    left, right = Seams(ledger, "1"), Seams(ledger, "2")
    left.advised(left.prompt("left", "/t/left.jsonl", "/app"))
    right.prompt("right", "/t/right.jsonl", "/app")

    found = right.cleared("new", "/t/new.jsonl", "/app")
    assert found is not None
    assert (found.id, found.prompts_since_advice) == ("right", NEVER)


def test_a_new_client_has_no_session_before_its_first(ledger: Ledger) -> None:
    first = Seams(ledger, "1")
    first.advised(first.prompt("one", "/t/one.jsonl", "/app"))

    assert Seams(ledger, "2").cleared("two", "/t/two.jsonl", "/app") is None


def test_a_hook_command_is_told_its_client_and_a_server_is_its_child() -> None:
    assert client_of({"CLAUDE_PID": "12"}) == "12"
    assert client_of({}) == str(os.getppid())


def test_the_conversations_before_this_one_can_be_asked_for(ledger: Ledger) -> None:
    seams = Seams(ledger, CLIENT)
    seams.prompt("one", "/t/one.jsonl", "/app")
    seams.cleared("two", "/t/two.jsonl", "/app")
    seams.cleared("three", "/t/three.jsonl", "/app")
    Seams(ledger, "another client").prompt("beside", "/t/beside.jsonl", "/app")

    assert list(before(ledger, "three")) == [find(ledger, "two"), find(ledger, "one")]
    assert [list(before(ledger, name)) for name in ("one", "beside", "unheard of", "")] == [[], [], [], []]


def test_conversations_that_name_each_other_are_gone_through_once(ledger: Ledger) -> None:
    ledger.keep(*(("INSERT INTO seams VALUES (?, '', '', '', -1, ?)", pair) for pair in (("a", "b"), ("b", "a"))))

    assert [session.id for session in before(ledger, "a")] == ["b"]


def test_without_a_disk_this_process_still_knows(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    seams = Seams(Ledger.open({"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "file")}), CLIENT)

    assert not seams.advised(seams.prompt("one", "/t/one.jsonl", "/app"))
    found = seams.cleared("two", "/t/two.jsonl", "/app")
    assert found is not None
    assert (found.id, found.prompts_since_advice) == ("one", 0)
