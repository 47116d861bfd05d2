"""Set-ups of Claude Code with one planted defect each, and a clean one; all made up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mcp_lean.claude_code import agents
from mcp_lean.claude_code.doctor.reading import read_setup
from mcp_lean.claude_code.doctor.setup import Setup
from mcp_lean.claude_code.init.apply import install
from mcp_lean.claude_code.init.plan import Asked, make_plan

PROMPT = "Look at the file that the task names and say in one line what it is for. " * 3


@dataclass(frozen=True, slots=True)
class Place:
    """A project with mcp_lean installed, in a home of its own. Its memory is what a careful person writes."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.root / "app"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def put(self, name: str, text: str) -> Path:
        """A file of the project; `~/` is the home."""
        file = self.home / name[2:] if name.startswith("~/") else self.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def change(self, name: str, **members: object) -> None:
        """Members of a JSON file set, others kept; one level deeper they are merged."""
        file = self.home / name[2:] if name.startswith("~/") else self.project / name
        held = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for key, value in members.items():
            old = held.get(key)
            held[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        self.put(name, json.dumps(held, indent=2))

    def agent(self, name: str, prompt: str = PROMPT, **fields: str) -> None:
        head = "".join(f"{key}: {value}\n" for key, value in {"name": name, "description": name, **fields}.items())
        self.put(f".claude/agents/{name}.md", f"---\n{head}---\n\n{prompt}\n")

    def server(self, name: str, *words: str, **more: object) -> None:
        self.change(".mcp.json", mcpServers={name: {"command": words[0], "args": list(words[1:]), **more}})

    def setup(self) -> Setup:
        return read_setup(str(self.project), self.environ)


def clean(root: Path) -> Place:
    """Everything as `init` leaves it, with a project that has memory, agents, hooks and servers of its own."""
    programs = root / "bin"
    for folder in (root / "app" / ".git", root / "home", programs):
        folder.mkdir(parents=True)
    program = programs / "mcp-lean"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    place = Place(root, {"HOME": str(root / "home"), "PATH": f"{programs}:/usr/bin:/bin"})
    place.put("docs/style.md", "Lines of at most 120 characters.\n")
    place.put("build/report.md", "built\n")
    place.put(
        "CLAUDE.md",
        "# App\n\nReleased 2026-03-01. See @docs/style.md, and read build/report.md when a build fails.\n"
        "Write to `@build/report.md` never; ids look like `6f1c2d3e`.\n",
    )
    place.put("~/.claude/CLAUDE.md", "Answer in English.\n")
    place.agent("finder", tools="Read, Grep", model="haiku")
    place.put("~/.claude/agents/finder.md", (place.project / ".claude/agents/finder.md").read_text(encoding="utf-8"))
    place.agent(
        "fixer",
        "Fix what the task names, run its test, and report in one line what was wrong. " * 2,
        isolation="worktree",
    )
    place.put(".claude/hooks/hello.sh", "# prints no date\necho 'Tests run with make test.'\n")
    place.change(
        ".claude/settings.json",
        hooks={
            "SessionStart": [
                {"hooks": [{"type": "command", "command": '"$CLAUDE_PROJECT_DIR"/.claude/hooks/hello.sh'}]}
            ]
        },
    )
    place.server("files", "npx", "-y", "@scope/files@1.4.2", "/data")
    place.server("local", "node", "server.js")
    install(make_plan(Asked(allow=True), str(place.project), place.environ), place.environ)
    return place


def session_start(command: str) -> Callable[[Place], None]:
    def plant(place: Place) -> None:
        held = json.loads((place.project / ".claude/settings.json").read_text(encoding="utf-8"))
        held["hooks"]["SessionStart"].append({"hooks": [{"type": "command", "command": command}]})
        place.put(".claude/settings.json", json.dumps(held, indent=2))

    return plant


def varying_script(place: Place) -> None:
    place.put(".claude/hooks/hello.sh", "#!/bin/sh\ngit log -3 --oneline\n")


def memory(text: str, name: str = "CLAUDE.md") -> Callable[[Place], None]:
    return lambda place: place.put(name, text) and None


def setting(**members: object) -> Callable[[Place], None]:
    return lambda place: place.change(".claude/settings.json", **members)


def server(*words: str, **more: object) -> Callable[[Place], None]:
    return lambda place: place.server("other", *words, **more)


def twins(place: Place) -> None:
    place.agent("finder-fast", tools="Grep, Read", model="sonnet")


def reader_in_worktree(place: Place) -> None:
    place.agent("reader", "Read what the task names. " * 5, tools="Read, Grep", isolation="worktree")


def reader_by_refusal(place: Place) -> None:
    tools = "Edit, MultiEdit, Write, NotebookEdit, Bash"
    place.agent("reader", "Read what the task names. " * 5, disallowedTools=tools, isolation="worktree")


def long_window(place: Place) -> None:
    place.agent("wide", "Read everything that the task names. " * 4, model="sonnet[1m]")


def comment_in_settings(place: Place) -> None:
    file = place.project / ".claude/settings.local.json"
    file.write_text('{\n  // mine\n  "model": "opus"\n}\n', encoding="utf-8")


def broken_settings(place: Place) -> None:
    place.put("~/.claude/settings.json", '{"model": "opus"')


def no_hooks(place: Place) -> None:
    place.put(".claude/settings.json", "{}")


def stale_hooks(place: Place) -> None:
    held = json.loads((place.project / ".claude/settings.json").read_text(encoding="utf-8"))
    del held["hooks"]["PostToolBatch"]
    place.put(".claude/settings.json", json.dumps(held))


def differing_hooks(place: Place) -> None:
    held = json.loads((place.project / ".claude/settings.json").read_text(encoding="utf-8"))
    held["hooks"]["Stop"][0]["hooks"][0]["timeout"] = 9
    place.put("~/.claude/settings.json", json.dumps({"hooks": {"Stop": held["hooks"]["Stop"]}}))


def server_gone(place: Place) -> None:
    place.server("lean", "/gone/bin/mcp-lean", "serve")


def no_server(place: Place) -> None:
    place.put(".mcp.json", "{}")


def name_taken(place: Place) -> None:
    place.server("lean", "lean-prover")


def denied(place: Place) -> None:
    place.change(".claude/settings.local.json", permissions={"deny": ["Read(./x)", "mcp__lean__read_many"]})


def outdated_agent(place: Place) -> None:
    file = place.project / ".claude/agents/lean-runner.md"
    plain = agents.MARK.sub("", file.read_text(encoding="utf-8"), count=1)
    file.write_text(agents._marked(f"{plain}Be quick.\n"), encoding="utf-8")


def agent_of_no_version(place: Place) -> None:
    plain = agents.MARK.sub("", (place.project / ".claude/agents/lean-runner.md").read_text(encoding="utf-8"), count=1)
    text = agents._marked(plain.replace("lean-runner", "lean-planner").replace("Run the", "Plan the"))
    place.put("~/.claude/agents/lean-planner.md", text)


def routing_without_permission(place: Place) -> None:
    place.put(".mcp-lean.toml", '[routing]\nmode = "on"\n')
    held = json.loads((place.project / ".claude/settings.json").read_text(encoding="utf-8"))
    del held["permissions"]
    place.put(".claude/settings.json", json.dumps(held))
    install(make_plan(Asked(), str(place.project), place.environ), place.environ)


def newer_ledger(place: Place) -> None:
    folder = place.home / ".local/share/mcp-lean"
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / "ledger.sqlite3")
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def damaged_ledger(place: Place) -> None:
    place.put("~/.local/share/mcp-lean/ledger.sqlite3", "no database\n" * 200)


def variable(name: str, value: str) -> Callable[[Place], None]:
    return lambda place: place.environ.update({name: value})


DEFECTS: tuple[tuple[str, str, str, Callable[[Place], None]], ...] = (
    # what was done; id, file and line of the one finding
    ("time in memory", "memory-volatile", "CLAUDE.md:3", memory("# App\n\nBuilt 2026-11-22 14:03:11\n")),
    ("kept date", "memory-volatile", "CLAUDE.md:1", memory("Last updated: 2026-11-22\n")),
    (
        "uuid in a rule",
        "memory-volatile",
        ".claude/rules/a.md:2",
        memory("x\nrun 0f8fad5b-d9cb-469f-a165-70867728950e\n", ".claude/rules/a.md"),
    ),
    ("commit in memory", "memory-volatile", "CLAUDE.md:1", memory("commit: 4f2a9c1\n")),
    (
        "time in an agent",
        "agent-volatile",
        ".claude/agents/timed.md:6",
        lambda place: place.agent("timed", "It is 2026-11-22T14:03 now. " * 4),
    ),
    ("built file imported", "memory-generated-import", "CLAUDE.md:2", memory("x\n@build/report.md\n")),
    ("long memory", "memory-long", "CLAUDE.md:1", memory("Some advice on how to write code here.\n" * 1_200)),
    ("date in a start hook", "hook-varying", ".claude/settings.json:0", session_start("echo Today is $(date)")),
    ("random number in a start hook", "hook-varying", ".claude/settings.json:0", session_start("echo $RANDOM")),
    ("git log in a start hook's script", "hook-varying", ".claude/settings.json:0", varying_script),
    ("latest by npx", "server-unpinned", ".mcp.json:0", server("npx", "-y", "some-server@latest")),
    ("unpinned by uvx", "server-unpinned", ".mcp.json:0", server("uvx", "--from", "git-tools", "serve-git")),
    ("always loaded", "server-always-loaded", ".mcp.json:0", server("node", "x.js", alwaysLoad=True)),
    ("deferral off", "deferral-off", ".claude/settings.json:0", setting(env={"ENABLE_TOOL_SEARCH": "false"})),
    ("caching off in the shell", "caching-off", "", variable("DISABLE_PROMPT_CACHING", "1")),
    ("opusplan", "model-opusplan", ".claude/settings.json:0", setting(model="opusplan")),
    ("twins", "agents-differ", ".claude/agents/finder-fast.md:0", twins),
    ("reader in a worktree", "agent-worktree", ".claude/agents/reader.md:5", reader_in_worktree),
    ("reader by refusal in a worktree", "agent-worktree", ".claude/agents/reader.md:5", reader_by_refusal),
    ("window in a model's name", "agent-long-window", ".claude/agents/wide.md:4", long_window),
    ("comment in settings", "settings-comments", ".claude/settings.local.json", comment_in_settings),
    ("broken settings", "settings-broken", "~/.claude/settings.json", broken_settings),
    ("no hooks", "hooks-missing", "", no_hooks),
    ("a hook taken out", "hooks-stale", ".claude/settings.json:0", stale_hooks),
    ("hooks that differ by scope", "hooks-twice", ".claude/settings.json:0", differing_hooks),
    ("hooks off", "hooks-disabled", ".claude/settings.json:0", setting(disableAllHooks=True)),
    ("server's command gone", "server-not-found", ".mcp.json:0", server_gone),
    ("server's name taken", "server-name-taken", ".mcp.json:0", name_taken),
    ("no server", "server-missing", "", no_server),
    (
        "server disabled",
        "server-disabled",
        ".claude/settings.local.json:2",
        lambda place: place.change(".claude/settings.local.json", disabledMcpjsonServers=["lean"]),
    ),
    ("tools denied", "tools-denied", ".claude/settings.local.json:3", denied),
    (
        "all servers' tools denied",
        "tools-denied",
        "~/.claude/settings.json:0",
        lambda place: place.change("~/.claude/settings.json", permissions={"deny": ["mcp__*"]}),
    ),
    (
        "our scout denied",
        "tools-denied",
        ".claude/settings.local.json:0",
        lambda place: place.change(".claude/settings.local.json", permissions={"deny": ["Agent(lean-scout)"]}),
    ),
    ("front off in the shell", "front-off", "", variable("MCP_LEAN_FRONT", "0")),
    ("front off in settings", "front-off", ".claude/settings.json:0", setting(env={"MCP_LEAN_FRONT": "0"})),
    (
        "front off in the server's entry",
        "front-off",
        ".mcp.json:0",
        lambda place: place.server("lean", "mcp-lean", "serve", env={"MCP_LEAN_FRONT": "0"}),
    ),
    ("agent of an older version", "agent-outdated", ".claude/agents/lean-runner.md:1", outdated_agent),
    ("agent that no version has", "agent-outdated", "~/.claude/agents/lean-planner.md:1", agent_of_no_version),
    ("routing without permission", "routing-idle", ".mcp-lean.toml", routing_without_permission),
    (
        "plugin and server",
        "installed-twice",
        ".mcp.json:0",
        lambda place: place.change("~/.claude/settings.json", enabledPlugins={"lean@x": True}),
    ),
    (
        "our server under a second name",
        "installed-twice",
        ".mcp.json:0",
        lambda place: place.server("economy", "mcp-lean", "serve"),
    ),
    ("unknown key of ours", "config-broken", ".mcp-lean.toml", memory("[budget]\nrun = 5\n", ".mcp-lean.toml")),
    ("ledger of a newer version", "ledger-newer", "~/.local/share/mcp-lean/ledger.sqlite3", newer_ledger),
    ("damaged ledger", "ledger-unusable", "~/.local/share/mcp-lean/ledger.sqlite3", damaged_ledger),
)
"""Line 0: any line above 0."""
