from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean import __version__
from mcp_lean.cli import main as command_line
from mcp_lean.cli.main import COMMANDS, main
from mcp_lean.errors import ConfigError
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS, default_budget
from mcp_lean.tools import grep_and_read, repo_summary

HEAVY = ("mcp", "mcp_types", "pydantic", "rich", "plotly", "tree_sitter", "sqlite3", "anyio", "asyncio", "orjson")
NAMES = [name for name, _, _ in COMMANDS]

SCRIPT = f"""
import sys
from mcp_lean.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
print("loaded:", *[name for name in {HEAVY} if name in sys.modules])
"""


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "mcp_lean", *arguments)
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in NAMES)], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Help has to come at once; by modules rather than by time, which depends on the machine."""
    done = subprocess.run((sys.executable, "-c", SCRIPT, *arguments), capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "loaded:"
    assert "usage: mcp-lean" in done.stdout or __version__ in done.stdout
    assert done.stderr == ""


def test_help_names_the_commands_in_the_order_in_which_a_person_needs_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])

    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert end.value.code == 0
    assert [name for name in shown if name in NAMES] == NAMES
    assert NAMES[0] == "try"
    assert NAMES[-1] == "serve"


def test_without_a_command_the_help_is_shown_as_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "serve" in shown.err


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["frobnicate"])

    assert end.value.code == 2
    assert "invalid choice: 'frobnicate'" in capsys.readouterr().err


class TestEnds:
    """How a command can end, each told by its status."""

    @pytest.fixture
    def command(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        file = tmp_path / "made_up_command.py"
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(command_line, "COMMANDS", (("made-up", "made_up_command", "does as it is told"),))
        monkeypatch.delitem(sys.modules, "made_up_command", raising=False)
        return file

    def write(self, file: Path, body: str) -> None:
        file.write_text(
            "from mcp_lean.errors import ConfigError\n"
            "def add_arguments(parser): parser.add_argument('--count', type=int, default=1)\n"
            f"def run(options): {body}\n"
        )

    def test_the_command_s_own_status_is_the_status(self, command: Path) -> None:
        self.write(command, "return options.count + 1")

        assert main(["made-up", "--count", "2"]) == 3

    def test_an_expected_error_is_one_line(self, command: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.write(command, f"raise ConfigError('{ConfigError.__name__} in words')")

        assert main(["made-up"]) == 2
        assert capsys.readouterr().err == "mcp-lean: ConfigError in words\n"

    def test_an_interrupt_is_no_traceback(self, command: Path) -> None:
        self.write(command, "raise KeyboardInterrupt")

        assert main(["made-up"]) == 130

    def test_the_command_itself_says_which_argument_it_does_not_know(
        self, command: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.write(command, "return 0")

        with pytest.raises(SystemExit) as end:
            main(["made-up", "--nope", "x"])

        assert end.value.code == 2
        assert capsys.readouterr().err == (
            "usage: mcp-lean made-up [-h] [--count COUNT]\nmcp-lean made-up: error: unrecognized arguments: --nope x\n"
        )

    def test_an_unexpected_error_is_not_hidden(self, command: Path) -> None:
        self.write(command, "raise ZeroDivisionError")

        with pytest.raises(ZeroDivisionError):
            main(["made-up"])


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_failure(arguments: list[str]) -> None:
    """As in `mcp-lean --help | true`."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = (sys.executable, "-m", "mcp_lean", *arguments)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
@pytest.mark.parametrize(
    "arguments", [["budget", "--hooks"], ["map"], ["doctor", "--no-start", "--json"]], ids=" ".join
)
def test_a_full_disk_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    """As in `mcp-lean cost --json > bill.json` where there is no room left."""
    command = (sys.executable, "-m", "mcp_lean", *arguments)
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (
        1,
        "mcp-lean: what there is to say cannot be written: No space left on device\n",
    )


@pytest.mark.skipif(os.name != "posix", reason="a stream is closed so in a shell of POSIX")
@pytest.mark.parametrize("arguments", [["budget", "--hooks"], ["map"], ["try", "."]], ids=" ".join)
def test_a_closed_output_is_no_failure(arguments: list[str], tmp_path: Path) -> None:
    """As in `mcp-lean map >&-`: the status is that of the command."""
    (tmp_path / "a.py").write_text("def price(items):\n    return sum(items)\n" * 20)
    command = (sys.executable, "-m", "mcp_lean", *arguments)
    done = subprocess.run(
        ("sh", "-c", 'exec "$@" >&-', "sh", *command), stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder that is in use cannot be deleted")
@pytest.mark.parametrize("command", ["cost", "replay", "doctor", "init", "watch", "budget", "compact", "map", "try"])
def test_a_folder_that_has_been_deleted_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    run_there = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    environ = {name: value for name, value in os.environ.items() if name != "CLAUDE_PROJECT_DIR"}
    done = subprocess.run(
        ("sh", "-c", run_there, "sh", sys.executable, "-P", "-m", "mcp_lean", command),
        capture_output=True, text=True, env=environ,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "mcp-lean: the folder that you are in has been deleted; cd to one that is there\n",
    )


@pytest.mark.parametrize(
    ("command", "default"),
    [
        ("read", f"{default_budget(1):,} an item"),
        ("grep", f"{grep_and_read.DEFAULT_BUDGET_TOKENS:,}"),
        ("map", f"{repo_summary.DEFAULT_BUDGET_TOKENS:,}"),
    ],
)
def test_help_names_the_tool_s_own_budget(command: str, default: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])

    shown = " ".join(capsys.readouterr().out.split())
    assert f"(default {default}, at most {MAX_BUDGET_TOKENS:,})" in shown


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout == f"mcp-lean {__version__}\n"


@pytest.mark.parametrize("command", [["map"], ["read", "a.py"], ["grep", "x"]])
def test_a_workspace_that_is_no_folder_is_wrong_usage(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--root", "/nowhere/at/all"]) == 2
    assert capsys.readouterr().err == "mcp-lean: --root /nowhere/at/all: no such folder\n"


def test_what_grep_s_texts_call_paths_is_an_option(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """The tool tells a model to "say where with `paths`", and a person in a shell reads the same line."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.py").write_text("needle = 1\n")

    assert main(["grep", "needle", "--paths", "here", "--root", str(tmp_path)]) == 0
    one = capsysbinary.readouterr().out
    assert main(["grep", "needle", "--in", "here", "--root", str(tmp_path)]) == 0
    assert b"here/a.py" in one
    assert capsysbinary.readouterr().out == one
