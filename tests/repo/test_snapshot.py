"""Stamps, fingerprints, and noticing that a file is not what it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.errors import Cancelled
from mcp_lean.repo import snapshot as snapshots
from mcp_lean.repo.programs import quiet
from mcp_lean.repo.snapshot import FRESH_NS, Snapshot, is_fresh

HOUR_NS = 3_600_000_000_000
MB = 1 << 20


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that have been at rest for an hour, by the modification time; the other time cannot be set back."""
    monkeypatch.setattr(snapshots, "_stamp", lambda found: (found.st_size, found.st_mtime_ns, found.st_mtime_ns))
    for name in ("a.py", "b/c.py"):
        write(tmp_path / name, "text\n")
    return tmp_path


def write(file: Path, text: str, age_ns: int = HOUR_NS) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    then = time.time_ns() - age_ns
    os.utime(file, ns=(then, then))


def take(root: Path, *paths: str, check: Callable[[], None] = quiet) -> Snapshot:
    return Snapshot(str(root), paths, check)


def test_only_regular_files_reached_without_a_link_have_a_stamp(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_text("a")
    (tmp_path / "link.py").symlink_to("real/a.py")
    (tmp_path / "folder").symlink_to("real")
    os.mkfifo(tmp_path / "pipe.py")

    with take(tmp_path, "folder/a.py", "gone.py", "gone/a.py", "link.py", "pipe.py", "real", "real/a.py") as snapshot:
        assert set(snapshot.stamps) == {"real/a.py"}
        assert snapshot.read("link.py", MB) is None
        assert snapshot.read("pipe.py", MB) is None


def test_content_comes_with_the_stamp_it_was_read_under(old: Path) -> None:
    with take(old, "a.py") as snapshot:
        assert snapshot.read("a.py", MB) == (b"text\n", snapshot.stamps["a.py"])
        assert snapshot.read("a.py", 4) is None
        assert snapshot.is_settled


def test_the_fingerprint_is_of_paths_and_stamps_in_any_order(old: Path) -> None:
    with take(old, "a.py", "b/c.py") as one, take(old, "b/c.py", "a.py") as other, take(old, "a.py") as part:
        assert one.fingerprint() == other.fingerprint() != part.fingerprint()
    write(old / "a.py", "test\n")
    with take(old, "a.py", "b/c.py") as later:
        assert later.fingerprint() != one.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: write(root / "a.py", "other\n"), id="written"),
        pytest.param(lambda root: (root / "a.py").unlink(), id="deleted"),
        pytest.param(lambda root: os.replace(root / "b/c.py", root / "a.py"), id="replaced"),
    ],
)
def test_a_file_that_changes_after_the_sweep_unsettles_it(old: Path, change: Callable[[Path], object]) -> None:
    with take(old, "a.py", "b/c.py") as snapshot:
        change(old)
        snapshot.read("a.py", MB)

        assert not snapshot.is_settled


def test_a_file_just_written_can_change_again_unseen(old: Path) -> None:
    write(old / "a.py", "new\n", age_ns=0)

    with take(old, "a.py") as snapshot:
        assert not snapshot.is_settled
    assert is_fresh((1, 0, 5), 5 + FRESH_NS - 1)
    assert not is_fresh((1, 0, 5), 5 + FRESH_NS)


def test_a_file_dated_in_the_future_is_never_at_rest(old: Path) -> None:
    write(old / "a.py", "new\n", age_ns=-HOUR_NS)

    with take(old, "a.py") as snapshot:
        assert not snapshot.is_settled


def test_a_file_that_may_not_be_read_is_counted_and_unsettles_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    with take(old, "a.py") as snapshot:
        monkeypatch.setattr(os, "open", refuse)

        assert snapshot.read("a.py", MB) is None
        assert snapshot.unreadable == {"a.py"}
        assert snapshot.is_settled


def test_files_in_a_folder_that_may_not_be_entered_are_counted(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.lstat

    def refuse(path: str, **more: int) -> os.stat_result:
        if path.startswith("b/"):
            raise PermissionError(13, "Permission denied")
        return real(path, **more)

    monkeypatch.setattr(os, "lstat", refuse)
    with take(old, "a.py", "b/c.py", "b/deep/d.py") as snapshot:
        assert set(snapshot.stamps) == {"a.py"}
        assert snapshot.unreadable == {"b/c.py", "b/deep/d.py"}


def test_a_sweep_can_be_cancelled_and_lets_go_of_the_folder(old: Path) -> None:
    def stop() -> None:
        raise Cancelled("stop")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Cancelled):
        take(old, "a.py", check=stop)

    assert len(os.listdir("/proc/self/fd")) == before
