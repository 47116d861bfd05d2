"""What was read before, kept on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from mcp_lean.transcripts.model import Skipped
from mcp_lean.transcripts.read import Loaded, load_runs
from mcp_lean.transcripts.store import NAME, FileState, Store

from .records import (
    agent_file,
    agent_progress,
    assistant,
    compact_boundary,
    joined,
    results,
    session_file,
    tool_result,
    tool_use,
    usage,
    user,
)


def rich_session(folder: Path) -> Path:
    """A session in which every kind of value occurs."""
    agent_file(folder, "a1", user("p"), assistant("s1", timestamp="2026-11-22T10:00:00Z"), {"type": "new-thing"})
    return session_file(
        folder,
        user("\N{ROCKET} go", gitBranch="main"),
        assistant("m1", tool_use("t1", "Agent", prompt="p", description="d"), used=usage(1, 1), effort="high"),
        results(tool_result("t1", "no", is_error=True), toolUseResult={"status": "completed", "agentId": "a1"}),
        compact_boundary(5, timestamp="2026-11-22T10:00:00Z"),
        assistant("m2", tool_use("t2"), used=usage(1, 700), stop="end_turn"),
        agent_progress("a9", assistant("x1")),
        {"type": "cost-state", "totalCostUSD": 0.5, "modelUsage": {"m": {"costUSD": 0.5}}},
        "{damaged",
    )


def load(folder: Path, store: Store | None) -> Loaded:
    return load_runs([str(folder)], store=store)


def test_what_comes_from_the_store_equals_what_was_read(tmp_path: Path) -> None:
    rich_session(tmp_path / "p")
    fresh = load(tmp_path / "p", None)
    with Store(str(tmp_path / "cache")) as store:
        first = load(tmp_path / "p", store)
    with Store(str(tmp_path / "cache")) as store:
        second = load(tmp_path / "p", store)

    assert first.runs == fresh.runs
    assert second.runs == fresh.runs
    assert first.skipped == second.skipped == fresh.skipped
    assert (first.read_files, second.read_files, second.files) == (2, 0, 2)


def test_only_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    main = rich_session(tmp_path / "p")
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
        with main.open("ab") as file:
            file.write(joined([assistant("m3", used=usage(1000, 5))]))
        again = load(tmp_path / "p", store)

    assert again.runs == load(tmp_path / "p", None).runs
    assert (again.read_files, again.read_bytes) == (1, main.stat().st_size)


def test_a_file_rewritten_with_its_old_size_is_read_again(tmp_path: Path) -> None:
    main = session_file(tmp_path / "p", assistant("m1", used=usage(1000, 5)))
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
        main.write_bytes(main.read_bytes().replace(b"1000", b"2000"))
        os.utime(main, ns=(1, 1))

        assert load(tmp_path / "p", store).runs[0].usage.input_tokens == 2000


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    main = rich_session(tmp_path / "p")
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
        main.unlink()
        load(tmp_path / "p", store)

    with sqlite3.connect(tmp_path / "cache" / NAME) as connection:
        paths = [os.fsdecode(path) for (path,) in connection.execute("SELECT path FROM readings")]
    connection.close()
    assert [os.path.basename(path) for path in paths] == ["agent-a1.jsonl"]


@pytest.mark.parametrize(
    "damage", [b"not a database at all, not even close to it" * 40, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_store_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    rich_session(tmp_path / "p")
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / NAME).write_bytes(damage)

    for expected in (2, 0):
        with Store(str(folder)) as store:
            loaded = load(tmp_path / "p", store)
            assert loaded.read_files == expected
            assert loaded.skipped.notes == ()


def test_a_store_damaged_in_the_middle_is_given_up_and_made_anew_next_time(tmp_path: Path) -> None:
    rich_session(tmp_path / "p")
    path = tmp_path / "cache" / NAME
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    with Store(str(tmp_path / "cache")) as store:
        assert load(tmp_path / "p", store).runs == load(tmp_path / "p", None).runs
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
    with Store(str(tmp_path / "cache")) as store:
        assert load(tmp_path / "p", store).read_files == 0


def test_a_kept_reading_that_is_damaged_is_read_again(tmp_path: Path) -> None:
    main = rich_session(tmp_path / "p")
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
    with sqlite3.connect(tmp_path / "cache" / NAME) as connection:
        connection.execute("UPDATE readings SET data = ? WHERE path = ?", (b'["half', os.fsencode(main)))
    connection.close()

    with Store(str(tmp_path / "cache")) as store:
        again = load(tmp_path / "p", store)

    assert again.runs == load(tmp_path / "p", None).runs
    assert again.read_files == 1


def test_a_store_of_another_version_is_emptied(tmp_path: Path) -> None:
    rich_session(tmp_path / "p")
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
    with sqlite3.connect(tmp_path / "cache" / NAME) as connection:
        connection.execute("UPDATE shape SET version = 'older'")
    connection.close()

    with Store(str(tmp_path / "cache")) as store:
        assert load(tmp_path / "p", store).read_files == 2


def test_a_folder_that_cannot_be_made_is_said_once_and_costs_nothing_else(tmp_path: Path) -> None:
    rich_session(tmp_path / "p")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with Store(str(tmp_path / "file" / "cache")) as store:
        loaded = load(tmp_path / "p", store)

    assert loaded.runs == load(tmp_path / "p", None).runs
    assert len(loaded.skipped.notes) == 1
    assert "every transcript is read anew" in loaded.skipped.notes[0]
    assert loaded.skipped + Skipped(notes=loaded.skipped.notes) == loaded.skipped


def test_texts_are_never_kept(tmp_path: Path) -> None:
    session_file(tmp_path / "p", user("SECRET-PROMPT" * 20), assistant("m1", {"type": "text", "text": "SECRET-ANSWER"}))
    with Store(str(tmp_path / "cache")) as store:
        load(tmp_path / "p", store)
        load_runs([str(tmp_path / "p")], store=store, with_text=True)

    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert kept.count(b"SECRET-ANSWER") == 0
    assert kept.count(b"SECRET-PROMPT") == 6, "the title, of 80 characters, and nothing else"


def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    with Store(str(tmp_path / "cache")):
        assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "cache" / NAME).stat().st_mode) == 0o600


def test_a_path_that_is_no_text_can_be_kept(tmp_path: Path) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    os.mkdir(folder)
    main = session_file(Path(os.fsdecode(folder)), assistant("m1"))

    with Store(str(tmp_path / "cache")) as store:
        first = load(main, store)
        second = load(main, store)

    assert first.runs == second.runs
    assert (first.runs[0].path, second.read_files) == (str(main), 0)


def test_two_stores_may_be_open_at_once(tmp_path: Path) -> None:
    state = FileState("/a", 1, 2)
    with Store(str(tmp_path)) as first, Store(str(tmp_path)) as second:
        first.put([(state, b"x")])
        second.put([(state, b"y")])

        assert first.get(state) == b"y"
        assert first.get(FileState("/a", 1, 3)) is None
