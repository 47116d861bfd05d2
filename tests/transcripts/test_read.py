"""Whole folders at once, friendly and hostile ones."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.transcripts import lines, parallel, read
from mcp_lean.transcripts.codec import decode, encode
from mcp_lean.transcripts.file import FileReader
from mcp_lean.transcripts.model import Skipped
from mcp_lean.transcripts.parallel import Job, Result, batches, read_all
from mcp_lean.transcripts.read import load_runs, read_file

from .records import (
    OTHER_SESSION,
    SESSION,
    agent_file,
    assistant,
    joined,
    line,
    load,
    only_run,
    session_file,
    text,
    tool_use,
    usage,
    user,
    write,
)
from .sessions import LINES, SESSIONS, Session


def test_runs_do_not_depend_on_the_order_of_paths(tmp_path: Path) -> None:
    """T31."""
    paths = []
    for number in range(5):
        session = f"{number}{SESSION[1:]}"
        copied = assistant("shared", used=usage(5, 5), timestamp=f"2026-11-22T10:00:0{number}Z")
        paths.append(session_file(tmp_path, copied, assistant(f"m{number}"), session=session))
        paths.append(agent_file(tmp_path, f"a{number}", assistant(f"s{number}"), session=session))
    expected = load(*paths)

    for seed in range(10):
        turned = list(paths)
        random.Random(seed).shuffle(turned)
        assert load(*turned) == expected


def test_the_users_own_folder_is_read_when_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session_file(tmp_path / "projects" / "-a", assistant("m1"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))

    assert [run.id for run in load_runs().runs] == [SESSION]


def test_a_user_without_transcripts_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    loaded = load_runs()

    assert loaded.runs == ()
    assert loaded.skipped.files == (("~/.claude/projects", "no such folder, and CLAUDE_CONFIG_DIR names no other"),)


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    folder = tmp_path / f"{OTHER_SESSION}.jsonl"
    folder.mkdir()
    gone = tmp_path / "33333333-3333-4333-8333-333333333333.jsonl"
    gone.symlink_to(tmp_path / "nowhere")

    loaded = load(tmp_path)

    assert [run.id for run in loaded.runs] == [SESSION]
    assert loaded.skipped.files == ((str(gone), "No such file or directory"),)


def test_progress_is_told_in_bytes_up_to_all_of_them(tmp_path: Path) -> None:
    sizes = [
        session_file(tmp_path, assistant("m1")).stat().st_size,
        agent_file(tmp_path, "a", user("x")).stat().st_size,
    ]
    told: list[tuple[int, int]] = []

    load_runs([str(tmp_path)], progress=lambda done, total: told.append((done, total)))

    assert told == [(sizes[0], sum(sizes)), (sum(sizes), sum(sizes))]


def test_empty_and_blank_files_are_no_runs_and_no_errors(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    write(tmp_path / "b.jsonl", "", "", "")
    agent_file(tmp_path, "a1")

    loaded = load(tmp_path)

    assert (loaded.runs, loaded.files, loaded.skipped) == ((), 3, Skipped())


def test_a_binary_file_is_no_run_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(bytes(range(256)) * 40)

    loaded = load(tmp_path)

    assert loaded.runs == ()
    assert (loaded.skipped.bad_lines, loaded.skipped.torn_lines) == (40, 1)


def test_a_line_over_the_limit_is_counted_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 4_000)
    monkeypatch.setattr(read, "LineBuffer", lambda: lines.LineBuffer(4_000))
    monkeypatch.setattr(read, "PIECE_BYTES", 1_000)
    path = session_file(tmp_path, assistant("m1"), user("x" * 9_000), assistant("m2", text("y" * 3_000)))

    record = read_file(str(path))

    assert [request.id for request in record.threads[0].requests] == ["m1", "m2"]
    assert record.skipped == Skipped(bad_lines=1)


@pytest.mark.parametrize("depth", [200, 900, 2_000, 50_000])
def test_a_record_nested_very_deeply_is_read_or_counted(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    path = write(
        tmp_path / "a.jsonl",
        line(assistant("m1", used=usage(1, 5))),
        f'{{"type":"assistant","message":{{"id":"d","usage":{{}},"content":[{{"type":"tool_use","input":{deep}}}]}}}}',
        f'{{"type":"attachment","attachment":{{"type":"x","content":{deep}}}}}',
        f'{{"type":"user","message":{{"content":{deep}}}}}',
        line(assistant("m2", used=usage(2, 5))),
    )

    loaded = load(path)

    ids = [request.id for request in loaded.runs[0].agents[0].requests]
    assert ids[0] == "m1"
    assert ids[-1] == "m2"
    assert loaded.skipped.bad_lines <= 3


KEYS = st.sampled_from(
    ["type", "message", "id", "model", "usage", "content", "input_tokens", "cache_creation", "attachment", "rendered",
     "data", "agentId", "isSidechain", "parentUuid", "uuid", "timestamp", "toolUseResult", "stop_reason", "name",
     "input", "tool_use_id"]
)  # fmt: skip
KINDS = st.sampled_from(
    ["user", "assistant", "progress", "attachment", "system", "summary", "cost-state", "api-request", "custom-title",
     "tool_use", "tool_result", "text", "thinking", "image", "agent_progress", "compact_boundary", "queued_command"]
)  # fmt: skip
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(KEYS, HOSTILE, max_size=8), max_size=4), KINDS)
def test_no_record_of_any_shape_stops_the_reading(records: list[dict[str, object]], kind: str) -> None:
    reader = FileReader("x")
    for number, record in enumerate(records):
        reader.feed([line({**record, "type": kind} if number % 2 else record)])
    reader.feed([line(assistant("good", used=usage(7, 5)))])

    read_back = reader.record()

    found = [request for thread in read_back.threads for request in thread.requests if request.id == "good"]
    assert [request.usage.input_tokens for request in found] == [7]
    assert decode(encode(read_back), "x") == read_back


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_a_record_of_a_file_survives_its_way_through_bytes(records: list[dict[str, object] | bytes]) -> None:
    reader = FileReader("some/path")
    reader.feed(joined(records).split(b"\n"))
    record = reader.record()

    assert decode(encode(record), "some/path") == record


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"[1,2,3,4,5,6,7,8,9,10,11,12]", b'["half'])
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data, "x")


@settings(max_examples=30, deadline=None)
@given(SESSIONS)
def test_no_request_is_counted_twice_and_none_is_lost(session: Session) -> None:
    """Every message id with usage in any counted source is in exactly one agent of the run."""
    folder = Path(tempfile.mkdtemp())
    try:
        session_file(folder, *session.main)
        for agent_id, records in session.agents.items():
            agent_file(folder, agent_id, *records)
        runs = load(folder).runs
        ids = [request.id for run in runs for agent in run.agents for request in agent.requests]
        assert len(ids) == len(set(ids))
        own = [*session.main, *(record for records in session.agents.values() for record in records)]
        written = {
            record["message"]["id"] for record in own if isinstance(record, dict) and record["type"] == "assistant"
        }
        assert written <= set(ids)
    finally:
        shutil.rmtree(folder)


def test_files_read_by_other_processes_give_the_same_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PARALLEL_FROM_BYTES", 0)
    for number in range(6):
        session_file(tmp_path, user("go"), assistant(f"m{number}", tool_use("t")), session=f"{number}{SESSION[1:]}")

    alone = load_runs([str(tmp_path)], processes=1)
    together = load_runs([str(tmp_path)], processes=3)

    assert together == alone
    assert len(alone.runs) == 6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files are read by other processes on Linux only")
def test_other_processes_do_read_the_files(tmp_path: Path) -> None:
    paths = [session_file(tmp_path, assistant(f"m{n}"), session=f"{n}{SESSION[1:]}") for n in range(4)]
    jobs = [Job(str(path), parallel.BATCH_BYTES, "main") for path in (*paths, tmp_path)]

    results = dict(read_all(jobs, 2))

    assert {path: type(result).__name__ for path, result in results.items()} == {
        **{str(path): "bytes" for path in paths},
        str(tmp_path): "str",
    }


@given(st.lists(st.integers(0, 3 * parallel.BATCH_BYTES), max_size=30))
def test_batches_hold_every_file_once_and_only_the_last_one_is_small(sizes: list[int]) -> None:
    jobs = [Job(str(number), size, "main") for number, size in enumerate(sizes)]

    groups = batches(jobs)

    assert sorted(job.path for group in groups for job in group) == sorted(job.path for job in jobs)
    assert all(sum(job.size_bytes for job in group) >= parallel.BATCH_BYTES for group in groups[:-1])
    assert all(sum(job.size_bytes for job in group[:-1]) < parallel.BATCH_BYTES for group in groups)


PARENT = os.getpid()


def dying(group: list[Job]) -> list[tuple[str, Result]]:
    """A reader that is killed, as by a want of memory."""
    assert os.getpid() != PARENT
    os._exit(9)


def test_a_run_whose_reader_dies_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [session_file(tmp_path, assistant(f"m{n}"), session=f"{n}{SESSION[1:]}") for n in range(4)]
    monkeypatch.setattr(parallel, "_read_encoded", dying)

    results = dict(read_all([Job(str(path), parallel.BATCH_BYTES, "main") for path in paths], 2))

    assert sorted(results) == [str(path) for path in paths]
    assert all(not isinstance(result, (str, bytes)) for result in results.values())


def test_versions_of_the_future_are_read_as_far_as_they_are_known(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        {
            "type": "assistant",
            "version": "9.9.9",
            "message": {"id": "m1", "usage": {"input_tokens": 3, "new": {"x": 1}}},
        },
        {"type": "turn", "version": "9.9.9"},
    )

    run = only_run(path)

    assert (run.versions, run.usage.input_tokens) == (("9.9.9",), 3)
