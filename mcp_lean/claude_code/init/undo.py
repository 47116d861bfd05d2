"""Taking back what `init` has done.

In:  the record of a place, the files as they are now.
Out: an `Undoing`, whose changes bring back the bytes before; where a file was changed since, only our parts go.
Not here: writing (`files`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from mcp_lean.claude_code.init import record as init_record
from mcp_lean.claude_code.init.files import Change, Held, check_writable, read
from mcp_lean.claude_code.init.parts import is_our_server, without_ours
from mcp_lean.claude_code.init.places import SERVER, Places, left_by_client, places, registered
from mcp_lean.claude_code.init.record import Record, Written, backup, digest_of
from mcp_lean.claude_code.toml_edit import with_value, without_value
from mcp_lean.errors import ConfigError, LeanError


@dataclass(frozen=True, slots=True)
class Undoing:
    """What would be taken back. `unregisters`: the client holds our server, and lets it go."""

    places: Places
    record: Record
    changes: tuple[Change, ...]
    unregisters: bool
    remarks: tuple[str, ...]


def plan_undo(scope: str, cwd: str, environ: Mapping[str, str]) -> Undoing | None:
    """What undoing takes; `None`: nothing is recorded for this place.

    Raises:
        ConfigError: a file cannot be changed back safely; nothing was changed.
    """
    where = places(scope, cwd, environ)
    record = init_record.load(where.record)
    if record is None:
        return None
    changes, remarks = [], []
    for file in record.files:
        held = read(file.path, where.inside)
        if held.target != file.target:
            remarks.append(f"{file.path}: leads to {held.target} now, not to {file.target}; it stays as it is")
            continue
        if digest_of(held.data) == file.before:
            continue
        after, remark = _before(where, record, file, held)
        if remark:
            remarks.append(remark)
        if after != held.data:
            check_writable(held)
            changes.append(Change(held, after))
    unregisters = False
    if record.is_registered:
        unregisters = is_our_server(registered(scope, record.project, environ))
        if not unregisters:
            remarks.append(f"the client holds no server {SERVER} of ours any more")
        elif leaves := left_by_client(scope, record.project, environ):
            remarks.append(f"{leaves}: the client leaves an empty mcpServers there, which says nothing")
    return Undoing(where, record, tuple(changes), unregisters, tuple(remarks))


def _before(where: Places, record: Record, file: Written, held: Held) -> tuple[bytes | None, str]:
    """The bytes to go back to, and what to say about it."""
    old = backup(where.record, file.before) if file.before else None
    if digest_of(held.data) == file.after and (old is not None or not file.before):
        return old, ""
    if held.data is None:
        return None, f"{file.path}: is gone; the copy from before init: {_copy(where, file)}"
    if os.path.dirname(held.path) == where.agents:
        return held.data, f"{file.path}: was changed since init and stays as it is"
    try:
        # A file that was there stays, also when its copy is lost.
        text = old.decode() if old is not None else "" if file.before else None
        after = _without_ours(where, record, held, text)
    except (LeanError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file.path}: {error}; take our parts out by hand (the copy: {_copy(where, file)})"
        ) from error
    data = after.encode("utf-8") if after is not None else None
    return data, f"{file.path}: was changed since init; only our parts are taken out"


def _without_ours(where: Places, record: Record, held: Held, old: str | None) -> str | None:
    text = held.text or ""
    if held.path != where.limits:
        return without_ours(text, old, permission=record.permission)
    for section, key in record.limits:
        literal = _literal(old or "", section, key)
        text = with_value(text, section, key, literal) if literal else without_value(text, section, key)
    return text if text.strip() or old is not None else None


def _literal(text: str, section: str, key: str) -> str:
    """How a value was written before us; empty where it was not."""
    import json
    import tomllib

    value = tomllib.loads(text.replace("\r\n", "\n")).get(section, {}).get(key)
    return "" if value is None else json.dumps(value)


def _copy(where: Places, file: Written) -> str:
    return os.path.join(where.record, f"{file.before[:16]}.before") if file.before else "there was none"
