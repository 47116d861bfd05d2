"""Where rules are written, and what a file that is not as it should be does to us: nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from pathlib import Path

import pytest

from mcp_lean.repo import settings
from mcp_lean.repo.deny import Rule, Source
from mcp_lean.repo.settings import Settings, SettingsFiles, main_checkout, repository_of


def write(file: Path, *deny: str, **permissions: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"permissions": {"deny": list(deny), **permissions}}))


class Place:
    """A machine of our own: managed folder, home with its configuration, and a project in a repository."""

    def __init__(self, root: Path) -> None:
        self.managed = root / "etc"
        self.home = root / "home"
        self.user = self.home / ".claude"
        self.project = root / "project"
        (self.project / ".claude").mkdir(parents=True)
        (self.project / ".git").mkdir()
        self.user.mkdir(parents=True)
        self.shared = self.project / ".claude" / "settings.json"
        self.local = self.project / ".claude" / "settings.local.json"

    def files(self, project: Path | None = None, **environ: str) -> SettingsFiles:
        return SettingsFiles(str(project or self.project), {"HOME": str(self.home), **environ})

    def texts(self, **environ: str) -> list[str]:
        return [rule.text for source in self.files(**environ).look().sources for rule in source.rules]

    def trust(self, *folders: Path, file: Path | None = None) -> None:
        projects = {str(folder): {"hasTrustDialogAccepted": True} for folder in folders}
        (file or self.home / ".claude.json").write_text(json.dumps({"projects": projects}))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path)
    monkeypatch.setattr(settings, "managed_folder", lambda: str(found.managed))
    return found


def test_every_file_is_a_list_of_its_own_but_managed_ones_are_one(place: Place) -> None:
    drop_ins = place.managed / "managed-settings.d"
    for file, rule in (
        (place.managed / "managed-settings.json", "Read(m)"),
        (drop_ins / "20-b.json", "Read(m20)"),
        (drop_ins / "10-a.json", "Read(m10)"),
        (drop_ins / ".hidden.json", "Read(hidden)"),
        (drop_ins / "30-c.JSON", "Read(upper)"),
        (place.user / "settings.json", "Read(u)"),
        (place.user / "settings.local.json", "Read(not a file of the client)"),
        (place.shared, "Read(p)"),
        (place.local, "Read(l)"),
    ):
        write(file, rule)
    project = str(place.project)

    def source(anchor: str, *rules: tuple[str, Path]) -> Source:
        return Source(tuple(Rule(text, str(file)) for text, file in rules), anchor)

    assert place.files().look() == Settings(
        (
            source(
                project,
                ("Read(m)", place.managed / "managed-settings.json"),
                ("Read(m10)", drop_ins / "10-a.json"),
                ("Read(m20)", drop_ins / "20-b.json"),
            ),
            source(str(place.user), ("Read(u)", place.user / "settings.json")),
            source(project, ("Read(p)", place.shared)),
            source(project, ("Read(l)", place.local)),
        )
    )


def test_rules_that_ask_are_a_list_of_their_own(place: Place) -> None:
    write(place.shared, "Read(d)", ask=["Read(a)"])

    assert [source.rules for source in place.files().look().sources] == [
        (Rule("Read(d)", str(place.shared)),),
        (Rule("Read(a)", str(place.shared), asks=True),),
    ]


def test_the_configured_folder_replaces_the_user_s(place: Place, tmp_path: Path) -> None:
    write(place.user / "settings.json", "Read(home)")
    write(tmp_path / "cfg" / "settings.json", "Read(configured)")

    assert place.texts(CLAUDE_CONFIG_DIR=str(tmp_path / "cfg")) == ["Read(configured)"]


def test_in_the_home_folder_the_project_s_file_is_the_user_s(place: Place) -> None:
    write(place.user / "settings.json", "Read(/x)")

    [source] = place.files(place.home).look().sources

    assert source.anchor == str(place.user)


class TestRepositories:
    def test_local_settings_stand_at_the_top_and_older_ones_in_the_folder(self, place: Place) -> None:
        sub = place.project / "packages" / "api"
        write(place.shared, "Read(not read from below)")
        write(place.local, "Read(top)")
        write(sub / ".claude" / "settings.json", "Read(shared)")
        write(sub / ".claude" / "settings.local.json", "Read(old)")

        found = place.files(sub).look().sources

        assert [(source.rules[0].text, source.anchor) for source in found] == [
            ("Read(shared)", str(sub)),
            ("Read(top)", str(sub)),
            ("Read(old)", str(sub)),
        ]

    def test_a_worktree_has_the_local_settings_of_its_main_checkout(self, place: Place, tmp_path: Path) -> None:
        def git(*arguments: str) -> None:
            command = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments)
            subprocess.run(command, cwd=place.project, check=True, capture_output=True)

        (place.project / ".git").rmdir()
        git("init", "-q")
        git("commit", "-q", "--allow-empty", "-m", "x")
        git("worktree", "add", "-q", str(tmp_path / "tree"))
        write(place.local, "Read(main)")

        [source] = place.files(tmp_path / "tree").look().sources

        assert (source.rules[0].text, source.anchor) == ("Read(main)", str(tmp_path / "tree"))

    def test_a_submodule_stands_for_itself(self, place: Place) -> None:
        module = place.project / "module"
        (place.project / ".git" / "modules" / "module").mkdir(parents=True)
        module.mkdir()
        (module / ".git").write_text("gitdir: ../.git/modules/module\n")

        assert main_checkout(str(module)) == str(module)

    @pytest.mark.parametrize("content", ["", "gitdir:", "gitdir: /nowhere", "nonsense\n", "gitdir: \0", "\xff\xfe"])
    def test_a_strange_git_file_is_no_trouble(self, tmp_path: Path, content: str) -> None:
        (tmp_path / ".git").write_text(content, encoding="latin-1")
        (tmp_path / "commondir").write_text("elsewhere/.git")

        assert main_checkout(str(tmp_path)) == str(tmp_path)

    def test_a_fifo_in_the_place_of_a_git_file_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / ".git")

        assert main_checkout(str(tmp_path)) == str(tmp_path)

    def test_outside_of_a_repository_the_folder_stands_for_itself(self) -> None:
        assert repository_of("/") == "/"


class TestFoldersThatAreAdded:
    def test_the_user_s_count_and_are_relative_to_the_project(self, place: Place) -> None:
        write(place.user / "settings.json", additionalDirectories=["../extra", "/abs/x/..", "~/h", "~", "../extra"])

        assert place.files().look().folders == (
            str(place.project.parent / "extra"),
            "/abs",
            str(place.home / "h"),
            str(place.home),
        )

    def test_the_project_s_count_only_where_the_person_trusts_it(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(place.shared, "Read(x)", additionalDirectories=["../shared"])
        write(place.local, additionalDirectories=["../local"])
        files = place.files()

        assert files.look().folders == ()
        assert files.look().folders == ()
        assert [record.getMessage() for record in caplog.records] == [
            f"{place.shared}: additionalDirectories are left out, the folder is not trusted in Claude Code"
        ]

        place.trust(place.project)
        beside = place.project.parent
        assert files.look().folders == (str(beside / "shared"), str(beside / "local"))

    def test_trust_in_the_repository_is_trust_in_a_folder_of_it_but_other_trust_is_not(self, place: Place) -> None:
        sub = place.project / "sub"
        write(sub / ".claude" / "settings.json", additionalDirectories=["../../extra"])

        place.trust(place.project.parent)
        assert place.files(sub).look().folders == ()
        place.trust(place.project)
        assert place.files(sub).look().folders == (str(place.project.parent / "extra"),)

    @pytest.mark.parametrize("content", ["", "[]", '{"projects": 5}', "{" * 99_999, '{"projects": {"PROJECT": true}}'])
    def test_a_strange_record_of_trust_is_no_trust(self, place: Place, content: str) -> None:
        write(place.shared, additionalDirectories=["../extra"])
        (place.home / ".claude.json").write_text(content.replace("PROJECT", str(place.project)))

        assert place.files().look().folders == ()

    def test_a_configured_folder_holds_the_record_of_trust_too(self, place: Place, tmp_path: Path) -> None:
        (tmp_path / "cfg").mkdir()
        write(place.shared, additionalDirectories=["../extra"])
        place.trust(place.project)
        assert place.files(CLAUDE_CONFIG_DIR=str(tmp_path / "cfg")).look().folders == ()

        place.trust(place.project, file=tmp_path / "cfg" / ".claude.json")
        assert len(place.files(CLAUDE_CONFIG_DIR=str(tmp_path / "cfg")).look().folders) == 1

    def test_names_that_no_file_system_has_are_left_out(self, place: Place) -> None:
        write(place.user / "settings.json", additionalDirectories=["a\0b", "\ud800", "", "x"])

        assert place.files().look().folders == (str(place.project), str(place.project / "x"))


BROKEN = {
    "no JSON": b"{",
    "comment": b'// x\n{"permissions": {"deny": ["Read(x)"]}}',
    "trailing comma": b'{"permissions": {"deny": ["Read(x)",]}}',
    "a list": b"[]",
    "null": b"null",
    "UTF-16": '{"permissions": {}}'.encode("utf-16"),
    "no UTF-8": b'{"permissions": {"deny": ["Read(\xff)"]}}',
    "deep": b"[" * 100_000,
    "endless number": b"9" * 10_000,
    "empty": b"",
}


class TestBrokenFiles:
    @pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
    def test_a_broken_file_is_logged_once_and_the_others_hold(
        self, place: Place, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        write(place.user / "settings.json", "Read(u)")
        place.shared.write_bytes(content)
        files = place.files()

        first, second = files.look(), files.look()

        assert [rule.text for source in first.sources for rule in source.rules] == ["Read(u)"]
        assert second == first
        [record] = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage().startswith(f"{place.shared}: not readable as settings, its rules are not applied: ")
        assert "\n" not in record.getMessage()

    def test_what_a_file_said_before_it_broke_stays_in_force(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(place.shared, "Read(x)")
        files = place.files()
        before = files.look()

        place.shared.write_text("{ half writ")

        assert files.look() == before
        assert "what it said before stays in force" in caplog.text
        place.shared.unlink()
        assert files.look() == Settings()

    def test_a_managed_file_that_cannot_be_read_shuts_everything(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Claude Code 2.1.330 does not start on one."""
        file = place.managed / "managed-settings.d" / "10.json"
        file.parent.mkdir(parents=True)
        file.write_text("{")

        assert place.texts() == ["Read"]
        assert "nothing is read until it is" in caplog.text

    @pytest.mark.parametrize("kind", ["folder", "fifo", "device", "loop", "huge"])
    def test_what_is_no_regular_file_of_a_sane_size_is_not_read(
        self, place: Place, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        if kind == "folder":
            place.shared.mkdir()
        elif kind == "fifo":
            os.mkfifo(place.shared)
        elif kind == "device":
            place.shared.symlink_to("/dev/zero")
        elif kind == "loop":
            place.shared.symlink_to(place.shared)
        else:
            monkeypatch.setattr(settings, "MAX_BYTES", 10)
            write(place.shared, "Read(x)")

        assert place.files().look() == Settings()
        assert len(caplog.records) == 1

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_without_permission_is_logged(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        write(place.shared, "Read(x)")
        place.shared.chmod(0)

        assert place.files().look() == Settings()
        assert "Permission denied" in caplog.text

    def test_a_missing_file_says_nothing_at_all(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        assert place.files().look() == Settings()
        assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ('{"permissions": {"deny": ["Read(a)", 5, null, ["x"]]}}', ["Read(a)"]),
        ('{"permissions": {"deny": "Read(a)"}}', []),
        ('{"permissions": {"deny": null}}', []),
        ('{"permissions": []}', []),
        ('{"permissions": {"deny": ["Read(a)"]}, "permissions": {"deny": ["Read(b)"]}}', ["Read(b)"]),
        ('{"permissions": {"deny": ["Read(a)"], "allow": ["Read(a)"]}}', ["Read(a)"]),
        ('\ufeff{"permissions": {"deny": ["Read(a)"]}}', ["Read(a)"]),
        # Stricter: the client ignores the whole of a file in which any setting is invalid.
        ('{"permissions": {"deny": ["Read(a)"]}, "model": 5}', ["Read(a)"]),
    ],
)
def test_only_what_has_the_right_shape_counts(place: Place, text: str, rules: list[str]) -> None:
    place.shared.write_text(text, encoding="utf-8")

    assert place.texts() == rules


def test_a_file_behind_a_symlink_is_read_and_watched(place: Place, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere.json", "Read(a)")
    place.shared.symlink_to(tmp_path / "elsewhere.json")
    files = place.files()
    assert [rule.text for source in files.look().sources for rule in source.rules] == ["Read(a)"]

    write(tmp_path / "elsewhere.json", "Read(a)", "Read(b)")
    assert [rule.text for source in files.look().sources for rule in source.rules] == ["Read(a)", "Read(b)"]


def test_an_unchanged_file_is_not_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place.shared, "Read(a)")
    files = place.files()
    before = files.look()
    monkeypatch.setattr(settings, "_parsed", lambda file: pytest.fail(f"read {file} again"))

    assert files.look() == before
