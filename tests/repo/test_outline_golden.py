"""One sample file per language, and what its outline must be.

The samples are `tests/data/outline/<name>.txt` (the suffix keeps linters away); what is expected stands next to them
in `<name>.rows`: every definition, then the outline as it is shown. After a change on purpose:
`MCP_LEAN_UPDATE_GOLDEN=1 pytest tests/repo/test_outline_golden.py`, then read the diff.
"""

import os
from pathlib import Path

import pytest

from mcp_lean.repo.outline import Outline, outline, render_outline

DATA = Path(__file__).parents[1] / "data" / "outline"
SAMPLES = sorted(DATA.glob("*.txt"))


def as_text(found: Outline) -> str:
    definitions = [f"{d.start}-{d.end} {d.kind} {d.qualified} | {d.signature}" for d in found.definitions]
    rendered = [f"{line}\t{text}" for line, text in render_outline(found)]
    return "\n".join([f"engine: {found.engine}", "--- definitions", *definitions, "--- shown", *rendered, ""])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_the_sample_of_each_language_has_the_outline_that_was_reviewed(sample: Path) -> None:
    expected = sample.with_suffix(".rows")
    got = as_text(outline(sample.stem, sample.read_bytes(), deadline_s=10))
    if os.environ.get("MCP_LEAN_UPDATE_GOLDEN"):
        expected.write_text(got, encoding="utf-8")

    assert got == expected.read_text(encoding="utf-8")


TRAPS = (
    *(
        "in_comment",
        "incomment",
        "in_string",
        "instring",
        "in_heredoc",
        "in_raw_string",
        "inrawstring",
        "in_a_",
        "inhtml",
    ),
    *("in_block_comment", "inverbatim", "intemplate", "in_macro", "not_a_function", "notaclass", "nothere", "fake"),
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_nothing_is_found_in_comments_and_strings(sample: Path) -> None:
    found = outline(sample.stem, sample.read_bytes(), deadline_s=10).definitions

    assert [definition.name for definition in found if definition.name.lower().startswith(TRAPS)] == []
