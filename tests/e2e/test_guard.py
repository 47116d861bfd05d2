"""The guard on the real client: who is stopped, who goes on, and what each of them reads.

The stand-in reports 100,000 output tokens for a `costly` turn: $2 at the price of the client's default model.
"""

import base64
import copy
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config
from mcp_lean.guard.budget.words import FOR_PEOPLE

from . import namespace
from .client import Claude
from .live import Scene, Terminal, is_at_rest
from .place import Place, Server
from .records import Request, Run, texts_of
from .script import Says, ToolUse, Turn, spawn, use
from .wire import JsonObject, answer_to

pytestmark = pytest.mark.e2e

GUARDED: JsonObject = {"hooks": hooks(Config())}
LIFT = "mcp-lean budget --raise 5"


def is_listed(scene: Scene) -> bool:
    return any("tools" in (entry.message.get("result") or {}) for entry in scene.wire())


def has_guard(scene: Scene) -> bool:
    return (scene.place.root / "home/.local/share/mcp-lean/ledger.sqlite3").exists()


def once_ready(says: Says, ready: Callable[[Scene], bool] = has_guard) -> Callable[[Scene], Says]:
    """The turn, as soon as our server has given its tools and has made the guard, which the first hook asks for.

    Before that a hook finds no server, or a guard that is still being loaded, and goes on without an answer: on a busy
    machine what loads behind the guard takes longer than a hook waits.
    """

    def turn(scene: Scene) -> Says:
        scene.until(lambda: is_listed(scene) and ready(scene), "the server to be ready")
        scene.until(lambda: is_at_rest(scene.place), "the server to have loaded everything")
        return says

    return turn


def costly(*says: str | ToolUse) -> Turn:
    return Turn(says, usage={"output_tokens": 100_000})


def echo(word: str) -> ToolUse:
    return use("Bash", command=f"echo {word}")


def limits(**values: float) -> dict[str, str]:
    """The project's own settings file."""
    return {".mcp-lean.toml": "[budget]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())}


def remarks(request: Request) -> list[str]:
    """What hooks have added to the conversation, as far as this request, by agent's turn."""
    system = [message["content"] for message in request.messages if message["role"] == "system"]
    return [text for content in system for text in texts_of(content) if "hook additional context: " in text]


def hook_answers(run: Run, event: str) -> list[str]:
    calls = [
        entry for entry in run.mcp if entry.tool == "hook" and entry.message["params"]["arguments"]["event"] == event
    ]
    answers = [answer_to(call, run.mcp) for call in calls]
    return [answer.message["result"]["content"][0]["text"] for answer in answers if answer]


def ending(run: Run) -> JsonObject:
    [result] = [message for message in run.stream if message["type"] == "result"]
    return result


def test_a_subagent_over_its_limit_is_stopped_and_everybody_else_goes_on(claude: Claude) -> None:
    run = claude(
        files=limits(agent_usd=3.0),
        settings=GUARDED,
        turns=[once_ready([spawn("spender"), spawn("sibling")]), echo("on"), "all done"],
        subagents={
            "spender": [costly("partial words", echo("a")), costly(echo("b")), costly(echo("c")), "found"],
            "sibling": [echo("1"), echo("2"), echo("3"), "sibling is through"],
        },
    )

    assert len(run.of("spender")) <= 2, "the second request passes the limit; at most one may follow the one that does"
    assert len(run.of("sibling")) == 4
    assert "sibling is through" in run.results("Agent")[1].text
    assert "partial words" in run.results("Agent")[0].text
    [told] = remarks(run.of("main")[1])
    spender = run.of("spender")[0].agent_id
    assert f"agent {spender} was stopped" in told
    assert LIFT in told
    assert told.rstrip(".").endswith(f"agent-{spender}.jsonl")
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


@pytest.mark.parametrize("before", [0, 2])
def test_no_request_follows_one_that_jumps_over_the_limit_from_far_below(claude: Claude, before: int) -> None:
    """Calls that take no time: the bill of the request is not yet in the transcript when they have ended."""
    reads = [use("Read", file_path="a.txt", offset=n + 1, limit=1) for n in range(6)]
    run = claude(
        files={"a.txt": "a\n" * 9, **limits(agent_usd=1.0)},
        settings=GUARDED,
        turns=[once_ready([spawn("spender"), spawn("sibling")]), "all done"],
        subagents={
            "spender": [*reads[:before], costly(reads[3]), reads[4], reads[5], "found"],
            "sibling": [*reads, "x"],
        },
    )

    assert [len(run.of("spender")), len(run.of("sibling"))] == [before + 1, 7]


def test_the_parent_of_a_background_agent_is_told_with_its_notification(claude: Claude) -> None:
    run = claude(
        files=limits(agent_usd=3.0),
        settings=GUARDED,
        turns=[once_ready(spawn("spender", run_in_background=True)), "waiting", "all done"],
        subagents={"spender": [costly("partial words", echo("a")), costly(echo("b")), costly(echo("c")), "found"]},
    )

    assert len(run.of("spender")) <= 2
    spender = run.of("spender")[0].agent_id
    told = [line for line in remarks(run.of("main")[-1]) if f"agent {spender} was stopped" in line]
    assert len(told) == 1
    assert told[0].startswith("UserPromptSubmit hook additional context: ")


def test_a_run_over_its_limit_ends_and_only_a_person_can_let_it_go_on(claude: Claude) -> None:
    """Exit status 0 and an empty result are what the client makes of a stopped main agent; the text is a notice."""
    first = claude(
        files=limits(run_usd=5.0),
        settings=GUARDED,
        turns=[once_ready([spawn("one"), spawn("two")]), costly(echo("a")), echo("b"), echo("c"), "never"],
        subagents={name: [costly(echo(n)) for n in "1234"] for name in ("one", "two")},
    )

    assert len(first.of("one")) + len(first.of("two")) <= 4
    # The one that spawns, perhaps the one that passes the limit, and one to report in: its bill is waited for.
    assert 2 <= len(first.of("main")) <= 3
    assert "its subagents are stopped" in remarks(first.of("main")[-1])[-1]
    notices = [message["content"] for message in first.stream if message.get("subtype") == "informational"]
    assert len(notices) == 1
    assert LIFT in notices[0]
    assert (ending(first)["terminal_reason"], ending(first)["result"], first.exit_code) == ("hook_stopped", "", 0)

    refused = claude(place=first.place, settings=GUARDED, args=["--continue"], prompt="go on", turns=["never"])
    assert not refused.requests
    assert LIFT in ending(refused)["result"]
    assert refused.exit_code == 0

    by_person(first.place, "budget", "--raise", "100")
    after = claude(
        place=first.place, settings=GUARDED, args=["--continue"], prompt="go on", turns=[echo("x")] * 3 + ["through"]
    )
    assert (ending(after)["result"], after.exit_code) == ("through", 0)


PERSON = (
    "import sys\nfrom mcp_lean.cli import person\n"
    "person.why_not, person.agrees = lambda environ: '', lambda question: True\n"
    "from mcp_lean.cli.main import main\nsys.exit(main(sys.argv[1:]))"
)


def by_person(place: Place, *arguments: str) -> None:
    """A command that is typed at a terminal outside of the client, and answered with yes (`tests/cli/test_person`)."""
    env = place.environment({})
    command = [sys.executable, "-c", PERSON, *arguments]
    subprocess.run(command, cwd=place.project, env=env, check=True, capture_output=True)


LEAN = f"{shlex.quote(sys.executable)} -m mcp_lean"
RAISE = f"{LEAN} budget --raise 500"


SPELLINGS = (
    RAISE,
    f"echo y | env -u CLAUDECODE {LEAN} budget $'--rai\\x73e' 500",
    f"echo {base64.b64encode(RAISE.encode()).decode()} | base64 -d > r.sh; env -u CLAUDECODE setsid sh r.sh <<< y",
    f"unset CLAUDECODE; echo y | script -qec '{RAISE}' /dev/null",
    f"exec env -i script -qec '{RAISE}' /dev/null <<< y",
)


def test_an_agent_cannot_raise_a_limit_however_it_spells_that(claude: Claude) -> None:
    run = claude(
        files=limits(agent_usd=3.0),
        settings=GUARDED,
        turns=[once_ready(spawn("spender")), "all done"],
        subagents={
            "spender": [
                *(use("Bash", command=command) for command in SPELLINGS),
                costly("partial words", echo("a")),
                costly(echo("b")),
                "found",
            ]
        },
    )

    refused = [result.text for result in run.results("Bash", agent="spender")][: len(SPELLINGS)]
    for command, said in zip(SPELLINGS, refused, strict=True):
        assert "not raised: this runs inside of Claude Code" in said, command
        assert said.rstrip().endswith("a person raises limits, in a terminal outside of Claude Code"), command
    assert len(run.of("spender")) <= len(SPELLINGS) + 2, "it is stopped all the same"
    assert "was stopped" in remarks(run.of("main")[1])[0]


def test_reading_about_it_is_free(claude: Claude) -> None:
    run = claude(
        files={"docs.md": "mcp-lean budget --raise 5\n", **limits(agent_usd=3.0)},
        settings=GUARDED,
        turns=[once_ready(use("Bash", command="grep 'budget --raise' docs.md && cat .mcp-lean.toml")), "done"],
    )

    assert run.result_text("Bash").startswith("mcp-lean budget --raise 5\n[budget]\n")


@pytest.mark.parametrize("mode", ["acceptEdits", "bypassPermissions"])
def test_in_print_mode_an_agent_cannot_write_its_limits(claude: Claude, mode: str) -> None:
    """There is nobody to be asked, so the client refuses, with our reason."""

    def to(name: str) -> Callable[[Scene], Says]:
        return lambda scene: use("Write", file_path=str(scene.place.project / name), content="[budget]\n")

    run = claude(
        mode=mode, settings=GUARDED, turns=[once_ready(echo("on")), to(".mcp-lean.toml"), to("other.toml"), "done"]
    )

    refused, written = run.results("Write")
    assert (refused.is_error, refused.text) == (True, FOR_PEOPLE)
    assert not written.is_error
    assert not (run.place.project / ".mcp-lean.toml").exists()


def test_in_the_terminal_the_person_is_asked_before_limits_are_written(claude: Claude) -> None:
    def to_limits(scene: Scene) -> Says:
        return use("Write", file_path=str(scene.place.project / ".mcp-lean.toml"), content="[budget]\nrun_usd = 50\n")

    def typed(terminal: Terminal) -> None:
        terminal.shows("accept edits on")
        terminal.scene.until(lambda: is_listed(terminal.scene), "the server")
        terminal.submit("raise my limit")
        terminal.shows("Do you want to create .mcp-lean.toml?")
        assert not (terminal.scene.place.project / ".mcp-lean.toml").exists()
        terminal.type("\r")
        terminal.shows("as you wished")

    run = claude(
        settings=GUARDED,
        mode="acceptEdits",
        turns=[once_ready(echo("on")), to_limits, "as you wished"],
        args=["--allowedTools", "Bash"],
        terminal=typed,
    )

    assert "run_usd = 50" in (run.place.project / ".mcp-lean.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("how", ["server", "commands"])
def test_limits_that_an_agent_writes_in_a_shell_are_not_its_own(claude: Claude, how: str, tmp_path: Path) -> None:
    commands = {"hooks": hooks(Config(), command=(sys.executable, "-m", "mcp_lean"))}
    lifted = use("Bash", command="printf '[budget]\\nagent_usd = 0\\n' > .mcp-lean.toml")
    first = claude(
        mcp={} if how == "commands" else None,
        files=limits(agent_usd=3.0),
        settings=commands if how == "commands" else GUARDED,
        turns=[spawn("spender") if how == "commands" else once_ready(spawn("spender")), "all done"],
        subagents={"spender": [lifted, *[costly("words", echo(n)) for n in "abcd"], "found"]},
    )

    assert "agent_usd = 0" in (first.place.project / ".mcp-lean.toml").read_text(encoding="utf-8")
    assert len(first.of("spender")) <= 3
    next_one = claude(place=first.place, settings=commands, turns=["done"], mcp={})
    notices = [message["content"] for message in next_one.stream if message.get("subtype") == "informational"]
    assert any(
        "limits have changed since the last session in this folder: agent_usd 3 -> 0" in line for line in notices
    )


BROKEN = {
    "raises": "def answer(self, fields): raise SystemExit(3)",
    "hangs": "def answer(self, fields):\n    import time\n    time.sleep(20)",
    "ends the server": "def answer(self, fields):\n    import os\n    os._exit(1)",
    "stops the process": "def answer(self, fields):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGSTOP)",
}


def given_up_after_a_second() -> JsonObject:
    """Our hooks, in more of a hurry: each waits in vain for a server that has stopped."""
    asked = copy.deepcopy(GUARDED)
    for hook in (hook for groups in asked["hooks"].values() for group in groups for hook in group["hooks"]):
        hook["timeout"] = 1
    return asked


@pytest.mark.parametrize("how", BROKEN)
def test_work_goes_on_with_a_guard_that(claude: Claude, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "LEAVE_S", 1.0)  # one that is stopped never goes by itself
    serve = (
        "from mcp_lean.guard import hooks\nhooks.Guard.answer = answer\nfrom mcp_lean.server import stdio\nstdio.main()"
    )
    code = f"{BROKEN[how]}\n{serve}"
    run = claude(
        mcp={"lean": Server((sys.executable, "-c", code))},
        files=limits(run_usd=0.01, agent_usd=0.01),
        settings=given_up_after_a_second() if how == "stops the process" else GUARDED,
        turns=[once_ready(spawn("scout"), is_listed), echo("b"), "all done"],
        subagents={"scout": [echo("a"), "found"]},
        timeout_s=90,
    )

    assert [len(run.of(name)) for name in ("main", "scout")] == [3, 2]
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


def test_callers_are_told_apart(claude: Claude) -> None:
    run = claude(
        mcp={"lean": Server((sys.executable, str(Path(__file__).with_name("who.py"))))},
        settings=GUARDED,
        turns=[once_ready([spawn("one"), spawn("two"), use("mcp__lean__who")]), "done"],
        subagents={name: [use("mcp__lean__who"), "found"] for name in ("one", "two")},
    )

    session = ending(run)["session_id"]
    assert run.result_text("mcp__lean__who") == f"main - of {session}"
    for name in ("one", "two"):
        agent_id = run.of(name)[0].agent_id
        assert run.result_text("mcp__lean__who", agent=name) == f"{agent_id} general-purpose of {session}"


def test_without_hooks_nobody_is_known(claude: Claude) -> None:
    run = claude(
        mcp={"lean": Server((sys.executable, str(Path(__file__).with_name("who.py"))))},
        turns=[once_ready(use("mcp__lean__who"), is_listed), "done"],
    )

    assert run.result_text("mcp__lean__who") == "nobody known"


def test_single_reads_are_answered_with_one_line_once(claude: Claude) -> None:
    cats = [use("Bash", command=f"cat {name}.txt") for name in "abcde"]
    run = claude(
        files={f"{name}.txt": f"{name}\n" for name in "abcde"},
        settings=GUARDED,
        turns=[once_ready(cats[0]), *cats[1:], "done"],
    )

    told = [remarks(request) for request in run.of("main")]
    assert [len(lines) for lines in told] == [0, 0, 0, 1, 1, 1]
    assert "read_many" in told[-1][0]


def test_no_model_sees_the_hidden_tool_or_can_call_it(claude: Claude) -> None:
    run = claude(settings=GUARDED, turns=[once_ready(use("mcp__lean__hook", event="Stop")), "done"])

    assert all("mcp__lean__hook" not in request.tool_names for request in run.requests)
    assert "mcp__lean__hook" not in run.requests[0].raw.decode()
    result = run.result("mcp__lean__hook")
    assert result.is_error
    assert "No such tool available" in result.text
    assert hook_answers(run, "Stop") == ["{}"]
