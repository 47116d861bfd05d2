"""What somebody meets in the first minute: the server connects, its tools are there, and reading with them works.

Each test is one run of the real client. What is asserted about the client itself was observed on 2.1.330; where one of
these tests fails on a newer client, the client has changed and the decision that rests on it is due for a look.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from .client import Claude
from .live import Dialogue, Scene, Terminal
from .place import LEAN
from .records import Request
from .script import Says, ToolUse, spawn, use
from .wire import CLIENT, SERVER, answer_to

pytestmark = pytest.mark.e2e

READ_MANY = "mcp__lean__read_many"
LOG_LINES = 1_000
INLINE_LIMIT_CHARS = 50_000
WAITED_FOR = {"lean": replace(LEAN, always_load=True)}
"""With this flag on the entry the client waits about 7 s for the server, without it about 2 s: too short for a test."""


def read_many(*items: str, **more: object) -> ToolUse:
    return use(READ_MANY, items=list(items), **more)


def ours(names: list[str]) -> list[str]:
    return sorted(name.removeprefix("mcp__lean__") for name in names if name.startswith("mcp__lean__"))


def wait_until_listed(scene: Scene) -> None:
    scene.until(lambda: [e for e in scene.wire() if "tools" in (e.message.get("result") or {})], "the tool list")


def once_listed(says: Says) -> Callable[[Scene], Says]:
    """A model that thinks until the client has the tool list: for tests that are not about how long that takes."""

    def turn(scene: Scene) -> Says:
        wait_until_listed(scene)
        return says

    return turn


def log_of(megabytes: int, project: Path) -> None:
    """A log whose lines are followed by a hole: no disk, no special file, and long to read for what comes after."""
    with open(project / "long.log", "w", encoding="utf-8") as file:
        file.writelines(f"{number} of the log\n" for number in range(LOG_LINES))
        file.truncate(megabytes << 20)


def search_for_minutes() -> ToolUse:
    """A hundred items behind the end of the log: each makes the server look through all of it."""
    return read_many(*(f"long.log:{LOG_LINES + number}-" for number in range(10, 110)))


def prompt_tokens(request: Request) -> int:
    kinds = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(int(request.usage[kind]) for kind in kinds)


def test_the_server_of_a_project_connects_and_leaves_with_the_client(claude: Claude) -> None:
    run = claude(mcp=WAITED_FOR)

    connected = next(message for message in run.stream if message.get("subtype") == "init")["mcp_servers"]
    assert [(server["name"], server["status"]) for server in connected] == [("lean", "connected")]
    assert run.exit_code == 0
    assert run.left_behind == ()


def test_the_flag_on_a_tool_puts_that_tool_into_every_prefix_and_no_other(claude: Claude) -> None:
    """Seen in a subagent that starts once the server is up; the main agent's first request may leave before that."""
    run = claude(turns=[once_listed(spawn("scout")), "done"], subagents={"scout": ["found"]})

    flagged = sorted(tool["name"] for tool in run.listed if (tool.get("_meta") or {}).get("anthropic/alwaysLoad"))
    scout = run.of("scout")[0]
    assert "read_many" in flagged
    assert ours(scout.ready_tools) == flagged
    assert ours(run.requests[0].ready_tools) in ([], flagged)
    for tool in run.listed:
        assert (f"mcp__lean__{tool['name']}" in scout.text) == (tool["name"] not in flagged)


def test_the_flag_on_the_entry_puts_all_tools_into_the_first_request(claude: Claude) -> None:
    run = claude(mcp=WAITED_FOR)

    assert ours(run.requests[0].ready_tools) == sorted(tool["name"] for tool in run.listed)


def test_main_agent_and_subagent_carry_our_tools_as_the_same_bytes(claude: Claude) -> None:
    """Three keys of what the server lists, nothing added: the model is never shown the rest."""
    run = claude(mcp=WAITED_FOR, turns=[spawn("scout"), "done"], subagents={"scout": ["found"]})

    main, scout = run.of("main")[0], run.of("scout")[0]
    for tool in run.listed:
        name = f"mcp__lean__{tool['name']}"
        shown = {"name": name, "description": tool["description"], "input_schema": tool["inputSchema"]}
        assert main.definition(name) == json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
        assert scout.definition(name) == main.definition(name)


def test_the_main_agent_and_a_subagent_read_the_same_file(claude: Claude) -> None:
    run = claude(
        files={"src/app.py": "def start():\n    return 'started'\n"},
        mcp=WAITED_FOR,
        turns=[read_many("src/app.py"), spawn("scout"), "done"],
        subagents={"scout": [read_many("src/app.py"), "found"]},
    )

    assert "def start():\n    return 'started'" in run.result_text(READ_MANY)
    assert run.result_text(READ_MANY, agent="scout") == run.result_text(READ_MANY)
    assert run.exit_code == 0


@pytest.mark.parametrize("mode", ["bypassPermissions", "acceptEdits"])
def test_a_native_edit_needs_no_native_read_after_read_many(claude: Claude, mode: str) -> None:
    """The alarm for a client that asks for its own Read again: our description promises the contrary."""

    def edit(scene: Scene) -> Says:
        return use("Edit", file_path=str(scene.place.project / "app.py"), old_string="return 1", new_string="return 2")

    run = claude(
        files={"app.py": "def one():\n    return 1\n"},
        mode=mode,
        args=["--allowedTools", "mcp__lean"],
        mcp=WAITED_FOR,
        turns=[read_many("app.py"), edit, "done"],
    )

    assert not run.result("Edit").is_error, run.result_text("Edit")
    assert (run.place.project / "app.py").read_text(encoding="utf-8") == "def one():\n    return 2\n"
    assert [result.tool for result in run.results()] == [READ_MANY, "Edit"]


def test_after_an_interrupted_call_the_server_rests_and_answers_the_next_one(claude: Claude) -> None:
    def interrupt_the_first_call(dialogue: Dialogue) -> None:
        dialogue.say("go")
        [call] = dialogue.scene.until(lambda: dialogue.scene.calls("read_many"), "the call")
        dialogue.interrupt()
        dialogue.until_result(1)
        dialogue.scene.until(lambda: uses_no_processor(call.process), "the server to stop reading")
        dialogue.say("again")
        dialogue.until_result(2)

    run = claude(
        files={"app.py": "print()\n", ".gitignore": "long.log\n"},
        prepare=lambda project: log_of(8_000, project),
        mcp=WAITED_FOR,
        turns=[search_for_minutes(), read_many("app.py"), "done"],
        dialogue=interrupt_the_first_call,
        timeout_s=30,
    )

    interrupted, answered = (entry for entry in run.mcp if entry.tool == "read_many")
    [cancelled] = [entry for entry in run.mcp if entry.method == "notifications/cancelled"]
    assert cancelled.message["params"]["requestId"] == interrupted.message["id"]
    assert answer_to(interrupted, run.mcp) is None
    assert answered.process == interrupted.process
    assert [result.is_error for result in run.results(READ_MANY)] == [True, False]
    assert "print()" in run.results(READ_MANY)[1].text


def test_after_a_call_that_took_too_long_for_the_client_the_server_answers_the_next_one(claude: Claude) -> None:
    run = claude(
        files={"app.py": "print()\n", ".gitignore": "long.log\n"},
        prepare=lambda project: log_of(8_000, project),
        mcp=WAITED_FOR,
        turns=[search_for_minutes(), read_many("app.py"), "done"],
        env={"MCP_TOOL_TIMEOUT": "3000"},  # enough for the next call, with which a busy machine may still load the SDK
        timeout_s=30,
    )

    late, next_one = run.results(READ_MANY)
    assert (late.is_error, late.text) == (True, 'MCP server "lean" tool "read_many" timed out after 3s')
    assert "print()" in next_one.text
    assert run.left_behind == ()


def uses_no_processor(pid: int) -> bool:
    """Whether a process spends no processor time for a few ticks of the clock that counts it (10 ms each)."""
    before = _ticks(pid)
    time.sleep(0.3)
    return _ticks(pid) == before


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_the_first_request_waits_for_a_server_that_takes_two_seconds(claude: Claude) -> None:
    run = claude(mcp={"lean": replace(WAITED_FOR["lean"], start_delay_s=2)})

    assert READ_MANY in run.requests[0].ready_tools
    assert run.exit_code == 0


@pytest.mark.parametrize(
    ("always_load", "start_delay_s"),
    [pytest.param(None, 4, id="flag on the tool, 4 s"), pytest.param(True, 8, id="flag on the entry, 8 s")],
)
def test_a_server_that_comes_too_late_is_added_without_a_cache_break(
    claude: Claude, always_load: bool | None, start_delay_s: float
) -> None:
    """The client waits about 2 s, and about 7 s for an entry that is always loaded."""
    run = claude(
        files={"app.py": "print()\n"},
        mcp={"lean": replace(LEAN, always_load=always_load, start_delay_s=start_delay_s)},
        turns=[once_listed(use("Bash", command="true")), read_many("app.py"), spawn("scout"), "done"],
        subagents={"scout": ["found"]},
    )

    before, after = run.requests[:2]
    assert ours(before.tool_names) == []
    assert READ_MANY in after.tool_names
    assert READ_MANY not in after.ready_tools
    assert after.usage["cache_read_input_tokens"] == prompt_tokens(before)
    assert "print()" in run.result_text(READ_MANY)
    assert READ_MANY in run.of("scout")[0].ready_tools
    assert run.exit_code == 0


def test_a_wrong_argument_reaches_the_model_as_an_error_that_says_what_is_expected(claude: Claude) -> None:
    run = claude(mcp=WAITED_FOR, turns=[use(READ_MANY, paths=["app.py"]), "done"])

    [call] = [entry for entry in run.mcp if entry.tool]
    answer = answer_to(call, run.mcp)
    assert answer
    assert [block["text"] for block in answer.message["result"]["content"]] == [run.result_text(READ_MANY)]
    assert run.result(READ_MANY).is_error
    assert "items" in run.result_text(READ_MANY)


def test_results_are_text_alone(claude: Claude) -> None:
    """Structured content would replace the text by its JSON in what the model reads."""
    run = claude(
        files={"app.py": "print()\n"}, mcp=WAITED_FOR, turns=[read_many("app.py"), read_many("gone.py"), "done"]
    )

    answers = [answer_to(entry, run.mcp) for entry in run.mcp if entry.tool]
    assert [answer.message["result"]["isError"] for answer in answers if answer] == [False, True]
    for answer in answers:
        assert answer
        assert {block["type"] for block in answer.message["result"]["content"]} == {"text"}
        assert "structuredContent" not in answer.message["result"]
    assert not [tool["name"] for tool in run.listed if "outputSchema" in tool]


def test_a_long_file_arrives_in_parts_that_the_client_leaves_alone(claude: Claude) -> None:
    """The largest budget, and far more text than that: what is left out is named, and arrives when asked for."""
    lines = [f"entry {number:05d} of the register, with words enough to fill a row" for number in range(1_200)]

    def what_is_left(scene: Scene) -> Says:
        [item] = re.findall(r"^more: (\S+)$", scene.requests[-1].text, re.MULTILINE)[-1:]
        return read_many(item, budget=20_000)

    run = claude(
        files={"register.txt": "\n".join(lines) + "\n"},
        mcp=WAITED_FOR,
        turns=[read_many("register.txt", budget=20_000), what_is_left, "done"],
    )

    parts = run.results(READ_MANY)
    assert len(parts) == 2
    for part in parts:
        assert len(part.text) < INLINE_LIMIT_CHARS
        assert "persisted-output" not in part.text
    assert len(parts[0].text) > INLINE_LIMIT_CHARS // 2
    seen = re.findall(r"entry \d{5} of the register, with words enough to fill a row", "\n".join(p.text for p in parts))
    assert seen == lines
    assert not list(run.place.transcripts.glob("*/tool-results/*"))


def test_calls_of_one_turn_run_side_by_side(claude: Claude) -> None:
    """The hint readOnlyHint lets the client send them together, and a long one does not hold up a short one.

    Only when the tools were in the request: calls of tools that the client learns of later are sent one by one.
    """
    long, short = read_many(f"long.log:{LOG_LINES + 9}-"), read_many("app.py")
    run = claude(
        files={"app.py": "print()\n", ".gitignore": "long.log\n"},
        prepare=lambda project: log_of(600, project),
        mcp=WAITED_FOR,
        turns=[[long, short], "done"],
    )

    senders = [entry.sender for entry in run.mcp if entry.tool or (entry.sender == SERVER and not entry.method)]
    calls = [entry for entry in run.mcp if entry.tool]
    answers = [answer_to(call, run.mcp) for call in calls]
    assert senders[-4:] == [CLIENT, CLIENT, SERVER, SERVER]
    assert answers[0]
    assert answers[1]
    assert answers[1].at_s < answers[0].at_s


def test_the_terminal_program_has_the_tools_once_the_server_is_up(claude: Claude) -> None:
    def ask_when_connected(terminal: Terminal) -> None:
        terminal.shows("accept edits on")
        wait_until_listed(terminal.scene)
        terminal.submit("what stands in the app?")
        terminal.shows("it prints nothing")

    run = claude(
        files={"app.py": "print()\n"},
        mode="acceptEdits",
        args=["--allowedTools", "mcp__lean"],
        turns=[read_many("app.py"), "it prints nothing"],
        terminal=ask_when_connected,
    )

    assert "print()" in run.result_text(READ_MANY)
    assert run.exit_code == 0
    assert run.left_behind == ()
