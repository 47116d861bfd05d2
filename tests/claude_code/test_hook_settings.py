"""Which hooks are registered for which settings, and how each is written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mcp_lean.claude_code.hook_settings import ROUTES_BY, hooks, own_tools
from mcp_lean.config import Budget, Compact, Config, Guard, Limits, Routing
from mcp_lean.guard.event import EVENTS, parse
from mcp_lean.server.hook_tool import NAME

FREE = Budget(agent_usd=0.0, agent_requests=0, run_usd=0.0)
UNROUTED = Routing(mode="off")
UNCARRIED = Compact(clear="off", carry=False)
LIMITED = {"UserPromptSubmit", "SubagentStart", "SubagentStop", "Stop"}
ALWAYS = {"PreToolUse", "SessionStart"}


def registered(config: Config, **more: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """(event, matcher, handler) of each hook."""
    found = json.loads(json.dumps(hooks(config, **more)))
    return [
        (event, entry.get("matcher", ""), handler)
        for event, entries in found.items()
        for entry in entries
        for handler in entry["hooks"]
    ]


@pytest.mark.parametrize(
    ("config", "events"),
    [
        (Config(), ALWAYS | LIMITED | {"PostToolBatch", "PostToolUseFailure", "PreCompact"}),
        (Config(compact=UNCARRIED, guard=Guard(loops="off")), ALWAYS | LIMITED | {"PostToolBatch"}),
        (Config(compact=UNCARRIED, guard=Guard(loops="off", nudge=False)), ALWAYS | LIMITED | {"PostToolBatch"}),
        (Config(budget=FREE, compact=UNCARRIED, routing=UNROUTED), ALWAYS | {"PostToolBatch", "PostToolUseFailure"}),
        (
            Config(budget=FREE, compact=UNCARRIED, routing=UNROUTED, guard=Guard(loops="off")),
            ALWAYS | {"PostToolBatch"},
        ),
        (Config(budget=FREE, compact=UNCARRIED, routing=UNROUTED, guard=Guard(loops="off", nudge=False)), ALWAYS),
        (Config(budget=FREE, compact=UNCARRIED, guard=Guard(loops="off", nudge=False)), ALWAYS | {"Stop"}),
        (
            Config(
                budget=FREE._replace(types={"Explore": Limits(0.0, 9, 0, 0)}),
                compact=UNCARRIED,
                guard=Guard(loops="off", nudge=False),
            ),
            ALWAYS | LIMITED | {"PostToolBatch"},
        ),
        (
            Config(budget=FREE, routing=UNROUTED, guard=Guard(loops="off", nudge=False)),
            ALWAYS | {"UserPromptSubmit", "PreCompact", "SubagentStop"},
        ),
        (
            Config(
                budget=FREE,
                routing=UNROUTED,
                compact=Compact(clear="off", after_clear="always", carry=False),
                guard=Guard(loops="off", nudge=False),
            ),
            ALWAYS | {"UserPromptSubmit"},
        ),
        (Config(guard=Guard(enabled=False)), set()),
    ],
)
def test_only_what_the_settings_need_is_registered(config: Config, events: set[str]) -> None:
    assert {event for event, _, _ in registered(config)} == events


def test_calls_of_agents_are_shown_whole_only_where_they_may_be_routed() -> None:
    """The effort stands inside of an object of the event."""

    def fields(config: Config) -> dict[str, str]:
        [found] = [handler for _, matcher, handler in registered(config) if matcher == "Agent|Task"]
        return {name: found["input"][name] for name in ROUTES_BY if name in found["input"]}

    assert fields(Config(routing=UNROUTED)) == {}
    assert fields(Config()) == {
        "tool_input": "${tool_input}", "effort": "${effort.level}", "permission_mode": "${permission_mode}",
    }  # fmt: skip
    assert fields(Config(budget=FREE, compact=UNCARRIED, routing=Routing(mode="on"))) == fields(Config())


def test_of_subagents_only_a_compaction_is_asked_for_its_last_words() -> None:
    """It has no type. What other subagents say at their end is theirs."""
    found = [(matcher, handler) for event, matcher, handler in registered(Config()) if event == "SubagentStop"]

    assert [matcher for matcher, handler in found if "last_assistant_message" in handler["input"]] == ["^$"]
    assert len(found) == 2


def test_the_whole_of_one_hook() -> None:
    """As recorded to work on Claude Code 2.1.330 (tests/e2e/test_guard.py)."""
    assert hooks(Config(budget=FREE, compact=UNCARRIED, routing=UNROUTED, guard=Guard(loops="off", nudge=False)))[
        "PreToolUse"
    ] == [
        {
            "matcher": "mcp__lean__.*",
            "hooks": [
                {
                    "type": "mcp_tool",
                    "server": "lean",
                    "tool": "hook",
                    "input": {
                        "event": "${hook_event_name}",
                        "session_id": "${session_id}",
                        "transcript_path": "${transcript_path}",
                        "cwd": "${cwd}",
                        "agent_id": "${agent_id}",
                        "agent_type": "${agent_type}",
                        "tool_name": "${tool_name}",
                        "tool_use_id": "${tool_use_id}",
                    },
                    "timeout": 2,
                }
            ],
        }
    ]


def test_every_event_is_one_that_the_guard_knows_and_every_field_arrives() -> None:
    for event, _, handler in registered(Config()):
        assert event in EVENTS
        assert handler["tool"] == NAME
        passed = {
            name: "[]" if name == "tool_calls" else "{}" if name == "tool_input" else name for name in handler["input"]
        }
        told = parse({**passed, "event": event})
        assert (told.name, told.session_id, told.agent_id) == (event, "session_id", "agent_id")
        if "tool_name" in passed:
            assert told.tool is not None
            assert told.tool.id == "tool_use_id"


@pytest.mark.parametrize(
    ("server", "tool", "is_ours"),
    [
        ("lean", "mcp__lean__read_many", True),
        ("lean", "mcp__other__read_many", False),
        ("plugin:mcp-lean:lean", "mcp__plugin_mcp-lean_lean__read_many", True),
        ("plugin:mcp-lean:lean", "mcp__lean__read_many", False),
    ],
)
def test_the_matcher_of_our_own_tools(server: str, tool: str, is_ours: bool) -> None:
    assert bool(re.fullmatch(own_tools(server), tool)) == is_ours
    assert {handler["server"] for _, _, handler in registered(Config(), server=server)} == {server}


def test_where_a_server_cannot_be_called_each_event_is_a_command() -> None:
    for event, _, handler in registered(Config(), command=("/a b/mcp-lean",)):
        assert handler.pop("if", "Edit(.mcp-lean.toml)") in ("Edit(.mcp-lean.toml)", "Write(.mcp-lean.toml)")
        assert handler == {
            "type": "command",
            "command": f"'/a b/mcp-lean' hook {event}",
            "timeout": 5 if event == "UserPromptSubmit" else 2,
        }
