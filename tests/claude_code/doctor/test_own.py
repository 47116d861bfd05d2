"""What is started to see our server start: never a program that only a project names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_lean.claude_code.doctor.finding import Finding
from mcp_lean.claude_code.doctor.own import found, start_words

from .setups import clean

OLD = ("-m", "mcp_lean", "serve")
OWN = (sys.executable, "-P", "-m", "mcp_lean", "serve")


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (("mcp-lean", "serve"), ("mcp-lean", "serve")),
        (OWN, OWN),
        (("./mcp-lean", "serve"), OWN),
        (("/tmp/evil/mcp-lean", "serve"), OWN),
        (("mcp-lean", "--x", "serve"), OWN),
        ((sys.executable, *OLD), OWN),
        ((sys.executable, "-c", "print()", "mcp_lean", "serve"), OWN),
        (("${LEAN}/bin/python", "-m", "mcp_lean", "serve"), OWN),
    ],
)
def test_only_this_installation_is_started(tmp_path: Path, words: tuple[str, ...], started: tuple[str, ...]) -> None:
    place = clean(tmp_path)
    place.server("lean", *words)

    assert start_words(place.setup()) == started


@pytest.mark.parametrize(("words", "is_found"), [(OLD, True), (OWN[1:], False), (("-I", *OLD), False)])
def test_a_python_that_takes_modules_from_the_project_is_a_finding(
    tmp_path: Path, words: tuple[str, ...], is_found: bool
) -> None:
    place = clean(tmp_path)
    place.server("lean", sys.executable, *words)

    findings = [result for result in found(place.setup()) if isinstance(result, Finding)]

    assert [finding.id for finding in findings] == ["server-loads-folder"] * is_found
