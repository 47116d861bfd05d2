"""`mcp-lean replay` as a person runs it, on the sessions of examples/replay."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcp_lean.cli.main import main
from mcp_lean.costs import contract

EXAMPLE = Path(__file__).parents[2] / "examples" / "replay"
PROJECT = "-home-ann-shop"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_runs", EXAMPLE / "make_runs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders with the example's sessions in them."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(contract, "managed_folder", lambda: tmp_path / "managed")
    example().write_runs(tmp_path / "claude" / "projects")
    return tmp_path


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["replay", *arguments, "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    made: dict[str, Any] = json.loads(captured.out)
    return made


def test_the_headline_stands_first_and_a_pipe_gets_plain_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--all"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()

    assert captured.err == ""
    assert "\x1b" not in captured.out
    assert lines[0].startswith("7 sessions, 142 requests, $")
    assert lines[1].startswith("simulated: everything together saves ")
    assert lines[1] == lines[-1]
    assert "baseline reproduces the bill within " in lines[2]
    assert len(lines) <= 70
    assert max(map(len, lines)) <= 120
    assert "left out: 1 session (one request: 1)" in lines
    assert "measured in sessions that used mcp_lean" in lines


def test_the_document_agrees_with_the_meter_on_the_bill(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, "--all")
    assert main(["cost", "--all", "--json"]) == 0
    bills = {run["session"]: run["usd"] for run in json.loads(capsys.readouterr().out)["runs"]}

    assert (made["sessions"], made["left_out"]) == (7, {"one request": 1})
    assert {run["session"]: run["recorded_usd"] for run in made["runs"] if not run["left_out"]} == pytest.approx(
        {run["session"]: bills[run["session"]] for run in made["runs"] if not run["left_out"]}
    )
    assert made["residual"] < 0.02
    assert made["worst_session_residual"] < 0.02


def test_shares_sums_and_losers_are_those_of_the_sessions(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, "--all")
    outcomes = [
        (outcome, run["baseline_usd"]) for run in made["runs"] if not run["left_out"] for outcome in run["outcomes"]
    ]
    checked = 0
    for policy in made["policies"]:
        for bound, row in policy["bounds"].items():
            found = [one for one in outcomes if (one[0]["policy"], one[0]["bound"]) == (policy["name"], bound)]
            assert row["saved_usd"] == pytest.approx(sum(one["saved_usd"] for one, _ in found), abs=1e-9)
            assert row["saved_usd"] == pytest.approx(row["gross_usd"] - row["own_usd"], abs=1e-9)
            assert row["share"] == pytest.approx(row["saved_usd"] / sum(usd for _, usd in found))
            assert row["losers"] == sum(one["share"] < -0.001 for one, _ in found)
            checked += 1
    assert checked > 20


def test_what_we_only_add_is_a_loss_in_every_session(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, "--all")
    [own] = [policy for policy in made["policies"] if policy["name"] == "own"]

    assert own["bounds"]["strict"]["losers"] == 7
    assert own["bounds"]["strict"]["saved_usd"] < 0


def test_the_session_that_used_us_is_measured_by_hand(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight files in three calls; alone the agent reads one a turn; one file was read natively again: 8 - 3 - 1."""
    found = as_json(capsys, "--all")["measured"]

    assert (found["runs"], found["own_turns"], found["own_looks"]) == (1, 3, 8)
    assert (found["native_calls"], found["looks_per_native_turn"], found["reread_calls"]) == (3, 1.0, 1)
    assert found["saved_turns"] == 4.0
    assert found["share"] == pytest.approx(8 / 11)
    assert found["net_usd"] == pytest.approx(found["saved_usd"] - found["overhead_usd"])


def test_selectors_are_those_of_the_meter(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert as_json(capsys, "--session", "5e551011")["sessions"] == 1
    assert as_json(capsys, "--all", "--since", "2026-11-24")["sessions"] == 3
    assert as_json(capsys, "--dir", str(home / "claude" / "projects" / PROJECT))["sessions"] == 7
    assert main(["replay"]) == 3  # this folder has no sessions
    assert "mcp-lean replay: 0 sessions found in " in capsys.readouterr().err


def test_without_a_selector_all_sessions_of_the_project_are_meant(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_lean.transcripts.locate import project_slug

    place = home / "work"
    place.mkdir()
    projects = home / "claude" / "projects"
    (projects / PROJECT).rename(projects / project_slug(str(place)))
    monkeypatch.chdir(place)

    assert as_json(capsys)["sessions"] == 7


def test_today_s_world_has_no_bill_to_reproduce(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = as_json(capsys, "--all", "--world", "current")

    assert (made["world"], made["residual"]) == ("current", None)
    assert made["baseline_usd"] > 0


def test_calls_are_in_the_json_only_when_asked_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, full = as_json(capsys, "--all"), as_json(capsys, "--all", "--with-text")

    assert "part_1.py" not in json.dumps(plain)
    assert "part_1.py" in json.dumps(full)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--since", "yesterday"], 2, "mcp-lean replay: --since yesterday: say 7d, 24h"),
        (["--session", "5e5510"], 2, "begins 8 ids"),
        (["--session", "ffff"], 3, "with an id that begins ffff"),
        (["--session", "5e551018"], 3, "none of these sessions can be replayed: one request: 1"),
        (["--dir", "/no/such/folder"], 3, "0 sessions found in /no/such/folder"),
    ],
)
def test_statuses_and_their_words(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    assert main(["replay", *arguments]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_a_world_that_does_not_exist_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as raised:
        main(["replay", "--world", "rosy"])
    assert raised.value.code == 2


def test_damaged_files_are_left_out_and_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines that are no JSON, a file that is none, an empty one, and one of which only subagents are left."""
    place = home / "claude" / "projects" / PROJECT
    good = place / "5e551011-0000-4000-8000-000000000001.jsonl"
    good.write_bytes(good.read_bytes() + b'{"type": "assistant"\n\xff\xfe\x00\n')
    (place / "00000000-0000-4000-8000-00000000000a.jsonl").write_bytes(b"\x00" * 300)
    (place / "00000000-0000-4000-8000-00000000000b.jsonl").write_bytes(b"")
    (place / "5e551014-0000-4000-8000-000000000004.jsonl").unlink()
    assert main(["replay", "--all"]) == 0
    shown = capsys.readouterr().out

    assert shown.startswith("6 sessions, ")
    assert "main conversation missing: 1" in shown
    assert "lines that are no JSON records" in shown


def test_a_file_that_vanishes_between_the_readings_leaves_its_session_out(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_lean.costs.replay import runs

    real = runs.with_texts
    monkeypatch.setattr(runs, "with_texts", lambda run: None if run.id.startswith("5e551012") else real(run))
    made = as_json(capsys, "--all")

    assert made["left_out"] == {"cannot be read again": 1, "one request": 1}


def test_the_page_is_written_and_named_on_stderr(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    target = home / "replay.html"
    assert main(["replay", "--all", "--html", str(target)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"mcp-lean replay: wrote {target}\n")
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "part_1.py" not in text


def test_a_page_that_cannot_be_written_is_status_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    target = home / "no" / "such" / "replay.html"
    assert main(["replay", "--all", "--html", str(target)]) == 2
    assert capsys.readouterr().err == (
        f"mcp-lean replay: --html {target}: not written: there is no such folder; "
        "name a file in a folder that you can write to\n"
    )


def test_two_runs_and_two_hash_seeds_give_the_same_bytes(home: Path) -> None:
    outputs = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-m", "mcp_lean", "replay", "--all", "--json"],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stderr == b""
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_progress_is_drawn_where_stderr_is_a_terminal_and_the_pipe_stays_plain(home: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "mcp_lean", "replay", "--all"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(theirs)
    drawn = b""
    try:
        while piece := os.read(ours, 65_536):
            drawn += piece
    except OSError:
        pass  # Linux's way of saying that the other end is closed
    finally:
        os.close(ours)

    assert b"replaying" in drawn
    assert b"\x1b" not in done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom mcp_lean.cli.main import main\n"
        "try:\n    main(['replay', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "--world" in done.stdout
    assert {"rich", "orjson", "sqlite3", "plotly", "pydantic", "mcp"}.isdisjoint(done.stderr.split())
