"""The plugin in the real client: it is valid, it can be installed, and its server, hooks and agents work."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mcp_lean import __version__
from mcp_lean.claude_code.agents import PROJECT_PREFIX
from mcp_lean.claude_code.doctor.reading import read_setup
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config

from .client import Claude
from .place import LEAN, Place
from .plugged import PLUGIN_FOLDER, our_agents, plugged
from .records import MAIN, Run
from .script import spawn, use
from .test_guard import ending, once_ready, remarks
from .wire import answer_to, read_wire

pytestmark = pytest.mark.e2e

REPOSITORY = PLUGIN_FOLDER.parent.parent.parent
READ_MANY = "mcp__plugin_lean_lean__read_many"


def by_person(claude: Claude, place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the client that needs no model and no network."""
    env = place.environment({})
    return subprocess.run(
        [str(claude.program), *arguments], cwd=place.root, env=env, capture_output=True, text=True, timeout=60
    )


def answers_to_hooks(run: Run, event: str) -> list[str]:
    wire = read_wire(run.place.wires / "lean", 0.0)
    calls = [e for e in wire if e.tool == "hook" and e.message["params"]["arguments"]["event"] == event]
    return [answer.message["result"]["content"][0]["text"] for call in calls if (answer := answer_to(call, wire))]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "person")
    for folder in (found.config, found.root / "home", found.root / "tmp"):
        folder.mkdir(parents=True)
    return found


@pytest.mark.parametrize("what", [PLUGIN_FOLDER, REPOSITORY], ids=["plugin", "marketplace"])
def test_the_client_finds_nothing_to_warn_of(claude: Claude, place: Place, what: Path) -> None:
    profile = ["--profile", "directory"] if what == PLUGIN_FOLDER else []
    done = by_person(claude, place, "plugin", "validate", "--strict", *profile, "--json", str(what))

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    found = [entry for entry in _entries(report) if entry.get("severity") in ("warning", "error")]
    assert not found, found


def _entries(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        return [value, *(entry for part in value.values() for entry in _entries(part))]
    return [entry for part in value for entry in _entries(part)] if isinstance(value, list) else []


def test_it_can_be_installed_from_a_checkout_and_its_tools_are_then_there(claude: Claude, tmp_path: Path) -> None:
    how = plugged(tmp_path)
    where: Place = how["place"]
    where.furnish({}, {}, (), {})
    page = (REPOSITORY / "docs" / "install.md").read_text(encoding="utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("$ claude plugin marketplace add")]
    path = os.pathsep.join((str(claude.program.parent), os.environ["PATH"]))
    env = {**where.environment({}), "PATH": path}
    as_written = ["sh", "-c", line.removeprefix("$ ")]
    done = subprocess.run(as_written, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr

    run = claude(
        place=where,
        mcp={},
        env=how["env"],
        files={"app.py": "print('here')\n"},
        turns=[once_ready(spawn("finder", "lean:scout")), "done"],
        subagents={"finder": [use(READ_MANY, items=["app.py"]), "found"]},
    )

    assert "print('here')" in run.result_text(READ_MANY, agent="finder")
    assert run.exit_code == 0
    [plugin] = read_setup(str(where.project), {"HOME": str(where.root), "CLAUDE_CONFIG_DIR": str(where.config)}).plugins
    assert (plugin.id, plugin.version) == ("lean@mcp-lean", __version__), "the doctor reads the client's register"
    assert [server.name for server in plugin.servers] == ["plugin:lean:lean"]
    assert [list(held.data) for held in plugin.hooks] == [["hooks"]]


def test_beside_init_everything_is_there_twice_and_works(claude: Claude, tmp_path: Path) -> None:
    """What `init` and the doctor warn of: two servers, the tools of both in the prompt, each event asked of both."""
    how = plugged(tmp_path)
    ours = f"{PROJECT_PREFIX}read_many"
    run = claude(
        **{**how, "mcp": {"lean": LEAN}},
        settings={"hooks": hooks(Config())},
        files={"app.py": "print('here')\n", **our_agents()},
        turns=[once_ready([spawn("one", "lean-scout"), spawn("two", "lean:scout")]), "done"],
        subagents={
            "one": [use(ours, items=["app.py"]), "found"],
            "two": [use(READ_MANY, items=["app.py"]), "found"],
        },
    )

    assert {READ_MANY, ours} <= set(run.of(MAIN)[-1].ready_tools)
    assert "print('here')" in run.result_text(ours, agent="one")
    assert "print('here')" in run.result_text(READ_MANY, agent="two")
    calls = [e.message["params"]["arguments"]["event"] for e in run.mcp if e.tool == "hook"]
    assert calls.count("SubagentStart") == 4, "two agents, two servers"
    assert run.exit_code == 0


def test_server_hooks_agents_and_skill_are_loaded(claude: Claude, tmp_path: Path) -> None:
    run = claude(
        **plugged(tmp_path),
        files={"app.py": "print('here')\n"},
        turns=[once_ready(use(READ_MANY, items=["app.py"])), spawn("finder", "lean:scout"), "done"],
        subagents={"finder": [use(READ_MANY, items=["app.py"]), "found"]},
    )

    [init] = [message for message in run.stream if message.get("subtype") == "init"]
    assert ("lean", str(PLUGIN_FOLDER)) in [(plugin["name"], plugin["path"]) for plugin in init["plugins"]]
    assert {f"lean:{name}" for name in ("scout", "reviewer", "runner", "worker")} <= set(init["agents"])
    assert "lean:continue" in init["slash_commands"]
    assert "print('here')" in run.result_text(READ_MANY)
    assert run.of("finder")[0].model == "claude-haiku-5-5"
    for event in ("UserPromptSubmit", "PreToolUse", "PostToolBatch", "SubagentStart", "SubagentStop", "Stop"):
        assert answers_to_hooks(run, event), event
    assert run.left_behind == ()


def test_the_guard_stops_an_agent_of_the_plugin(claude: Claude, tmp_path: Path) -> None:
    wrong = use("Bash", command="ls /nowhere/at/all")
    run = claude(
        **plugged(tmp_path),
        turns=[once_ready(spawn("turner", "lean:runner")), "done"],
        subagents={"turner": [wrong] * 12 + ["never"]},
    )

    assert 2 < len(run.of("turner")) < 8, "the same failing call is stopped after a few"
    assert any("was stopped" in line for line in remarks(run.of("main")[-1]))
    assert ending(run)["result"] == "done"


def test_without_the_program_the_session_works_and_says_so_once(claude: Claude, tmp_path: Path) -> None:
    """The script of the plugin finds no `mcp-lean`: neither tools nor hooks, and no call is held up."""
    alone = shutil.copytree(PLUGIN_FOLDER, tmp_path / "alone" / "plugin")  # no environment beside it
    how = plugged(tmp_path, env={"MCP_LEAN": "/nowhere/mcp-lean", "PATH": "/usr/bin:/bin"})
    how["args"] = ["--plugin-dir", str(alone)]
    run = claude(
        **how, turns=[use("Bash", command="echo on"), spawn("finder"), "done"], subagents={"finder": ["found"]}
    )

    [init] = [message for message in run.stream if message.get("subtype") == "init"]
    assert [(server["name"], server["status"]) for server in init["mcp_servers"]] == [("plugin:lean:lean", "failed")]
    assert not [name for name in run.requests[0].tool_names if name.startswith("mcp__")]
    assert [result.is_error for result in run.results("Bash")] == [False]
    assert (ending(run)["result"], run.exit_code) == ("done", 0)
    assert remarks(run.of("main")[-1]) == []


@pytest.mark.parametrize("mode", ["bypassPermissions", "default"])
def test_the_skill_puts_the_checkpoint_of_the_session_before_into_the_prompt(
    claude: Claude, tmp_path: Path, mode: str
) -> None:
    """By a person, as /lean:continue; the model is not told of it, so it costs nothing until then."""
    how = plugged(tmp_path)
    first = claude(
        **how,
        prompt="Make the parser accept an empty list.",
        turns=[once_ready(use("Bash", command="python -m pytest -q tests/test_parser.py")), "The parser is half done."],
    )
    again = claude(**how, mode=mode, prompt="/lean:continue", turns=["going on"])

    assert "Make the parser accept an empty list." in again.requests[0].text
    assert "Say in one line what the next step is" in again.requests[0].text
    assert "mcp-lean compact" not in again.requests[0].text
    assert "lean:continue" not in first.requests[0].text


def test_the_script_finds_the_program_beside_its_folder_and_on_the_path(tmp_path: Path) -> None:
    """As installed: bin/ beside lib/python3/site-packages/mcp_lean/claude_code/plugin."""
    environment = tmp_path / "environment"
    folder = environment / "lib/python3/site-packages/mcp_lean/claude_code/plugin"
    folder.mkdir(parents=True)
    script = folder / "run"
    script.write_bytes((PLUGIN_FOLDER / "run").read_bytes())

    def program(path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho {path} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def served(**env: str) -> tuple[int, str]:
        given = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **env}
        done = subprocess.run(["sh", str(script), "serve"], env=given, capture_output=True, text=True)
        return done.returncode, done.stdout.strip() or done.stderr

    status, said = served()
    assert status == 127
    assert "mcp-lean is not installed" in said
    home = program(tmp_path / ".local/bin/mcp-lean")
    assert served() == (0, f"{home} serve")
    on_path = program(tmp_path / "tools/mcp-lean")
    assert served(PATH=f"{tmp_path / 'tools'}:/usr/bin:/bin") == (0, f"{on_path} serve")
    own = program(environment / "bin/mcp-lean")
    path = f"{tmp_path / 'tools'}:/usr/bin:/bin"
    status, said = served(PATH=path)
    assert (status, os.path.realpath(said.split()[0])) == (0, own.split()[0])
    named = program(tmp_path / "elsewhere")
    assert served(PATH=path, MCP_LEAN=named) == (0, f"{named} serve")
