"""What is started to see our server start: never a program that only a project names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor.own import start_words

from .setups import clean

OWN = (sys.executable, "-m", "mcp_lean", "serve")


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (("mcp-lean", "serve"), ("mcp-lean", "serve")),
        (OWN, OWN),
        (("./mcp-lean", "serve"), OWN),
        (("/tmp/evil/mcp-lean", "serve"), OWN),
        (("mcp-lean", "--x", "serve"), OWN),
        ((sys.executable, "-c", "print()", "mcp_lean", "serve"), OWN),
        (("${LEAN}/bin/python", "-m", "mcp_lean", "serve"), OWN),
    ],
)
def test_only_this_installation_is_started(tmp_path: Path, words: tuple[str, ...], started: tuple[str, ...]) -> None:
    place = clean(tmp_path)
    place.server("lean", *words)

    assert start_words(place.setup()) == started
