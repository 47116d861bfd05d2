"""The hooks part of Claude Code's settings (`.claude/settings.json`, or `hooks/hooks.json` of a plugin).

In:  our settings; the server's name in Claude Code, or a command for where hooks cannot call a server.
Out: what stands under "hooks". Only events that the settings need: each costs some milliseconds of an agent's time.
Not here: writing files (`init`), what an event does (`guard/hooks`).

Recorded on Claude Code 2.1.330: a template `${path}` becomes the field's text, objects become JSON text, what is
missing becomes ""; a matcher of plain letters is an exact name, anything else a regular expression; `if` takes a
permission rule. A hook that fails or is late blocks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_lean.config import PROJECT_FILE, Budget, Config

JsonObject = dict[str, object]

TIMEOUT_SECONDS = 2
"""The server answers within one second by itself; this is for a server that hangs."""

PROMPT_TIMEOUT_SECONDS = 5
"""The first prompt of a session may come while the server is still starting."""

ACTOR = ("session_id", "transcript_path", "cwd", "agent_id", "agent_type")
CALL = ("tool_name", "tool_use_id")

ANY_TOOL = ".*"

WRITES = ("Edit", "Write")
"""Tools that are looked at where they write to a project's settings file."""

ROUTES_BY = ("tool_input", "effort", "permission_mode")

PATHS = {"effort": "effort.level"}
"""Fields that stand elsewhere in an event than under their own name."""


@dataclass(frozen=True, slots=True)
class _Hook:
    """One hook: its event, what it is called for, and the fields that it passes besides `ACTOR`."""

    event: str
    fields: tuple[str, ...] = ()
    matcher: str = ""
    rule: str = ""


def hooks(config: Config, server: str = "lean", command: Sequence[str] = ()) -> JsonObject:
    """What stands under "hooks".

    Args:
        server: its name in Claude Code; from a plugin "plugin:<plugin>:<server>".
        command: the words of `mcp-lean`; then every event starts a process instead of calling the server.
    """
    settings: dict[str, list[JsonObject]] = {}
    for hook in _needed(config, server):
        handler = _command(hook, command) if command else _call(hook, server)
        matcher = {"matcher": hook.matcher} if hook.matcher else {}
        settings.setdefault(hook.event, []).append({**matcher, "hooks": [handler]})
    return dict(settings)


def own_tools(server: str) -> str:
    """A matcher for all tools of our server."""
    return f"mcp__{server.replace(':', '_')}__.*"


def _needed(config: Config, server: str) -> list[_Hook]:
    if not config.guard.enabled:
        return []
    looks_at_loops = config.guard.loops != "off"
    has_limits = _has_limits(config.budget)
    found = [
        _Hook("PreToolUse", CALL, own_tools(server)),
        _Hook("SessionStart", ("source",), "compact|clear"),
    ]
    if has_limits:
        found += [
            *(_Hook("PreToolUse", (*CALL, "tool_input"), tool, f"{tool}({PROJECT_FILE})") for tool in WRITES),
            _Hook("SubagentStart"),
            _Hook("SubagentStop"),
        ]
    if has_limits or config.compact.clear != "off" or config.compact.after_clear == "always":
        found.append(_Hook("UserPromptSubmit", ("prompt",)))
    if config.compact.carry:
        # A compaction ends as a subagent without a type, and its last message is the summary.
        found += [_Hook("PreCompact"), _Hook("SubagentStop", ("last_assistant_message",), "^$")]
    routes = config.routing.mode != "off"
    if has_limits or routes:
        found.append(_Hook("PreToolUse", (*CALL, *ROUTES_BY) if routes else CALL, "Agent|Task"))
        found.append(_Hook("Stop"))
    if has_limits or looks_at_loops or config.guard.nudge:
        found.append(_Hook("PostToolBatch", ("tool_calls",)))
    if looks_at_loops:
        found.append(_Hook("PostToolUseFailure", (*CALL, "tool_input", "error", "is_interrupt"), ANY_TOOL))
    return found


def _has_limits(budget: Budget) -> bool:
    own = (budget.run_usd, budget.run_tokens)
    each = (
        (limits.agent_usd, limits.agent_requests, limits.agent_tokens, limits.agent_context_tokens)
        for limits in (budget.of_agent(""), *budget.types.values())
    )
    return any(own) or any(map(any, each))


def _call(hook: _Hook, server: str) -> JsonObject:
    templates: JsonObject = {"event": "${hook_event_name}"}
    templates |= {field: f"${{{PATHS.get(field, field)}}}" for field in (*ACTOR, *hook.fields)}
    handler: JsonObject = {"type": "mcp_tool", "server": server, "tool": "hook", "input": templates}
    return {**handler, **_when(hook)}


def _command(hook: _Hook, command: Sequence[str]) -> JsonObject:
    import shlex

    return {"type": "command", "command": shlex.join((*command, "hook", hook.event)), **_when(hook)}


def _when(hook: _Hook) -> JsonObject:
    timeout = PROMPT_TIMEOUT_SECONDS if hook.event == "UserPromptSubmit" else TIMEOUT_SECONDS
    return {"timeout": timeout, **({"if": hook.rule} if hook.rule else {})}
