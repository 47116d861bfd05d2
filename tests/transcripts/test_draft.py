"""One request out of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.transcripts.model import Usage

from .records import (
    assistant,
    load,
    only_agent,
    results,
    session_file,
    text,
    tool_result,
    tool_use,
    usage,
    user,
)


def test_lines_of_one_message_are_one_request_though_tool_results_stand_between(tmp_path: Path) -> None:
    """T1: tools start while the answer streams; the id tells, not the neighbourhood."""
    path = session_file(
        tmp_path,
        user("go"),
        assistant("msg_1", tool_use("t1"), used=usage(3, 9, read=100)),
        results(tool_result("t1", "first")),
        assistant("msg_1", tool_use("t2"), used=usage(3, 9, read=100)),
        results(tool_result("t2", "second!")),
        assistant("msg_1", text("done"), used=usage(3, 9, read=100)),
        assistant("msg_2", text("end"), used=usage(1, 4, read=110)),
    )

    first, second = only_agent(path).requests

    assert first.usage.input_tokens == 3
    assert first.usage.cache_read_tokens == 100
    assert [call.id for call in first.calls] == ["t1", "t2"]
    assert second.entered.results == ("t1", "t2")
    assert second.entered.result_chars == len("first") + len("second!")


def test_each_number_is_the_largest_of_all_lines(tmp_path: Path) -> None:
    """T2: snapshots 9, 9, 159; neither the first line (9) nor the sum (177)."""
    path = session_file(
        tmp_path,
        assistant("m", text("a"), used=usage(5, 9, read=70, write_1h=20)),
        assistant("m", text("b"), used=usage(5, 9, read=70, write_1h=20)),
        assistant("m", text("c"), used=usage(5, 159, read=70, write_1h=20), stop="end_turn"),
    )

    [request] = only_agent(path).requests

    assert request.usage == Usage(5, 0, 20, 70, 159, 159, False)


def test_the_largest_number_counts_in_whatever_order_lines_come(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m", text("c"), used=usage(5, 159), stop="end_turn"),
        assistant("m", text("a"), used=usage(5, 9)),
    )

    [request] = only_agent(path).requests

    assert request.usage == Usage(5, 0, 0, 0, 159, 159, False)


def test_the_message_id_alone_is_the_key(tmp_path: Path) -> None:
    """T3: lines without requestId, and two requestIds under one message id."""
    path = session_file(
        tmp_path,
        assistant("m", text("a"), requestId="r1"),
        assistant("m", text("b")),
        assistant("m", text("c"), requestId="r2"),
    )

    assert [request.id for request in only_agent(path).requests] == ["m"]


def test_without_a_message_id_the_request_id_and_then_the_record_id_serve(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant(None, text("a"), requestId="r1", uuid="u1"),
        assistant(None, text("b"), requestId="r1", uuid="u2"),
        assistant(None, text("c"), uuid="u3"),
    )

    assert [request.id for request in only_agent(path).requests] == ["r1", "u3"]


def test_a_tool_call_that_two_lines_repeat_counts_once(tmp_path: Path) -> None:
    """T4."""
    path = session_file(
        tmp_path,
        assistant("m", tool_use("t1", file_path="/a.py")),
        assistant("m", tool_use("t1", file_path="/a.py"), tool_use("t2", file_path="/b.py")),
    )

    [request] = only_agent(path).requests

    assert [(call.id, call.subject) for call in request.calls] == [("t1", "/a.py"), ("t2", "/b.py")]


def test_a_text_that_two_lines_repeat_counts_once(tmp_path: Path) -> None:
    path = session_file(tmp_path, assistant("m", text("hello")), assistant("m", text("hello"), text("bye")))

    [request] = only_agent(path).requests

    assert request.text_chars == 8


@pytest.mark.parametrize(
    ("offset", "is_partial"),
    [("10", True), (10, True), ([1], True), (None, False)],
    ids=["string", "int", "list", "null"],
)
def test_tool_input_of_a_wrong_type_is_measured_as_it_is(tmp_path: Path, offset: object, is_partial: bool) -> None:
    """T7: models write a number as a string now and then."""
    path = session_file(tmp_path, assistant("m", tool_use("t", file_path="/a.py", offset=offset)))

    [call] = only_agent(path).requests[0].calls

    assert call.subject == "/a.py"
    assert call.is_partial_read is is_partial


@pytest.mark.parametrize("arguments", ["text", 7, None, [1, 2], True])
def test_tool_input_that_is_no_object_is_a_call_without_a_subject(tmp_path: Path, arguments: object) -> None:
    path = session_file(tmp_path, assistant("m", {"type": "tool_use", "id": "t", "name": "X", "input": arguments}))

    [call] = only_agent(path).requests[0].calls

    assert (call.name, call.subject) == ("X", "")


def test_a_call_without_a_result_has_none(tmp_path: Path) -> None:
    """T9."""
    path = session_file(
        tmp_path,
        assistant("m", tool_use("t1"), tool_use("t2")),
        results(tool_result("t2", "two")),
    )

    agent = only_agent(path)

    assert [call.result is None for call in agent.requests[0].calls] == [True, False]


def test_a_result_that_stands_before_its_call_is_found(tmp_path: Path) -> None:
    path = session_file(tmp_path, results(tool_result("t1", "12345")), assistant("m", tool_use("t1")))

    [call] = only_agent(path).requests[0].calls

    assert call.result is not None
    assert call.result.result_chars == 5


def test_a_placeholder_output_gives_way_to_the_estimate(tmp_path: Path) -> None:
    """T11: no stop_reason, 1 token reported. 40 + 30 * 1 call + 17 / 3.4 + 70 / 3.5 + 0.215 * 200 = 138.

    The input is `{"path": "a.py"}` with one space after the colon: 16 characters; with "/a.py" it is 17.
    """
    path = session_file(
        tmp_path,
        assistant("m", {"type": "thinking", "thinking": "x" * 999, "signature": "s" * 200}, used=usage(1, 1)),
        assistant("m", text("y" * 70), used=usage(1, 1)),
        assistant("m", tool_use("t", path="/a.py"), used=usage(1, 1)),
    )

    [request] = only_agent(path).requests

    assert request.calls[0].input_chars == 17
    assert (request.thinking_chars, request.signature_chars, request.text_chars) == (999, 200, 70)
    assert request.usage == Usage(1, 0, 0, 0, 1, 138, True)


def test_a_final_output_count_is_believed_however_much_text_there_is(tmp_path: Path) -> None:
    """T11: stop_reason is set; the estimate would be 40 + 3500 / 3.5 = 1040."""
    path = session_file(tmp_path, assistant("m", text("y" * 3500), used=usage(1, 700), stop="end_turn"))

    [request] = only_agent(path).requests

    assert request.usage == Usage(1, 0, 0, 0, 700, 700, False)


def test_a_report_above_the_estimate_stands_without_a_stop_reason(tmp_path: Path) -> None:
    path = session_file(tmp_path, assistant("m", text("y" * 35), used=usage(1, 900)))

    [request] = only_agent(path).requests

    assert request.usage == Usage(1, 0, 0, 0, 900, 900, False)


def test_a_stopped_request_with_one_token_is_a_placeholder_still(tmp_path: Path) -> None:
    path = session_file(tmp_path, assistant("m", text("y" * 350), used=usage(1, 1), stop="end_turn"))

    [request] = only_agent(path).requests

    assert request.usage == Usage(1, 0, 0, 0, 1, 140, True)


def test_hidden_thinking_is_estimated_by_its_signature(tmp_path: Path) -> None:
    """T12: 40 + 0.215 * (1000 + 500) = 362.5, rounded to the even 362."""
    path = session_file(
        tmp_path,
        assistant("m", {"type": "thinking", "thinking": "", "signature": "s" * 1000}, used=usage(1, 2)),
        assistant("m", {"type": "redacted_thinking", "data": "d" * 500}, used=usage(1, 2)),
    )

    [request] = only_agent(path).requests

    assert request.usage.output_estimated_tokens == 362
    assert (request.thinking_chars, request.signature_chars) == (0, 1500)


def test_a_sum_keeps_reported_and_estimated_output_apart(tmp_path: Path) -> None:
    """T13: 700 final, and 1 reported for what is estimated at 140."""
    path = session_file(
        tmp_path,
        assistant("m1", text("y"), used=usage(1, 700), stop="end_turn"),
        assistant("m2", text("y" * 350), used=usage(1, 1)),
    )

    assert only_agent(path).usage == Usage(2, 0, 0, 0, 701, 840, True)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"cache_creation_input_tokens": 100}, (100, 0)),
        ({"cache_creation_input_tokens": 100, "cache_creation": None}, (100, 0)),
        ({"cache_creation_input_tokens": 100, "cache_creation": {"ephemeral_1h_input_tokens": 60}}, (40, 60)),
        (
            {
                "cache_creation_input_tokens": 100,
                "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 70},
            },
            (30, 70),
        ),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 70}}, (30, 70)),
    ],
    ids=["no split", "null split", "half a split", "split", "split without a total"],
)
def test_writes_without_a_lifetime_count_as_five_minutes(
    tmp_path: Path, written: dict[str, object], expected: tuple[int, int]
) -> None:
    """T28, the reader's half."""
    path = session_file(tmp_path, assistant("m", used=written))

    [request] = only_agent(path).requests

    assert (request.usage.cache_write_5m_tokens, request.usage.cache_write_1h_tokens) == expected


def test_what_the_price_depends_on_is_kept(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        {"type": "api-request", "id": "q1", "shapeHash": "abc"},
        assistant(
            "m",
            used=usage(
                1,
                2,
                speed="fast",
                service_tier="batch",
                inference_geo="us",
                server_tool_use={"web_search_requests": 3},
            ),
            model="claude-opus-5-5[1m]",
            effort="high",
            promptCacheRequested="1h",
            requestRef="q1",
            timestamp="2026-11-22T10:00:00.500Z",
        ),
    )

    [request] = only_agent(path).requests

    assert (request.model, request.speed, request.service_tier) == ("claude-opus-5-5[1m]", "fast", "batch")
    assert (request.inference_geo, request.effort, request.cache_ttl) == ("us", "high", "1h")
    assert (request.shape, request.web_searches, request.version) == ("abc", 3, "2.1.330")
    assert request.started_s == request.ended_s == 1795341600.5


def test_a_request_lasts_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m", text("a"), timestamp="1970-01-01T00:01:40Z"),
        assistant("m", text("b")),
        assistant("m", text("c"), timestamp="1970-01-01T00:01:42.250+00:00"),
    )

    [request] = only_agent(path).requests

    assert (request.started_s, request.ended_s) == (100.0, 102.25)


def test_numbers_that_are_none_count_as_zero_and_are_counted(tmp_path: Path) -> None:
    broken = {"input_tokens": "12", "cache_read_input_tokens": -5, "output_tokens": True, "cache_creation": [1]}
    path = session_file(tmp_path, assistant("m1", used=broken), assistant("m2", used=usage(1, 2)))

    loaded = load(path)

    assert [request.usage.context_tokens for request in loaded.runs[0].agents[0].requests] == [0, 1]
    assert loaded.skipped.wrong_types == 1


def test_a_message_that_never_names_its_usage_is_no_request_and_is_counted(tmp_path: Path) -> None:
    silent = assistant("m1", text("a"))
    message = silent["message"]
    assert isinstance(message, dict)
    del message["usage"]
    path = session_file(tmp_path, silent, assistant("m2", used=usage(1, 2)))

    loaded = load(path)

    assert [request.id for request in loaded.runs[0].agents[0].requests] == ["m2"]
    assert loaded.skipped.wrong_types == 1
