"""What a model writes as `paths` becomes a part of the workspace, or a line that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.errors import AskError, Denied, Missing, OutsideWorkspace
from mcp_lean.repo.scope import Scope, scopes
from mcp_lean.repo.workspace import Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("src/a.py", "src/deep/b.ts", "app/[id]/page.tsx", "docs/x.md", "secret/key.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n", encoding="utf-8")
    return root


@pytest.fixture
def workspace(project: Path, tmp_path: Path) -> Workspace:
    (tmp_path / "other" / "lib").mkdir(parents=True)
    (tmp_path / "other" / "lib" / "c.py").write_text("x\n", encoding="utf-8")
    (tmp_path / "home" / ".claude").mkdir(parents=True)
    settings = {"permissions": {"deny": ["Read(./secret/**)"], "additionalDirectories": [str(tmp_path / "other")]}}
    (tmp_path / "home" / ".claude" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return Workspace(str(project), {"HOME": str(tmp_path / "home")})


@pytest.mark.parametrize(
    ("paths", "scope"),
    [
        ([], {}),
        (["."], {}),
        (["./"], {}),
        (["src"], {"below": ("src",)}),
        (["./src/"], {"below": ("src",)}),
        (["src/a.py", "docs"], {"below": ("src/a.py", "docs")}),
        (["app/[id]"], {"below": ("app/[id]",)}),
        (["*.py"], {"globs": ("*.py",)}),
        (["./src/**/*.ts"], {"globs": ("src/**/*.ts",)}),
        (["{PROJECT}/src"], {"below": ("src",)}),
        (["{PROJECT}/src/*.py"], {"globs": ("/src/*.py",)}),
        (["deep"], {"globs": ("deep",)}),
        (["src", "!*.ts"], {"below": ("src",), "without": ("*.ts",)}),
        (["!docs/"], {"without": ("/docs",)}),
        (["!elsewhere"], {"without": ("elsewhere",)}),
        ([".", "src"], {}),
    ],
    ids=str,
)
def test_paths_become_a_scope(
    project: Path, workspace: Workspace, paths: list[str], scope: dict[str, tuple[str, ...]]
) -> None:
    asked = [path.replace("{PROJECT}", str(project)) for path in paths]

    assert scopes(workspace, asked) == ([Scope(str(project), **scope)], [])


def test_an_additional_directory_is_a_scope_of_its_own(project: Path, workspace: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"

    assert scopes(workspace, ["src", str(other / "lib"), f"{other}/**/*.md"]) == (
        [Scope(str(project), below=("src",)), Scope(str(other), below=("lib",), globs=("/**/*.md",))],
        [],
    )


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("src/gone", Missing, "src/gone: no such file or folder"),
        ("/etc", OutsideWorkspace, "/etc: outside the workspace"),
        ("/etc/*.conf", Missing, "no such file or folder; paths are relative to the project's root"),
        ("../other-project", OutsideWorkspace, "outside the workspace"),
        ("secret", Denied, "secret: denied by Read(./secret/**)"),
        ("a\0b", AskError, "no NUL"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(
    workspace: Workspace, path: str, error: type[AskError], words: str
) -> None:
    with pytest.raises(error) as caught:
        scopes(workspace, [path])

    assert words in str(caught.value)


def test_among_others_it_is_a_line(project: Path, workspace: Workspace) -> None:
    assert scopes(workspace, ["src/gone", "docs"]) == (
        [Scope(str(project), below=("docs",))],
        ["src/gone: no such file or folder"],
    )


def test_a_symlink_is_followed_to_where_it_leads_inside(project: Path, workspace: Workspace) -> None:
    (project / "way").symlink_to("src/deep")
    (project / "out").symlink_to("/etc")

    assert scopes(workspace, ["way"]) == ([Scope(str(project), below=("src/deep",))], [])
    with pytest.raises(OutsideWorkspace):
        scopes(workspace, ["out"])


def test_selecting() -> None:
    paths = ("a.py", "src/a.py", "src/b.ts", "src2/a.py", "docs/src/a.py")

    assert Scope("/").select(paths) == set(paths)
    assert Scope("/", below=("src",)).select(paths) == {"src/a.py", "src/b.ts"}
    assert Scope("/", below=("src",), globs=("/a.py",)).select(paths) == {"a.py", "src/a.py", "src/b.ts"}
    assert Scope("/", below=("src",), without=("*.ts",)).select(paths) == {"src/a.py"}
    assert Scope("/", without=("src",)).select(paths) == {"a.py", "src2/a.py"} | {"docs/src/a.py"}
