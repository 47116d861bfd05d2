"""Routing in the real client: where a call goes, what stays as it was written, and what is noted down.

With `mcp_tool` hooks of the settings, or those of the plugin. docs/figures.md#routing has what was recorded.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config, Routing

from .client import Claude
from .plugged import our_agents, plugged
from .records import Request, Run
from .script import ToolUse, spawn, use
from .test_agents import effort_of
from .test_guard import hook_answers, once_ready, remarks
from .wire import JsonObject

pytestmark = pytest.mark.e2e

ON: JsonObject = {"hooks": hooks(Config(routing=Routing(mode="on")))}
MODE_ON = {".mcp-lean.toml": '[routing]\nmode = "on"\n'}
FIND = "Find where the settings are loaded and report the paths."


def agent_call(marker: str, words: str, **more: Any) -> ToolUse:
    """An `Agent` call as a model would write it: nothing about a model, and in the foreground."""
    given = {"run_in_background": False, **more}
    return use("Agent", description=marker, prompt=f"{marker}: {words}", **given)


def routed(run: Run) -> list[tuple[str, ...]]:
    """(kind, action, agent type, model, effort, outcome) of each decision in the ledger."""
    file = run.place.root / "home/.local/share/mcp-lean/ledger.sqlite3"
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT kind, action, agent_type, model, effort, outcome FROM routing ORDER BY rowid")
        return [tuple(row) for row in rows]


def where(request: Request) -> tuple[str, str]:
    return request.model, effort_of(request)


def own_input(run: Run, marker: str) -> JsonObject:
    """The call as it stands in the history of its parent."""
    uses = [block for message in run.of("main")[-1].messages for block in message["content"] if isinstance(block, dict)]
    [found] = [b["input"] for b in uses if b.get("type") == "tool_use" and b["input"].get("description") == marker]
    return dict(found)


def test_a_routed_call_runs_as_our_agent_on_the_routed_model(claude: Claude) -> None:
    """And its parent's history keeps the call as the model wrote it, so nothing of the parent's cache is lost."""
    call = agent_call("seeker", FIND)
    run = claude(
        files={**MODE_ON, **our_agents()},
        settings=ON,
        args=["--model", "opus", "--effort", "high"],
        turns=[once_ready(call), "done"],
        subagents={"seeker": ["found"]},
    )

    [seeker] = run.of("seeker")
    assert where(seeker) == ("claude-haiku-5-5", "low")
    assert "mcp__lean__grep_and_read" in seeker.ready_tools
    assert "Bash" not in seeker.tool_names
    assert own_input(run, "seeker") == call.input
    assert routed(run) == [("read", "routed", "lean-scout", "haiku", "low", "good")]


def test_the_longest_task_that_is_routed_arrives_whole(claude: Claude) -> None:
    """Its JSON is twice as long, beyond the 10,000 characters at which the client cuts other texts of hooks."""
    words = FIND + ' "\\' * 1_950
    run = claude(
        files={**MODE_ON, **our_agents()},
        settings=ON,
        turns=[once_ready(agent_call("seeker", words)), "done"],
        subagents={"seeker": ["found"]},
    )

    [seeker] = run.of("seeker")
    assert seeker.model == "claude-haiku-5-5"
    assert f"seeker: {words}" in seeker.text


def test_without_our_agents_the_type_stays_and_the_model_changes(claude: Claude) -> None:
    run = claude(
        files=MODE_ON,
        settings=ON,
        args=["--model", "opus", "--effort", "high"],
        turns=[
            once_ready(
                [
                    agent_call("seeker", FIND, subagent_type="Explore"),
                    agent_call("changer", "Fix the parser in src/parse.py."),
                ]
            ),
            "done",
        ],
        subagents={"seeker": ["found"], "changer": ["fixed"]},
    )

    assert where(run.of("seeker")[0]) == ("claude-haiku-5-5", "low")
    assert where(run.of("changer")[0]) == ("claude-opus-5-5", "medium"), "effort first: the model stays"
    assert "Edit" in run.of("changer")[0].tool_names


CLOSED = {
    "names a model": agent_call("named", FIND, model="sonnet"),
    "names its agent": agent_call("named", FIND, subagent_type="Plan"),
    "no sign": agent_call("named", "Do what has to be done."),
    "needs the web": agent_call("named", "Find out on https://example.com what changed."),
    "no prompt of ours": spawn("named", isolation="worktree"),
}


@pytest.mark.parametrize("why", CLOSED)
def test_a_call_that_cannot_be_routed_is_answered_with_nothing(claude: Claude, why: str) -> None:
    run = claude(
        files={**MODE_ON, **our_agents()},
        settings=ON,
        args=["--effort", "medium"],
        turns=[once_ready(CLOSED[why]), "done"],
        subagents={"named": ["found"]},
    )

    assert hook_answers(run, "PreToolUse") == ["{}"]
    assert own_input(run, "named") == CLOSED[why].input
    [(_, action, agent_type, *_)] = routed(run)
    assert (action, agent_type) == ("left", "")
    [meta] = [json.loads(path.read_text(encoding="utf-8")) for path in run.place.transcripts.rglob("*.meta.json")]
    assert meta["agentType"] == CLOSED[why].input.get("subagent_type", "general-purpose")
    assert where(run.of("named")[0]) == (
        "claude-sonnet-5-5" if why == "names a model" else "claude-opus-5-5",
        "medium",
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_the_scout_is_asked_only_where_its_tools_may_be_called(claude: Claude, allowed: bool) -> None:
    """Not in bypassPermissions: there everything may."""
    rules = {"permissions": {"allow": ["mcp__lean"]}} if allowed else {}
    run = claude(
        files={**MODE_ON, "app.py": "print('here')\n", **our_agents()},
        settings={**ON, **rules},
        mode="acceptEdits",
        turns=[once_ready(agent_call("seeker", FIND, subagent_type="Explore")), "done"],
        subagents={"seeker": [use("mcp__lean__read_many", items=["app.py"]) if allowed else "nothing", "found"]},
    )

    assert where(run.of("seeker")[0]) == ("claude-haiku-5-5", "low")
    assert [agent_type for _, _, agent_type, *_ in routed(run)] == ["lean-scout" if allowed else "Explore"]
    if allowed:
        assert "print('here')" in run.result_text("mcp__lean__read_many", agent="seeker")


def test_advice_is_one_line_and_comes_once(claude: Claude) -> None:
    run = claude(
        files=our_agents(),
        settings={"hooks": hooks(Config())},
        turns=[once_ready(agent_call("one", FIND)), agent_call("two", FIND), "done"],
        subagents={"one": ["found"], "two": ["found"]},
    )

    told = [line for line in remarks(run.of("main")[-1]) if "lean-scout" in line]
    assert len(told) == 1
    assert "PreToolUse:Agent hook additional context: mcp_lean: " in told[0]
    assert [where(run.of(name)[0])[0] for name in ("one", "two")] == ["claude-opus-5-5"] * 2
    assert [action for _, action, *_ in routed(run)] == ["advised", "quiet"]


def test_in_the_plugin_it_is_on_and_leads_to_its_agents(claude: Claude, tmp_path: Path) -> None:
    run = claude(
        **plugged(tmp_path),
        turns=[once_ready(agent_call("seeker", FIND)), "done"],
        subagents={"seeker": ["found"]},
    )

    assert where(run.of("seeker")[0]) == ("claude-haiku-5-5", "low")
    assert routed(run) == [("read", "routed", "lean:scout", "haiku", "low", "good")]


def test_a_file_switches_it_off_in_the_plugin(claude: Claude, tmp_path: Path) -> None:
    run = claude(
        **plugged(tmp_path),
        files={".mcp-lean.toml": '[routing]\nmode = "off"\n'},
        turns=[once_ready(agent_call("seeker", FIND)), "done"],
        subagents={"seeker": ["found"]},
    )

    assert where(run.of("seeker")[0])[0] == "claude-opus-5-5"
    assert routed(run) == []


def test_reading_is_waited_for_where_nobody_talks_to_its_parent(claude: Claude) -> None:
    """In print mode: a background agent costs its parent one more request, the one that its notification starts."""
    call = use("Agent", description="seeker", prompt=f"seeker: {FIND}")
    run = claude(
        files={**MODE_ON, **our_agents()},
        settings=ON,
        turns=[once_ready(call), "done"],
        subagents={"seeker": ["found"]},
    )
    alone = claude(turns=[once_ready(call, lambda _: True), "waiting", "done"], subagents={"seeker": ["found"]})

    assert len(run.of("main")) == 2
    assert len(alone.of("main")) == 3
    assert "found" in run.result_text("Agent")


def test_an_agent_that_is_gone_is_asked_for_once(claude: Claude) -> None:
    """The file lies in the folder of agents, but the client does not take it: it has no description."""
    run = claude(
        files={**MODE_ON, ".claude/agents/lean-scout.md": "---\nname: lean-scout\n---\n"},
        settings=ON,
        turns=[once_ready(agent_call("one", FIND)), agent_call("two", FIND), "done"],
        subagents={"one": ["found"], "two": ["found"]},
    )

    assert [result.is_error for result in run.results("Agent")] == [True, False]
    assert where(run.of("two")[0])[0] == "claude-haiku-5-5"


def test_work_that_its_parent_did_again_counts_as_a_failure(claude: Claude) -> None:
    read = use("Read", file_path="app.py")
    run = claude(
        files={**MODE_ON, "app.py": "print()\n", **our_agents()},
        settings=ON,
        turns=[once_ready(agent_call("seeker", FIND)), read, "done"],
        subagents={"seeker": [use("mcp__lean__read_many", items=["app.py"]), "found"]},
    )

    assert [outcome for *_, outcome in routed(run)] == ["done by parent"]
