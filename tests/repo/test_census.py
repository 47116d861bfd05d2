"""Counting what a repository is made of."""

from __future__ import annotations

import pytest

from mcp_lean.repo.census import Census, Share, code_language, take_census
from mcp_lean.repo.languages import language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/app.py", "python"),
        ("Rakefile", "ruby"),
        ("a.tsx", "tsx"),
        ("CMakeLists.txt", None),
        ("README.md", None),
        ("data.json", None),
        ("Dockerfile", None),
        ("LICENSE", None),
        (".bashrc", "bash"),
        ("x.unknown", None),
    ],
)
def test_prose_data_and_configuration_are_no_code(path: str, language: str | None) -> None:
    assert code_language(path) == language


@pytest.mark.parametrize(
    "name", ["setup.py", "makefile.py", "dockerfile.sh", "cargo.lock", "jenkinsfile.groovy", ".x.py"]
)
def test_asking_by_extension_gives_what_asking_by_name_gives(name: str) -> None:
    assert (code_language(name) or language_of(name)) == language_of(name)


def test_ranked_files_count_with_their_size_the_others_by_role_or_extension() -> None:
    paths = [
        "a.ts",
        "b.tsx",
        "c.py",
        "gone.py",
        "tests/d.py",
        "vendor/e.go",
        "README.md",
        "x.MD",
        "LICENSE",
        ".gitignore",
    ]

    census = take_census(paths, {"a.ts", "b.tsx", "c.py", "gone.py"}, {"a.ts": 10, "b.tsx": 20, "c.py": 5})

    assert census == Census(
        languages=(Share("TypeScript", 2, 30), Share("Python", 1, 5)),
        beside=(Share("test", 1), Share("vendored", 1)),
        other=(Share(".md", 2), Share("without extension", 2)),
    )


def test_an_empty_repository_has_no_shares() -> None:
    assert take_census([], set(), {}) == Census((), (), ())
