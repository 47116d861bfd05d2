"""The README: its length, and that its headline is what the command beside it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES = 280


def table_of(page: str) -> list[str]:
    found = re.search(r"<!-- headline -->\n(.*?)\n<!-- end headline -->", page, re.DOTALL)
    assert found is not None
    return found[1].split("\n")


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_headline_says_the_same_in_both_places() -> None:
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/figures.md")]

    assert table_of(pages[0]) == table_of(pages[1])


@pytest.mark.skipif("MCP_LEAN_SPOTTER" not in os.environ, reason="needs the recorded sessions (MCP_LEAN_SPOTTER)")
def test_the_headline_is_what_its_command_prints() -> None:
    command = (sys.executable, "bench/headline.py", os.environ["MCP_LEAN_SPOTTER"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = [line for line in done.stdout.splitlines() if line.startswith("|")]

    assert table_of((ROOT / "README.md").read_text(encoding="utf-8")) == printed
