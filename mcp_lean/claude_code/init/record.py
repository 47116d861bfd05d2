"""What `init` has done at one place: the bytes before, and what undoing it takes.

In:  the changes that are about to be made.
Out: a `Record` in our data folder, with the old files beside it; read back by the next `init` and by `--undo`.
Not here: undoing (`undo`).

It is written before the first file is changed, so that a killed process leaves something to go back by.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from mcp_lean.claude_code.init.files import missing_above, remove_empty, replace
from mcp_lean.errors import ConfigError

NAME = "record.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Written:
    """One file. Digests of its bytes before (empty: it did not exist) and after."""

    path: str
    target: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was done at a place.

    folders: made by us. is_registered: the client holds our server. permission: our tools were allowed.
    limits: (section, key) of our own settings.
    """

    scope: str
    project: str
    files: tuple[Written, ...] = ()
    folders: tuple[str, ...] = ()
    is_registered: bool = False
    permission: bool = False
    limits: tuple[tuple[str, str], ...] = ()

    def of(self, target: str) -> Written | None:
        return next((file for file in self.files if file.target == target), None)


def load(folder: str) -> Record | None:
    """The record of a place; `None`: there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    file = os.path.join(folder, NAME)
    try:
        with open(file, "rb") as stream:
            data = json.load(stream)
        if data["version"] != VERSION:
            raise ConfigError(f"{file}: written by another version of mcp-lean ({data['version']}); use that one")
        return Record(
            scope=str(data["scope"]),
            project=str(data["project"]),
            files=tuple(Written(**{key: str(value) for key, value in file.items()}) for file in data["files"]),
            folders=tuple(map(str, data["folders"])),
            is_registered=data["is_registered"] is True,
            permission=data["permission"] is True,
            limits=tuple((str(section), str(key)) for section, key in data["limits"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error!r}; the copies of your files are in {folder}") from error


def save(folder: str, record: Record, backups: Mapping[str, bytes]) -> Callable[[], None]:
    """Writes the record and the old files; gives back what brings back the record before."""
    made = tuple(missing_above(os.path.join(folder, NAME)))
    file = os.path.join(folder, NAME)
    before: bytes | None = None
    with suppress(FileNotFoundError), open(file, "rb") as stream:
        before = stream.read()

    def bring_back() -> None:
        if folder in made:
            shutil.rmtree(folder)
            remove_empty(made)
        elif before is not None:
            replace(file, before, 0o600)
        else:
            with suppress(FileNotFoundError):
                os.unlink(file)

    os.makedirs(folder, mode=0o700, exist_ok=True)
    try:
        for digest, data in backups.items():
            replace(_backup(folder, digest), data, 0o600)
        replace(file, _as_json(record), 0o600)
    except BaseException:
        bring_back()
        raise
    return bring_back


def backup(folder: str, digest: str) -> bytes | None:
    """The bytes of a file before; `None`: the copy is gone or is another one."""
    try:
        with open(_backup(folder, digest), "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    return data if digest_of(data) == digest else None


def drop(folder: str) -> None:
    """Removes a record with its copies, and the folder of all records if it was the last."""
    shutil.rmtree(folder)
    remove_empty([os.path.dirname(folder)])


def digest_of(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _backup(folder: str, digest: str) -> str:
    return os.path.join(folder, f"{digest[:16]}.before")


def _as_json(record: Record) -> bytes:
    from dataclasses import asdict

    return (json.dumps({"version": VERSION, **asdict(record)}, indent=2) + "\n").encode()
