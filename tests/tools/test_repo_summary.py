"""repo_summary as the model sees it: whole answers, the same bytes every time, never above the budget."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mcp_lean.errors import AskError, Cancelled, Denied, Missing, OutsideWorkspace
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS, MIN_BUDGET_TOKENS
from mcp_lean.packing.tokens import cost
from mcp_lean.repo import snapshot
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.schema import slim
from mcp_lean.tools import read_many, repo_summary
from mcp_lean.tools.base import Context
from mcp_lean.tools.repo_summary import TOOL, RepoSummary, run

FILES = {
    "pyproject.toml": "[project]\nname='shop'\n[project.scripts]\nshop = 'shop.cli:main'\n[tool.pytest]\n",
    "README.md": "# Shop\n",
    "shop/__main__.py": "from shop.cli import main\nmain()\n",
    "shop/cli.py": "from shop.cart import Basket\n\ndef main_loop():\n    return Basket().add_item(read_catalog())\n",
    "shop/cart.py": "class Basket:\n    def add_item(self, item):\n        return item\n\n    def total(self): ...\n",
    "shop/catalog.py": "def read_catalog():\n    return []\n\n\ndef write_catalog(): ...\n",
    "shop/report.py": "from shop.cart import Basket\n\ndef print_report(): return Basket(), read_catalog()\n",
    "shop/empty.py": "",
    "tests/test_cart.py": "from shop.cart import Basket\ndef test_basket(): assert Basket()\n",
    "web/app.ts": "export function openShop(): void {}\n",
    "vendor/lib/lib.py": "class Basket2: ...\n",
}
ANSWER = """\
languages: Python 6 files 1 KB, TypeScript 1 file 1 KB
not ranked: 1 test, 1 vendored source; 1 .md, 1 .toml
entry: shop = shop.cli:main; python -m shop
build: pip install -e .
test: pytest
files by rank; an item is path#Symbol or path:first-last, and #Symbol goes with the path before it:
shop/cart.py#Basket 1-5, #Basket.add_item 2-3, #Basket.total 5-5
shop/report.py#print_report 3-3
shop/cli.py#main_loop 3-4
shop/catalog.py#read_catalog 1-2, #write_catalog 5-5
shop/__main__.py:1-2
shop/empty.py
web/app.ts#openShop 1-1"""
Ask = Callable[..., str]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "mcp-lean"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    write(root, FILES)
    return root


@pytest.fixture
def context(folder: Path) -> Context:
    return Context(Workspace(str(folder), {"HOME": str(folder.parent / "home")}))


@pytest.fixture
def ask(context: Context) -> Ask:
    def asked(**arguments: object) -> str:
        return run(RepoSummary.model_validate(arguments), context)

    return asked


def write(root: Path, files: dict[str, str]) -> None:
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(body, encoding="utf-8")


def rows(answer: str) -> list[str]:
    """The lines of files."""
    below = answer.partition("files by rank")[2].split("\n")[1:]
    return [row for row in below if not row.startswith(("more: ", "note: "))]


def paths(answer: str) -> list[str]:
    return [re.split(r"#|:\d", row)[0] for row in rows(answer)]


def deny(folder: Path, *patterns: str) -> None:
    write(folder, {".claude/settings.json": json.dumps({"permissions": {"deny": [f"Read({p})" for p in patterns]}})})


def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files just written count as old, so that answers are kept."""
    monkeypatch.setattr(snapshot, "FRESH_NS", 0)
    time.sleep(0.02)


# ----------------------------------------------------------------------------------------------------------- the answer


def test_a_newcomer_sees_languages_commands_and_files_by_rank(ask: Ask) -> None:
    assert ask() == ANSWER


def test_every_item_of_the_answer_is_taken_by_read_many_and_has_the_lines_it_says(ask: Ask, context: Context) -> None:
    for row in rows(ask()):
        path, *symbols = row.split("#")
        for symbol in symbols:
            name, first, last = re.fullmatch(r"(\S+) (\d+)-(\d+)(?:, )?", symbol).groups()  # type: ignore[union-attr]
            item = f"{path}#{name}"
            by_name = read_many.run(read_many.ReadMany(items=[item]), context).split("\n")[1:]
            by_lines = read_many.run(read_many.ReadMany(items=[f"{path}:{first}-{last}"]), context).split("\n")[1:]
            assert by_name == by_lines, item
        if not symbols:
            assert read_many.run(read_many.ReadMany(items=[path]), context)


def test_focus_leads_and_names_its_symbols_first(ask: Ask) -> None:
    answer = ask(focus="write catalog")

    assert rows(answer)[0] == "shop/catalog.py#write_catalog 5-5, #read_catalog 1-2"
    assert set(paths(answer)) == set(paths(ANSWER))


def test_the_tests_are_ranked_where_they_are_asked_about(ask: Ask) -> None:
    assert rows(ask(paths=["tests"])) == ["tests/test_cart.py#test_basket 2-2"]
    assert sorted(paths(ask(paths=["tests", "web"]))) == ["tests/test_cart.py", "web/app.ts"]


def test_where_there_are_only_tests_they_are_the_program(tmp_path: Path) -> None:
    write(tmp_path, {"tests/test_a.py": "def test_it(): ...\n"})

    assert rows(run(RepoSummary(), Context(Workspace(str(tmp_path), {})))) == ["tests/test_a.py#test_it 1-1"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("web", ["web/app.ts"]),
        ("./web/", ["web/app.ts"]),
        ("shop/c*.py", ["shop/cart.py", "shop/catalog.py", "shop/cli.py"]),
        ("shop/cart.py", ["shop/cart.py"]),
        (["shop", "!shop/c*.py", "!__main__.py"], ["shop/empty.py", "shop/report.py"]),
        (["!shop"], ["web/app.ts"]),
        ('["web", "shop/cli.py"]', ["shop/cli.py", "web/app.ts"]),
        ("shop/../web", ["web/app.ts"]),
        ("**/*.{ts,js}", ["web/app.ts"]),
        (["", "web"], ["web/app.ts"]),
    ],
)
def test_paths_take_folders_files_globs_and_exclusions(ask: Ask, asked: object, expected: list[str]) -> None:
    assert sorted(paths(ask(paths=asked))) == expected


@pytest.mark.parametrize("asked", [".", "./", "", [" "]])
def test_the_whole_is_asked_for_in_many_ways(ask: Ask, asked: object) -> None:
    assert ask(paths=asked) == ANSWER


def test_an_absolute_path_means_the_same(ask: Ask, folder: Path) -> None:
    assert ask(paths=str(folder / "web")) == ask(paths="web")
    assert ask(paths=f"{folder}/shop/c*.py") == ask(paths="shop/c*.py")
    assert ask(paths=str(folder)) == ANSWER


def test_paths_that_match_nothing_say_what_is_near(ask: Ask) -> None:
    with pytest.raises(Missing) as caught:
        ask(paths=["src/cart.py"])
    assert str(caught.value) == "paths: src/cart.py matches no file that is listed; nearest: shop/cart.py"

    with pytest.raises(Missing) as caught:
        ask(paths=["zzz"])
    assert str(caught.value) == (
        "paths: zzz matches no file that is listed; folders at the top: shop/, tests/, vendor/, web/"
    )


def test_an_entry_that_matches_nothing_beside_one_that_does_is_remarked(ask: Ask) -> None:
    answer = ask(paths=["web", "zzz"])

    assert paths(answer) == ["web/app.ts"]
    assert answer.endswith(
        "\nnote: paths: zzz matches no file that is listed; folders at the top: shop/, tests/, vendor/, web/"
    )


def test_paths_lead_nowhere_outside(ask: Ask, folder: Path) -> None:
    (folder / "link").symlink_to("/etc")
    for outside in ("/etc", "../..", "link", "/etc/*.conf", "../*.py"):
        with pytest.raises(OutsideWorkspace):
            ask(paths=outside)


def test_a_further_folder_is_summed_up_under_its_own_paths(folder: Path, tmp_path: Path, context: Context) -> None:
    write(tmp_path / "other", {"lib/tool.py": "def use_tool(): ...\n"})
    granted = {"permissions": {"additionalDirectories": [str(tmp_path / "other")]}}
    write(folder.parent / "home", {".claude/settings.json": json.dumps(granted)})

    answer = run(RepoSummary(paths=[str(tmp_path / "other")]), context)

    assert rows(answer) == [f"{tmp_path}/other/lib/tool.py#use_tool 1-1"]
    with pytest.raises(AskError, match="different roots"):
        run(RepoSummary(paths=["web", str(tmp_path / "other")]), context)


# ----------------------------------------------------------------------------------------------------------- deny rules


def test_what_is_denied_is_absent_from_everything(ask: Ask, folder: Path) -> None:
    deny(folder, "shop/cart.py", "./pyproject.toml", "web/**")
    answer = ask()

    assert "cart" not in answer
    assert "openShop" not in answer
    assert "shop = shop.cli:main" not in answer
    assert "TypeScript" not in answer
    with pytest.raises(Denied):
        ask(paths="shop/cart.py")


def test_a_rule_holds_whichever_path_names_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    home = {"HOME": str(tmp_path / "home")}
    for named in (folder, tmp_path / "link"):
        rule = {"permissions": {"deny": [f"Read(/{named}/shop/cart.py)"]}}
        write(tmp_path / "home", {".claude/settings.json": json.dumps(rule)})
        for root in (folder, tmp_path / "link"):
            assert "cart" not in run(RepoSummary(), Context(Workspace(str(root), home))), (named, root)


def test_a_rule_that_comes_later_is_not_answered_from_the_cache(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(monkeypatch)
    assert ask() == ANSWER

    deny(folder, "shop/cart.py")
    later = Context(Workspace(str(folder), {"HOME": str(folder.parent / "home")}))

    assert "cart" not in run(RepoSummary(), later)


def test_where_everything_is_denied_nothing_is_told(ask: Ask, folder: Path) -> None:
    deny(folder, "**")

    assert ask() == (
        "languages: no source files\n"
        "note: no source file in a language that is ranked; read_many lists a folder and reads any text file"
    )


# ---------------------------------------------------------------------------------------------------- the same bytes

SCRIPT = """
import os, sys
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools.base import Context
from mcp_lean.tools.repo_summary import RepoSummary, run
context = Context(Workspace(sys.argv[1], {}))
for focus in (None, ["basket catalog", "report"]):
    sys.stdout.write(run(RepoSummary(focus=focus), context) + "\\n\\0\\n")
"""


def in_a_process(root: Path, cache: Path, seed: str) -> str:
    environ = {**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", SCRIPT, root], env=environ, check=True, capture_output=True, text=True)
    return done.stdout


def test_the_same_tree_gives_the_same_bytes_in_every_process_cold_and_warm(folder: Path, tmp_path: Path) -> None:
    write(folder, {f"shop/more/m{i}.py": f"def more_{i}(): return more_{i * 7 % 40}(), Basket()\n" for i in range(40)})
    first = in_a_process(folder, tmp_path / "cache", "1")
    time.sleep(snapshot.FRESH_NS / 1e9 + 0.1)

    kept = in_a_process(folder, tmp_path / "cache", "2")
    warm = in_a_process(folder, tmp_path / "cache", "3")
    cold = in_a_process(folder, tmp_path / "another cache", "4")
    without = in_a_process(folder, Path("/dev/null"), "5")

    assert first == kept == warm == cold == without
    assert first.startswith("languages: Python 46 files")


def test_an_answer_is_made_once_as_long_as_nothing_changes(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(monkeypatch)
    first = ask()
    with monkeypatch.context() as patch:
        patch.setattr(repo_summary, "summarise", None)
        assert ask() == first
        with pytest.raises(TypeError):
            ask(budget=1_000)
        with pytest.raises(TypeError):
            ask(focus="cart")
        with pytest.raises(TypeError):
            ask(paths="web")
    for change in (
        lambda: write(folder, {"shop/cart.py": "class Basket: ...\n"}),
        lambda: write(folder, {"README.txt": ""}),
        lambda: write(folder, {"pyproject.toml": "[project]\n"}),
        (folder / "web/app.ts").unlink,
    ):
        change()
        time.sleep(0.02)
        before, first = first, ask()
        assert first != before


def test_an_answer_made_while_files_changed_is_not_kept(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is changed after the sweep, and put back with its old time stamp afterwards."""
    at_rest(monkeypatch)
    monkeypatch.setattr(snapshot, "_stamp", lambda found: (found.st_size, found.st_mtime_ns, found.st_mtime_ns))
    file, real, done = folder / "shop/cart.py", Snapshot.read, list[str]()
    before, content = file.stat(), file.read_bytes()

    def read(self: Snapshot, path: str, limit: int) -> object:
        if path == "shop/cart.py" and not done:
            done.append(path)
            file.write_text("class Trolley: ...\n")
        return real(self, path, limit)

    monkeypatch.setattr(Snapshot, "read", read)
    assert "#Trolley 1-1" in ask()
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert ask() == ANSWER


def test_a_damaged_or_locked_cache_changes_nothing(ask: Ask, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest(monkeypatch)
    assert ask() == ANSWER
    [file] = own_cache.glob("*.sqlite")

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert ask() == ANSWER
        assert ask(focus="cart") != ANSWER
        other.execute("ROLLBACK")
    for spoilt in (b"", b"no database" * 1_000, file.read_bytes()[:3_000], os.urandom(20_000)):
        file.write_bytes(spoilt)
        assert ask() == ANSWER
        assert ask() == ANSWER


# ----------------------------------------------------------------------------------------------------------- the budget


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("large")
    some = random.Random(7)
    for i in range(150):
        folder = f"part_{i % 7}/{'deep/' * (i % 3)}"
        body = "".join(
            f"def task_{some.randrange(150)}_{n}():\n    return task_{some.randrange(150)}_1()\n" for n in range(9)
        )
        write(root, {f"{folder}module_{i}{'_long' * (i % 20)}.py": f"class Module{i}: ...\n{body}"})
    write(root, FILES)
    return root


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    budget=st.integers(MIN_BUDGET_TOKENS, 3_000) | st.integers(MIN_BUDGET_TOKENS, MAX_BUDGET_TOKENS),
    focus=st.none() | st.lists(st.sampled_from(["task_7_1", "Module3", "cart total"]), max_size=2),
    part=st.none() | st.sampled_from([["part_1"], ["part_2", "nowhere"], ["**/deep/*.py"]]),
)
def test_an_answer_never_exceeds_its_budget_and_counts_what_it_leaves_out(
    large: Path, budget: int, focus: list[str] | None, part: list[str] | None
) -> None:
    answer = run(RepoSummary(budget=budget, focus=focus or None, paths=part), Context(Workspace(str(large), {})))
    left_out = re.search(r"^more: ([\d,]+) ranked files are left out(.*); name", answer, re.MULTILINE)
    total = {None: 157, "part_1": 22, "part_2": 22, "**/deep/*.py": 100}[part[0] if part else None]

    assert cost(answer) <= budget
    assert len(rows(answer)) + (int(left_out[1].replace(",", "")) if left_out else 0) == total
    if left_out and left_out[2]:
        counts = re.findall(r" ([\d,]+)(?=,|$)", left_out[2])
        assert sum(int(count.replace(",", "")) for count in counts) == total - len(rows(answer))


def test_a_larger_budget_shows_more_of_the_same_order(large: Path) -> None:
    context = Context(Workspace(str(large), {}))
    shown = [paths(run(RepoSummary(budget=budget), context)) for budget in (600, 2_000, 6_000)]

    assert len(shown[0]) < len(shown[1]) < len(shown[2])
    assert shown[2][: len(shown[1])] == shown[1]
    assert shown[1][: len(shown[0])] == shown[0]


def test_a_budget_above_the_limit_is_cut_and_remarked(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    at_rest(monkeypatch)

    assert ask(budget=MAX_BUDGET_TOKENS) == ANSWER
    assert ask(budget=10**9) == f"{ANSWER}\nnote: budget: {MAX_BUDGET_TOKENS} tokens used, the most there is"


# ----------------------------------------------------------------------------------------------------- odd repositories


def summary_of(root: Path) -> str:
    return run(RepoSummary(), Context(Workspace(str(root), {})))


def test_an_empty_folder_has_an_answer(tmp_path: Path) -> None:
    assert summary_of(tmp_path) == (
        "languages: no source files\n"
        "note: no source file in a language that is ranked; read_many lists a folder and reads any text file"
    )


def test_a_folder_of_data_is_counted(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "1\n", "b.csv": "2\n", "notes": "x\n", "Makefile": "test:\n"})

    assert summary_of(tmp_path) == (
        "languages: no source files\n"
        "not ranked: 2 .csv, 2 without extension\n"
        "test: make test\n"
        "note: no source file in a language that is ranked; read_many lists a folder and reads any text file"
    )


def test_one_file_is_a_repository(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def run_it(): ...\n"})

    assert rows(summary_of(tmp_path)) == ["a.py#run_it 1-1"]


def test_what_is_no_source_in_spite_of_its_name_is_counted_and_not_ranked(tmp_path: Path) -> None:
    write(tmp_path, {"real.py": "def run_it(): ...\n", "generated.py": "", "marked.py": "# @generated\ndef x(): ...\n"})
    (tmp_path / "binary.py").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "random.py").write_bytes(random.Random(3).randbytes(50_000))
    (tmp_path / "line.js").write_bytes(b"x=1;" * 2_500_000)
    (tmp_path / "small_line.js").write_bytes(b"x=1;" * 20_000)

    answer = summary_of(tmp_path)

    assert rows(answer) == ["real.py#run_it 1-1"]
    assert answer.startswith("languages: JavaScript 2 files 10.1 MB, Python 4 files 76 KB\n")


@pytest.mark.parametrize("name", ["new\nline.py", "tab\there.py", "a#b.py", "a:1-2.py", "日本.py", "sp ace.py"])
def test_odd_names_take_one_line(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "def run_it(): ...\n", "other.py": "run_it()\n"})

    answer = summary_of(tmp_path)

    assert len(rows(answer)) == 2
    assert any(row.endswith("#run_it 1-1") for row in rows(answer))


def test_a_name_that_is_no_text_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("def run_it(): ...\n")

    answer = summary_of(tmp_path)

    assert len(rows(answer)) == 1
    answer.encode()


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"outside/secret.py": "class Secret: ...\n", "project/a.py": "def run_it(): ...\n"})
    project = tmp_path / "project"
    (project / "secret.py").symlink_to(tmp_path / "outside/secret.py")
    (project / "folder").symlink_to(tmp_path / "outside")
    (project / "loop.py").symlink_to("loop.py")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)

    assert rows(summary_of(project)) == ["a.py#run_it 1-1"]


def test_files_that_vanish_or_cannot_be_read_are_left_out(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Snapshot.read

    def read(self: Snapshot, path: str, limit: int) -> object:
        if path == "shop/cli.py":
            (folder / path).unlink(missing_ok=True)
        if path == "shop/report.py":
            self.unreadable.add(path)
            return None
        return real(self, path, limit)

    monkeypatch.setattr(Snapshot, "read", read)
    answer = ask()

    assert set(paths(answer)) == set(paths(ANSWER)) - {"shop/cli.py", "shop/report.py"}
    assert answer.endswith("\nnote: 1 file could not be read")


def test_a_call_can_be_cancelled_at_any_time(folder: Path) -> None:
    class After(Event):
        def __init__(self, calls: int) -> None:
            super().__init__()
            self.left = calls

        def is_set(self) -> bool:
            self.left -= 1
            return self.left < 0

    context = Context(Workspace(str(folder), {}))
    for calls in range(0, 20, 2):
        with pytest.raises(Cancelled):
            run(RepoSummary(focus=["cart"]), Context(context.workspace, stop=After(calls)))
    assert run(RepoSummary(), context) == ANSWER


# ------------------------------------------------------------------------------------------------------- the definition


def test_the_definition_is_short(ask: Ask) -> None:
    visible = {"name": TOOL.name, "description": TOOL.description, "inputSchema": slim(TOOL.arguments)}

    assert len(json.dumps(visible, separators=(",", ":"), ensure_ascii=False).encode()) <= 520
    assert not TOOL.always_load


@pytest.mark.parametrize("given", ["cart", ["cart"], '["cart"]'])
def test_focus_is_taken_in_any_form(ask: Ask, given: object) -> None:
    assert ask(focus=given) == ask(focus=["cart"])


@pytest.mark.parametrize("nothing", [None, [], "[]"])
def test_an_empty_list_is_no_choice(ask: Ask, nothing: object) -> None:
    assert ask(paths=nothing, focus=nothing) == ANSWER


@pytest.mark.parametrize("wrong", [{"paths": 3}, {"focus": [1]}, {"budget": "many"}, {"path": "x"}])
def test_wrong_arguments_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RepoSummary.model_validate(wrong)
