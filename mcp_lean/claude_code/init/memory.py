"""What a run of `init` has to remember so that it can be undone.

In:  the record of earlier runs, the changes that are about to be made.
Out: the new record, and the old files that it needs.
Not here: its file (`record`), undoing (`undo`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp_lean.claude_code.init import record as init_record
from mcp_lean.claude_code.init.files import Change, Held, missing_above, missing_folders
from mcp_lean.claude_code.init.parts import PERMISSION, without_ours
from mcp_lean.claude_code.init.places import Places
from mcp_lean.claude_code.init.record import Record, Written, digest_of
from mcp_lean.claude_code.json_edit import parse
from mcp_lean.claude_code.toml_edit import without_value


def remembered(
    where: Places,
    old: Record | None,
    changes: list[Change],
    registers: bool,
    *,
    allows: bool,
    limits: Sequence[tuple[str, str]],
) -> tuple[Record, dict[str, bytes]]:
    """What to remember: for each file the bytes before our first change, or without our parts if a person has changed
    it since."""
    before_us = old or Record(where.scope, where.project)
    files = {file.target: file for file in before_us.files}
    backups: dict[str, bytes] = {}
    for change in changes:
        held = change.held
        known = files.get(held.target)
        before = held.data
        if known and known.after == digest_of(held.data):
            digest = known.before
        else:
            if known and held.data is not None:
                before = _without_us(where, before_us, known, held)
            digest = digest_of(before)
            if before is not None:
                backups[digest] = before
        files[held.target] = Written(held.path, held.target, digest, digest_of(change.after))
    return (
        replace(
            before_us,
            files=tuple(files.values()),
            folders=tuple(dict.fromkeys((*before_us.folders, *missing_folders(changes), *missing_above(where.record)))),
            is_registered=before_us.is_registered or registers,
            permission=before_us.permission or (allows and _adds_permission(where, changes)),
            limits=tuple(dict.fromkeys((*before_us.limits, *limits))),
        ),
        backups,
    )


def _without_us(where: Places, old: Record, known: Written, held: Held) -> bytes | None:
    """A file that was changed since, as it would be without our parts."""
    text: str | None = held.text or ""
    if held.path == where.limits:
        for section, key in old.limits:
            text = without_value(text or "", section, key)
    elif held.path in (where.settings, where.servers):
        first = init_record.backup(where.record, known.before) if known.before else None
        text = without_ours(text or "", first.decode("utf-8") if first else None, permission=old.permission)
    return text.encode("utf-8") if text is not None else None


def _adds_permission(where: Places, changes: list[Change]) -> bool:
    settings = next((change for change in changes if change.held.path == where.settings), None)
    if settings is None:
        return False
    before = settings.held.text
    held = parse(before).root.at("permissions", "allow") if before and before.strip("\ufeff \t\r\n") else None
    return held is None or not isinstance(held.value, list) or PERMISSION not in held.value
