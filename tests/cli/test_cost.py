"""`mcp-lean cost` as a person runs it: statuses, forms, places."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from mcp_lean.cli.main import main
from mcp_lean.costs import contract

EXAMPLE = Path(__file__).parents[2] / "examples" / "cost"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_run", EXAMPLE / "make_run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders with the example's run in them, and a project folder to stand in."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(contract, "managed_folder", lambda: tmp_path / "managed")
    example().write_run(tmp_path / "claude" / "projects")
    return tmp_path


def test_the_example_prints_what_its_readme_shows(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--dir", str(home / "claude" / "projects")]) == 0
    shown = re.search(r"```text\n(.*?)```", (EXAMPLE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert capsys.readouterr().out == shown[1]


def test_without_a_run_in_this_project_the_status_is_3_and_says_where(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert main(["cost"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(
        r"mcp-lean cost: 0 sessions found in \S+; looked for session transcripts .*; try --all or --dir PATH\n",
        captured.err,
    )


def test_json_is_the_document_and_nothing_else(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--all", "--json"]) == 0
    captured = capsys.readouterr()
    made = json.loads(captured.out)
    assert captured.err == ""
    assert (made["total_usd"], len(made["runs"])) == (0.69, 1)
    assert "find rounding" not in captured.out


def test_json_with_text_and_by(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--all", "--json", "--with-text", "--by", "model"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["runs"][0]["agents"][1]["description"] == "find rounding"
    assert made["by"] == "model"
    assert [(row["key"], row["requests"]) for row in made["groups"]] == [
        ("claude-opus-5-5", 16),
        ("unrecorded", 0),
        ("claude-haiku-5-5", 4),
    ]


def test_the_same_run_by_its_id(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--session", "5e55", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["usd"] == 0.69
    assert main(["cost", "--session", "ffff"]) == 3
    assert "with an id that begins ffff" in capsys.readouterr().err


def test_wrong_words_are_status_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--since", "yesterday"]) == 2
    assert capsys.readouterr().err.startswith("mcp-lean cost: --since yesterday: say 7d, 24h")
    with pytest.raises(SystemExit) as raised:
        main(["cost", "--by", "weather"])
    assert raised.value.code == 2


def test_the_page_is_written_and_named_on_stderr(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    target = home / "bill.html"
    assert main(["cost", "--all", "--html", str(target)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"mcp-lean cost: wrote {target}\n")
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_status_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    target = home / "no" / "such" / "bill.html"
    assert main(["cost", "--all", "--html", str(target)]) == 2
    assert capsys.readouterr().err == (
        f"mcp-lean cost: --html {target}: not written: there is no such folder; "
        "name a file in a folder that you can write to\n"
    )


def test_the_organizations_rates_are_used_and_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "managed").mkdir()
    settings = home / "managed" / "managed-settings.json"
    settings.write_text(json.dumps({"modelPricing": {"multiplier": 0.5}}), encoding="utf-8")
    assert main(["cost", "--all", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["runs"][0]["orchestrator_usd"] == pytest.approx(0.4595 / 2, abs=1e-4)
    assert made["prices"]["contract"] == str(settings)


def test_a_second_reading_of_the_same_files_gives_the_same_bytes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first reading is from the files, the second from the cache."""
    outputs = []
    for _ in range(2):
        assert main(["cost", "--all", "--json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom mcp_lean.cli.main import main\n"
        "try:\n    main(['cost', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "--with-text" in done.stdout
    assert {"rich", "orjson", "sqlite3", "plotly", "pydantic", "mcp"}.isdisjoint(done.stderr.split())
