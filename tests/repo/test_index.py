"""Tags kept between calls are always those that a first look would find."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.errors import Cancelled
from mcp_lean.repo import index, snapshot
from mcp_lean.repo.index import MAX_BYTES, tags_of
from mcp_lean.repo.programs import quiet
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Row, Store
from mcp_lean.repo.tags import Tags

ONE, TWO = "def read_one(): ...\n", "def read_two(): ...\n"
assert len(ONE) == len(TWO)


def look(root: Path, file: Path | None, wanted: Sequence[str] | None = None) -> list[Tags]:
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*.py"))
    with Snapshot(str(root), paths, quiet) as taken, closing(Store(str(file) if file else None)) as store:
        return tags_of(paths if wanted is None else wanted, taken, store, quiet)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files are read."""
    paths: list[str] = []
    real = Snapshot.read

    def read(self: Snapshot, path: str, limit: int) -> object:
        paths.append(path)
        return real(self, path, limit)

    monkeypatch.setattr(Snapshot, "read", read)
    return paths


def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files just written count as old. Their times must then differ for each content, as they do after two seconds."""
    monkeypatch.setattr(snapshot, "FRESH_NS", 0)
    time.sleep(0.02)


def test_a_file_at_rest_is_read_once(root: Path, file: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.py").write_text(ONE)
    (root / "b.py").write_text(TWO)
    at_rest(monkeypatch)
    first = look(root, file)
    assert reads == ["a.py", "b.py"]

    (root / "b.py").write_text(ONE + TWO)
    time.sleep(0.02)
    second = look(root, file)

    assert reads == ["a.py", "b.py", "b.py"]
    assert second == look(root, None) != first


def test_a_file_written_within_two_seconds_of_being_read_is_read_again(
    root: Path, file: Path, reads: list[str]
) -> None:
    """Git's racy rule: a second write of the same size may leave the same time stamp."""
    (root / "a.py").write_text(ONE)
    look(root, file)
    look(root, file)

    assert reads == ["a.py", "a.py"]


def test_an_edit_that_leaves_size_and_time_alone_is_seen_soon_after(
    root: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_stamp", lambda found: (found.st_size, found.st_mtime_ns, found.st_mtime_ns))
    (root / "a.py").write_text(ONE)
    before = (root / "a.py").stat()
    assert look(root, file)[0].names == b"read_one:1"

    (root / "a.py").write_text(TWO)
    os.utime(root / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert look(root, file)[0].names == b"read_two:1"


def test_a_time_set_back_does_not_hide_an_edit(root: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cp -p`, `tar` and editors set the modification time; the time of the status change is the system's."""
    (root / "a.py").write_text(ONE)
    at_rest(monkeypatch)
    before = (root / "a.py").stat()
    look(root, file)

    (root / "a.py").write_text(TWO)
    os.utime(root / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    time.sleep(0.02)

    assert look(root, file)[0].names == b"read_two:1"


def test_the_same_content_under_a_new_stamp_is_not_looked_at_again(
    root: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.py").write_text(ONE)
    first = look(root, file)
    os.utime(root / "a.py", ns=(5, 5))
    monkeypatch.setattr(index, "tag", None)

    assert look(root, file) == first


def test_rows_of_files_that_are_gone_are_removed_and_those_not_asked_for_stay(root: Path, file: Path) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (root / name).write_text(ONE)
    look(root, file)
    (root / "b.py").unlink()
    assert [tags.path for tags in look(root, file, ["a.py"])] == ["a.py"]

    with closing(Store(str(file))) as store:
        assert sorted(store.rows()) == ["a.py", "c.py"]


def test_what_cannot_be_tagged_is_left_out(root: Path, file: Path) -> None:
    (root / "a.py").write_text(ONE)
    (root / "long.py").write_bytes(b"x" * (MAX_BYTES + 1))
    (root / "folder.py").mkdir()
    (root / "link.py").symlink_to("a.py")

    assert [tags.path for tags in look(root, file, ["a.py", "folder.py", "gone.py", "link.py", "long.py"])] == ["a.py"]


@pytest.mark.parametrize("stamp", [b"", b"short", b"\0" * 32], ids=["empty", "short", "zeros"])
def test_a_stamp_that_makes_no_sense_is_no_stamp(root: Path, file: Path, stamp: bytes) -> None:
    (root / "a.py").write_text(ONE)
    look(root, file)
    with closing(Store(str(file))) as store:
        store.keep_rows({"a.py": Row(stamp, store.rows()["a.py"].record)}, {}, ())

    assert look(root, file) == look(root, None)


def test_a_look_can_be_cancelled(root: Path, file: Path) -> None:
    (root / "a.py").write_text(ONE)

    def stop() -> None:
        raise Cancelled("stop")

    with Snapshot(str(root), ["a.py"], quiet) as taken, pytest.raises(Cancelled):
        tags_of(["a.py"], taken, Store(None), stop)


NAMES = ("a.py", "b.py", "pkg/c.py", "pkg/d.py")
SOURCES = (ONE, TWO, "class Session: ...\n", "", "x = open_file()\n" * 20, "\0", "a=1;" * 5_000)
write = st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(SOURCES))
delete = st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just(""))
rename = st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES))
touch = st.tuples(st.just("touch"), st.sampled_from(NAMES), st.just(""))
step = write | write | delete | rename | touch | st.tuples(st.just("look"), st.just(""), st.just(""))


@settings(max_examples=40, deadline=None)
@given(st.lists(step, min_size=1, max_size=12), st.booleans())
def test_after_any_edits_a_warm_look_finds_what_a_cold_one_finds(
    steps: list[tuple[str, str, str]], rests: bool
) -> None:
    """With `rests`, time stamps are trusted at once, and every write gets a time of its own."""
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        root, file = Path(scratch, "root"), Path(scratch, "cache.sqlite")
        (root / "pkg").mkdir(parents=True)
        if rests:
            patch.setattr(snapshot, "FRESH_NS", -(10**12))
        for number, (what, name, other) in enumerate(steps):
            path = root / name
            if what == "write":
                path.write_text(other)
                os.utime(path, ns=(number + 1, number + 1))
            elif what == "look":
                look(root, file)
            elif path.exists():
                if what == "delete":
                    path.unlink()
                elif what == "rename":
                    shutil.move(path, root / other)
                else:
                    os.utime(path, ns=(number + 1, number + 1))
            assert look(root, file) == look(root, None)
