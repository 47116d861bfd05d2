"""Files that grow while they are read."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.transcripts import follow
from mcp_lean.transcripts.follow import Change, FileFollower, SessionFollower
from mcp_lean.transcripts.model import Usage
from mcp_lean.transcripts.read import load_runs

from .records import (
    SESSION,
    Record,
    agent_file,
    agent_progress,
    assistant,
    joined,
    line,
    results,
    session_file,
    text,
    tool_result,
    tool_use,
    usage,
    user,
    write,
)
from .sessions import SESSIONS, Session


def append(path: Path, *records: Record | str | bytes) -> None:
    with path.open("ab") as file:
        file.write(joined(records))


def seen(changes: list[Change]) -> list[tuple[str, str, int, int | None]]:
    """(agent, request, input now, input before) per change."""
    return [
        (c.agent_id, c.request.id, c.request.usage.input_tokens, c.before.usage.input_tokens if c.before else None)
        for c in changes
    ]


def full(main: Path) -> object:
    runs = load_runs([str(main), str(main.with_suffix(""))]).runs
    return runs[0] if runs else None


def test_each_look_gives_what_came_in_since_the_last_one(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    follower = SessionFollower(str(main))

    assert seen(follower.poll()) == [("main", "m1", 1, None)]
    assert follower.poll() == []
    append(main, assistant("m1", tool_use("t1"), used=usage(2, 5)), assistant("m2", used=usage(3, 5)))
    assert seen(follower.poll()) == [("main", "m1", 2, 1), ("main", "m2", 3, None)]
    append(main, results(tool_result("t1", "12345")))
    [change] = follower.poll()
    assert change.request.calls[0].result is not None
    assert change.request.usage == (change.before.usage if change.before else None)


def test_a_session_may_begin_after_its_follower(tmp_path: Path) -> None:
    follower = SessionFollower(str(tmp_path / f"{SESSION}.jsonl"))

    assert (follower.poll(), follower.run()) == ([], None)
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    assert seen(follower.poll()) == [("main", "m1", 1, None)]
    assert follower.run() == full(main)


def test_a_line_written_in_two_parts_counts_when_it_is_whole(tmp_path: Path) -> None:
    """T10. Each cut is tried, also those in the middle of a character and before the line end."""
    written = line(assistant("m1", text("\N{ROCKET}"), used=usage(7, 5))) + b"\n"
    for cut in range(1, len(written)):
        path = tmp_path / f"{cut}.jsonl"
        path.write_bytes(written[:cut])
        follower = SessionFollower(str(path))
        early = seen(follower.poll())
        with path.open("ab") as file:
            file.write(written[cut:])

        assert early + seen(follower.poll()) == [("main", "m1", 7, None)]


def test_a_file_that_lags_gives_its_lines_when_they_come(tmp_path: Path) -> None:
    """T10: a hook may come before the line that it is about; nothing is lost, nothing waits."""
    main = session_file(tmp_path, user("go"))
    follower = SessionFollower(str(main))

    assert follower.poll() == []
    append(main, assistant("m1", used=usage(1, 5)))
    assert seen(follower.poll()) == [("main", "m1", 1, None)]


def test_an_agent_that_appears_later_is_followed(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", tool_use("t1", "Agent", prompt="p"), used=usage(1, 5)))
    follower = SessionFollower(str(main))
    follower.poll()

    agent = agent_file(tmp_path, "a1", user("p"), assistant("s1", used=usage(10, 5)))
    assert seen(follower.poll()) == [("a1", "s1", 10, None)]
    append(agent, assistant("s2", used=usage(20, 5)))
    write(tmp_path / SESSION / "subagents" / "workflows" / "wf" / "agent-w1.jsonl", assistant("s3", used=usage(40, 5)))
    assert seen(follower.poll()) == [("a1", "s2", 20, None), ("w1", "s3", 40, None)]
    assert follower.run() == full(main)


def test_copies_of_an_agent_count_until_its_own_file_is_there(tmp_path: Path) -> None:
    main = session_file(tmp_path, agent_progress("a1", assistant("s1", used=usage(10, 1))))
    follower = SessionFollower(str(main))
    assert seen(follower.poll()) == [("a1", "s1", 10, None)]

    agent_file(tmp_path, "a1", assistant("s1", used=usage(10, 1)), assistant("s2", used=usage(20, 1)))
    append(main, agent_progress("a1", assistant("s2", used=usage(20, 1))))
    append(main, agent_progress("a1", assistant("only in the copy", used=usage(999, 1))))
    follower.poll()

    assert {key: agent for key, (agent, _) in follower.requests.items()} == {"s1": "a1", "s2": "a1"}
    assert sum((request.usage for _, request in follower.requests.values()), Usage()).input_tokens == 30
    assert follower.run() == full(main)


def test_a_request_that_an_agent_file_repeats_stays_with_the_first(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:00:00Z"))
    follower = SessionFollower(str(main))
    follower.poll()

    agent_file(tmp_path, "a1", assistant("m1", used=usage(10, 5), timestamp="2026-11-22T10:09:00Z"))

    assert follower.poll() == []


def test_a_file_cut_short_is_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)), assistant("m2", used=usage(2, 5)))
    follower = SessionFollower(str(main))
    follower.poll()

    session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    assert follower.poll() == []
    assert follower.run() == full(main)
    append(main, assistant("m3", used=usage(4, 5)))
    assert seen(follower.poll()) == [("main", "m3", 4, None)]
    assert sorted(follower.requests) == ["m1", "m2", "m3"], "what was billed stays billed"


def test_a_file_replaced_by_a_longer_one_is_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    follower = SessionFollower(str(main))
    follower.poll()

    other = write(tmp_path / "new", assistant("m8", used=usage(8, 5)), assistant("m9", used=usage(9, 5)))
    os.replace(other, main)

    assert seen(follower.poll()) == [("main", "m8", 8, None), ("main", "m9", 9, None)]
    assert follower.run() == full(main)


def test_a_file_replaced_by_one_of_the_same_end_is_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5), x="y" * 100))
    follower = SessionFollower(str(main))
    follower.poll()

    later = assistant("m2", used=usage(2, 5))
    os.replace(write(tmp_path / "new", assistant("m1", used=usage(7, 5), x="y" * 100), later), main)

    assert seen(follower.poll()) == [("main", "m1", 7, 1), ("main", "m2", 2, None)]


def test_an_agent_that_appears_within_one_tick_of_the_clock_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems count time in ticks of some milliseconds: a folder may change twice in one."""
    tick = time.time_ns()
    monkeypatch.setattr(follow, "_changed_ns", lambda folder: tick)
    main = session_file(tmp_path, assistant("m1"))
    agent_file(tmp_path, "a1", assistant("s1"))
    follower = SessionFollower(str(main))
    assert len(follower.poll()) == 2

    agent_file(tmp_path, "a2", assistant("s2"))

    assert [change.request.id for change in follower.poll()] == ["s2"]


def test_a_file_rewritten_in_place_is_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    follower = SessionFollower(str(main))
    follower.poll()

    with main.open("r+b") as file:  # the same file, other content, and longer than before
        file.write(joined([assistant("m8", used=usage(8, 5)), assistant("m9", used=usage(9, 5))]))

    assert seen(follower.poll()) == [("main", "m8", 8, None), ("main", "m9", 9, None)]


def test_a_record_that_went_on_after_it_looked_whole_makes_the_file_be_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    follower = SessionFollower(str(main))
    with main.open("ab") as file:
        file.write(line(assistant("m2", used=usage(2, 5))))
    follower.poll()
    with main.open("ab") as file:
        file.write(b" and more\n")
    follower.poll()

    assert follower.run() == full(main)


def test_a_file_that_vanished_leaves_what_was_seen(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    follower = SessionFollower(str(main))
    follower.poll()
    main.unlink()

    assert follower.poll() == []
    assert list(follower.requests) == ["m1"]
    assert follower.run() is None


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1", used=usage(1, 5)))
    folder = tmp_path / SESSION / "subagents" / "agent-a1.jsonl"
    agent_file(tmp_path, "a1", assistant("s1"))
    follower = SessionFollower(str(main))
    follower.poll()
    folder.unlink()
    folder.mkdir()
    append(main, assistant("m2", used=usage(2, 5)))

    assert seen(follower.poll()) == [("main", "m2", 2, None)]
    assert follower.problems == {str(folder): "Is a directory"}


def test_a_look_reads_only_what_is_new(tmp_path: Path) -> None:
    """The cost of a look does not grow with the file: the bytes before the place reached are never asked for again."""
    main = session_file(tmp_path, *(assistant(f"m{n}") for n in range(200)))
    follower = FileFollower(str(main))
    follower.poll()
    follower.touched()
    size = main.stat().st_size
    append(main, assistant("new"))
    # A hole where the old bytes were, but for the last 64: nothing of it may matter.
    with main.open("r+b") as file:
        file.write(b"\0" * (size - 64))

    assert follower.poll() is False
    assert [request.id for _, request in follower.touched()] == ["new"]
    assert len(follower.record().threads[0].requests) == 201


def test_a_look_takes_as_much_as_it_may_and_the_next_one_goes_on(tmp_path: Path) -> None:
    main = session_file(tmp_path, *(assistant(f"m{n}") for n in range(20)))
    agent_file(tmp_path, "a1", assistant("s1"))
    size = main.stat().st_size
    follower = SessionFollower(str(main))
    found, looks = [], 0
    while not looks or not follower.is_at_end:
        found.append(len(follower.poll(size // 4)))
        looks += 1

    assert looks <= 6
    assert max(found) <= 6
    assert sum(found) == len(follower.requests) == 21
    assert follower.poll(size // 4) == []


@contextmanager
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_a_last_line_that_has_no_end_yet_counts_where_a_look_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "main.jsonl"
    path.write_bytes(line(assistant("a")).rstrip())
    follower = FileFollower(str(path))

    follower.poll(path.stat().st_size)

    assert follower.file.is_at_end
    assert [request.id for _, request in follower.touched()] == ["a"]


@settings(max_examples=150, deadline=None)
@given(
    SESSIONS,
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), max_size=8),
    st.booleans(),
    st.none() | st.integers(50, 2_000),
)
def test_following_gives_what_a_full_reading_gives(
    session: Session, steps: list[tuple[int, int]], has_last_end: bool, most_bytes: int | None
) -> None:
    """T31: whatever the session, and however its files grow, byte by byte and in any order, and are read in slices."""
    with scratch() as folder:
        main = folder / f"{SESSION}.jsonl"
        data = {main: joined(session.main)}
        for agent_id, lines in session.agents.items():
            path = folder / SESSION / "subagents" / f"agent-{agent_id}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            data[path] = joined(lines)
        if not has_last_end:
            data = {path: content[:-1] for path, content in data.items()}
        paths, done = list(data), dict.fromkeys(data, 0)
        follower = SessionFollower(str(main))
        for choice, size in [*steps, *((n, 10**6) for n in range(len(paths)))]:
            path = paths[choice % len(paths)]
            with path.open("ab") as file:
                file.write(data[path][done[path] : done[path] + size])
            done[path] += size
            follower.poll(most_bytes)
            while not follower.is_at_end:
                follower.poll(most_bytes)
            assert follower.run() == full(main)
