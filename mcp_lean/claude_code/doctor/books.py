"""Checks of our own configuration and of the ledger.

In:  a `Setup`.
Out: findings, and each setting with its origin.
Not here: server and hooks (`own`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result
from mcp_lean.claude_code.doctor.setup import Setup


def configuration(setup: Setup) -> Iterator[Result]:
    """Our own settings: whether they can be used, and each value with its origin."""
    if setup.config_problem:
        path = setup.config_problem.partition(":")[0]
        yield Finding("config-broken", setup.config_problem, "repair it", path if os.path.isabs(path) else "")
        return
    for name, value, origin in setup.config.values():
        yield Fact(f"config {name}", f"{value} ({origin})", is_default=name not in setup.config.origins)


def ledger(setup: Setup) -> Iterator[Result]:
    """The ledger's file: whether this version can use it. It is only looked at."""
    import sqlite3

    from mcp_lean.folders import data_folder
    from mcp_lean.guard.ledger.database import NAME
    from mcp_lean.guard.ledger.tables import VERSION

    path = os.path.join(data_folder(setup.environ), NAME)
    if not os.path.exists(path):
        yield Fact("ledger", f"none yet; it will be {path}")
        return
    connection = None
    try:
        from urllib.parse import quote

        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=1.0)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        state = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if state != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.Error as error:
        yield Finding(
            "ledger-unusable",
            f"cannot be read: {error}; the guard keeps its books in memory, and they end with the session",
            "repair the rights or the disk, or remove the file; the guard begins a new one",
            path,
        )
        return
    finally:
        if connection is not None:
            connection.close()
    if version > VERSION:
        yield Finding(
            "ledger-newer",
            f"a ledger from a newer version ({version}; this one knows {VERSION}): it is left alone, and what is spent "
            "is kept in memory until the session ends",
            "update mcp_lean, or remove the file",
            path,
        )
        return
    yield Fact("ledger", f"{path}, {os.path.getsize(path) / 1e6:.1f} MB, version {version}")
    if not os.access(path, os.W_OK):
        yield Finding("ledger-unusable", "is read-only: the guard keeps its books in memory", "make it writable", path)
