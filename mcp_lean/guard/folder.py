"""Where the guard keeps its files.

In:  the environment.
Out: the folder's path. Nothing is made.
Not here: the ledger's file (`ledger/database`), sockets (`server/hook_socket`).

Loads nothing: `mcp-lean hook` is to cost little more than bare Python.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as `typing` has it, without loading that
if TYPE_CHECKING:
    from collections.abc import Mapping


def data_folder(environ: Mapping[str, str]) -> str:
    """`mcp-lean` in the user's data folder."""
    base = environ.get("XDG_DATA_HOME") or os.path.join(
        environ.get("HOME") or os.path.expanduser("~"), ".local", "share"
    )
    return os.path.join(base, "mcp-lean")
