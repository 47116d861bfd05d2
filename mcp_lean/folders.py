"""Where this user's files of ours lie.

In:  the environment.
Out: paths of the data and the cache folder. Nothing is made.
Not here: what lies in them (`guard/ledger`, `server/hook_socket`, `repo/store`, `transcripts/store`).

A relative `XDG_...` is ignored, as the standard asks. Loads nothing: `mcp-lean hook` is to cost little more than bare
Python.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as `typing` has it, without loading that
if TYPE_CHECKING:
    from collections.abc import Mapping


def data_folder(environ: Mapping[str, str]) -> str:
    """`$XDG_DATA_HOME/mcp-lean`, else `~/.local/share/mcp-lean`."""
    return _folder(environ, "XDG_DATA_HOME", ".local", "share")


def cache_folder(environ: Mapping[str, str]) -> str:
    """`$XDG_CACHE_HOME/mcp-lean`, else `~/.cache/mcp-lean`."""
    return _folder(environ, "XDG_CACHE_HOME", ".cache")


def _folder(environ: Mapping[str, str], variable: str, *below_home: str) -> str:
    base = environ.get(variable, "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), *below_home)
    return os.path.join(base, "mcp-lean")
