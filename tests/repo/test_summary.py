"""Choosing the files of an answer, and their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mcp_lean.repo import summary as summaries
from mcp_lean.repo.programs import quiet
from mcp_lean.repo.project_facts import Fact
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Store
from mcp_lean.repo.summary import Selection, Summary, select, summarise


def look(root: Path, files: dict[str, str], focus: Sequence[str] = ()) -> Iterator[Summary]:
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(body)
    paths = tuple(sorted(files))
    with Snapshot(str(root), paths, quiet) as snapshot, closing(Store(None)) as store:
        yield summarise(paths, select(paths, ()), focus, snapshot, store, quiet)


PATHS = ("app/a.py", "app/b.ts", "app/data.json", "app/go.mod", "tests/t.py", "vendor/v.py")


@pytest.mark.parametrize(
    ("parts", "ranked", "compared"),
    [
        ([], ["app/a.py", "app/b.ts"], ["app/a.py", "app/b.ts"]),
        ([PATHS], ["app/a.py", "app/b.ts"], ["app/a.py", "app/b.ts"]),
        ([["app/b.ts"]], ["app/b.ts"], ["app/b.ts", "app/a.py"]),
        ([["tests/t.py"]], ["tests/t.py"], ["tests/t.py", "app/a.py", "app/b.ts"]),
        ([["tests/t.py"], ["app/a.py"]], ["app/a.py", "tests/t.py"], ["app/a.py", "tests/t.py", "app/b.ts"]),
        ([["tests/t.py", "app/a.py"]], ["app/a.py"], ["app/a.py", "app/b.ts"]),
        ([["app/data.json"]], [], ["app/a.py", "app/b.ts"]),
    ],
    ids=["all", "all-by-name", "a-file", "tests", "tests-and-a-file", "a-part-with-both", "data"],
)
def test_of_each_part_the_program_is_ranked_and_compared_with_the_rest_of_it(
    parts: list[Sequence[str]], ranked: list[str], compared: list[str]
) -> None:
    asked = {path for part in parts for path in part} or PATHS

    assert select(PATHS, tuple(map(frozenset, parts))) == Selection(
        frozenset(asked), frozenset(ranked), tuple(compared), 0, ("app/go.mod",)
    )


def test_beyond_the_limit_files_are_counted_and_those_asked_about_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "MAX_RANKED", 2)
    paths = tuple(f"{name}.py" for name in "abcde")

    assert select(paths, (frozenset({"e.py"}),)).compared == ("e.py", "a.py")
    assert select(paths, ()).skipped == 3


def test_a_strong_match_outranks_a_weaker_one_with_many_neighbours(tmp_path: Path) -> None:
    files = {
        "hub.py": "class HubThing: ...\n",
        "leaf.py": "def alpha_beta_gamma(): ...\n",
        **{f"user{i}.py": f"def use_{i}(): return HubThing()\n" for i in range(9)},
    }
    [summary] = look(tmp_path, files, ["alpha beta gamma thing"])

    assert summary.ranked[:2] == ("leaf.py", "hub.py")


def test_among_equal_matches_the_neighbours_decide(tmp_path: Path) -> None:
    files = {
        "a.py": "def get_thing_a(): ...\n",
        "b.py": "def get_thing_b(): ...\n",
        **{f"user{i}.py": f"def use_{i}(): return get_thing_b()\n" for i in range(5)},
    }
    [summary] = look(tmp_path, files, ["get"])

    assert summary.ranked[:2] == ("b.py", "a.py")


def test_a_main_is_an_entry_point_where_the_language_starts_there(tmp_path: Path) -> None:
    files = {
        "cmd/shop/run.go": "package main\n\nfunc main() {}\n",
        "cmd/shop/other.go": "package main\n\nfunc main() {}\n",
        "main.go": "package main\n\nfunc main() {}\n",
        "src/tool.c": "int main(void)\n{\n    return 0;\n}\n",
        "src/lib.c": "int helper(void)\n{\n    return 0;\n}\n",
        "script.py": "def main(): ...\n",
    }
    [summary] = look(tmp_path, files)

    assert summary.facts == (
        Fact("entry", "go run ./cmd/shop", "cmd/shop/other.go"),
        Fact("entry", "go run .", "main.go"),
        Fact("entry", "main in src/tool.c", "src/tool.c"),
    )
