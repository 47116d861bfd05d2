"""Bytes into lines, lines into records."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.transcripts.lines import IDLE, LineBuffer, parse

from .records import agent_progress, assistant, attachment, line, tool_use, user

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(marks)]


@given(st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b), max_size=8), st.lists(st.integers(0, 300)))
def test_lines_are_the_same_however_the_bytes_are_cut(lines: list[bytes], places: list[int]) -> None:
    data = b"\n".join(lines)
    buffer = LineBuffer()

    found = [whole for piece in cut(data, places) for whole in buffer.feed(piece)]

    assert found == [whole + b"\n" for whole in lines[:-1]]
    assert buffer.is_torn is bool(lines and lines[-1])


def test_a_line_over_the_limit_is_dropped_and_counted_and_the_next_one_is_whole() -> None:
    buffer = LineBuffer(limit_bytes=10)

    found = [
        buffer.feed(piece) for piece in (b"ab\n0123", b"456789", b"0123456789", b"0123\ncd\n", b"x" * 11, b"\nef\n")
    ]

    assert found == [[b"ab\n"], [], [], [b"cd\n"], [], [b"ef\n"]]
    assert buffer.dropped == 2
    assert not buffer.is_torn


def test_a_whole_record_without_its_line_end_can_be_taken_once() -> None:
    buffer = LineBuffer()
    buffer.feed(b'{"a":1}\n{"b":')

    assert buffer.take_rest() == []
    buffer.feed(b"2}")
    assert buffer.take_rest() == [b'{"b":2}']
    assert buffer.take_rest() == []
    assert buffer.feed(b" \r") == []
    assert buffer.feed(b'\n{"c":3}\n') == [b'{"c":3}\n']
    assert not buffer.is_spoiled


def test_a_record_that_went_on_after_it_was_taken_spoils_the_stream() -> None:
    buffer = LineBuffer()
    buffer.feed(b'{"b":2}')
    buffer.take_rest()

    buffer.feed(b', "more"\n')

    assert buffer.is_spoiled


@pytest.mark.parametrize(
    ("written", "idle"),
    [
        (line({"type": "file-history-snapshot", "messageId": "x"}), True),
        (line({"type": "mode", "mode": "normal"}), True),
        (line({"type": "model-change", "model": "x"}), False),
        (line({"uuid": "1", "type": "progress", "data": {"type": "hook_progress"}}), True),
        (line({"uuid": "1", "type": "progress", "data": {"type": "bash_progress", "output": '"message"'}}), True),
        (line({"uuid": "1", **agent_progress("a", user("x"))}), False),
        (line({"uuid": "1", "type": "progress", "data": {"type": "agent_progress", "message": {}}}), False),
        (line({"x": {"type": "progress", "data": {"type": "hook_progress"}}, "type": "user", "message": {}}), False),
        (line({"x": "{", "type": "progress", "data": {"type": "hook_progress"}}), False),
        (line({"uuid": "1", "attachment": {"type": "prompt_snapshot", "systemPrompt": ["x"]}}), True),
        (line(attachment("skill_listing", content="x")), False),
        (line(user('"type":"progress","data":{"type":"hook_progress"')), False),
        (line(assistant("m", tool_use("t", "x", type="progress", data={"type": "bash_progress"}))), False),
        (b'{ "type": "mode" }', False),
        (b"", False),
    ],
)
def test_only_lines_without_any_part_in_a_run_are_passed_over(written: bytes, idle: bool) -> None:
    assert (IDLE.match(written) is not None) is idle


@given(JSON)
def test_a_message_is_never_passed_over_whatever_it_holds(content: object) -> None:
    for kind in ("user", "assistant"):
        for record in (
            {"type": kind, "message": {"content": content}},
            {"a": content, "message": {"content": content}, "type": kind},
        ):
            assert not IDLE.match(json.dumps(record, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    ("written", "record"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'  {"a":1}\r', {"a": 1}),
        (b'{"a":"\\ud83d"}', {"a": "\ufffd"}),
        (b'{"a":"\\udca9\\ud83d\\ude80"}', {"a": "\ufffd\N{ROCKET}"}),
        (b'{"a":"\\ud83d\\ude80"}', {"a": "\N{ROCKET}"}),
        (b'{"a":"\xff"}', {"a": "\ufffd"}),
        (b"[1]", None),
        (b"7", None),
        (b"null", None),
        (b'{"a":1', None),
        (b'{"a":1}{"b":2}', None),
        (b'{"a":NaN}', None),
        (b"\0\0\0", None),
        (b"", None),
    ],
)
def test_a_record_is_a_json_object(written: bytes, record: object) -> None:
    assert parse(written) == record


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    parsed = parse(data)
    assert parsed is None or isinstance(parsed, dict)
