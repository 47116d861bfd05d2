"""Who calls: from events to the ids that calls carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.identity import Caller, Identities, caller_of
from mcp_lean.guard.ledger.ledger import Ledger
from tests.guard.runs import SESSION, Place

ONE, TWO = Caller("s1", "a1", "scout", "/p/s1.jsonl"), Caller("s1", "a2", "scout", "/p/s1.jsonl")


def test_a_caller_is_who_the_event_says() -> None:
    event = Event("PreToolUse", "s1", "/p/s1.jsonl", "/home", "a1", "scout", tool=ToolUse("toolu_1", "Read"))

    assert caller_of(event) == ONE


def test_an_unknown_id_names_nobody() -> None:
    identities = Identities()
    identities.remember("toolu_1", ONE)

    assert identities.find("toolu_2") is None
    assert not identities.knows("toolu_2")


def test_an_id_that_two_agents_of_a_session_claim_names_nobody_any_more() -> None:
    identities = Identities()
    for caller in (ONE, ONE):
        assert identities.remember("toolu_1", caller) == ONE
    for caller in (TWO, ONE, TWO):
        assert identities.remember("toolu_1", caller) is None

    assert identities.find("toolu_1") is None
    assert identities.knows("toolu_1")


def test_the_same_id_in_a_later_session_of_one_server_is_the_later_one_s() -> None:
    identities = Identities()
    identities.remember("toolu_1", ONE)
    later = Caller("s2")

    assert identities.remember("toolu_1", later) == later


def test_the_oldest_are_forgotten_first() -> None:
    identities = Identities(most=2)
    for number in range(3):
        identities.remember(f"toolu_{number}", ONE)

    assert [identities.knows(f"toolu_{number}") for number in range(3)] == [False, True, True]


@pytest.mark.parametrize(
    ("caller", "path"),
    [
        (Caller("s", "", "", "/p/s.jsonl"), "/p/s.jsonl"),
        (Caller("s", "a1b2", "", "/p/s.jsonl"), "/p/s/subagents/agent-a1b2.jsonl"),
        (Caller("s", "../../etc/passwd", "", "/p/s.jsonl"), ""),
        (Caller("s", "a1b2", "", ""), ""),
    ],
)
def test_an_agent_s_own_transcript_lies_beside_the_main_one(caller: Caller, path: str) -> None:
    assert caller.own_transcript_path == path


def test_two_servers_of_two_sessions_in_one_folder_each_know_their_own(tmp_path: Path) -> None:
    place, other = Place(tmp_path), Place(tmp_path, "55555555-5555-4555-8555-555555555555")
    first, second = Ledger.open(place.environ), Ledger.open(other.environ)
    first.remember(place.pre("toolu_1", "a1", "scout"))
    second.remember(other.pre("toolu_1"))
    second.remember(other.pre("toolu_2", "b1", "writer"))

    assert first.identify("toolu_1") == Caller(SESSION, "a1", "scout", str(place.main))
    assert second.identify("toolu_1") == Caller(other.session, "", "", str(other.main))
    assert first.identify("toolu_2") == Caller(other.session, "b1", "writer", str(other.main))
    first.close()
    second.close()
    third = Ledger.open(place.environ)
    assert third.identify("toolu_1") is None, "which session asks is not known after a restart"
    third.close()


def test_nested_agents_keep_their_own_names(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ledger = Ledger.open(place.environ)
    for name, agent_id in (("toolu_outer", "a1"), ("toolu_inner", "a2"), ("toolu_main", "")):
        ledger.remember(place.pre(name, agent_id, "scout" if agent_id else ""))

    found = [ledger.identify(name) for name in ("toolu_outer", "toolu_inner", "toolu_main")]
    assert [caller.agent_id if caller else None for caller in found] == ["a1", "a2", ""]
    ledger.close()


def test_only_the_event_before_a_call_makes_an_identity(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ledger = Ledger.open(place.environ)
    for name in ("PostToolUse", "PostToolUseFailure", "SubagentStart", "NoSuchEvent"):
        ledger.remember(place.event(name, "a1", tool=ToolUse("toolu_1", "Read")))

    assert ledger.identify("toolu_1") is None
    ledger.close()
