"""Checks of our own part: is the server found and answering, may it be called, do the hooks stand.

In:  a `Setup`; how our server started (`probe`).
Out: findings and facts.
Not here: starting it (`probe`), other servers (`servers`), configuration and ledger (`books`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from mcp_lean import __version__
from mcp_lean.claude_code.agents import PLUGIN
from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result
from mcp_lean.claude_code.doctor.plugins import is_ours
from mcp_lean.claude_code.doctor.probe import OwnStart
from mcp_lean.claude_code.doctor.setup import Server, Settings, Setup
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.init.parts import is_our_group, is_our_hook, is_our_server, is_startable, loads_the_folder
from mcp_lean.claude_code.init.places import SERVER
from mcp_lean.guard.routing.agents import OWN_MARK
from mcp_lean.repo.programs import search_path

SLOW_SECONDS = 1.5
"""The client holds the first request back for about two seconds; a busy machine takes several times as long."""

FRONT = "MCP_LEAN_FRONT"
"""Switches off the small program that answers while the server is being loaded (`server/front`)."""


def our_plugin(setup: Setup) -> str:
    """The id of our plugin where it is enabled, else empty; server and hooks then come from there. One that is not in
    the client's register is taken for ours by its name."""
    others = {plugin.id for plugin in setup.plugins if not is_ours(plugin)}
    return next((name for name in setup.enabled_plugins if name.partition("@")[0] == PLUGIN and name not in others), "")


def own_server(setup: Setup) -> Server | None:
    """Our server among those that the client starts."""
    return next(iter(_own_servers(setup)), None)


def _own_servers(setup: Setup) -> list[Server]:
    """Those that start our server, the one that hooks and agents call first."""
    ours = [server for server in setup.servers if is_our_server(server.entry)]
    return sorted(ours, key=lambda server: server.name != SERVER)


def start_words(setup: Setup) -> tuple[str, ...]:
    """What to start in order to see our server start: what the client starts, if that is this very installation.

    A file of the project may name any program `mcp-lean`; looking at a folder must not run what lies in it.
    """
    import shutil
    import sys

    own = (sys.executable, "-P", "-m", "mcp_lean", "serve")  # -P: no module that lies in the project
    server = own_server(setup)
    if server is None:
        return own
    program = shutil.which("mcp-lean", path=search_path(setup.environ))
    beside = os.path.join(os.path.dirname(sys.executable), "mcp-lean")
    is_script = server.words[0] in ("mcp-lean", program, beside) and server.words[1:] == ("serve",)
    is_known = is_script or (server.words[0] == sys.executable and server.words[1:] == own[1:])
    return server.words if is_known and is_startable(server.entry, setup.environ.get("PATH", ""), "/") else own


def found(setup: Setup) -> Iterator[Result]:
    """Whether the client is told to start our server, and can."""
    server = own_server(setup)
    if server is None:
        if our_plugin(setup):
            yield Fact("server", "comes from the plugin")
            return
        if setup.managed_servers:
            yield Finding(
                "server-managed-away",
                "an administrator's list of servers is in force, and ours is not in it: the client starts no others",
                "ask for it to be added there",
                setup.managed_servers,
            )
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
    if plugin := our_plugin(setup):
        yield Finding(
            "installed-twice",
            "our server is registered here and comes from the plugin, too: two processes, each tool twice in a prefix, "
            "each event asked about twice (seen on 2.1.330; both work)",
            f"keep one: mcp-lean init --undo{_scope_words(server)}, or claude plugin disable {plugin}",
            server.path,
            server.line,
        )
    for again in _own_servers(setup)[1:]:
        yield Finding(
            "installed-twice",
            f"{again.name} starts our server, too: two processes, and each tool twice in a prefix",
            f"take {again.name} out; hooks and agents call {server.name}",
            again.path,
            again.line,
        )
    if loads_the_folder(server.entry):
        yield Finding(
            "server-loads-folder",
            "its Python takes modules from the project first: a json.py or mcp_lean/ there would run in place of ours",
            '"-P" before "-m" in its arguments',
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


def _scope_words(server: Server) -> str:
    return f" --scope {server.scope}" if server.scope in ("user", "local") else ""


def plugin_version(setup: Setup) -> Iterator[Result]:
    """Whether our plugin's hooks and agents are those of the program that they call."""
    for plugin in setup.plugins:
        if plugin.id == our_plugin(setup):
            yield Fact("plugin", f"{plugin.id} {plugin.version} in {plugin.folder}")
            if plugin.version != __version__:
                yield Finding(
                    "plugin-other-version",
                    f"the plugin is of version {plugin.version}, this program of {__version__}: hooks and agents do "
                    "not fit it",
                    f"claude plugin update {plugin.id}, or install mcp_lean {plugin.version}",
                    plugin.folder,
                )


def _kept_away(setup: Setup, server: Server) -> Iterator[Finding]:
    """What the person has told the client against our server or its tools."""
    for settings in setup.settings:
        refused = settings.data.get("disabledMcpjsonServers")
        shut = settings.data.get("deniedMcpServers")
        if isinstance(shut, list) and {"serverName": server.name} in shut:
            yield Finding(
                "server-disabled",
                f"deniedMcpServers names {server.name}: the client does not start it",
                "take it out of the list, or ask whoever wrote it",
                settings.file.path,
                settings.line("deniedMcpServers"),
            )
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
            if isinstance(rule, str) and _shuts_out(rule, server.name):
                yield Finding(
                    "tools-denied",
                    f"a deny rule, {rule}, shuts out tools or agents of ours, which prompts may carry all the same",
                    "take the rule out, or the server",
                    settings.file.path,
                    settings.line("permissions", "deny"),
                )


def _shuts_out(rule: str, server: str) -> bool:
    """Whether a deny rule takes one of our tools, or the start of one of our agents."""
    of_tools = rule in ("mcp__*", f"mcp__{server}") or rule.startswith(f"mcp__{server}__")
    return of_tools or re.fullmatch(rf"(?:Agent|Task)\({OWN_MARK}\w+\)", rule) is not None


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


def answers(setup: Setup, start: OwnStart) -> Iterator[Result]:
    """How fast the server answers, and whether hooks are answered."""
    server = own_server(setup)
    place = (server.path, server.line) if server else ("", 0)
    if start.problem:
        yield Finding("server-fails", f"our server {start.problem}", "mcp-lean serve, by hand, says why", *place)
        return
    yield Fact(
        "start",
        f"{start.seconds:.2f} s to its list of {len(start.tools)} tools, {start.ready_seconds:.2f} s to the first "
        f"answered call; a hook was answered in {start.hook_seconds * 1000:.0f} ms",
    )
    if start.seconds > SLOW_SECONDS:
        yield Finding(
            "server-slow",
            f"{start.seconds:.1f} s until it lists its tools; the first request leaves without after about 2 s",
            "a busy machine, or a slow disk: try again",
            *place,
        )
    if not start.hook_answer.startswith("{"):
        yield Finding(
            "hook-fails",
            f"a hook event is not answered with JSON but with {start.hook_answer[:80]!r}",
            "mcp-lean serve, by hand, says why; work goes on without the guard",
            *place,
        )


def front_is_on(setup: Setup) -> Iterator[Result]:
    """Whether the server may answer before all of it is loaded."""
    value, path, line = setup.variable(FRONT)
    server = own_server(setup)
    own = server.entry.get("env") if server else None
    if server and isinstance(own, dict) and FRONT in own:
        value, path, line = str(own[FRONT]), server.path, server.line
    if value == "0":
        yield Finding(
            "front-off",
            f"{FRONT}=0: the server lists its tools when all of it is loaded, half a second to some seconds later, and "
            "on a busy machine a session's first request leaves without them",
            "remove it; it is for finding faults in the server",
            path,
            line,
        )


def hooks_stand(setup: Setup) -> Iterator[Result]:
    """Whether the hooks that the configuration needs are in force, once."""
    if our_plugin(setup) or own_server(setup) is None:
        return
    wanted = hooks(setup.written, SERVER)
    held = [(settings, event, group) for settings in setup.settings for event, group in _groups(settings)]
    if wanted and not held:
        yield Finding(
            "hooks-missing",
            "mcp_lean's hooks are not installed: nothing is counted, and no limit holds",
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
