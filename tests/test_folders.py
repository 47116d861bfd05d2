"""Folders of the user: the standard's rules, in an order that a table shows."""

from __future__ import annotations

import pytest

from mcp_lean.folders import cache_folder, data_folder


@pytest.mark.parametrize(
    ("environ", "data", "cache"),
    [
        ({"HOME": "/h"}, "/h/.local/share/mcp-lean", "/h/.cache/mcp-lean"),
        ({"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c"}, "/d/mcp-lean", "/c/mcp-lean"),
        ({"HOME": "/h", "XDG_DATA_HOME": "d", "XDG_CACHE_HOME": "c"}, "/h/.local/share/mcp-lean", "/h/.cache/mcp-lean"),
        ({"HOME": "/h", "XDG_DATA_HOME": "", "XDG_CACHE_HOME": ""}, "/h/.local/share/mcp-lean", "/h/.cache/mcp-lean"),
    ],
)
def test_folders_are_the_user_s(environ: dict[str, str], data: str, cache: str) -> None:
    assert (data_folder(environ), cache_folder(environ)) == (data, cache)
