"""The order of files: what a pattern is worth, and what a file adds to its hits."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.repo.hits import rank, weights
from mcp_lean.repo.patterns import parse
from mcp_lean.repo.search import FileHits, Found


def found(patterns: list[str], files: list[FileHits], searched: int = 1_000) -> Found:
    parsed = tuple(parse(pattern) for pattern in patterns)
    return Found(parsed, tuple(sorted(files, key=lambda file: file.path)), searched, 1_000, False)


def order(patterns: list[str], *files: FileHits) -> list[str]:
    return [one.hits.path for one in rank(found(patterns, list(files)), "/nonexistent")]


def hits(path: str, *counts: int, defines: tuple[int, ...] = ()) -> FileHits:
    return FileHits(path, max(1, sum(counts)), counts, frozenset(defines))


def test_a_rare_pattern_weighs_more_than_a_common_one() -> None:
    files = [hits(f"{i}.py", 1, int(i == 0)) for i in range(100)]

    common, rare = weights(found(["common", "rare"], files))

    assert 0 < common < rare


def test_a_pattern_in_every_file_still_weighs_something() -> None:
    assert weights(found(["x"], [hits("a.py", 1)], searched=1))[0] > 0


@pytest.mark.parametrize(
    ("case", "patterns", "first", "second"),
    [
        ("a definition before uses", ["load"], hits("z.py", 1, defines=(0,)), hits("a.py", 2)),
        ("several patterns before one", ["one", "two"], hits("z.py", 1, 1), hits("a.py", 2, 0)),
        ("the program before its tests", ["load"], hits("z/net.py", 1), hits("tests/test_net.py", 9, defines=(0,))),
        ("the program before examples", ["load"], hits("z/net.py", 1), hits("examples/net.py", 3)),
        ("code before prose", ["load"], hits("z/net.py", 1), hits("README.md", 3)),
        ("tests before vendored code", ["load"], hits("tests/test_a.py", 1), hits("vendor/a.py", 9, defines=(0,))),
        ("written before generated", ["load"], hits("tests/test_a.py", 1), hits("a_pb2.py", 9, defines=(0,))),
        ("more hits before fewer", ["load"], hits("z.py", 4), hits("a.py", 1)),
        ("a file named like the pattern", ["session"], hits("z/sessions.py", 1), hits("a/other.py", 1)),
        ("a folder named like the pattern", ["session"], hits("z/session/core.py", 1), hits("a/core.py", 1)),
        ("a file that is named outright", ["src/z.py", "load"], hits("lib/src/z.py", 0, 1), hits("a.py", 1, 3)),
        ("equals by path", ["load"], hits("a.py", 1), hits("b.py", 1)),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)  # fmt: skip
def test_order(case: str, patterns: list[str], first: FileHits, second: FileHits) -> None:
    assert order(patterns, second, first) == [first.path, second.path]


def test_a_rare_pattern_in_one_file_beats_two_common_ones_in_another() -> None:
    crowd = [hits(f"c{i:03}.py", 1, 1, 0) for i in range(300)]

    ranked = order(["common", "usual", "rare"], *crowd, hits("z.py", 0, 0, 1))

    assert ranked[0] == "z.py"


def test_a_hit_in_a_short_file_weighs_more(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x\n" * 50_000, encoding="utf-8")
    (tmp_path / "short.py").write_text("x\n" * 50, encoding="utf-8")

    ranked = rank(found(["x"], [hits("long.py", 2), hits("short.py", 2)]), str(tmp_path))

    assert [one.hits.path for one in ranked] == ["short.py", "long.py"]


def test_all_files_are_in_the_order_once_also_when_there_are_very_many() -> None:
    files = [hits(f"{i:04}.py", 1 + i % 3) for i in range(2_000)]

    ranked = order(["x"], *files)

    assert sorted(ranked) == [file.path for file in files]
    assert ranked == order(["x"], *reversed(files))
