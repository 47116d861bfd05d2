"""The cache file: what comes back, and that nothing wrong with it is ever felt."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_lean.repo import cache_files
from mcp_lean.repo import store as stores
from mcp_lean.repo.store import Row, Store

ROWS = {"a.py": Row(b"stamp", b"record" * 100), os.fsdecode(b"caf\xe9.py"): Row(b"s", b"")}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mcp-lean" / "root.sqlite"


@pytest.fixture
def filled(file: Path) -> Path:
    with closing(Store(str(file))) as store:
        store.keep_rows(ROWS, {}, ())
        store.keep_text(b"key", "text \ud800")
    return file


def content(file: Path) -> tuple[dict[str, Row], str | None]:
    with closing(Store(str(file))) as store:
        return store.rows(), store.text(b"key")


def test_what_was_kept_comes_back_in_another_process_and_for_any_path(filled: Path) -> None:
    assert content(filled) == (ROWS, "text ?")


def test_rows_are_written_touched_and_removed_as_one(filled: Path) -> None:
    with closing(Store(str(filled))) as store:
        store.keep_rows(
            {"b.py": Row(b"new", b"record")}, {"a.py": b"later", "gone.py": b"x"}, [os.fsdecode(b"caf\xe9.py")]
        )

        assert store.rows() == {"a.py": Row(b"later", b"record" * 100), "b.py": Row(b"new", b"record")}


def test_the_oldest_text_makes_room(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MAX_TEXTS", 3)
    with closing(Store(str(file))) as store:
        for key in (b"1", b"2", b"1", b"3", b"4"):
            store.keep_text(key, key.decode())

        assert [store.text(key) for key in (b"1", b"2", b"3", b"4")] == ["1", None, "3", "4"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.write_bytes(b"no database at all" * 500), id="not-a-database"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:5_000]), id="cut-off"),
        pytest.param(lambda file: execute(file, "DROP TABLE files"), id="table-missing"),
        pytest.param(lambda file: execute(file, "ALTER TABLE texts RENAME COLUMN record TO other"), id="other-columns"),
        pytest.param(lambda file: execute(file, "PRAGMA user_version = 1"), id="older-version"),
        pytest.param(lambda file: execute(file, "PRAGMA user_version = 2147483647"), id="newer-version"),
        pytest.param(
            lambda file: execute(file, "DROP TABLE files; CREATE VIEW files AS SELECT 1; PRAGMA user_version = 3"),
            id="other-schema",
        ),
    ],
)
def test_a_spoilt_file_is_replaced_within_the_call(filled: Path, spoil: Callable[[Path], None]) -> None:
    spoil(filled)
    with closing(Store(str(filled))) as store:
        store.rows(), store.text(b"key")
        store.keep_rows(ROWS, {}, ())
        store.keep_text(b"key", "again")

    assert content(filled) == (ROWS, "again")


def execute(file: Path, statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)


anywhere = st.integers(0, 1 << 30)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(anywhere | st.integers(0, 4_000), st.integers(1, 255)), min_size=1, max_size=20))
def test_flipped_bits_lose_rows_and_never_change_one(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    """Anywhere, and on the first page, where the header and the tables' definitions stand."""
    file = tmp_path / "flipped.sqlite"
    large = {f"{i}.py": Row(b"stamp", b"%d" % i * 3_000) for i in range(20)}
    file.unlink(missing_ok=True)
    with closing(Store(str(file))) as store:
        store.keep_rows(large, {}, ())
        store.keep_text(b"key", "text" * 1_000)
    spoilt = bytearray(file.read_bytes())
    for where, bits in flips:
        spoilt[where % len(spoilt)] ^= bits
    file.write_bytes(spoilt)

    rows, text = content(file)

    assert text in (None, "text" * 1_000)
    assert {path: row.record for path, row in rows.items()}.items() <= {p: r.record for p, r in large.items()}.items()


def test_another_process_at_work_is_waited_for_once_and_then_done_without(filled: Path) -> None:
    with closing(sqlite3.connect(filled, isolation_level=None)) as other, closing(Store(str(filled))) as store:
        other.execute("BEGIN IMMEDIATE")
        assert store.text(b"key") == "text ?"  # reading goes on beside a writer
        store.keep_text(b"new", "not kept")
        assert store.rows() == {}  # without the cache for the rest of this call
        other.execute("ROLLBACK")

    assert content(filled) == (ROWS, "text ?")


def test_two_stores_write_in_turn(filled: Path) -> None:
    with closing(Store(str(filled))) as one, closing(Store(str(filled))) as other:
        one.keep_text(b"1", "one")
        other.keep_text(b"2", "two")
        one.keep_rows({"c.py": Row(b"", b"c")}, {}, ())

        assert (one.text(b"2"), other.text(b"1")) == ("two", "one")
        assert other.rows() == {**ROWS, "c.py": Row(b"", b"c")}


def test_a_file_replaced_under_an_open_store_harms_neither(filled: Path) -> None:
    with closing(Store(str(filled))) as old:
        assert old.rows() == ROWS
        cache_files.remove(str(filled))
        with closing(Store(str(filled))) as new:
            new.keep_text(b"key", "new")
            assert old.rows() == ROWS

    assert content(filled) == ({}, "new")


def no_folder(folder: Path) -> Path:
    folder.write_text("a file stands where the cache folder should be")
    return folder / "root.sqlite"


def a_folder_there(folder: Path) -> Path:
    (folder / "root.sqlite").mkdir(parents=True)
    return folder / "root.sqlite"


@pytest.mark.parametrize("place", [no_folder, a_folder_there])
def test_without_a_place_for_the_file_there_is_no_cache_and_no_error(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    with closing(Store(str(place(tmp_path / "cache")))) as store:
        store.keep_rows(ROWS, {}, ())
        store.keep_text(b"key", "text")

        assert (store.rows(), store.text(b"key")) == ({}, None)


def test_a_damaged_file_that_cannot_be_removed_is_done_without(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    filled.write_bytes(b"no database at all" * 500)
    monkeypatch.setattr(os, "remove", refuse)
    with closing(Store(str(filled))) as store:
        store.keep_text(b"key", "text")

        assert (store.rows(), store.text(b"key")) == ({}, None)


def test_a_store_without_a_file_is_empty() -> None:
    store = Store(None)
    store.keep_text(b"key", "text")

    assert (store.rows(), store.text(b"key")) == ({}, None)


def test_a_full_disk_is_no_error(filled: Path) -> None:
    with closing(Store(str(filled))) as store:
        assert store._connection is not None
        store._connection.execute("PRAGMA max_page_count = 1")
        store.keep_text(b"big", "x" * 1_000_000)

    assert content(filled) == (ROWS, "text ?")


def test_a_relative_home_holds_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with_no_home = Store.of(str(tmp_path), {"HOME": "relative"})
    with_no_home.keep_text(b"key", "text")

    assert with_no_home.text(b"key") is None
    assert list(tmp_path.iterdir()) == []


def test_a_root_has_one_file_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for name in ("real", "link", "real/../link"):
        Store.of(str(tmp_path / name), environ).close()

    [file] = (tmp_path / "cache/mcp-lean").glob("*.sqlite")
    assert file.stat().st_size > 0
    assert (tmp_path / "cache/mcp-lean").stat().st_mode & 0o77 == 0  # names of private code stand in it


@pytest.fixture
def neighbours(file: Path) -> Callable[[str, float, int], Path]:
    def make(name: str, age_seconds: float, size: int) -> Path:
        other = file.parent / name
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(b"x" * size)
        then = time.time() - age_seconds
        os.utime(other, (then, then))
        return other

    return make


def test_files_unused_for_a_month_are_removed_and_strangers_stay(
    file: Path, neighbours: Callable[[str, float, int], Path]
) -> None:
    old = neighbours("old.sqlite", cache_files.MAX_AGE_SECONDS + 60, 10)
    wal = neighbours("old.sqlite-wal", cache_files.MAX_AGE_SECONDS + 60, 10)
    recent = neighbours("recent.sqlite", cache_files.MAX_AGE_SECONDS - 60, 10)
    stranger = neighbours("notes.txt", cache_files.MAX_AGE_SECONDS + 60, 10)
    Store(str(file)).close()

    assert [path.exists() for path in (old, wal, recent, stranger, file)] == [False, False, True, True, True]


def test_a_folder_that_grows_too_large_loses_its_longest_unused_files(
    file: Path, neighbours: Callable[[str, float, int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_files, "MAX_FOLDER_BYTES", 250)
    files = [neighbours(f"{hours}.sqlite", hours * 3600, 100) for hours in (5, 4, 3, 0.1)]
    Store(str(file)).close()

    assert [path.exists() for path in files] == [False, False, True, True]


def test_a_file_that_grew_too_large_starts_anew(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "MAX_FILE_BYTES", 100)

    assert content(filled) == ({}, None)


def test_another_version_of_the_code_starts_anew(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "engine_number", lambda: 12_345)

    assert content(filled) == ({}, None)
