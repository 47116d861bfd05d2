"""`mcp-lean init` on the real client: from nothing to a run that uses everything, and back to nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config
from mcp_lean.guard.ledger.ledger import Ledger

from .client import Claude
from .live import Scene
from .place import DUMMY_KEY, Place
from .records import Run
from .script import Says, spawn, use
from .wire import JsonObject

pytestmark = pytest.mark.e2e

READ_MANY = "mcp__lean__read_many"
SERVER_STARTED = 'printf started >> "$CLAUDE_PROJECT_DIR/started"'


def mcp_lean(place: Place, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Our command as a person would type it in the project."""
    env = place.environment({})
    env["PATH"] = f"{path}:{env['PATH']}" if path else env["PATH"]
    return subprocess.run(
        [sys.executable, "-m", "mcp_lean", *words], cwd=place.project, env=env, capture_output=True, text=True
    )


def empty(place: Place) -> None:
    """Takes away what the harness puts into every project, so that nothing is there but the code."""
    (place.project / ".mcp.json").unlink()
    shutil.rmtree(place.project / ".claude")


def tree(*folders: Path) -> dict[str, bytes]:
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if ".git" not in path.parts]
    return {str(path): path.read_bytes() if path.is_file() else b"a folder" for path in files}


def has_guard(scene: Scene) -> bool:
    return (scene.place.root / "home/.local/share/mcp-lean/ledger.sqlite3").exists()


def once_guarded(says: Says) -> Callable[[Scene], Says]:
    def turn(scene: Scene) -> Says:
        scene.until(lambda: has_guard(scene), "the guard, which the first hook makes")
        return says

    return turn


def run_with_a_scout(claude: Claude, prepare: Callable[[Path], object]) -> Run:
    return claude(
        files={"app.py": "def start():\n    return 'started'\n"},
        prepare=prepare,
        mcp={},
        mode="default",
        turns=[once_guarded(spawn("scout", "lean-scout")), "done"],
        subagents={"scout": [use(READ_MANY, items=["app.py"]), "found"]},
    )


def known_agents(place: Place) -> set[str]:
    """Types of the agents that hooks have told the guard of."""
    ledger = Ledger.open(place.environment({}))
    try:
        return {agent.agent_type for session, _ in ledger.sessions() for agent in ledger.agents(session)}
    finally:
        ledger.close()


def test_from_nothing_to_a_run_whose_subagent_uses_the_tools_and_back(claude: Claude) -> None:
    before: dict[str, bytes] = {}

    def init(project: Path) -> None:
        place = Place(project.parent)
        empty(place)
        before.update(tree(project))
        done = mcp_lean(place, "init", "--yes", "--allow", "--budget-usd", "12")
        assert (done.returncode, done.stderr) == (0, "")

    run = run_with_a_scout(claude, init)

    scout = run.of("scout")[0]
    assert {name for name in scout.ready_tools if name.startswith("mcp__lean__")} >= {READ_MANY}
    assert "def start():\n    return 'started'" in run.result_text(READ_MANY, agent="scout")
    assert not run.result(READ_MANY, agent="scout").is_error, "allowed, and so not refused in mode default"
    assert "lean-scout" in known_agents(run.place), "SubagentStart and PreToolUse have told the guard"
    assert run.exit_code == 0
    assert mcp_lean(run.place, "init", "--yes", "--budget-usd", "12").stdout.startswith("nothing to do")

    taken_back = mcp_lean(run.place, "init", "--undo", "--yes")

    assert (taken_back.returncode, taken_back.stderr) == (0, "")
    assert tree(run.place.project) == before


def test_at_user_scope_every_project_has_it_until_it_is_taken_back(claude: Claude, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "claude").symlink_to(claude.program)

    def init(project: Path) -> None:
        place = Place(project.parent)
        empty(place)
        done = mcp_lean(place, "init", "--scope", "user", "--yes", "--allow", path=str(programs))
        assert (done.returncode, done.stderr) == (0, "")

    run = run_with_a_scout(claude, init)

    assert not (run.place.project / ".mcp.json").exists()
    assert "def start()" in run.result_text(READ_MANY, agent="scout")
    assert "lean-scout" in known_agents(run.place)

    taken_back = mcp_lean(run.place, "init", "--scope", "user", "--undo", "--yes", path=str(programs))

    assert (taken_back.returncode, taken_back.stderr) == (0, "")
    client_file = json.loads((run.place.config / ".claude.json").read_text(encoding="utf-8"))
    assert client_file["mcpServers"] == {}
    assert client_file["customApiKeyResponses"] == {"approved": [DUMMY_KEY[-20:]], "rejected": []}
    assert not (run.place.config / "settings.json").exists()
    assert not (run.place.config / "agents").exists()


def test_the_doctor_finds_nothing_after_init(claude: Claude) -> None:
    """No agent runs: the doctor alone, in a place that init has made."""
    place = claude().place
    empty(place)
    assert mcp_lean(place, "doctor", "--days", "0").returncode == 1
    mcp_lean(place, "init", "--yes", "--allow")

    done = mcp_lean(place, "doctor", "--days", "0", "--json")

    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert done.returncode == 0
    assert any(fact["name"] == "start" and "a hook was answered" in fact["says"] for fact in report["facts"])


@pytest.mark.parametrize("comment", ["", "// why\n"], ids=["plain", "with a comment"])
def test_settings_with_a_comment_are_ignored_as_a_whole(claude: Claude, comment: str) -> None:
    """The alarm for a client that begins to read them: `init` and `doctor` say the contrary."""
    settings = {
        "hooks": {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": SERVER_STARTED}]}]},
        "permissions": {"deny": ["Bash(echo *)"]},
    }

    def put(project: Path) -> None:
        (project / ".claude/settings.json").write_text(comment + json.dumps(settings), encoding="utf-8")

    run = claude(prepare=put, mcp={}, turns=[use("Bash", command="echo word"), "done"])

    assert (run.place.project / "started").exists() == (not comment)
    assert run.result("Bash").is_error == (not comment)


def test_the_same_hooks_at_two_scopes_are_called_once(claude: Claude) -> None:
    """Why `doctor` finds fault only with hooks that differ."""
    ours: JsonObject = {"hooks": hooks(Config())}

    def put(project: Path) -> None:
        (project.parent / "config/settings.json").write_text(json.dumps(ours), encoding="utf-8")

    def wait(scene: Scene) -> Says:
        scene.until(lambda: has_guard(scene), "the guard")
        return use("Bash", command="true")

    run = claude(prepare=put, settings=ours, turns=[wait, "done"])

    calls = [entry.message["params"]["arguments"] for entry in run.mcp if entry.tool == "hook"]
    batches = [call for call in calls if call["event"] == "PostToolBatch"]
    assert len(batches) == 1


def test_the_client_s_git_instructions_can_be_left_out(claude: Claude) -> None:
    """The figure that `doctor` shows: 2,119 characters less in the first request."""
    with_them, without = (
        claude(mcp={}, settings=settings).requests[0] for settings in ({}, {"includeGitInstructions": False})
    )

    assert len(json.dumps(with_them.body)) - len(json.dumps(without.body)) > 1_000


def test_memory_that_changed_is_added_behind_the_history_of_a_resumed_conversation(claude: Claude) -> None:
    """What `doctor` says of dates in CLAUDE.md; a client that writes the conversation anew makes them dear again."""
    first = claude(mcp={}, files={"CLAUDE.md": "the first memory\n"}, turns=[use("Bash", command="true"), "done"])
    resumed = claude(
        mcp={},
        files={"CLAUDE.md": "the second memory\n"},
        place=first.place,
        args=["--continue"],
        turns=["x", "x", "x"],
    )

    before, now = ([uncached(message) for message in run.requests[-1].messages] for run in (first, resumed))
    assert now[: len(before)] == before
    assert "the first memory" in json.dumps(before)
    assert "the second memory" in json.dumps(now[len(before) :])
    assert resumed.requests[-1].body["tools"] == first.requests[-1].body["tools"]


def test_what_a_start_hook_prints_stands_behind_the_prompt(claude: Claude) -> None:
    hook = {"hooks": [{"type": "command", "command": "echo printed at the start"}]}

    run = claude(mcp={}, settings={"hooks": {"SessionStart": [hook]}}, prompt="the prompt")

    request = json.dumps(run.requests[0].messages)
    assert 0 < request.index("the prompt") < request.index("printed at the start")
    assert "printed at the start" not in run.requests[0].system


def test_agents_in_worktrees_share_tools_and_system_with_others_of_their_kind(claude: Claude) -> None:
    def agent(name: str, extra: str = "") -> dict[str, str]:
        return {f".claude/agents/{name}.md": f"---\nname: {name}\ndescription: d\ntools: Read\n{extra}---\nRead it.\n"}

    run = claude(
        mcp={},
        files=agent("reader") | agent("apart", "isolation: worktree\n"),
        turns=[spawn("one", "reader"), spawn("two", "reader"), spawn("three", "apart"), "done"],
        subagents={name: ["found"] for name in ("one", "two", "three")},
    )

    one, two, three = (run.of(name)[0] for name in ("one", "two", "three"))
    assert one.system.partition("\n")[2] == three.system.partition("\n")[2]
    assert three.usage["cache_read_input_tokens"] == two.usage["cache_read_input_tokens"] > 0
    assert 0 < three.usage["cache_creation_input_tokens"] - two.usage["cache_creation_input_tokens"] < 400


def uncached(message: JsonObject) -> JsonObject:
    """A message without its mark for the cache, which wanders to the end."""
    content = message["content"]
    if isinstance(content, str):
        return message
    blocks = [{key: value for key, value in block.items() if key != "cache_control"} for block in content]
    return {**message, "content": blocks}
