from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.errors import AskError, BadItem, Denied, OutsideWorkspace
from mcp_lean.repo.workspace import LOOK_AGAIN_SECONDS, Place, Workspace

Make = Callable[..., Workspace]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workspace whose clock moves on so far between two questions that it always looks again."""

    def workspace(
        *deny: str,
        root: str = "project",
        ask: tuple[str, ...] = (),
        folders: tuple[str, ...] = (),
        clock: Callable[[], float] | None = None,
    ) -> Workspace:
        project = tmp_path / "project"
        (project / ".claude").mkdir(parents=True, exist_ok=True)
        rules = {"deny": list(deny), "ask": list(ask)}
        (project / ".claude" / "settings.json").write_text(json.dumps({"permissions": rules}))
        user = tmp_path / "home" / ".claude"
        user.mkdir(parents=True, exist_ok=True)
        added = {"permissions": {"additionalDirectories": list(folders)}}
        (user / "settings.json").write_text(json.dumps(added))
        seconds = itertools.count(0, 2 * LOOK_AGAIN_SECONDS)
        return Workspace(str(tmp_path / root), {"HOME": str(tmp_path / "home")}, clock or (lambda: next(seconds)))

    return workspace


def answer(workspace: Workspace, name: str) -> str:
    """What a caller learns, whatever it is."""
    try:
        place = workspace.locate(name)
    except AskError as error:
        return f"{type(error).__name__}: {error}"
    return f"{place} {os.path.lexists(place.path)}"


class TestLocate:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("src/app.py", "src/app.py"),
            ("./src//app.py", "src/app.py"),
            ("src/../src/app.py", "src/app.py"),
            ("{root}/src/app.py", "src/app.py"),
            (".", "."),
            ("not there", "not there"),
            ("..foo/x", "..foo/x"),
            ("é/日本.py", "é/日本.py"),
            ("bytes\udcff.py", "bytes\udcff.py"),
        ],
    )
    def test_a_name_inside_leads_to_its_place(self, make: Make, name: str, shown: str) -> None:
        workspace = make()

        assert workspace.locate(name.format(root=workspace.root)) == Place(
            os.path.normpath(f"{workspace.root}/{shown}"), shown
        )

    @pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "/", "a/../../x", "/proc/self/environ"])
    def test_a_name_outside_is_refused_whether_or_not_it_exists(self, make: Make, name: str) -> None:
        with pytest.raises(OutsideWorkspace, match="outside the workspace; paths are relative to its root"):
            make().locate(name)

    def test_a_sibling_whose_name_begins_alike_is_outside(self, make: Make) -> None:
        workspace = make()

        with pytest.raises(OutsideWorkspace):
            workspace.locate(f"{workspace.root}x/a")

    @pytest.mark.parametrize("name", ["", "a\0b", "x" * 1_001, "\ud800.py", "x\udbff"])
    def test_what_cannot_be_a_path_is_refused_in_one_line(self, make: Make, name: str) -> None:
        with pytest.raises(BadItem) as refused:
            make().locate(name)

        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 200
        str(refused.value).encode()

    def test_a_line_end_in_a_name_starts_no_line_in_the_answer(self, make: Make) -> None:
        assert answer(make("Read(*)"), "a\n== forged.py") == (
            "Denied: a\\n== forged.py: denied by Read(*) in .claude/settings.json; only the person can change that"
        )

    def test_a_link_inside_is_shown_by_its_name_and_opened_at_its_end(self, make: Make) -> None:
        workspace = make()
        os.makedirs(f"{workspace.root}/real")
        os.symlink("real", f"{workspace.root}/link")

        assert workspace.locate("link/x") == Place(f"{workspace.root}/real/x", "link/x")

    @pytest.mark.parametrize("target", ["/etc", "..", "../../..", "/etc/passwd", "/nowhere"])
    def test_a_link_out_is_refused(self, make: Make, target: str) -> None:
        workspace = make()
        os.symlink(target, f"{workspace.root}/link")

        with pytest.raises(OutsideWorkspace, match="leads out of the workspace through a symlink"):
            workspace.locate("link")

    def test_a_step_back_behind_a_link_is_taken_where_the_system_takes_it(self, make: Make, tmp_path: Path) -> None:
        workspace = make()
        (tmp_path / "outside" / "deep").mkdir(parents=True)
        os.symlink(tmp_path / "outside" / "deep", f"{workspace.root}/link")

        with pytest.raises(OutsideWorkspace):
            workspace.locate("link/../secret")

    def test_a_loop_of_links_is_a_place_like_any_other(self, make: Make) -> None:
        workspace = make()
        os.symlink("loop", f"{workspace.root}/loop")

        assert workspace.locate("loop").shown == "loop"

    def test_a_root_behind_a_link_is_inside_in_both_spellings(self, make: Make, tmp_path: Path) -> None:
        make()
        (tmp_path / "plink").symlink_to("project")
        workspace = make(root="plink")

        assert workspace.locate("a.py") == Place(f"{tmp_path}/project/a.py", "a.py")
        assert workspace.locate(f"{tmp_path}/project/a.py") == Place(f"{tmp_path}/project/a.py", "a.py")
        assert workspace.locate(f"{tmp_path}/plink/a.py") == Place(f"{tmp_path}/project/a.py", "a.py")

    def test_an_added_folder_is_inside_and_shown_by_its_whole_path(self, make: Make, tmp_path: Path) -> None:
        workspace = make(folders=("../extra",))

        assert workspace.roots == (f"{tmp_path}/project", f"{tmp_path}/extra")
        assert workspace.locate("../extra/a.py") == Place(f"{tmp_path}/extra/a.py", f"{tmp_path}/extra/a.py")


class TestDenied:
    def test_the_rule_and_its_file_are_named(self, make: Make) -> None:
        with pytest.raises(Denied) as refused:
            make("Read(*.key)").locate("a/b.key")

        assert str(refused.value) == (
            "a/b.key: denied by Read(*.key) in .claude/settings.json; only the person can change that"
        )

    def test_a_rule_that_asks_names_the_tool_that_can(self, make: Make) -> None:
        with pytest.raises(Denied) as refused:
            make(ask=("Read(.env)",)).locate(".env")

        assert str(refused.value) == (
            ".env: Read(.env) in .claude/settings.json wants the person asked; use the built-in Read, which asks"
        )

    def test_a_rule_s_text_can_neither_forge_lines_nor_fill_the_answer(self, make: Make) -> None:
        refusal = answer(make("Read(a\nb)"), "a\nb/x")
        assert refusal == (
            "Denied: a\\nb/x: denied by Read(a\\nb) in .claude/settings.json; only the person can change that"
        )

        refusal = answer(make("Read({" + "a" * 5_000 + "}/**)"), "{" + "a" * 5_000 + "}/x")
        assert refusal == "BadItem: {" + "a" * 59 + "...: path of 5,004 characters; at most 1,000"

        refusal = answer(make("Read(" + "**/" * 1_000 + "a)"), "a")
        assert refusal == (
            f"Denied: a: denied by {('Read(' + '**/' * 1_000)[:200]}... in .claude/settings.json; "
            "only the person can change that"
        )

    DOORS = (
        ".env",
        "./.env",
        ".env/",
        ".env/.",
        "sub/../.env",
        "missing/../.env",
        ".ENV",
        "{root}/.env",
        "{root}/sub/../.env",
        "link",
        "links/to-secret",
        "links/.env",
        "secrets",
        "secrets/",
        "secrets/a",
        "secrets/a/b",
        "SECRETS/a",
        "sub/secrets/a",
        "folder-link",
        "folder-link/a",
        "folder-link/../.env",
        "{extra}/.env",
        "../extra/.env",
        "{extra}/secrets/a",
        "extra-link/.env",
        "rooted/x",
        "keys/a.key",
        "{plink}/.env",
    )

    @pytest.mark.parametrize("door", DOORS)
    def test_what_is_denied_answers_the_same_whether_or_not_it_exists(
        self, make: Make, tmp_path: Path, door: str
    ) -> None:
        workspace = make(
            "Read(.env)", "Read(secrets/**)", "Read(/rooted/**)", "Read(keys/*)", folders=("../extra", "../plink")
        )
        project, extra = tmp_path / "project", tmp_path / "extra"
        (tmp_path / "plink").symlink_to("project")
        (project / "sub").mkdir()
        (project / "links").symlink_to(".")
        (project / "link").symlink_to(".env")
        (project / "to-secret").symlink_to("secrets/a")
        (project / "folder-link").symlink_to("secrets")
        (project / "extra-link").symlink_to(extra)
        name = door.format(root=project, extra=extra, plink=tmp_path / "plink")

        missing = answer(workspace, name)
        for file in (".env", "secrets/a", "sub/secrets/a", "rooted/x", "keys/a.key"):
            for root in (project, extra):
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text("secret")

        assert answer(workspace, name) == missing
        assert missing.startswith("Denied: ")

    def test_a_rule_for_folders_leaves_a_file_of_that_name(self, make: Make) -> None:
        """gitignore: a slash at the end means folders only."""
        workspace = make("Read(build/)")
        Path(workspace.root, "build").write_text("#!/bin/sh\n")
        os.makedirs(f"{workspace.root}/sub/build")

        assert workspace.locate("build").shown == "build"
        assert answer(workspace, "sub/build") == (
            "Denied: sub/build: denied by Read(build/) in .claude/settings.json; only the person can change that"
        )


class TestChanges:
    def test_a_rule_counts_as_soon_as_it_is_written_and_no_longer_than_it_stands(self, make: Make) -> None:
        workspace = make()
        file = Path(workspace.root, ".claude", "settings.json")
        assert workspace.permits(f"{workspace.root}/.env")

        file.write_text('{"permissions": {"deny": ["Read(.env)"]}}')
        assert not workspace.permits(f"{workspace.root}/.env")

        file.unlink()
        assert workspace.permits(f"{workspace.root}/.env")

    def test_what_the_files_said_is_believed_for_a_tenth_of_a_second(self, make: Make) -> None:
        now = [100.0]
        workspace = make(clock=lambda: now[0])
        file = Path(workspace.root, ".claude", "settings.json")
        assert workspace.permits(f"{workspace.root}/a")

        file.write_text('{"permissions": {"deny": ["Read(a)"]}}')
        now[0] += LOOK_AGAIN_SECONDS / 2
        assert workspace.permits(f"{workspace.root}/a")
        now[0] += LOOK_AGAIN_SECONDS
        assert not workspace.permits(f"{workspace.root}/a")

    def test_a_folder_can_be_added_and_taken_away(self, make: Make, tmp_path: Path) -> None:
        workspace = make(folders=("../extra",))
        assert workspace.locate("../extra/x").path == f"{tmp_path}/extra/x"

        (tmp_path / "home" / ".claude" / "settings.json").unlink()
        with pytest.raises(OutsideWorkspace):
            workspace.locate("../extra/x")

    def test_a_rule_follows_the_link_that_it_names(self, make: Make) -> None:
        workspace = make("Read(/current/**)")
        link = Path(workspace.root, "current")
        link.symlink_to("v1")
        assert not workspace.permits(f"{workspace.root}/v1/x")
        assert workspace.permits(f"{workspace.root}/v2/x")

        link.unlink()
        link.symlink_to("v2")
        assert workspace.permits(f"{workspace.root}/v1/x")
        assert not workspace.permits(f"{workspace.root}/v2/x")

    def test_many_threads_see_one_state_at_a_time(self, make: Make) -> None:
        """Never the rules of one state with the roots of another."""
        workspace = make("Read(.env)", folders=("../extra",))
        user = Path(workspace.root).parent / "home" / ".claude" / "settings.json"
        shared = Path(workspace.root, ".claude", "settings.json")
        stop, wrong = threading.Event(), list[str]()

        def ask() -> None:
            while not stop.is_set():
                found = answer(workspace, "../extra/.env")
                if not found.startswith(("Denied", "OutsideWorkspace")):
                    wrong.append(found)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(40):
            text = '{"permissions": {"additionalDirectories": ["../extra"]}}' if number % 2 else "{}"
            user.write_text(text + " " * number)
            shared.write_text('{"permissions": {"deny": ["Read(.env)"]}}' + " " * number)
        stop.set()
        for thread in threads:
            thread.join()

        assert wrong == []


class TestListings:
    def test_the_batch_says_what_the_single_question_says(self, make: Make) -> None:
        workspace = make("Read(.env)", "Read(secrets/**)", "Read(!x)", "Read(/top/*.key)")
        paths = [
            "a.py",
            ".env",
            "sub/.env",
            "secrets/a",
            "a/secrets/b",
            "top/a.key",
            "a/top/a.key",
            "x\udcff",
            "n\n/.env",
        ]

        found = workspace.visible(workspace.root, paths)

        assert found == ("a.py", "a/top/a.key", "x\udcff")
        assert found == tuple(path for path in paths if workspace.permits(f"{workspace.root}/{path}"))

    def test_without_rules_all_are_visible(self, make: Make) -> None:
        assert make().visible("/", iter(["a", "b"])) == ("a", "b")

    def test_the_root_of_the_file_system_can_be_listed(self, make: Make) -> None:
        assert make("Read(//etc/**)").visible("/", ["etc/passwd", "etcx"]) == ("etcx",)


def test_the_environment_names_the_project_before_the_working_directory_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert Workspace.from_environment({"CLAUDE_PROJECT_DIR": "/x/y/"}).root == "/x/y"
    assert Workspace.from_environment({"CLAUDE_PROJECT_DIR": ""}).root == str(tmp_path)
    assert Workspace.from_environment({}).root == str(tmp_path)


def test_a_rule_for_the_real_folder_holds_in_a_project_that_is_a_symlink_to_it(tmp_path: Path) -> None:
    """Listings, globs and suggestions ask for many paths at once, by the name that the project was opened under."""
    real, link = tmp_path / "real", tmp_path / "link"
    (real / ".claude").mkdir(parents=True)
    link.symlink_to(real)
    rules = {"permissions": {"deny": [f"Read(/{real}/secret.txt)"]}}
    (real / ".claude" / "settings.json").write_text(json.dumps(rules), encoding="utf-8")
    workspace = Workspace(str(link), {"HOME": str(tmp_path / "home")})

    assert workspace.visible(str(link), ["open.txt", "secret.txt"]) == ("open.txt",)
    assert [workspace.permits(str(link / name)) for name in ("open.txt", "secret.txt")] == [True, False]
