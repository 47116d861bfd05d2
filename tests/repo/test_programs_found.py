"""Where git and rg are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_lean.repo.programs import run, search_path


@pytest.mark.parametrize(
    ("path", "searched"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        (".:node_modules/.bin:/usr/bin::~/bin:/bin:", "/usr/bin:/bin"),
        (".", os.defpath),
        ("", os.defpath),
        (None, os.defpath),
    ],
)
def test_a_program_is_looked_for_in_whole_paths_alone(path: str | None, searched: str) -> None:
    assert search_path({} if path is None else {"PATH": path}) == searched


def test_one_that_lies_in_the_folder_is_not_the_one_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho planted\n", encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")

    assert run(("git", "--version"), cwd=str(tmp_path)).output.startswith(b"git version")
