"""Which results an agent still holds: what proves it, and everything that takes the proof away."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.guard.unchanged.held import RECENT_TOKENS, held_results, read_tail
from tests.guard.conversation import CLEARED, TOOL_USES, Conversation, Message, main_of, subagent_of

TEXT = "== a.py (3 lines)\none\ntwo\nthrée"


def delivered(folder: Path) -> tuple[Conversation, str]:
    """A conversation in which one call has got `TEXT`."""
    conversation = main_of(folder)
    [call] = conversation.call()
    conversation.result(call, TEXT)
    return conversation, call


def held_at_the_next_call(conversation: Conversation) -> dict[str, str] | None:
    [call] = conversation.call()
    return held_at(conversation, call)


def held_at(conversation: Conversation, call: str) -> dict[str, str] | None:
    conversation.flush()
    held = held_results(read_tail(str(conversation.path)), call, conversation.carriers)
    return None if held is None else dict(held)


def test_a_result_that_was_sent_is_held(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)

    assert held_at_the_next_call(conversation) == {call: TEXT}


def test_a_result_of_plain_text_is_held_too(tmp_path: Path) -> None:
    conversation = main_of(tmp_path)
    [call] = conversation.call()
    conversation.result(call, TEXT, as_text=True)

    assert held_at_the_next_call(conversation) == {call: TEXT}


def test_results_of_calls_in_one_turn_are_held_though_only_the_last_is_on_the_chain(tmp_path: Path) -> None:
    conversation = main_of(tmp_path)
    one, two = conversation.call(["a", "b"])
    conversation.result(one, TEXT)
    conversation.result(two, "other")

    assert held_at_the_next_call(conversation) == {one: TEXT, two: "other"}


def test_results_stay_held_over_several_turns_and_prompts(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    for _ in range(3):
        [other] = conversation.call(["Bash"])
        conversation.result(other, "ok")
    conversation.say()
    conversation.prompt("and now?")

    held = held_at_the_next_call(conversation)

    assert held is not None
    assert held[call] == TEXT
    assert len(held) == 4


def test_a_result_of_the_same_turn_was_not_sent_yet(tmp_path: Path) -> None:
    conversation = main_of(tmp_path)
    one, two = conversation.call(["a", "b"])
    conversation.result(one, TEXT)

    assert held_at(conversation, two) == {}


def test_a_subagent_holds_what_stands_in_its_own_transcript(tmp_path: Path) -> None:
    main, _ = delivered(tmp_path)
    main.flush()
    subagent = subagent_of(tmp_path, "a1")
    [call] = subagent.call()
    subagent.result(call, "its own")

    assert subagent.caller.own_transcript_path == str(subagent.path)
    assert held_at_the_next_call(subagent) == {call: "its own"}


def compact(c: Conversation) -> None:
    c.compact()
    c.prompt()


def rewind(c: Conversation) -> None:
    c.rewind()
    c.prompt("other words")


def api_clears(c: Conversation) -> None:
    c.edits = [*c.edits, TOOL_USES]


def far_back(c: Conversation) -> None:
    [call] = c.call(["Bash"])
    c.result(call, "x" * 3 * RECENT_TOKENS)


def compact_all_but_the_end(c: Conversation) -> None:
    c.compact(keep=2)


TAKES_AWAY: dict[str, Callable[[Conversation], object]] = {
    "compaction": compact,
    "compaction that keeps the last messages": compact_all_but_the_end,
    "rewind": rewind,
    "silent clearing of old results": lambda c: c.clear_results(),
    "clearing by the service": api_clears,
    "much text since": far_back,
    "a line that is no JSON": lambda c: setattr(c, "unwritten", c.unwritten + b"{\n"),
    "a line that is no object": lambda c: setattr(c, "unwritten", c.unwritten + b"[]\n"),
    "an empty line": lambda c: setattr(c, "unwritten", c.unwritten + b"\n"),
}


@pytest.mark.parametrize("what", TAKES_AWAY)
def test_nothing_is_held_after(what: str, tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)

    TAKES_AWAY[what](conversation)

    assert call not in (held_at_the_next_call(conversation) or {})


@pytest.mark.parametrize("what", TAKES_AWAY)
def test_nothing_is_held_after_turns_with_one(what: str, tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    for _ in range(2):
        [other] = conversation.call(["Bash"])
        conversation.result(other, "ok")
    TAKES_AWAY[what](conversation)
    [other] = conversation.call(["Bash"])
    conversation.result(other, "ok")

    assert call not in (held_at_the_next_call(conversation) or {})


def test_what_stands_before_a_rewound_prompt_is_held(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    conversation.say()
    conversation.prompt("second")
    [other] = conversation.call()
    conversation.result(other, "other")
    conversation.say()
    rewind(conversation)

    assert held_at_the_next_call(conversation) == {call: TEXT}


def test_another_process_that_sends_it_again_holds_it(tmp_path: Path) -> None:
    """The first request of a resumed session names no base, but all messages."""
    conversation, call = delivered(tmp_path)
    conversation.say()
    conversation.restart()
    conversation.prompt()

    assert held_at_the_next_call(conversation) == {call: TEXT}


def test_without_records_of_requests_nothing_is_held(tmp_path: Path) -> None:
    """Clients before 2.1.330, as far as they are known."""
    conversation, _ = delivered(tmp_path)
    [call] = conversation.call()
    lines = conversation.unwritten.splitlines(keepends=True)
    conversation.unwritten = b"".join(line for line in lines if json.loads(line)["type"] != "api-request")

    assert held_at(conversation, call) == {}


def test_newer_results_that_a_clearing_leaves_alone_are_held(tmp_path: Path) -> None:
    conversation, _ = delivered(tmp_path)
    [newer] = conversation.call()
    conversation.result(newer, "newer")
    conversation.clear_results(keep=1)

    assert held_at_the_next_call(conversation) == {newer: "newer"}


def test_a_message_that_is_sent_with_more_in_it_proves_nothing(tmp_path: Path) -> None:
    """Clients put reminders for some models (Sonnet 4.5) into the message with the results."""
    conversation, _ = delivered(tmp_path)
    message = conversation.messages[-1]
    reminder = {"type": "text", "text": "<system-reminder>"}
    conversation.messages[-1] = Message.of("user", [*message.blocks, reminder], message.uuid)

    assert held_at_the_next_call(conversation) == {}


def test_a_request_that_takes_over_more_than_its_base_had_proves_nothing_of_it(tmp_path: Path) -> None:
    conversation, _ = delivered(tmp_path)
    [other] = conversation.call()
    conversation.result(other, "other")
    [call] = conversation.call()
    line = conversation.unwritten.rindex(b'"keep":3')
    conversation.unwritten = conversation.unwritten[:line] + b'"keep":9' + conversation.unwritten[line + 8 :]

    assert held_at(conversation, call) == {other: "other"}


def test_requests_that_name_each_other_as_base_are_followed_once(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    [present] = conversation.call()
    first, second = (json.loads(line)["id"] for line in requests(conversation))
    conversation.unwritten = conversation.unwritten.replace(
        f'"id":"{first}"'.encode(), f'"base":"{second}","id":"{first}"'.encode()
    )

    assert held_at(conversation, present) == {call: TEXT}


def requests(conversation: Conversation) -> list[bytes]:
    return [line for line in conversation.unwritten.splitlines() if json.loads(line)["type"] == "api-request"]


@pytest.mark.parametrize(
    ("words", "is_error"),
    [(CLEARED, False), ("<persisted-output>\nOutput too large\n</persisted-output>", False), (TEXT, True)],
)
def test_what_arrived_is_what_is_held(words: str, is_error: bool, tmp_path: Path) -> None:
    conversation = main_of(tmp_path)
    [call] = conversation.call()
    conversation.result(call, words, is_error=is_error)

    assert held_at_the_next_call(conversation) == ({} if is_error else {call: words})


def test_two_different_results_of_one_call_are_none(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    conversation.result(call, CLEARED)

    assert held_at_the_next_call(conversation) == {}


@pytest.mark.parametrize("content", [[], [{"type": "image"}], [{"type": "text", "text": TEXT}] * 2, 7, None])
def test_only_a_single_text_is_a_delivery(content: object, tmp_path: Path) -> None:
    conversation = main_of(tmp_path)
    [call] = conversation.call()
    conversation.result(call, "CONTENT")
    spelt = json.dumps(content, separators=(",", ":")).encode()
    conversation.unwritten = conversation.unwritten.replace(b'[{"type":"text","text":"CONTENT"}]', spelt)

    assert held_at_the_next_call(conversation) == {}


@pytest.mark.parametrize("field", ["requestRef", "usage"])
def test_nothing_is_held_where_the_present_message_lacks(field: str, tmp_path: Path) -> None:
    conversation, _ = delivered(tmp_path)
    conversation.flush()
    [call] = conversation.call()
    conversation.unwritten = conversation.unwritten.replace(f'"{field}"'.encode(), b'"else"')

    assert held_at(conversation, call) == {}


def test_requests_of_other_conversations_in_the_same_file_change_nothing(tmp_path: Path) -> None:
    conversation, call = delivered(tmp_path)
    conversation.plain("api-request", id="title", keep=0, tail=["x"], querySource="generate_session_title")

    assert held_at_the_next_call(conversation) == {call: TEXT}


def test_a_call_that_is_not_written_down_is_unknown(tmp_path: Path) -> None:
    conversation, _ = delivered(tmp_path)
    conversation.flush()

    assert held_at(conversation, "toolu_later") is None


def test_an_id_in_somebody_s_words_is_no_call(tmp_path: Path) -> None:
    conversation, _ = delivered(tmp_path)
    conversation.prompt("look at toolu_later")

    assert held_at(conversation, "toolu_later") is None


def test_a_tail_is_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(b"first\nsecond\nthird\n")

    assert read_tail(str(file)) == b"first\nsecond\nthird\n"
    assert read_tail(str(file), 13) == b"third\n"
    file.write_bytes(b"first\nsec")
    assert read_tail(str(file)) == b""
    file.write_bytes(b"")
    assert read_tail(str(file)) == b""


def test_a_tail_may_be_all_of_one_line(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(b"x" * 50 + b"\n")

    assert read_tail(str(file), 20) == b""


def test_no_symlink_is_followed_and_nothing_special_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"line\n")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "t.jsonl")
    os.mkfifo(tmp_path / "fifo.jsonl")

    with pytest.raises(OSError, match="symbolic links"):
        read_tail(str(tmp_path / "link.jsonl"))
    with pytest.raises(FileNotFoundError):
        read_tail(str(tmp_path / "none.jsonl"))
    for name in ("fifo.jsonl", "."):
        with pytest.raises(OSError, match="not a regular file"):
            read_tail(str(tmp_path / name))
