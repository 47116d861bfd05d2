"""What `init` would change at a scope.

In:  what was asked, the places, the files as they are.
Out: a `Plan`: each file with its new bytes, what the client has to register, remarks for the person.
Not here: writing (`files`), taking it back (`undo`), asking and printing (`cli/init`).

Reads everything and changes nothing. A file that cannot be changed safely is an error here, before any is written.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mcp_lean.claude_code.agents import PROJECT_PREFIX, agent_files, is_as_written
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.init import record as init_record
from mcp_lean.claude_code.init.entry import passing, server_entry
from mcp_lean.claude_code.init.files import Change, Held, check_writable, read
from mcp_lean.claude_code.init.memory import remembered
from mcp_lean.claude_code.init.parts import (
    PERMISSION,
    is_our_server,
    is_startable,
    with_server,
    with_settings,
)
from mcp_lean.claude_code.init.places import SERVER, JsonObject, Places, needed_client, places, registered
from mcp_lean.claude_code.init.record import Record, digest_of
from mcp_lean.claude_code.init.remarks import remarks_on
from mcp_lean.claude_code.json_edit import parse
from mcp_lean.claude_code.toml_edit import with_value
from mcp_lean.config import CHOICES, Config, load
from mcp_lean.errors import ConfigError, LeanError
from mcp_lean.guard.routing.agents import OWN_MARK
from mcp_lean.repo.settings import client_file


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person asked for; `None` and empty: not said."""

    scope: str = "project"
    budget_usd: float | None = None
    routing: str = ""
    allow: bool = False
    agents: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done.

    register: the entry that the client is to hold; `None`: nothing to register. replaces: it holds one of ours.
    record, backups: what is remembered of it.
    """

    places: Places
    changes: tuple[Change, ...]
    register: JsonObject | None
    replaces: bool
    remarks: tuple[str, ...]
    record: Record
    backups: Mapping[str, bytes]

    @property
    def is_empty(self) -> bool:
        return not self.changes and self.register is None


def make_plan(asked: Asked, cwd: str, environ: Mapping[str, str]) -> Plan:
    """What has to change for what was asked.

    Raises:
        ConfigError: something is in the way; nothing was changed.
        EngineMissing: the client is needed, and is not there.
    """
    where = places(asked.scope, cwd, environ)
    config = _config(asked, where, environ)
    old = init_record.load(where.record)
    draft = _Draft(where)
    register, replaces = _plan_server(draft, environ)
    allow = (PERMISSION,) if asked.allow else ()
    wanted = hooks(config, SERVER)
    if wanted or allow or os.path.lexists(where.settings):
        draft.change(where.settings, lambda text: with_settings(text, wanted, allow))
    if asked.agents:
        _plan_agents(draft, old)
    values = _limits(asked)
    if values:
        draft.change(where.limits, lambda text: _with_limits(text or "", values))
    draft.remarks += remarks_on(where, draft.changes, environ, allows=asked.allow)
    limits = [(section, key) for section, key, _ in values]
    record, backups = remembered(where, old, draft.changes, register is not None, allows=asked.allow, limits=limits)
    return Plan(where, tuple(draft.changes), register, replaces, tuple(draft.remarks), record, backups)


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    where: Places
    changes: list[Change] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def change(self, file: str, edit: Callable[[str | None], str]) -> None:
        """The edit of a file, if it changes anything; refused where it could not be written."""
        held = read(file, self.where.inside)
        before = held.text
        try:
            after = edit(before).encode("utf-8")
        except LeanError as error:
            raise ConfigError(f"{file}: {error}; nothing was changed") from error
        if held.data != after:
            check_writable(held)
            self.changes.append(Change(held, after))


def _plan_server(draft: _Draft, environ: Mapping[str, str]) -> tuple[JsonObject | None, bool]:
    """What the client has to register, and whether it holds one of ours; at project scope a file is changed instead."""
    where = draft.where
    entry, why = server_entry(where.scope, environ)
    register, replaces = None, False
    if where.servers:
        held = _held_entry(read(where.servers, where.inside))
        keeps = is_our_server(held) and is_startable(held, environ.get("PATH", ""), where.project)
        draft.change(where.servers, lambda text: with_server(text, entry, keeps))
        new = not keeps
        then = "Claude Code asks once whether this folder's server may run"
    else:
        register, replaces = _to_register(where, entry, environ)
        new = register is not None
        then = f"the server is registered through `claude mcp add-json` in {client_file(environ)}"
    if new:
        draft.remarks += filter(None, (why, then, passing(str(entry["command"]))))
    return register, replaces


def _plan_agents(draft: _Draft, old: Record | None) -> None:
    """The agents' files; one that a person has changed stays, one of ours that this version does not have goes."""
    where = draft.where
    if not where.agents:
        draft.remarks.append("no agents: Claude Code has no folder for agents of one person in one project")
        return
    wanted = agent_files(PROJECT_PREFIX)
    for name, text in wanted.items():
        file = os.path.join(where.agents, f"{name}.md")
        held = read(file, where.inside)
        if held.data is None or held.data == text.encode() or _is_ours(held, old):
            draft.change(file, functools.partial(_whole, text))
        else:
            draft.remarks.append(
                f"{file}: differs from ours and stays as it is; move it away and run init again for ours"
            )
    present = os.listdir(where.agents) if os.path.isdir(where.agents) else []
    for file_name in sorted(present):
        name = file_name.removesuffix(".md")
        if name.startswith(OWN_MARK) and name != file_name and name not in wanted:
            with suppress(ConfigError):  # what cannot be read, or changed, is nothing of ours
                held = read(os.path.join(where.agents, file_name), where.inside)
                if _is_ours(held, old):
                    check_writable(held)
                    draft.changes.append(Change(held, None))


def _is_ours(held: Held, old: Record | None) -> bool:
    """Whether an agent's file is as some version of ours wrote it: by our record or, in a team, by its mark."""
    known = old.of(held.target) if old else None
    if known is not None and known.after == digest_of(held.data):
        return True
    return held.data is not None and is_as_written(held.data.decode("utf-8", "surrogateescape"))


def _config(asked: Asked, where: Places, environ: Mapping[str, str]) -> Config:
    """The settings that the hooks have to serve: those of the files and what was asked, not of this shell's variables.

    Raises:
        ConfigError: a value that cannot be, or a scope without a file of ours.
    """
    plain = {name: value for name, value in environ.items() if not name.startswith("MCP_LEAN_")}
    wanted = {}
    if asked.budget_usd is not None:
        wanted["MCP_LEAN_BUDGET_RUN_USD"] = str(asked.budget_usd)
    if asked.routing:
        if asked.routing not in CHOICES.get("routing.mode", ()):
            choices = ", ".join(CHOICES.get("routing.mode", ()))
            raise ConfigError(f"--routing {asked.routing}: one of {choices or 'none: this version has no routing'}")
        wanted["MCP_LEAN_ROUTING_MODE"] = asked.routing
    if wanted and not where.limits:
        raise ConfigError(
            f"--scope {where.scope}: there is no settings file of ours for one person in one project; "
            f"set {' and '.join(wanted)} in your environment, or use --scope project"
        )
    # The record's folder has no settings of a project: at user scope only the user's file counts.
    return load(where.record if where.scope == "user" else where.project, {**plain, **wanted})


def _limits(asked: Asked) -> list[tuple[str, str, str]]:
    """(section, key, literal) of our own settings."""
    values = []
    if asked.budget_usd is not None:
        values.append(
            ("budget", "run_usd", f"{asked.budget_usd:g}" if asked.budget_usd % 1 else f"{asked.budget_usd:.1f}")
        )
    if asked.routing:
        values.append(("routing", "mode", f'"{asked.routing}"'))
    return values


def _with_limits(text: str, values: list[tuple[str, str, str]]) -> str:
    for section, key, literal in values:
        text = with_value(text, section, key, literal)
    return text


def _whole(new: str, _before: str | None) -> str:
    return new


def _held_entry(held: Held) -> object:
    text = held.text
    if text is None or not text.strip("\ufeff \t\r\n"):
        return None
    try:
        node = parse(text).root.at("mcpServers", SERVER)
    except LeanError as error:
        raise ConfigError(f"{held.path}: {error}; nothing was changed") from error
    return node.value if node else None


def _to_register(where: Places, entry: JsonObject, environ: Mapping[str, str]) -> tuple[JsonObject | None, bool]:
    held = registered(where.scope, where.project, environ)
    if held is None:
        needed_client(environ)
        return entry, False
    if not is_our_server(held):
        raise ConfigError(
            f"{client_file(environ)}: another server is named {SERVER} there; remove it with "
            f"`claude mcp remove -s {where.scope} {SERVER}`, or rename it; nothing was changed"
        )
    return (None, False) if is_startable(held, environ.get("PATH", ""), where.project) else (entry, True)
