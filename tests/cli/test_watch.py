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
from mcp_lean.config import Budget
from mcp_lean.costs import contract
from mcp_lean.guard.budget.beginning import to_text
from mcp_lean.guard.ledger.database import NAME
from mcp_lean.guard.ledger.ledger import Ledger
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
        "5e551011-0000-4000-8000-000000000001  shop",
        "$0.6655 in 20 requests, 2 % of $25.00 for the run",
    ]
    assert [line.split()[0] for line in lines[4:7]] == ["orchestrator", "Explore:", "scout:"]


def test_the_projects_budget_is_the_measure(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".mcp-lean.toml").write_text("[budget]\nrun_usd = 1.0\n", encoding="utf-8")
    assert main(["watch", "--once", "--session", "5e55"]) == 0
    assert "66 % of $1.00 for the run" in capsys.readouterr().out


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
    names = [line.split()[0] for line in out.getvalue().splitlines() if line.endswith("  shop")]
    assert names == ["5e551011-0000-4000-8000-000000000001", newer.SESSION]


def test_a_session_is_held_against_the_limits_that_it_began_with_and_what_was_added(
    projects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the guard does: what a file says later counts from the next session on."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    session = example().SESSION
    ledger = Ledger.open(os.environ)
    ledger.begin(session, to_text(Budget(run_usd=2.0)))
    ledger.raise_limit(session, usd=1.0)
    ledger.close()
    Path(".mcp-lean.toml").write_text("[budget]\nrun_usd = 1.0\n", encoding="utf-8")

    assert main(["watch", "--dir", str(projects)]) == 0
    assert "22 % of $3.00 for the run" in capsys.readouterr().out


def test_a_ledger_that_cannot_be_read_is_said(
    projects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = tmp_path / "data" / "mcp-lean" / NAME
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no database" * 1_000)

    assert main(["watch", "--dir", str(projects)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "2 % of $25.00 for the run" in shown
    assert "not read: the guard's ledger: " in shown
