"""Files read before, and written all or none.

In:  `Change`s, each with the bytes that a file has now and shall have.
Out: the files; after a failure they are as they were.
Not here: what is written (`parts`), what is remembered of it (`record`).

A file is replaced by renaming a new one over it, so nobody reads half of one. A link stays a link: the file that it
leads to is replaced. Everything that can be found wrong is found before the first rename.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mcp_lean.errors import ConfigError
from mcp_lean.open_flags import READ

MAX_BYTES = 1 << 20
"""Settings have kilobytes. A larger file under such a name is something else, and takes a second or more to parse."""


STAGED = ".mcp-lean-new"
"""End of the name of a file that is about to be renamed; a killed process leaves it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it is now. `data` is `None` where it does not exist; `target` is where a link leads."""

    path: str
    target: str
    data: bytes | None
    mode: int = 0o644

    @property
    def text(self) -> str | None:
        """Decoded, with a byte order mark left in place.

        Raises:
            ConfigError: not UTF-8.
        """
        try:
            return None if self.data is None else self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.path}: not UTF-8: {error}") from error


@dataclass(frozen=True, slots=True)
class Change:
    """A file and its new bytes; `None`: it goes."""

    held: Held
    after: bytes | None


def read(path: str, inside: str = "", most_bytes: int = MAX_BYTES) -> Held:
    """The file at a path.

    Args:
        inside: the folder that it may not lead out of; empty: it may lead anywhere.
    Raises:
        ConfigError: it cannot be read or replaced: a folder, too large, a link to nowhere, no right to write.
    """
    target = os.path.realpath(path)
    if os.path.islink(path) and not os.path.exists(path):
        raise ConfigError(f"{path}: a link to {target}, which does not exist")
    if inside and os.path.commonpath((os.path.realpath(inside), target)) != os.path.realpath(inside):
        raise ConfigError(f"{path}: leads out of {inside}, to {target}; change that file yourself, or remove the link")
    try:
        # Not waiting on a FIFO, and nothing but a regular file.
        descriptor = os.open(target, READ)
    except (FileNotFoundError, NotADirectoryError) as error:
        _check_folder(path, target, error)
        return Held(path, target, None)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise ConfigError(f"{path}: not a regular file")
    with open(descriptor, "rb") as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ConfigError(f"{path}: larger than {most_bytes >> 20} MiB; that is no settings file")
    return Held(path, target, data, stat.S_IMODE(found.st_mode))


def check_writable(held: Held) -> None:
    """Whether the file may be replaced; root may, but a file that is read-only is so on purpose.

    Raises:
        ConfigError: it may not.
    """
    if held.data is not None and (not held.mode & 0o222 or not os.access(held.target, os.W_OK)):
        raise ConfigError(f"{held.path}: read-only; make it writable, or make the change yourself (--dry-run shows it)")
    folder = os.path.dirname(held.target)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{held.path}: no right to write into {folder}")


def missing_folders(changes: Sequence[Change]) -> tuple[str, ...]:
    """Folders that have to be made, the outermost first."""
    targets = [change.held.target for change in changes if change.after is not None]
    return tuple(sorted({folder for target in targets for folder in missing_above(target)}))


def missing_above(path: str) -> Iterator[str]:
    """Folders that a path needs and that do not exist, the innermost first."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        yield folder
        folder = os.path.dirname(folder)


def write(changes: Sequence[Change], around: Callable[[], Callable[[], None]] | None = None) -> None:
    """Makes all changes, or none.

    Args:
        around: done when all is ready to be renamed; gives back what undoes it.
    Raises:
        ConfigError: a file is not what it was when it was read, or cannot be written. All is as it was.
    """
    folders = missing_folders(changes)
    staged: dict[str, str] = {}
    undo: Callable[[], None] | None = None
    try:
        for folder in folders:
            os.mkdir(folder)
        for change in changes:
            if change.after is not None:
                staged[change.held.target] = _stage(change.held, change.after)
        for change in changes:
            if read(change.held.path).data != change.held.data:
                raise ConfigError(f"{change.held.path}: was changed by another program just now; try again")
        undo = around() if around else None
        for change in changes:
            if change.after is None:
                os.unlink(change.held.target)
            else:
                os.replace(staged[change.held.target], change.held.target)
                del staged[change.held.target]
    except BaseException as error:
        for leftover in staged.values():
            with suppress(OSError):
                os.unlink(leftover)
        for change in reversed(changes):
            if _is_made(change):
                _restore(change)
        if undo:
            undo()
        remove_empty(folders)
        if isinstance(error, OSError):
            raise ConfigError(
                f"{error.filename or 'writing'}: {error.strerror or error}; nothing was changed"
            ) from error
        raise


def remove_empty(folders: Sequence[str]) -> None:
    """Removes those of the folders that are empty, the innermost first."""
    for folder in sorted(folders, reverse=True):
        with suppress(OSError):  # somebody has put something into it, or removed it
            os.rmdir(folder)


def remove_staged(targets: Iterable[str]) -> None:
    """Removes what a killed process has left beside its targets."""
    for folder, name in map(os.path.split, targets):
        for leftover in os.listdir(folder) if os.path.isdir(folder) else ():
            if leftover.startswith(f".{name}.") and leftover.endswith(STAGED):
                with suppress(OSError):
                    os.unlink(os.path.join(folder, leftover))


def replace(path: str, data: bytes, mode: int) -> None:
    """One file, whole."""
    staged = _stage(Held(path, path, None, mode), data)
    try:
        os.replace(staged, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(staged)
        raise


def _stage(held: Held, data: bytes) -> str:
    """A finished file beside the target, with its rights."""
    import tempfile

    folder, name = os.path.split(held.target)
    descriptor, path = tempfile.mkstemp(STAGED, f".{name}.", folder)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        _take_rights(path, held)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise
    return path


def _take_rights(path: str, held: Held) -> None:
    if held.data is None:
        # As open() would make it: the rights that the person's umask leaves.
        mask = os.umask(0o077)
        os.umask(mask)
        os.chmod(path, held.mode & ~mask)
        return
    if sys.platform != "win32":
        owner = os.stat(held.target)
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(OSError):  # only root may give a file away; for others it becomes their own
                os.chown(path, owner.st_uid, owner.st_gid)
    os.chmod(path, held.mode)


def _is_made(change: Change) -> bool:
    """Whether the file holds what we wrote; whatever another program wrote is not ours to undo."""
    try:
        return read(change.held.path).data == change.after != change.held.data
    except ConfigError:
        return False


def _restore(change: Change) -> None:
    if change.held.data is None:
        with suppress(FileNotFoundError):
            os.unlink(change.held.target)
    else:
        replace(change.held.target, change.held.data, change.held.mode)


def _check_folder(path: str, target: str, error: OSError) -> None:
    """A missing file is fine where it could be made."""
    folder = os.path.dirname(target)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise ConfigError(f"{path}: {folder} is not a folder") from error
