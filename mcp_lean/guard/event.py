"""A hook event of Claude Code as a value.

In:  the fields of an event, from either door: arguments of an `mcp_tool` hook (objects arrive as JSON text, unknown
     fields as ""), or the JSON that a command hook reads on stdin.
Out: an `Event`; what is missing or has another type than expected is empty, never an error.
Not here: what to do about it (`hooks`), who is acting (`identity`).

Field names and shapes: recorded on Claude Code 2.1.330. In subagents `transcript_path` is still the main transcript.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

EVENTS = (
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PostToolBatch",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "UserPromptSubmit",
    "PreCompact",
    "PostCompact",
    "SessionStart",
    "SessionEnd",
)

NOTIFICATION = "<task-notification>"
"""In a prompt that no person wrote: a background agent or task has news."""


class ToolUse(NamedTuple):
    """One tool call as an event tells of it. `response` is None where the event has none."""

    id: str = ""
    name: str = ""
    input: Mapping[str, object] = MappingProxyType({})
    response: str | None = None
    is_error: bool = False


class Event(NamedTuple):
    """An event. Text fields are "" when absent; the main agent has an empty `agent_id`."""

    name: str
    session_id: str = ""
    transcript_path: str = ""
    cwd: str = ""
    agent_id: str = ""
    agent_type: str = ""
    prompt: str = ""
    source: str = ""
    compact_summary: str = ""
    last_message: str = ""
    tool: ToolUse | None = None
    batch: tuple[ToolUse, ...] = ()
    is_interrupt: bool = False
    prompt_cache_likely_expired: bool = False
    context_tokens: int = 0
    effort: str = ""
    """Of the agent that acts, where the client knows it: "low", "medium", "high", ..."""
    permission_mode: str = ""


def parse(fields: Mapping[str, object]) -> Event:
    """An event from either door. An unknown event keeps its name; whoever decides does nothing about it."""
    tool_name = _text(fields, "tool_name")
    tool = None
    if tool_name:
        error = _text(fields, "error")
        response = fields.get("tool_response")
        tool = ToolUse(
            id=_text(fields, "tool_use_id"),
            name=tool_name,
            input=_object(fields.get("tool_input")),
            response=error or (None if response in (None, "") else _as_text(response)),
            is_error=bool(error),
        )
    return Event(
        name=_text(fields, "hook_event_name") or _text(fields, "event"),
        session_id=_text(fields, "session_id"),
        transcript_path=_text(fields, "transcript_path"),
        cwd=_text(fields, "cwd"),
        agent_id=_text(fields, "agent_id"),
        agent_type=_text(fields, "agent_type"),
        prompt=_text(fields, "prompt"),
        source=_text(fields, "source"),
        compact_summary=_text(fields, "compact_summary"),
        last_message=_text(fields, "last_assistant_message"),
        tool=tool,
        batch=_batch(fields.get("tool_calls")),
        is_interrupt=_true(fields.get("is_interrupt")),
        prompt_cache_likely_expired=_true(fields.get("prompt_cache_likely_expired")),
        context_tokens=_count(fields.get("context_tokens")),
        effort=_level(fields.get("effort")),
        permission_mode=_text(fields, "permission_mode"),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _decoded(value: object) -> object:
    """An `mcp_tool` hook passes objects and lists as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _object(value: object) -> Mapping[str, object]:
    decoded = _decoded(value)
    return decoded if isinstance(decoded, dict) else {}


def _batch(value: object) -> tuple[ToolUse, ...]:
    calls = _decoded(value)
    if not isinstance(calls, list):
        return ()
    return tuple(
        ToolUse(
            id=_text(call, "tool_use_id"),
            name=_text(call, "tool_name"),
            input=_object(call.get("tool_input")),
            response=_as_text(call["tool_response"]) if call.get("tool_response") is not None else None,
        )
        for call in calls
        if isinstance(call, dict)
    )


def _as_text(value: object) -> str:
    """A response as the model saw it, as far as that can be told: text blocks joined, other shapes as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        return "\n".join(part["text"] for part in value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _level(value: object) -> str:
    """A command hook gets an object with the level; the other door the level itself."""
    level = value.get("level") if isinstance(value, dict) else value
    return level if isinstance(level, str) else ""


def _true(value: object) -> bool:
    return value is True or value == "true"


def _count(value: object) -> int:
    try:
        return max(0, int(value)) if isinstance(value, int | str) and not isinstance(value, bool) else 0
    except ValueError:
        return 0
