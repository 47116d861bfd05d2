"""What a person should know about an installation besides the change itself.

In:  the places, the planned changes.
Out: remarks, one line each.
Not here: what is in the way (`plan` raises it).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from mcp_lean.claude_code.agents import PLUGIN
from mcp_lean.claude_code.doctor.plugins import is_ours, read_plugins
from mcp_lean.claude_code.init.files import Change, read
from mcp_lean.claude_code.init.parts import PERMISSION, is_our_group, is_our_server
from mcp_lean.claude_code.init.places import SERVER, Places
from mcp_lean.claude_code.json_edit import parse
from mcp_lean.errors import LeanError
from mcp_lean.guard.routing.permissions import is_allowed
from mcp_lean.repo.settings import client_folder, repository_of
from mcp_lean.transcripts.fields import mapping

UNALLOWED = (
    "our tools are not allowed yet: a person is asked at the first call of each, print mode refuses, and no Agent call "
    "is routed to an agent that needs them; --allow allows them"
)


def remarks_on(where: Places, changes: Sequence[Change], environ: Mapping[str, str], *, allows: bool) -> Iterator[str]:
    """Remarks on changes that are about to be made; none without changes."""
    if not changes:
        return
    for change in changes:
        if os.path.islink(change.held.path):
            yield f"{change.held.path} is a link; {change.held.target} is changed"
    top = repository_of(where.project)
    if where.scope != "user" and top != where.project:
        yield f"{where.project} lies in the repository {top}: sessions that start elsewhere in it see none of this"
    if not allows and not is_allowed(PERMISSION, where.project, environ):
        yield UNALLOWED
    for change in changes:
        if change.held.path == where.servers and change.after is not None:
            servers = mapping(mapping(parse(change.after.decode()).root.value).get("mcpServers"))
            if twice := sorted(name for name, entry in servers.items() if name != SERVER and is_our_server(entry)):
                yield f"{where.servers}: {', '.join(twice)} starts our server, too; take that out, hooks call {SERVER}"
    yield from _unread(where, changes)
    yield from _replaced(where, changes)
    if plugin := _our_plugin(where, environ):
        yield (
            f"the plugin {plugin} is enabled, too: two servers, each tool twice in a prompt, each event asked about "
            f"twice (seen on 2.1.330; both work); keep one: claude plugin disable {plugin}, or leave this"
        )


def _replaced(where: Places, changes: Sequence[Change]) -> Iterator[str]:
    """Hooks of ours that an older version wrote, another configuration needed, or a person has changed."""
    for change in changes:
        if change.held.path == where.settings and change.after is not None:
            before, after = (_our_groups(text) for text in (change.held.text or "", change.after.decode()))
            if gone := sorted({event for event, group in before if (event, group) not in after}):
                yield (
                    f"{change.held.path}: our hooks for {', '.join(gone)} are not as this version and configuration "
                    "want them and are replaced; if you have changed one of them, do that again"
                )


def _our_groups(text: str) -> list[tuple[str, object]]:
    hooks = parse(text).root.at("hooks") if text.strip("\ufeff \t\r\n") else None
    held = hooks.value if hooks else None
    found = held.items() if isinstance(held, dict) else ()
    return [
        (event, group)
        for event, groups in found
        for group in (groups if isinstance(groups, list) else ())
        if is_our_group(group)
    ]


def _unread(where: Places, changes: Sequence[Change]) -> Iterator[str]:
    """Files with comments: changed with care, and of no effect. Recorded on 2.1.330: neither hooks nor servers of such
    a file were there, and nothing was said (tests/e2e/test_setup.py)."""
    for change in changes:
        text = change.after.decode() if change.after is not None else ""
        if change.held.path in (where.settings, where.servers) and not parse(text).is_plain:
            yield (
                f"{change.held.path}: has comments or trailing commas; Claude Code (seen on 2.1.330) ignores the whole "
                "of such a file, so nothing in it is in force until they are gone"
            )


def _our_plugin(where: Places, environ: Mapping[str, str]) -> str:
    """The id of our plugin, where settings of the user or the project switch it on; else empty."""
    own, project = client_folder(environ), os.path.join(where.project, ".claude")
    on: dict[str, object] = {}
    names = ((own, "settings.json"), (project, "settings.json"), (project, "settings.local.json"))
    for path in (os.path.join(*name) for name in names):
        with suppress(LeanError):  # a broken file of another scope is the doctor's matter
            text = read(path).text
            enabled = parse(text).root.at("enabledPlugins") if text and text.strip("\ufeff \t\r\n") else None
            on |= enabled.value if enabled and isinstance(enabled.value, dict) else {}
    named = [name for name, value in on.items() if name.partition("@")[0] == PLUGIN and value is True]
    others = {plugin.id for plugin in read_plugins(named, where.project, own) if not is_ours(plugin)}
    return next((name for name in named if name not in others), "")
