"""What is searched is what is listed; hits are counted per pattern."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from mcp_lean.errors import AskError, Cancelled, EngineMissing
from mcp_lean.repo import listing, rg_search, ripgrep
from mcp_lean.repo.listing import list_files, tracked_but_ignored
from mcp_lean.repo.patterns import parse
from mcp_lean.repo.scope import Scope
from mcp_lean.repo.search import FileHits, Found, files_with, hit_lines, search


@pytest.fixture(autouse=True)
def own_git_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's configuration stays out; submodules from local paths are allowed."""
    file = tmp_path_factory.mktemp("config") / "gitconfig"
    file.write_text('[protocol "file"]\nallow = always\n[user]\nname = t\nemail = t@example.org\n', encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def without_rg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ripgrep, "program", lambda: None)


@pytest.fixture(params=["rg", "python"])
def either_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    engine = str(request.param)
    if engine == "python":
        monkeypatch.setattr(ripgrep, "program", lambda: None)
    return engine


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(("git", *arguments), cwd=folder, check=True, capture_output=True)


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / name.replace("__", "/")).write_text(text, encoding="utf-8")


def find(folder: Path, *patterns: str, **parts: tuple[str, ...]) -> Found:
    return search(Scope(str(folder), **parts), [parse(pattern) for pattern in patterns])


def counts(found: Found) -> dict[str, tuple[int, ...]]:
    return {file.path: file.counts for file in found.files}


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs files in memory")
def test_no_folder_for_temporary_files_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have none that can be written to."""
    write(tmp_path, src__a="x = 'needle'\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    assert counts(find(tmp_path, "needle")) == {"src/a": (1,)}
    assert rg_search.matching_lines(str(ripgrep.program()), "b", "a\nb\n", lambda: None) == [2]


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """Every file holds the word `needle`; ignore rules of all kinds."""
    root = tmp_path / "traps"
    root.mkdir()
    git(root, "init", "-q")
    names = [
        "kept.py",
        "build/out.o",
        "sub/build/out.o",
        "sub/deep/kept.c",
        "vendor/lib.c",
        "vendor/keep/lib.c",
        "a.log",
    ]
    names += [
        "important.log",
        "#hash",
        "spaced ",
        "file1.tmp",
        "fileA.tmp",
        "anchored/x",
        "sub/anchored/x",
        "excluded.txt",
    ]
    names += [
        "named.by.ignore",
        "sub/local.cfg",
        "-leading",
        "a b/c d.txt",
        ":(top)x",
        "new\nline.txt",
        "[b].py",
        ".h/.dot",
    ]
    names += [
        "tracked.secret",
        "sub/also.secret",
        os.fsdecode(b"latin-\xe9.txt"),
        "nested/own.txt",
        "nested/build/in.o",
    ]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("a needle\n", encoding="utf-8")
    git(root / "nested", "init", "-q")
    git(root / "nested", "add", ".")
    git(root / "nested", "commit", "-qm", "one")
    (root / "link").symlink_to("kept.py")
    (root / ".gitignore").write_text(
        "# needle\nbuild/\n*.log\n!important.log\nvendor/*\n!vendor/keep/\n/anchored\n"
        "\\#hash\nspaced\\ \nfile[0-9].tmp\n*.secret\n",
        encoding="utf-8",
    )
    (root / "sub" / ".gitignore").write_text("# needle\nlocal.cfg\n", encoding="utf-8")
    (root / ".git" / "info" / "exclude").write_text("excluded.txt\n", encoding="utf-8")
    (root / ".ignore").write_text("# needle\nnamed.by.ignore\n", encoding="utf-8")
    git(root, "add", ".")
    git(root, "add", "-f", "tracked.secret", "sub/also.secret")
    return root


def searchable(folder: Path) -> set[str]:
    """What the listing names, without symlinks."""
    return {path for path in list_files(str(folder)).paths if not (folder / path).is_symlink()}


@pytest.mark.parametrize("below", [".", "sub", "nested", "build"])
def test_what_is_listed_is_what_is_searched(traps: Path, below: str, either_engine: str) -> None:
    folder = traps / below

    found = find(folder, "needle")

    assert {file.path for file in found.files} == searchable(folder)
    assert found.searched_files == len(found.files)


def test_a_worktree_is_searched_by_the_rules_of_its_repository(traps: Path) -> None:
    git(traps, "commit", "-qm", "one")
    git(traps, "worktree", "add", "-q", "../tree")
    tree = traps.parent / "tree"
    write(tree, **{"excluded.txt": "needle", "new.txt": "needle"})

    assert {file.path for file in find(tree, "needle").files} == searchable(tree)


def test_a_plain_folder_is_searched_by_its_ignore_files(tmp_path: Path, either_engine: str) -> None:
    write(
        tmp_path, **{".gitignore": "build # needle\nbuild\n", "build/x": "needle", "kept": "needle", ".git/x": "needle"}
    )
    (tmp_path / ".git" / "x").unlink()
    (tmp_path / ".git").rmdir()

    assert {file.path for file in find(tmp_path, "needle").files} == {".gitignore", "kept"}


def test_tracked_but_ignored_files_follow_the_index(traps: Path) -> None:
    assert tracked_but_ignored(str(traps)) == ("sub/also.secret", "tracked.secret")
    assert tracked_but_ignored(str(traps / "sub")) == ("also.secret",)

    git(traps, "rm", "-q", "--cached", "tracked.secret")

    assert tracked_but_ignored(str(traps)) == ("sub/also.secret",)
    assert "tracked.secret" not in counts(find(traps, "needle"))


def test_tracked_but_ignored_files_of_a_worktree_follow_its_own_index(traps: Path) -> None:
    git(traps, "commit", "-qm", "one")
    git(traps, "worktree", "add", "-q", "../tree")
    tree = str(traps.parent / "tree")
    assert tracked_but_ignored(tree) == ("sub/also.secret", "tracked.secret")

    git(traps.parent / "tree", "rm", "-q", "--cached", "tracked.secret")

    assert tracked_but_ignored(tree) == ("sub/also.secret",)
    assert tracked_but_ignored(str(traps)) == ("sub/also.secret", "tracked.secret")


def test_a_symlink_among_tracked_but_ignored_files_is_not_followed(traps: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("needle\n", encoding="utf-8")
    (traps / "way.secret").symlink_to(tmp_path / "outside.txt")
    git(traps, "add", "-f", "way.secret")

    assert "way.secret" not in counts(find(traps, "needle"))


def test_a_folder_named_outright_is_searched_although_it_is_ignored(traps: Path, either_engine: str) -> None:
    assert set(counts(find(traps, "needle", below=("build", "kept.py")))) == {"build/out.o", "kept.py"}


@pytest.mark.parametrize(
    ("parts", "paths"),
    [
        ({"below": ("sub",)}, {"sub/.gitignore", "sub/also.secret", "sub/anchored/x", "sub/deep/kept.c"}),
        ({"below": ("sub", "sub/deep")}, {"sub/.gitignore", "sub/also.secret", "sub/anchored/x", "sub/deep/kept.c"}),
        ({"globs": ("*.c",)}, {"sub/deep/kept.c", "vendor/keep/lib.c"}),
        ({"globs": ("sub/**/*.c",)}, {"sub/deep/kept.c"}),
        ({"globs": ("sub/**",), "without": ("*.c", "*.secret")}, {"sub/.gitignore", "sub/anchored/x"}),
        ({"globs": ("deep",)}, {"sub/deep/kept.c"}),
        ({"globs": ("*.secret",)}, {"sub/also.secret", "tracked.secret"}),
        ({"globs": ("*.log",)}, {"important.log"}),
        ({"below": ("[b].py", "-leading", "a b")}, {"[b].py", "-leading", "a b/c d.txt"}),
        ({"below": ("new\nline.txt",)}, {"new\nline.txt"}),
        ({"globs": ("nowhere/*.c",)}, set()),
    ],
    ids=str,
)  # fmt: skip
def test_a_scope_is_searched_and_nothing_else(
    traps: Path, parts: dict[str, tuple[str, ...]], paths: set[str], either_engine: str
) -> None:
    assert set(counts(find(traps, "needle", **parts))) == paths


def test_hits_are_counted_per_pattern_and_definitions_are_told_apart(tmp_path: Path, either_engine: str) -> None:
    write(
        tmp_path,
        **{
            "a.py": "def load(path):\n    return parse(path)\n",
            "b.py": "from a import load\nload(1); load(2)\n",
            "c.go": "func (s *Store) load() error {\n}\n",
            "d.py": "nothing\n",
        },
    )

    found = find(tmp_path, "load", r"parse\(", "absent")

    assert found.files == (
        FileHits("a.py", 2, (1, 1, 0), frozenset({0})),
        FileHits("b.py", 2, (3, 0, 0)),
        FileHits("c.go", 1, (1, 0, 0), frozenset({0})),
    )
    assert found.searched_files == 4


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("-x", "a -x b"),
        ("--files", "rg --files"),
        ("foo$", "a foo"),
        ("^a", "a foo"),
        (r"\bfoo\b", "a foo"),
        (r"a\s+foo", "a   foo"),
        (r"(fo+)+ bar", "fooofoo bar"),
        (r"\w+@\w+\.com", "me@example.com"),
        ("[a-c]{3}", "abc"),
        ("naïve", "so naïve"),
        ("foo|bar", "bar"),
        (r"(?i)FOO", "a foo"),
        (r"\p{Greek}+", "αβγ"),
        ("(?:foo|bar)baz", "barbaz"),
        (r"x\.y", "x.y"),
    ],
)
def test_patterns_of_all_shapes_are_found_counted_and_located(tmp_path: Path, pattern: str, hit: str) -> None:
    write(tmp_path, **{"a.txt": f"zzz\n{hit}\n", "b.txt": "zzz\n"})

    found = find(tmp_path, "zzz", pattern)

    assert counts(found) == {"a.txt": (1, 1), "b.txt": (1, 0)}
    assert hit_lines(found.patterns, ["zzz\n" + hit, "zzz", hit]) == [{1: [0], 2: [1]}, {1: [0]}, {1: [1]}]


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_ends_make_no_difference_to_an_anchor(tmp_path: Path, ending: str, either_engine: str) -> None:
    (tmp_path / "a.txt").write_bytes(f"foo{ending}foo bar{ending}".encode())

    assert counts(find(tmp_path, "foo$")) == {"a.txt": (1,)}


def test_other_encodings_are_searched(tmp_path: Path) -> None:
    (tmp_path / "utf16.txt").write_bytes("a needle\nénd\n".encode("utf-16"))
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 needle\n")
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbfneedle\n")

    assert counts(find(tmp_path, "needle")) == {"bom.txt": (1,), "latin.txt": (1,), "utf16.txt": (1,)}


def test_binaries_are_left_out_and_do_not_disturb_their_neighbours(tmp_path: Path, either_engine: str) -> None:
    (tmp_path / "early.bin").write_bytes(b"needle\0needle\n")
    (tmp_path / "late.bin").write_bytes(b"needle\n" + b"x" * 100_000 + b"\nneedle\0\n")
    write(tmp_path, **{"new\nline.txt": "needle\n", "text.txt": "needle\n"})

    found = counts(find(tmp_path, "needle"))

    assert {path: n for path, n in found.items() if path != "late.bin"} == {"new\nline.txt": (1,), "text.txt": (1,)}


def test_a_binary_that_is_tracked_but_ignored_does_not_disturb_either(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, **{".gitignore": "*.x\n", "b.x": "needle\n"})
    (tmp_path / "a.x").write_bytes(b"needle\0needle\n")
    git(tmp_path, "add", "-f", ".")

    assert counts(find(tmp_path, "needle")) == {"b.x": (1,)}


def test_a_very_long_line_is_found_and_not_held(tmp_path: Path) -> None:
    write(tmp_path, **{"min.js": "var a;" * 200_000 + "needle();" + "var b;" * 200_000})

    found = find(tmp_path, "var a", "needle")
    [file] = found.files

    assert found.was_cut
    assert file.lines == 1
    assert file.counts[0] > 10
    assert file.counts[1] == 0, "beyond the part of the line that is looked at; the file is found all the same"


def test_an_invalid_regex_is_taken_literally_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, **{"a.py": "call(x)\nvalue[0]\n"})

    found = find(tmp_path, "call(", "value[", "x")

    assert counts(found) == {"a.py": (1, 1, 1)}
    assert found.notes == (
        "call(: not a valid regex here, taken literally",
        "value[: not a valid regex here, taken literally",
    )


def test_a_pattern_over_several_lines_is_searched_by_its_longest(tmp_path: Path, either_engine: str) -> None:
    write(tmp_path, **{"a.py": "def go():\n    return something_long\n"})

    found = find(tmp_path, "def go\\(\\):\n    return something_long")

    assert counts(found) == {"a.py": (1,)}
    assert found.notes[0] == (
        "def go\\(\\):\\n    return something_long: a pattern is matched within one line; "
        "searched return something_long"
    )


@pytest.mark.parametrize("pattern", ["", ".*", "^", "x*", "a|"])
def test_a_pattern_that_matches_every_line_is_not_searched(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, **{"a.py": "needle\n"})

    found = find(tmp_path, pattern, "needle")

    assert [one.asked for one in found.patterns] == ["needle"]
    assert found.notes == (f"{pattern}: matches every line, not searched",)
    with pytest.raises(AskError, match="matches every line, not searched; give a name or a phrase"):
        find(tmp_path, pattern)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+b", r"(.*)*x", r"a.*a.*a.*a.*a.*b", "(a?){30}a{30}c"])
def test_a_regex_that_would_hang_a_backtracking_matcher_comes_back(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, **{"a.txt": "a" * 5_000 + "!\n" + "plain a\n"})

    assert find(tmp_path, pattern, "plain").files[0].counts[1] == 1


def test_a_hundred_patterns_are_one_search(tmp_path: Path) -> None:
    names = [f"name{i:03}_end" for i in range(100)]
    write(tmp_path, **{"a.txt": "\n".join(names), "b.txt": names[42]})

    found = find(tmp_path, *names)

    assert counts(found) == {"a.txt": (1,) * 100, "b.txt": tuple(int(i == 42) for i in range(100))}


def test_more_hits_than_are_held_lead_to_fewer_per_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rg_search, "OUTPUT_BYTES", 2_000)
    write(tmp_path, **{f"{i}.txt": "needle\n" * 100 for i in range(5)})

    found = find(tmp_path, "needle")

    assert counts(found) == {f"{i}.txt": (20,) for i in range(5)}
    assert (found.most_lines, found.notes) == (
        20,
        ("very many hits: only the first 20 matching lines of each file were looked at",),
    )


def test_when_nearly_everything_matches_the_answer_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rg_search, "OUTPUT_BYTES", 100)
    write(tmp_path, **{f"{i}.txt": "needle\n" * 100 for i in range(20)})

    with pytest.raises(AskError, match="match nearly everything; give rarer ones"):
        find(tmp_path, "needle")


def test_a_file_that_vanishes_before_its_turn_is_no_error(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, **{".gitignore": "*.gone\n", "a.gone": "needle", "b.txt": "needle"})
    git(tmp_path, "add", "-f", ".")
    (tmp_path / "a.gone").unlink()

    found = find(tmp_path, "needle")

    assert (counts(found), found.notes) == ({"b.txt": (1,)}, ())


def test_what_cannot_be_read_is_said_and_the_rest_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as root, whom no permission stops: rg is wrapped to complain as it does about an unreadable folder."""
    real = ripgrep.program()
    wrapper = tmp_path / "rg"
    wrapper.write_text(
        f'#!/bin/sh\necho "rg: ./locked: Permission denied (os error 13)" >&2\n"{real}" "$@"\nexit 2\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr(ripgrep, "program", lambda: str(wrapper))
    write(tmp_path / "files", **{"a.txt": "needle"})

    found = find(tmp_path / "files", "needle")

    assert (counts(found), found.notes) == (
        {"a.txt": (1,)},
        ("not everything could be read: ./locked: Permission denied (os error 13)",),
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_said(tmp_path: Path) -> None:
    write(tmp_path, **{"a.txt": "needle", "locked/b.txt": "needle"})
    (tmp_path / "locked").chmod(0)
    try:
        found = find(tmp_path, "needle")
    finally:
        (tmp_path / "locked").chmod(0o755)

    assert counts(found) == {"a.txt": (1,)}
    assert "locked" in found.notes[0]


def test_an_rg_that_dies_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = tmp_path / "rg"
    wrapper.write_text('#!/bin/sh\nprintf "a.txt\\0needle\\n"\nkill -9 $$\n', encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setattr(ripgrep, "program", lambda: str(wrapper))

    with pytest.raises(EngineMissing, match="rg failed with status -9"):
        find(tmp_path, "needle")


def test_without_rg_the_search_says_that_it_is_slow(tmp_path: Path, without_rg: None) -> None:
    write(tmp_path, **{"a.py": "def load(): pass\n"})

    found = find(tmp_path, "load", "(a+)+$")

    assert found.notes == (
        "(a+)+$: not a regex that is searched without ripgrep, taken literally",
        "searched without ripgrep: slow; files are read up to 4 MB",
    )
    assert found.files == (FileHits("a.py", 1, (1, 0), frozenset({0})),)
    assert files_with(Scope(str(tmp_path)), found.patterns) == ()


def test_the_other_case_can_be_asked_for(tmp_path: Path) -> None:
    write(tmp_path, **{"a.py": "LOAD\n", "b.py": "load\n", "c.md": "Load\n"})

    assert files_with(Scope(str(tmp_path), globs=("*.py",)), [parse("load")], any_case=True) == ("a.py", "b.py")


def test_a_cancelled_search_ends_while_rg_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = tmp_path / "rg"
    wrapper.write_text("#!/bin/sh\nexec sleep 1000\n", encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setattr(ripgrep, "program", lambda: str(wrapper))
    stop = threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()

    def check() -> None:
        if stop.is_set():
            raise Cancelled("the call was cancelled")

    with pytest.raises(Cancelled):
        search(Scope(str(tmp_path)), [parse("needle")], check=check)
    timer.join()


def test_a_configuration_of_rg_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "ripgreprc"
    config.write_text("--max-count=0\n", encoding="utf-8")
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(config))
    write(tmp_path / "files", **{"a.txt": "needle"})

    assert counts(find(tmp_path / "files", "needle")) == {"a.txt": (1,)}


@pytest.mark.parametrize("hidden", ["wheel", "both"])
def test_rg_comes_from_the_environment_then_from_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    assert ripgrep.program() is not None
    own = tmp_path / "bin" / "rg"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\n", encoding="utf-8")
    own.chmod(0o755)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "no-scripts"))
    monkeypatch.setenv("PATH", str(own.parent if hidden == "wheel" else tmp_path))

    assert ripgrep.program() == (str(own) if hidden == "wheel" else None)


def test_ten_thousand_files_are_one_bounded_search(tmp_path: Path) -> None:
    for i in range(100):
        folder = tmp_path / f"{i:02}"
        folder.mkdir()
        for j in range(100):
            (folder / f"{j:02}.txt").write_text("needle\n" if j == 7 else "hay\n", encoding="utf-8")

    found = find(tmp_path, "needle")

    assert [file.path for file in found.files] == [f"{i:02}/07.txt" for i in range(100)]
    assert found.searched_files == len(list_files(str(tmp_path)).paths) == 10_000
    assert listing.tracked_but_ignored(str(tmp_path)) == ()
