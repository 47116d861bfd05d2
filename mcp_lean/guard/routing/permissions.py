"""Whether an agent may call our tools without being asked: an agent that has nothing else would fail at its first call.

In:  Claude Code's settings files, the permission mode of an event, results of calls.
Out: yes or no; in doubt no.
Not here: `Read` rules (`repo/deny`), offering the permission (`claude_code/init/apply`).

Recorded on Claude Code 2.1.330: without a rule a call of an MCP tool is refused also where it only reads, except in
the mode `bypassPermissions`. Rules on the command line are known to the client alone; they show in calls that went
through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from mcp_lean.guard.event import ToolUse
from mcp_lean.repo.settings import client_folder, json_of, main_checkout
from mcp_lean.transcripts.fields import mapping

ALLOWS_ALL = "bypassPermissions"
REFUSED = "requested permissions to use"
NEEDED = ("read_many", "grep_and_read")


def is_allowed(server: str, project: str, environ: Mapping[str, str]) -> bool:
    """Whether the settings files allow the server's tools and deny none of those that are needed.

    Args:
        server: as in names of tools: `mcp__lean`.
    """
    rules = [_rules(file) for file in _files(project, environ)]
    allowed = {rule for allow, _ in rules for rule in allow}
    denied = {rule for _, deny in rules for rule in deny}
    return all(_names(allowed, server, tool) and not _names(denied, server, tool) for tool in NEEDED)


def went_through(calls: Iterable[ToolUse], server: str) -> bool:
    """Whether one of these calls was of our server and was not refused."""
    return any(
        call.name.startswith(f"{server}__") and call.response is not None and REFUSED not in call.response[:300]
        for call in calls
    )


def _names(rules: set[str], server: str, tool: str) -> bool:
    return not rules.isdisjoint((server, f"{server}__*", "mcp__*", f"{server}__{tool}"))


def _files(project: str, environ: Mapping[str, str]) -> list[str]:
    own = os.path.join(project, ".claude")
    local = os.path.join(main_checkout(project), ".claude")
    found = [os.path.join(client_folder(environ), "settings.json"), os.path.join(own, "settings.json")]
    found += [os.path.join(folder, "settings.local.json") for folder in (own, local)]
    return list(dict.fromkeys(found))


def _rules(file: str) -> tuple[list[str], list[str]]:
    """(allow, deny) of a file; nothing where it says nothing that the client would understand."""
    try:
        permissions = mapping(mapping(json_of(file)).get("permissions"))
    except (OSError, ValueError, RecursionError):
        return [], []
    return _texts(permissions.get("allow")), _texts(permissions.get("deny"))


def _texts(value: object) -> list[str]:
    return [rule for rule in value if isinstance(rule, str)] if isinstance(value, list) else []
