"""Nothing that a rule of Claude Code covers comes out of the server, by whatever door: not even that it is there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_lean.repo.workspace import LOOK_AGAIN_SECONDS
from mcp_lean.server.registry import TOOLS
from wire.driver import LEGACY, Wire

SECRET = "the-secret-words"
RULES = ["Read(.env*)", "Read(secrets/**)", "Read(/rooted/**)", "Read(//{extra}/vault/**)", "Read(~/private.txt)"]
HIDDEN = (".env", ".env.local", "sub/.env", "secrets/a.py", "secrets/deep/b.py", "sub/secrets/a.py", "rooted/a.py")


class Twins:
    """Two projects of the same name and content, but for the denied files: one has them, the other does not."""

    def __init__(self, base: Path) -> None:
        self.roots = [base / "with" / "project", base / "without" / "project"]
        for root in self.roots:
            home, extra = root.parent / "home", root.parent / "extra"
            for file in ("src/app.py", "src/envx.py", "sub/kept.py", "README.md"):
                write(root / file, f"# {file}\ndef app():\n    pass\n")
            write(extra / "kept.py", "# extra\n")
            rules = [rule.format(extra=extra) for rule in RULES]
            write(root / ".claude" / "settings.json", json.dumps({"permissions": {"deny": rules}}))
            user = {"permissions": {"additionalDirectories": ["../extra", "~/"]}}
            write(home / ".claude" / "settings.json", json.dumps(user))
            for link, target in (
                ("link", ".env"),
                ("link.py", "secrets/a.py"),
                ("folder-link", "secrets"),
                ("self", "."),
                ("extra-link", "../extra"),
            ):
                (root / link).symlink_to(target)
        root = self.roots[0]
        for file in HIDDEN:
            write(root / file, f"def key():\n    return '{SECRET}'\n")
        for file in ("extra/.env", "extra/vault/a.py", "extra/secrets/a.py", "home/private.txt"):
            write(root.parent / file, f"{SECRET}\n")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Wire]]:
    found = Twins(tmp_path_factory.mktemp("twins"))
    wires = [
        Wire(LEGACY, env={"CLAUDE_PROJECT_DIR": str(root), "HOME": str(root.parent / "home")}, open_now=False)
        for root in found.roots
    ]
    for wire, root in zip(wires, found.roots, strict=True):
        wire.root = str(root)  # type: ignore[attr-defined]
        wire.open()
    yield wires
    for wire in wires:
        wire.end()


def answers(twins: list[Wire], tool: str = "read_many", **arguments: object) -> list[tuple[str, bool]]:
    """What both say, with the folder they stand in taken out."""
    found = []
    for wire in twins:
        base = str(Path(wire.root).parent)  # type: ignore[attr-defined]
        filled = json.loads(json.dumps(arguments).replace("BASE", base))
        text, is_error = wire.call(tool, **filled)
        found.append((text.replace(base, "BASE"), is_error))
    return found


DOORS = [
    ".env",
    ".env:1-2",
    ".env:1",
    ".env:1+1",
    ".env#",
    ".env#key",
    "./.env",
    ".env/",
    "sub/.env",
    "src/../.env",
    "missing/../.env",
    ".ENV",
    "BASE/project/.env",
    "BASE/project/src/../.env",
    "self/.env",
    "self/self/secrets/a.py",
    "link",
    "link:1-1",
    "link.py",
    "link.py#key",
    "link.py#",
    "folder-link",
    "folder-link/",
    "folder-link/a.py",
    "secrets",
    "secrets/",
    "secrets/a.py",
    "secrets/a.py#key",
    "SECRETS/a.py",
    "secrets/deep",
    "sub/secrets",
    "rooted/a.py",
    "rooted",
    "../extra/.env",
    "BASE/extra/.env",
    "BASE/extra/vault/a.py",
    "BASE/extra/secrets/a.py",
    "extra-link/vault/a.py",
    "extra-link/.env",
    "BASE/home/private.txt",
    "~/private.txt",
]


@pytest.mark.parametrize("item", DOORS)
def test_a_name_of_something_denied_answers_the_same_whether_or_not_it_exists(twins: list[Wire], item: str) -> None:
    with_it, without_it = answers(twins, items=[item])

    assert with_it == without_it
    assert with_it[1], "an error"
    assert SECRET not in with_it[0]
    if item != "~/private.txt":
        assert "denied by Read(" in with_it[0]
        assert "settings.json" in with_it[0]


LISTS = [
    "**/*",
    "*",
    "**/*.py",
    ".env*",
    "**/.env",
    "**/a.py",
    "**/a.py#key",
    "secrets/**",
    "s*/**",
    "folder-link/*",
    "src/*",
    ".",
    "sub",
    "BASE/extra",
    "BASE/extra/**",
    "BASE/project/**/*.py",
    "**/*@2-",
    "**/*@4-",
    "**/*@99-",
    ".@2-",
    ".@99-",
]


@pytest.mark.parametrize("item", LISTS)
def test_a_list_is_the_same_with_and_without_what_is_denied(twins: list[Wire], item: str) -> None:
    with_it, without_it = answers(twins, items=[item])

    assert with_it == without_it
    assert SECRET not in with_it[0]


@pytest.mark.parametrize(
    "item", ["env", ".envx", "a.p", "secret/a.py", "src/a.py", "b.py", "private.tx", "src/nothing.py", "rooted.py"]
)
def test_a_suggestion_never_gives_away_what_is_denied(twins: list[Wire], item: str) -> None:
    with_it, without_it = answers(twins, items=[item])

    assert with_it == without_it


@pytest.mark.parametrize("item", LISTS)
def test_the_items_that_resume_a_list_do_not_count_what_is_denied(twins: list[Wire], item: str) -> None:
    with_it, without_it = answers(twins, items=[item], budget=200)

    assert with_it == without_it


def test_all_items_of_a_call_together_are_the_same_too(twins: list[Wire]) -> None:
    with_it, without_it = answers(twins, items=[*DOORS, *LISTS], budget=20_000)

    assert with_it == without_it
    assert SECRET not in with_it[0]


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(tool not in {each.name for each in TOOLS}, reason=f"{tool} is not in the registry")


PLACES = [
    [],
    ["."],
    ["**/*.py"],
    [".env"],
    ["*.env"],
    ["secrets"],
    ["secrets/**"],
    ["SECRETS"],
    ["sub"],
    ["link"],
    ["link.py"],
    ["folder-link"],
    ["self"],
    ["extra-link"],
    ["../extra"],
    ["BASE/extra/vault"],
    ["BASE/project/secrets"],
    ["BASE/home"],
    ["rooted/a.py"],
    ["!src"],
    ["src", "secrets"],
    ["secret/a.py"],
]


@needs("grep_and_read")
@pytest.mark.parametrize("paths", PLACES, ids=" ".join)
def test_a_search_neither_finds_nor_counts_what_is_denied(twins: list[Wire], paths: list[str]) -> None:
    where = {"paths": paths} if paths else {}
    for patterns in (["def"], ["secret", "key"], ["."]):
        for budget in (8_000, 300):
            with_it, without_it = answers(twins, "grep_and_read", patterns=patterns, budget=budget, **where)
            assert with_it == without_it
            assert SECRET not in with_it[0]


@needs("repo_summary")
@pytest.mark.parametrize("paths", PLACES, ids=" ".join)
def test_a_summary_does_not_know_what_is_denied(twins: list[Wire], paths: list[str]) -> None:
    where = {"paths": paths} if paths else {}
    for focus in ({}, {"focus": ["key", "secrets"]}):
        with_it, without_it = answers(twins, "repo_summary", **where, **focus)
        assert with_it == without_it
        assert SECRET not in with_it[0]


def test_what_is_not_denied_is_read(twins: list[Wire]) -> None:
    for item in ("src/app.py", "self/src/app.py", "BASE/extra/kept.py", "extra-link/kept.py"):
        text, is_error = answers(twins, items=[item])[0]
        assert not is_error, text
        assert "# src/app.py" in text or "# extra" in text


def test_rules_and_folders_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    project, extra = tmp_path / "project", tmp_path / "extra"
    write(project / "a.py", "first\n")
    write(extra / "b.py", "second\n")
    settings, user = project / ".claude" / "settings.local.json", tmp_path / "home" / ".claude" / "settings.json"
    env = {"CLAUDE_PROJECT_DIR": str(project), "HOME": str(tmp_path / "home")}

    def read(wire: Wire, item: str) -> str:
        time.sleep(LOOK_AGAIN_SECONDS)
        return wire.call("read_many", items=[item])[0]

    with Wire(LEGACY, env=env) as wire:
        assert "first" in read(wire, "a.py")
        write(settings, '{"permissions": {"deny": ["Read(a.*)"]}}')
        assert read(wire, "a.py").endswith(
            "a.py: denied by Read(a.*) in .claude/settings.local.json; only the person can change that"
        )
        write(settings, '{"permissions": {"ask": ["Read(a.py)"]}}')
        assert "use the built-in Read" in read(wire, "a.py")
        write(settings, "{ broken")
        assert "use the built-in Read" in read(wire, "a.py"), "what the file said before stays in force"
        settings.unlink()
        assert "first" in read(wire, "a.py")

        assert "outside the workspace" in read(wire, f"{extra}/b.py")
        write(user, '{"permissions": {"additionalDirectories": ["../extra"]}}')
        assert "second" in read(wire, f"{extra}/b.py")

    assert wire.stderr.count("\n") == 1
