"""The two ends of a transcript say the same as all of it, and no more than they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.transcripts import ends
from mcp_lean.transcripts.ends import Ends, read_ends

from .records import assistant, compact_boundary, joined, load, session_file, text, usage, user


def answer(number: int, context: int = 10_000, words: str = "on it") -> dict[str, object]:
    return assistant(f"msg_{number}", text(words), used=usage(5, 40, read=context), stop="end_turn")


def test_a_file_that_fits_is_read_as_a_whole(tmp_path: Path) -> None:
    file = session_file(tmp_path, user("go"), answer(1), user("on"), answer(2), compact_boundary(9), answer(3, 5_000))
    [agent] = load(file).runs[0].agents

    found = read_ends(str(file))

    assert (found.first, found.last) == (agent.requests[0], agent.requests)
    assert [request.id for request in found.since_reset] == ["msg_3"]
    assert not found.is_compacted_since


@pytest.fixture
def short_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "HEAD_BYTES", 2_000)
    monkeypatch.setattr(ends, "TAIL_BYTES", 4_000)
    monkeypatch.setattr(ends, "LONGER_BYTES", 40_000)


@pytest.mark.usefixtures("short_ends")
def test_of_a_long_file_only_the_ends_are_known(tmp_path: Path) -> None:
    file = session_file(tmp_path, user("go"), *(answer(number) for number in range(200)))

    found = read_ends(str(file))

    assert found.first is not None
    assert found.first.id == "msg_0"
    assert [request.id for request in found.last] == [f"msg_{n}" for n in range(200 - len(found.last), 200)]
    assert 3 < len(found.last) < 20


@pytest.mark.usefixtures("short_ends")
def test_a_long_last_result_hides_no_request_before_it(tmp_path: Path) -> None:
    file = session_file(tmp_path, user("go"), *(answer(number) for number in range(60)), user("x" * 9_000))

    assert read_ends(str(file)).last[-1].id == "msg_59"


@pytest.mark.usefixtures("short_ends")
def test_a_long_first_prompt_hides_no_request_behind_it(tmp_path: Path) -> None:
    file = session_file(tmp_path, user("x" * 9_000), *(answer(number) for number in range(60)))

    first = read_ends(str(file)).first
    assert first is not None
    assert first.id == "msg_0"


def test_a_compaction_after_the_last_request_is_noticed(tmp_path: Path) -> None:
    file = session_file(tmp_path, user("go"), answer(1), compact_boundary(9), user("so far", isCompactSummary=True))

    assert read_ends(str(file)).is_compacted_since


@pytest.mark.parametrize("data", [b"", b"\n\n", b"not json\n" * 90, b'{"type":"assistant"', b"\0" * 5_000])
def test_what_is_no_transcript_has_no_requests(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(data)

    assert read_ends(str(file)) == Ends()


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(joined([user("go"), answer(1)]) + joined([answer(2)])[:-20])

    assert [request.id for request in read_ends(str(file)).last] == ["msg_1"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_ends(str(tmp_path / "none.jsonl"))
