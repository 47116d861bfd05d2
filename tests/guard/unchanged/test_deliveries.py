"""What is remembered of deliveries, and when a piece need not be sent again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcp_lean.guard.identity import Caller
from mcp_lean.guard.unchanged.deliveries import LEAST_CHARS, WAITS, Deliveries, Delivery, Piece
from tests.guard.conversation import Conversation, main_of, subagent_of

LINES = "\n".join(f"line {n} of a file that is long enough" for n in range(1, 40))
PIECE = Piece("/p/a.py", "stamp", 1, LINES)
OTHER = replace(PIECE, path="/p/b.py")
ANSWER = f"== a.py (39 lines)\n{LINES}"


def never(_: float) -> bool:
    raise AssertionError("nothing has to be waited for")


def delivery(deliveries: Deliveries, conversation: Conversation, call: str) -> Delivery:
    conversation.flush()
    return deliveries.to(conversation.caller, call)


def read(deliveries: Deliveries, conversation: Conversation, *pieces: Piece) -> frozenset[Piece]:
    """One call for pieces: which of them the agent is told it holds."""
    [call] = conversation.call()
    one = delivery(deliveries, conversation, call)
    unchanged = one.unchanged(pieces, never)
    answer = "\n".join("note" if piece in unchanged else f"== {piece.path}\n{piece.rows}" for piece in pieces)
    one.sent(answer)
    conversation.result(call, answer)
    return unchanged


def test_the_second_time_it_is_unchanged_and_the_third_time_it_comes_again(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)

    assert [read(deliveries, main, PIECE) for _ in range(5)] == [
        frozenset(),
        {PIECE},
        frozenset(),
        {PIECE},
        frozenset(),
    ]


def test_pieces_of_one_call_are_told_apart(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)

    assert read(deliveries, main, PIECE, OTHER) == {PIECE}
    assert read(deliveries, main, PIECE, OTHER) == {OTHER}


@pytest.mark.parametrize(
    "other",
    [
        replace(PIECE, path="/p/b.py"),
        replace(PIECE, stamp="written since"),
        replace(PIECE, first=2),
        replace(PIECE, rows=LINES + "\nmore"),
        replace(PIECE, rows=LINES[:-1]),
    ],
)
def test_any_difference_is_another_piece(other: Piece, tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)

    assert read(deliveries, main, other) == frozenset()


def test_a_short_piece_always_comes_in_full(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    short, long = replace(PIECE, rows="x" * (LEAST_CHARS - 1)), replace(PIECE, rows="x" * LEAST_CHARS)
    read(deliveries, main, short, long)

    assert read(deliveries, main, short, long) == {long}


def test_agents_and_sessions_do_not_share(tmp_path: Path) -> None:
    deliveries = Deliveries()
    agents = [
        main_of(tmp_path),
        subagent_of(tmp_path, "a1"),
        subagent_of(tmp_path, "a2"),
        main_of(tmp_path, "s2"),
        subagent_of(tmp_path, "a1", "s2"),
    ]

    assert [read(deliveries, agent, PIECE) for agent in agents] == [frozenset()] * 5
    assert [read(deliveries, agent, PIECE) for agent in agents] == [{PIECE}] * 5


def test_another_server_process_knows_nothing(tmp_path: Path) -> None:
    main = main_of(tmp_path)
    read(Deliveries(), main, PIECE)

    assert read(Deliveries(), main, PIECE) == frozenset()


@pytest.mark.parametrize("arrived", ["", "<persisted-output>", ANSWER[:-1], ANSWER + "\n"])
def test_what_did_not_arrive_as_it_was_sent_was_not_delivered(arrived: str, tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    [call] = main.call()
    one = delivery(deliveries, main, call)
    one.unchanged([PIECE], never)
    one.sent(ANSWER)
    main.result(call, arrived)

    assert read(deliveries, main, PIECE) == frozenset()


def test_what_was_never_sent_was_not_delivered(tmp_path: Path) -> None:
    """The tool failed after it had asked, or was cancelled."""
    deliveries, main = Deliveries(), main_of(tmp_path)
    [call] = main.call()
    delivery(deliveries, main, call).unchanged([PIECE], never)
    main.result(call, ANSWER)

    assert read(deliveries, main, PIECE) == frozenset()


def test_what_was_cut_off_at_the_last_moment_was_not_delivered(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    [call] = main.call()
    one = delivery(deliveries, main, call)
    one.unchanged([PIECE, OTHER, replace(PIECE, rows=LINES + "\nend")], never)
    one.sent(ANSWER)
    main.result(call, ANSWER)

    assert read(deliveries, main, replace(PIECE, rows=LINES + "\nend")) == frozenset()
    assert read(deliveries, main, PIECE) == {PIECE}


def test_of_two_calls_of_one_turn_one_is_told(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)
    calls = main.call(["a", "b"])

    told = [delivery(deliveries, main, call).unchanged([PIECE], never) for call in calls]

    assert told == [{PIECE}, frozenset()]


def test_the_client_is_waited_for_until_it_has_written_the_call_down(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)
    main.flush()
    [call] = main.call()
    waits: list[float] = []

    def writes_late(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 2:
            whole, main.unwritten = main.unwritten, main.unwritten[:-9]
            main.flush()
            main.unwritten = whole[-9:]
        if len(waits) == 4:
            main.flush()
        return False

    assert deliveries.to(main.caller, call).unchanged([PIECE], writes_late) == {PIECE}
    assert len(waits) == 4


def test_a_client_that_writes_nothing_is_not_waited_for_without_end(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)
    main.flush()
    [call] = main.call()
    waits: list[float] = []

    def waits_in_vain(seconds: float) -> bool:
        waits.append(seconds)
        return False

    assert deliveries.to(main.caller, call).unchanged([PIECE], waits_in_vain) == frozenset()
    assert len(waits) == WAITS
    assert sum(waits) <= 0.3


def test_a_call_that_is_withdrawn_waits_no_longer(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    read(deliveries, main, PIECE)
    main.flush()
    [call] = main.call()

    assert deliveries.to(main.caller, call).unchanged([PIECE], lambda _: True) == frozenset()


@pytest.mark.parametrize("transcript", ["", "none.jsonl", "folder", "link.jsonl", "\0.jsonl"])
def test_without_a_transcript_there_is_no_proof(transcript: str, tmp_path: Path) -> None:
    said: list[str] = []
    deliveries, main = Deliveries(said.append), main_of(tmp_path)
    read(deliveries, main, PIECE)
    [call] = main.call()
    main.flush()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.jsonl").symlink_to(main.path)
    path = str(tmp_path / transcript) if transcript else ""

    assert deliveries.to(Caller(main.session, "", "", path), call).unchanged([PIECE], never) == frozenset()
    assert said == []


def test_an_agent_whose_id_is_no_name_has_no_transcript(tmp_path: Path) -> None:
    deliveries, main = Deliveries(), main_of(tmp_path)
    one = deliveries.to(main.caller._replace(agent_id="../x"), "c")
    one.unchanged([PIECE], never)
    one.sent(ANSWER)

    assert deliveries.to(main.caller._replace(agent_id="../x"), "d").unchanged([PIECE], never) == frozenset()


def test_a_proof_that_fails_is_none_and_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    deliveries, main = Deliveries(said.append), main_of(tmp_path)
    read(deliveries, main, PIECE)

    def fails(_: float) -> bool:
        raise RuntimeError("oops")

    main.flush()
    for _ in range(2):
        [call] = main.call()
        assert deliveries.to(main.caller, call).unchanged([PIECE], fails) == frozenset()
    assert len(said) == 1
    assert "RuntimeError: oops" in said[0]


def test_the_oldest_pieces_are_forgotten(tmp_path: Path) -> None:
    deliveries, main = Deliveries(most=2), main_of(tmp_path)
    pieces = [replace(PIECE, first=n) for n in range(3)]
    for piece in pieces:
        read(deliveries, main, piece)

    assert read(deliveries, main, *pieces) == set(pieces[1:])
