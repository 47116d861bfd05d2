"""Whose words a record brings, and prompts that stand on the client's queue alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.transcripts.entering import Piece, Queue, of_attachment, of_message
from mcp_lean.transcripts.model import Entered

from .records import (
    Record,
    assistant,
    attachment,
    only_agent,
    session_file,
    text,
    tool_result,
    user,
)


def queue(operation: str, content: str | None = None) -> Record:
    said = {} if content is None else {"content": content}
    return {"type": "queue-operation", "operation": operation, "sessionId": "x", **said}


@pytest.mark.parametrize(
    ("record", "content", "pieces"),
    [
        ({}, "do it", [Piece("prompt", "do it")]),
        ({"isMeta": True}, "do it", [Piece("client", "do it")]),
        ({"origin": {"kind": "peer"}}, "do it", [Piece("client", "do it")]),
        ({"origin": {"kind": "human"}}, "do it", [Piece("prompt", "do it")]),
        ({"isCompactSummary": True}, "so far", [Piece("summary", "so far")]),
        ({"isVisibleInTranscriptOnly": True}, "for people", []),
        ({}, "<ide_opened_file>a.py</ide_opened_file>", [Piece("client", "<ide_opened_file>a.py</ide_opened_file>")]),
        ({"origin": {"kind": "peer"}}, "<command-name>/x", [Piece("client", "(not typed) <command-name>/x")]),
        (
            {},
            [tool_result("t1"), text("and this"), {"type": "image"}, {"type": "thinking"}],
            [Piece("result", "", tool_result("t1")), Piece("prompt", "and this"), Piece("image")],
        ),
        ({}, None, []),
    ],
)
def test_a_message_is_told_piece_by_piece(record: Record, content: object, pieces: list[Piece]) -> None:
    assert list(of_message(record, content)) == pieces


@pytest.mark.parametrize(
    ("payload", "pieces"),
    [
        ({"type": "queued_command", "prompt": "stop"}, [Piece("prompt", "stop")]),
        ({"type": "queued_command", "prompt": "stop", "commandMode": "bash"}, [Piece("client", "stop")]),
        ({"type": "queued_command", "prompt": "stop", "isMeta": True}, [Piece("client", "stop")]),
        ({"type": "hook_additional_context", "content": ["lint", "mcp_lean: a"]}, [Piece("hook", "mcp_lean: a")]),
        ({"type": "hook_additional_context", "content": "mcp_lean: a"}, [Piece("hook", "mcp_lean: a")]),
        ({"type": "edited_text_file", "content": "mcp_lean: a", "prompt": "x"}, []),
        ({}, []),
    ],
)
def test_an_attachment_says_words_only_where_somebody_said_them(payload: Record, pieces: list[Piece]) -> None:
    assert list(of_attachment(payload)) == pieces


@pytest.mark.parametrize(
    ("operations", "sent"),
    [
        ([("enqueue", "a"), ("remove", None)], ["a"]),
        ([("enqueue", "a"), ("enqueue", "b"), ("remove", None), ("remove", None)], ["a", "b"]),
        ([("enqueue", "a"), ("enqueue", "b"), ("remove", "b")], ["b"]),
        ([("enqueue", "a"), ("dequeue", None)], []),
        ([("enqueue", "a"), ("popAll", None), ("remove", None)], []),
        ([("enqueue", "a"), ("popOne", "a"), ("remove", None)], []),
        ([("enqueue", "/mcp"), ("remove", None)], []),
        ([("enqueue", "/src/app.py is broken"), ("remove", None)], ["/src/app.py is broken"]),
        ([("enqueue", " "), ("remove", None)], []),
        ([("remove", None)], []),
    ],
)
def test_what_is_taken_off_the_queue_is_sent(operations: list[tuple[str, str | None]], sent: list[str]) -> None:
    """2.1.39: typed while the agent works, sent with the next result, and in no other record."""
    typed = Queue()
    pieces = [typed.sent(queue(*operation)) for operation in operations]

    assert [piece for piece in pieces if piece] == [Piece("prompt", words) for words in sent]


def test_a_prompt_on_the_queue_is_billed_and_an_attachment_tells_of_it_once(tmp_path: Path) -> None:
    said = [queue("enqueue", "stop"), queue("remove")]
    old = session_file(tmp_path / "old", user("go"), assistant("m1"), *said, assistant("m2"))
    told = attachment("queued_command", prompt="stop", commandMode="prompt")
    new = session_file(tmp_path / "new", user("go"), assistant("m1"), told, *said, assistant("m2"))

    for path in (old, new):
        assert only_agent(path).requests[1].entered == Entered(prompt_chars=4)
