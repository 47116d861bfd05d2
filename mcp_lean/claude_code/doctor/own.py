"""Checks of our own part: is the server found and answering, may it be called, do the hooks stand.

In:  a `Setup`; how our server started (`probe`).
Out: findings and facts.
Not here: starting it (`probe`), other servers (`servers`), configuration and ledger (`books`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result
from mcp_lean.claude_code.doctor.probe import OwnStart
from mcp_lean.claude_code.doctor.setup import Server, Settings, Setup
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.init.parts import is_our_group, is_our_hook, is_our_server, is_startable
from mcp_lean.claude_code.init.places import SERVER

SLOW_SECONDS = 1.5
"""The client holds the first request back for about two seconds; a busy machine takes several times as long."""

PLUGIN = "lean"


def enabled_plugins(setup: Setup) -> list[str]:
    """Names of all plugins that some settings file enables, sorted."""
    found = set()
    for settings in setup.settings:
        plugins = settings.data.get("enabledPlugins")
        found |= {str(name) for name, value in plugins.items() if value is True} if isinstance(plugins, dict) else set()
    return sorted(found)


def has_plugin(setup: Setup) -> bool:
    """Whether our plugin is enabled; server and hooks then come from there."""
    return any(name.partition("@")[0] == PLUGIN for name in enabled_plugins(setup))


def own_server(setup: Setup) -> Server | None:
    """Our server among those that the client starts."""
    return next((server for server in setup.servers if is_our_server(server.entry)), None)


def start_words(setup: Setup) -> tuple[str, ...]:
    """What to start in order to see our server start: what the client starts, if that is this very installation.

    A file of the project may name any program `mcp-lean`; looking at a folder must not run what lies in it.
    """
    import shutil
    import sys

    own = (sys.executable, "-m", "mcp_lean", "serve")
    server = own_server(setup)
    if server is None:
        return own
    program = shutil.which("mcp-lean", path=setup.environ.get("PATH") or os.defpath)
    beside = os.path.join(os.path.dirname(sys.executable), "mcp-lean")
    is_script = server.words[0] in ("mcp-lean", program, beside) and server.words[1:] == ("serve",)
    is_known = is_script or (server.words[0] == sys.executable and server.words[1:] == own[1:])
    return server.words if is_known and is_startable(server.entry, setup.environ.get("PATH", ""), "/") else own


def found(setup: Setup) -> Iterator[Result]:
    """Whether the client is told to start our server, and can."""
    server = own_server(setup)
    if server is None:
        if has_plugin(setup):
            yield Fact("server", "comes from the plugin")
            return
        taken = next((other for other in setup.servers if other.name == SERVER), None)
        if taken:
            yield Finding(
                "server-name-taken",
                f"another server has the name {SERVER}; hooks and agents of ours would call that one",
                "rename it, then run mcp-lean init",
                taken.path,
                taken.line,
            )
        else:
            yield Finding("server-missing", "no server of ours is registered for this folder", "mcp-lean init")
        return
    yield Fact("server", f"{server.name} in {server.path} ({server.scope} scope): {' '.join(server.words)}")
    if has_plugin(setup):
        yield Finding(
            "installed-twice",
            "our server is registered here and comes from the plugin, too: two processes, each tool twice in a prefix, "
            "each event asked about twice",
            "mcp-lean init --undo, or disable the plugin",
            server.path,
            server.line,
        )
    yield from _kept_away(setup, server)
    if not is_startable(server.entry, setup.environ.get("PATH", ""), setup.project):
        yield Finding(
            "server-not-found",
            f"its command {server.words[0]} is not there, or not on PATH",
            "install mcp_lean where the command says, or run mcp-lean init again",
            server.path,
            server.line,
        )


def _kept_away(setup: Setup, server: Server) -> Iterator[Finding]:
    """What the person has told the client against our server or its tools."""
    for settings in setup.settings:
        refused = settings.data.get("disabledMcpjsonServers")
        if server.scope == "project" and isinstance(refused, list) and server.name in refused:
            yield Finding(
                "server-disabled",
                f"disabledMcpjsonServers names {server.name}: the client does not start it",
                "take it out of the list",
                settings.file.path,
                settings.line("disabledMcpjsonServers"),
            )
        permissions = settings.data.get("permissions")
        denied = permissions.get("deny") if isinstance(permissions, dict) else None
        for rule in denied if isinstance(denied, list) else ():
            if isinstance(rule, str) and (rule == f"mcp__{server.name}" or rule.startswith(f"mcp__{server.name}__")):
                yield Finding(
                    "tools-denied",
                    f"a deny rule, {rule}, keeps agents from our tools, whose definitions they may carry all the same",
                    "take the rule out, or the server",
                    settings.file.path,
                    settings.line("permissions", "deny"),
                )


def permission(setup: Setup) -> Iterator[Result]:
    """Whether agents may call our tools unasked; routing waits for it."""
    from mcp_lean.guard.routing.permissions import is_allowed

    server = own_server(setup)
    if server is None or is_allowed(f"mcp__{server.name}", setup.project, setup.environ):
        return
    if setup.written.routing.mode == "on":
        yield Finding(
            "routing-idle",
            "routing is on, and our tools are not allowed: no Agent call is routed to an agent that needs them",
            "mcp-lean init --allow",
            setup.config.origins.get("routing.mode", ""),
        )
    else:
        yield Fact("permission", "our tools are not allowed: a person is asked, and print mode refuses; init --allow")


def answers(setup: Setup, starts: Mapping[bool, OwnStart]) -> Iterator[Result]:
    """How fast the server answers, with its front (`True`) and without, and whether hooks are answered."""
    for front, start in sorted(starts.items(), reverse=True):
        server = own_server(setup)
        place = (server.path, server.line) if server else ("", 0)
        name = "start" if front else "start without front"
        if start.problem:
            yield Finding("server-fails", f"our server {start.problem}", "mcp-lean serve, by hand, says why", *place)
            continue
        hook = f"; a hook was answered in {start.hook_seconds * 1000:.0f} ms" if start.hook_answer else ""
        yield Fact(name, f"{start.seconds:.2f} s to its list of {len(start.tools)} tools{hook}")
        if front and start.seconds > SLOW_SECONDS:
            yield Finding(
                "server-slow",
                f"{start.seconds:.1f} s until it lists its tools; the first request leaves without after about 2 s",
                "a busy machine, or a slow disk: try again; MCP_LEAN_FRONT is not to be 0",
                *place,
            )
        if front and not start.hook_answer.startswith("{"):
            yield Finding(
                "hook-fails",
                f"a hook event is not answered with JSON but with {start.hook_answer[:80]!r}",
                "mcp-lean serve, by hand, says why; work goes on without the guard",
                *place,
            )


def hooks_stand(setup: Setup) -> Iterator[Result]:
    """Whether the hooks that the configuration needs are in force, once."""
    if has_plugin(setup) or own_server(setup) is None:
        return
    wanted = hooks(setup.written, SERVER)
    held = [(settings, event, group) for settings in setup.settings for event, group in _groups(settings)]
    if wanted and not held:
        yield Finding(
            "hooks-missing",
            "no hooks of ours: nothing is counted, no limit holds, and no agent is known by name",
            "mcp-lean init",
        )
        return
    by_command = any(not _is_call(group) for _, _, group in held)
    missing = [
        event
        for event, groups in wanted.items()
        for group in (groups if isinstance(groups, list) else ())
        if not any(event == name and (by_command or group == other) for _, name, other in held)
    ]
    if missing:
        first = held[0][0]
        yield Finding(
            "hooks-stale",
            f"hooks for {', '.join(dict.fromkeys(missing))} are not as the configuration needs them",
            "mcp-lean init writes the missing ones",
            first.file.path,
            first.line("hooks"),
        )
    files = list(dict.fromkeys(settings.file.path for settings, _, _ in held))
    by_file = [[(event, group) for settings, event, group in held if settings.file.path == file] for file in files]
    # The client calls hooks that are equal once, wherever they stand (seen on 2.1.330).
    if any(groups != by_file[0] for groups in by_file):
        second = next(settings for settings, _, _ in held if settings.file.path == files[1])
        yield Finding(
            "hooks-twice",
            f"our hooks stand here and in {files[0]}, and differ: some events are asked about twice",
            "mcp-lean init --undo at one of the scopes, or init at both",
            files[1],
            second.line("hooks"),
        )
    if held:
        events = sorted({event for _, event, _ in held})
        yield Fact("hooks", f"{len(events)} events in {', '.join(files)}")


def _groups(settings: Settings) -> Iterator[tuple[str, object]]:
    held = settings.data.get("hooks")
    if settings.document is None or not settings.document.is_plain or not isinstance(held, dict):
        return
    for event, groups in held.items():
        for group in groups if isinstance(groups, list) else ():
            if is_our_group(group):
                yield event, group


def _is_call(group: object) -> bool:
    members = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(members, list) and all(
        is_our_hook(hook) and isinstance(hook, dict) and hook.get("type") == "mcp_tool" for hook in members
    )
