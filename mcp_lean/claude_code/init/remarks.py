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
from mcp_lean.claude_code.init.files import Change, read
from mcp_lean.claude_code.init.parts import PERMISSION
from mcp_lean.claude_code.init.places import Places
from mcp_lean.claude_code.json_edit import parse
from mcp_lean.errors import LeanError
from mcp_lean.guard.routing.permissions import is_allowed
from mcp_lean.repo.settings import client_folder, repository_of

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
    yield from _unread(where, changes)
    if _has_plugin(where, environ):
        yield "the plugin is enabled, too: server, hooks and agents would all be there twice; keep one of them"


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


def _has_plugin(where: Places, environ: Mapping[str, str]) -> bool:
    """Whether our plugin is enabled in the user's settings, or in those of this scope."""
    for path in dict.fromkeys((where.settings, os.path.join(client_folder(environ), "settings.json"))):
        with suppress(LeanError):  # a broken file of another scope is the doctor's matter
            text = read(path).text
            enabled = parse(text).root.at("enabledPlugins") if text and text.strip("\ufeff \t\r\n") else None
            plugins = enabled.value if enabled else None
            if isinstance(plugins, dict) and any(
                name.partition("@")[0] == PLUGIN and value is True for name, value in plugins.items()
            ):
                return True
    return False
