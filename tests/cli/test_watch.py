"""`mcp-lean watch` in a pipe: one picture, then the end; and how it goes over to a newer session."""

from __future__ import annotations

import importlib.util
import io
import os
import time
from pathlib import Path
from types import ModuleType

import pytest

from mcp_lean.cli.main import main
from mcp_lean.costs import contract
from mcp_lean.report import watching
from mcp_lean.report.selection import Asked
from mcp_lean.report.watching import Watch


def example() -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / "cost" / "make_run.py"
    spec = importlib.util.spec_from_file_location("make_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("MCP_LEAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(contract, "managed_folder", lambda: tmp_path / "managed")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home" / "projects"
    example().write_run(folder)
    return folder


def test_a_pipe_gets_one_picture(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "--dir", str(projects)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "5e551011-0000-4000-8000-000000000001  -home-ann-shop",
        "$0.6655 in 20 requests, 3 % of $25.00 for the run",
    ]
    assert [line.split()[0] for line in lines[4:7]] == ["orchestrator", "Explore", "scout"]


def test_the_projects_budget_is_the_measure(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".mcp-lean.toml").write_text("[budget]\nrun_usd = 1.0\n", encoding="utf-8")
    assert main(["watch", "--once", "--session", "5e55"]) == 0
    assert "67 % of $1.00 for the run" in capsys.readouterr().out


def test_nothing_to_watch_is_status_3(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch"]) == 3
    assert capsys.readouterr().err.startswith("mcp-lean watch: 0 sessions found in ")


def test_wrong_usage_is_status_2(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "--interval", "0"]) == 2
    Path(".mcp-lean.toml").write_text("[budget]\nrun_dollars = 1.0\n", encoding="utf-8")
    assert main(["watch", "--dir", str(projects)]) == 2
    assert "run_dollars" in capsys.readouterr().err


def test_a_newer_session_takes_over(projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after /clear: a new session id, a new file."""
    monkeypatch.setattr(watching, "LOOK_FOR_NEWER_S", 0.0)
    watch = Watch(Asked(str(Path.cwd()), place=str(projects)), os.environ)
    out = io.StringIO()
    watch.show_once(out)
    newer = example()
    newer.SESSION = "99999999-0000-4000-8000-000000000009"
    path = newer.write_run(projects)
    os.utime(path, (time.time() + 60, time.time() + 60))
    watch.show_once(out)
    names = [line.split()[0] for line in out.getvalue().splitlines() if "-home-ann-shop" in line]
    assert names == ["5e551011-0000-4000-8000-000000000001", newer.SESSION]
