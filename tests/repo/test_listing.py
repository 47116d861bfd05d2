"""What git itself lists is the truth; the other engines are held against it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mcp_lean.errors import Cancelled, EngineMissing
from mcp_lean.repo import listing, programs, ripgrep
from mcp_lean.repo.listing import Listing, glob_paths, list_files


@pytest.fixture(autouse=True)
def own_git_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's configuration stays out; submodules from local paths are allowed."""
    file = tmp_path_factory.mktemp("config") / "gitconfig"
    file.write_text('[protocol "file"]\nallow = always\n[user]\nname = t\nemail = t@example.org\n', encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    return file


def git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(("git", *arguments), cwd=folder, check=True, capture_output=True).stdout


def write(folder: Path, *names: str, text: str = "x\n") -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def what_git_says(folder: Path) -> tuple[str, ...]:
    output = git(folder, "ls-files", "-z", "-co", "--exclude-standard")
    return tuple(sorted({os.fsdecode(name) for name in output.split(b"\0")[:-1]}))


@pytest.fixture
def without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ripgrep, "GIT", ("no-such-git",))
    monkeypatch.setattr(listing, "GIT", ("no-such-git",))


@pytest.fixture
def without_rg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ripgrep, "program", lambda: None)


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A repository with every rule that engines have been seen to get wrong."""
    root = tmp_path / "traps"
    root.mkdir()
    git(root, "init", "-q")
    write(root, "kept.py", "build/out.o", "sub/build/out.o", "sub/deep/kept.c", "vendor/lib.c", "vendor/keep/lib.c")
    write(
        root,
        "a.log",
        "important.log",
        "sub/b.log",
        "#hash",
        "spaced ",
        "file1.tmp",
        "fileA.tmp",
        "anchored/x",
        "sub/anchored/x",
    )
    write(
        root,
        "only-excluded.txt",
        "named.by.ignore",
        "sub/local.cfg",
        "sub/deep/local.cfg",
        "-leading",
        "a b/c d.txt",
        ":(top)x",
    )
    write(root, "new\nline.txt", "[brackets].py", "tracked.secret", ".hidden/.dot")
    (root / os.fsdecode(b"latin-\xe9.txt")).write_text("x\n", encoding="utf-8")
    (root / "link").symlink_to("kept.py")
    (root / "folder-link").symlink_to("sub")
    (root / ".gitignore").write_text(
        "build/\n*.log\n!important.log\nvendor/*\n!vendor/keep/\n/anchored\n"
        "\\#hash\nspaced\\ \nfile[0-9].tmp\n*.secret\n",
        encoding="utf-8",
    )
    (root / "sub" / ".gitignore").write_text("local.cfg\n!deep/local.cfg\n", encoding="utf-8")
    (root / ".git" / "info" / "exclude").write_text("only-excluded.txt\n", encoding="utf-8")
    (root / ".ignore").write_text("named.by.ignore\n", encoding="utf-8")
    git(root, "add", ".")
    git(root, "add", "-f", "tracked.secret")
    return root


def test_a_repository_is_listed_exactly_as_git_lists_it(traps: Path) -> None:
    assert list_files(str(traps)) == Listing(what_git_says(traps), "git")


def test_a_folder_below_the_top_is_listed_relative_to_itself(traps: Path) -> None:
    assert list_files(str(traps / "sub")) == Listing(
        (".gitignore", "anchored/x", "deep/kept.c", "deep/local.cfg"), "git"
    )


def test_the_person_s_own_ignore_file_counts(traps: Path, own_git_configuration: Path) -> None:
    ignore = own_git_configuration.with_name("ignore")
    ignore.write_text("mine.txt\n", encoding="utf-8")
    with own_git_configuration.open("a", encoding="utf-8") as stream:
        stream.write(f"[core]\nexcludesFile = {ignore}\n")
    write(traps, "mine.txt")

    assert "mine.txt" not in list_files(str(traps)).paths


def test_without_git_rg_gives_the_same_but_for_tracked_ignored_files_and_symlinks(
    traps: Path, without_git: None
) -> None:
    found = list_files(str(traps))

    assert set(what_git_says(traps)) - set(found.paths) == {"tracked.secret", "link", "folder-link"}
    assert set(found.paths) - set(what_git_says(traps)) == set()
    assert found.engine == "rg"
    assert found.note.startswith("not listed by git")


def test_without_git_a_folder_below_the_top_still_follows_the_rules_above(traps: Path, without_git: None) -> None:
    assert list_files(str(traps / "sub")).paths == (".gitignore", "anchored/x", "deep/kept.c", "deep/local.cfg")


def test_without_git_and_rg_the_walk_gives_the_same_list_and_says_what_it_is(
    traps: Path, without_git: None, without_rg: None
) -> None:
    found = list_files(str(traps))

    assert set(what_git_says(traps)) ^ set(found.paths) == {"tracked.secret", "link", "folder-link"}
    assert (found.engine, found.note) == (
        "python",
        "listed without git and rg: slow, and ignored files that are tracked all the same are missing",
    )


@pytest.mark.parametrize("engine", ["rg", "python"])
def test_outside_a_repository_ignore_files_count_all_the_same(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "kept.py", "sub/build/o", ".hidden/kept", "other/.git/config", "sub/x.log")
    (tmp_path / ".gitignore").write_text("build\n", encoding="utf-8")
    (tmp_path / "sub" / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (tmp_path / ".ignore").write_text("kept.py\n", encoding="utf-8")
    if engine == "python":
        monkeypatch.setattr(ripgrep, "program", lambda: None)

    found = list_files(str(tmp_path))

    assert found.paths == (".gitignore", ".hidden/kept", ".ignore", "kept.py", "sub/.gitignore")
    assert found.engine == engine


def test_a_stray_ignore_file_above_a_plain_folder_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n", encoding="utf-8")
    write(tmp_path, "project/kept.py")

    assert list_files(str(tmp_path / "project")) == Listing(("kept.py",), "rg")


def test_a_folder_that_the_repository_around_it_ignores_is_listed_by_its_own_rules(traps: Path) -> None:
    write(traps, "build/job/kept.py", "build/job/out.tmp")
    (traps / "build" / "job" / ".gitignore").write_text("*.tmp\n", encoding="utf-8")

    found = list_files(str(traps / "build" / "job"))

    assert (found.engine, found.paths) == ("rg", (".gitignore", "kept.py"))


def test_a_tracked_file_that_was_deleted_on_disk_is_still_listed(traps: Path) -> None:
    """Promised in the docstring: the reader drops it, the listing does not ask the disk about each file."""
    (traps / "kept.py").unlink()

    assert "kept.py" in list_files(str(traps)).paths


def test_a_path_in_conflict_is_listed_once(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "f.txt", text="base\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "base")
    git(tmp_path, "checkout", "-qb", "other")
    write(tmp_path, "f.txt", text="theirs\n")
    git(tmp_path, "commit", "-qam", "theirs")
    git(tmp_path, "checkout", "-q", "-")
    write(tmp_path, "f.txt", text="ours\n")
    git(tmp_path, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "merge", "other")
    assert git(tmp_path, "ls-files", "-u").count(b"\n") == 3

    assert list_files(str(tmp_path)) == Listing(("f.txt",), "git")


def test_submodules_and_nested_repositories_are_listed_to_their_last_file(tmp_path: Path) -> None:
    inner, middle, outer = (tmp_path / name for name in ("inner", "middle", "outer"))
    for repository in (inner, middle, outer):
        repository.mkdir()
        git(repository, "init", "-q")
        write(repository, "own.txt")
        git(repository, "add", ".")
        git(repository, "commit", "-qm", "one")
    git(middle, "submodule", "--quiet", "add", str(inner), "deps/inner")
    git(middle, "commit", "-qm", "two")
    git(outer, "submodule", "--quiet", "add", str(middle), "mid")
    git(outer, "submodule", "--quiet", "update", "--init", "--recursive")
    git(outer, "clone", "-q", str(inner), "nested")
    write(outer, "nested/new.txt", "mid/deps/inner/new.txt")

    assert list_files(str(outer)) == Listing(
        (
            ".gitmodules",
            "mid/.gitmodules",
            "mid/deps/inner/new.txt",
            "mid/deps/inner/own.txt",
            "mid/own.txt",
            "nested/new.txt",
            "nested/own.txt",
            "own.txt",
        ),
        "git",
    )


def test_a_submodule_that_was_never_fetched_is_no_file(tmp_path: Path) -> None:
    inner, outer, copy = (tmp_path / name for name in ("inner", "outer", "copy"))
    for repository in (inner, outer):
        repository.mkdir()
        git(repository, "init", "-q")
        write(repository, "own.txt")
        git(repository, "add", ".")
        git(repository, "commit", "-qm", "one")
    git(outer, "submodule", "--quiet", "add", str(inner), "sub")
    git(outer, "commit", "-qm", "two")
    git(tmp_path, "clone", "-q", str(outer), str(copy))

    assert list_files(str(copy)) == Listing((".gitmodules", "own.txt"), "git")


def test_a_worktree_is_listed_with_the_exclude_file_of_its_repository(traps: Path) -> None:
    git(traps, "commit", "-qm", "one")
    git(traps, "worktree", "add", "-q", "../tree")
    tree = traps.parent / "tree"
    write(tree, "only-excluded.txt", "new.txt")

    assert list_files(str(tree)) == Listing(tuple(sorted({*what_git_says(traps), "new.txt"})), "git")


def test_an_empty_repository_has_no_files(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert list_files(str(tmp_path)) == Listing((), "git")


def test_a_broken_repository_is_listed_by_rg_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, ".git/HEAD", "a.txt")

    assert list_files(str(tmp_path)) == Listing(
        ("a.txt",), "rg", "not listed by git: ignored files that are tracked all the same are missing, and symlinks"
    )


@pytest.mark.parametrize(
    "setting",
    [
        ("core.fsmonitor", "{program}"),
        ("core.hooksPath", "{folder}"),
        ("core.pager", "{program}"),
        ("core.sshCommand", "{program}"),
        ("alias.ls-files", "!{program}"),
        ("core.alternateRefsCommand", "{program}"),
        ("filter.evil.clean", "{program}"),
        ("filter.evil.process", "{program}"),
    ],
    ids=lambda setting: setting[0],
)
def test_a_hostile_configuration_runs_no_program(traps: Path, setting: tuple[str, str]) -> None:
    folder = traps.parent / "hooks"
    folder.mkdir()
    witness = traps.parent / "witness"
    for name in ("program", "fsmonitor-watchman", "post-index-change", "post-checkout"):
        (folder / name).write_text(f"#!/bin/sh\necho ran >> {witness}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    (traps / ".gitattributes").write_text("* filter=evil\n", encoding="utf-8")
    git(traps, "config", setting[0], setting[1].format(program=folder / "program", folder=folder))
    before = (traps / ".git" / "index").read_bytes()

    found = list_files(str(traps))

    assert "kept.py" in found.paths
    assert not witness.exists()
    assert (traps / ".git" / "index").read_bytes() == before


def test_the_witness_of_the_hostile_test_would_speak(traps: Path) -> None:
    """The same file system monitor does run when git is called without our options."""
    program, witness = traps.parent / "program", traps.parent / "witness"
    program.write_text(f"#!/bin/sh\necho ran >> {witness}\n", encoding="utf-8")
    program.chmod(0o755)
    git(traps, "config", "core.fsmonitor", str(program))
    git(traps, "ls-files", "-co", "--exclude-standard")

    assert witness.exists()


def test_a_work_tree_that_the_configuration_puts_elsewhere_is_not_followed(traps: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, "private.txt")
    git(traps, "config", "core.worktree", str(elsewhere))

    found = list_files(str(traps))

    assert found.engine == "rg"
    assert "private.txt" not in found.paths
    assert "kept.py" in found.paths


def test_a_bare_repository_in_the_tree_is_a_folder_like_any_other(traps: Path) -> None:
    git(traps, "init", "-q", "--bare", "planted.git")

    assert list_files(str(traps / "planted.git")).engine == "rg"
    assert "planted.git/HEAD" in list_files(str(traps)).paths


def test_variables_of_a_surrounding_git_hook_do_not_redirect_the_listing(
    traps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(traps / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(traps))
    plain = tmp_path / "plain"
    write(plain, "a.txt")

    assert list_files(str(plain)) == Listing(("a.txt",), "rg")


def test_a_cancelled_listing_ends_and_leaves_no_process(traps: Path) -> None:
    def check() -> None:
        raise Cancelled("the call was cancelled")

    with pytest.raises(Cancelled):
        list_files(str(traps), check=check)


def test_leaving_early_kills_the_program() -> None:
    with programs.running(("sleep", "1000"), cwd="/") as program:
        process = program._process
    assert process.returncode == -9


def test_a_check_that_raises_is_heard_while_the_program_is_silent() -> None:
    answers: Iterator[bool] = iter([False, False, True])

    def check() -> None:
        if next(answers):
            raise Cancelled("the call was cancelled")

    with pytest.raises(Cancelled):
        programs.run(("sleep", "1000"), cwd="/", check=check)


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="gone: No such file or directory"):
        list_files(str(tmp_path / "gone"))


PATHS = (
    "-x.py",
    "README.md",
    "app/[id]/page.tsx",
    "app/i/page.tsx",
    "lib/src/d.ts",
    "new\nline.py",
    "src/a.ts",
    "src/deep/b.ts",
    "src/deep/c.tsx",
    "src/deep/e.py",
    "test",
    "tests/test_a.py",
)


@pytest.mark.parametrize(
    ("patterns", "meant"),
    [
        ([], ()),
        ([""], ()),
        (["*.py"], ("-x.py", "new\nline.py", "src/deep/e.py", "tests/test_a.py")),
        (["src/**/*.ts"], ("src/a.ts", "src/deep/b.ts")),
        (["src/*.ts"], ("src/a.ts",)),
        (["src"], ("src/a.ts", "src/deep/b.ts", "src/deep/c.tsx", "src/deep/e.py")),
        (["./src/"], ("src/a.ts", "src/deep/b.ts", "src/deep/c.tsx", "src/deep/e.py")),
        (["deep"], ("src/deep/b.ts", "src/deep/c.tsx", "src/deep/e.py")),
        (["test"], ("test",)),
        (["src/a.ts", "README.md"], ("README.md", "src/a.ts")),
        (["src/**/*.{ts,tsx}"], ("src/a.ts", "src/deep/b.ts", "src/deep/c.tsx")),
        (["{lib,tests}/**"], ("lib/src/d.ts", "tests/test_a.py")),
        (["app/[id]/page.tsx"], ("app/[id]/page.tsx",)),
        (["app/[id]"], ("app/[id]/page.tsx",)),
        (["app/[ij]/page.tsx"], ("app/i/page.tsx",)),
        (["-x.py"], ("-x.py",)),
        (["new\nline.py"], ("new\nline.py",)),
        (["src", "!*.py"], ("src/a.ts", "src/deep/b.ts", "src/deep/c.tsx")),
        (["!src", "!app", "!*.py"], ("README.md", "lib/src/d.ts", "test")),
        (["."], PATHS),
        (["**"], PATHS),
        (["nothing/*.rs"], ()),
    ],
    ids=str,
)  # fmt: skip
def test_patterns_mean_what_their_author_meant(patterns: Sequence[str], meant: tuple[str, ...]) -> None:
    assert glob_paths(PATHS, patterns) == meant


def test_braces_without_end_stay_bounded() -> None:
    assert glob_paths(("aaaa.py",), ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}.py"]) == ()
