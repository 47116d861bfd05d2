"""Which turns make a stretch of single reads, and when it is remarked on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.nudge import READ, SEARCH, Stretch, after, kind_of
from mcp_lean.guard.words import READS_TOGETHER, SEARCHES_TOGETHER


def bash(command: object) -> ToolUse:
    return ToolUse(name="Bash", input={"command": command})


CAT, GREP, EDIT = bash("cat a.py"), bash("grep -rn x ."), ToolUse(name="Edit")


def lines(*turns: tuple[ToolUse, ...]) -> list[str]:
    """What is said after each turn."""
    stretch, said = Stretch(), []
    for turn in turns:
        stretch, line = after(stretch, turn)
        said.append(line)
    return said


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (ToolUse(name="Read", input={"file_path": "a"}), READ),
        (ToolUse(name="Grep"), SEARCH),
        (ToolUse(name="Glob"), SEARCH),
        (ToolUse(name="Edit"), ""),
        (ToolUse(name="mcp__lean__read_many"), ""),
        (bash("cat a.py"), READ),
        (bash("/bin/cat a.py b.py"), READ),
        (bash("cd src && cat a.py"), READ),
        (bash("cat a.py | head -40"), READ),
        (bash("sed -n '10,20p' a.py"), READ),
        (bash("head -5 a 2>/dev/null; tail -5 a 2>&1"), READ),
        (bash("rg -n 'a|b;c' src | sort | uniq -c"), SEARCH),
        (bash('grep -rn "x > y" .'), SEARCH),
        (bash("ls -la"), SEARCH),
        (bash("echo hello"), ""),
        (bash("pwd"), ""),
        (bash("cat a > b"), ""),
        (bash("cat <<EOF >> b"), ""),
        (bash("cat a | tee b"), ""),
        (bash("sed -i s/a/b/ a.py"), ""),
        (bash("sed s/a/b/ a.py"), ""),
        (bash("cat a && pytest"), ""),
        (bash("cat a\nrm b"), ""),
        (bash("cat $(rm b)"), ""),
        (bash("cat 'unclosed"), ""),
        (bash("cat " + "a" * 5_000), ""),
        (bash(["cat"]), ""),
        (bash(""), ""),
    ],
)
def test_a_call_reads_searches_or_does_something_else(call: ToolUse, kind: str) -> None:
    assert kind_of(call) == kind


def test_the_third_turn_in_a_row_is_remarked_on_and_no_later_one() -> None:
    assert lines(*[(CAT,)] * 6) == ["", "", READS_TOGETHER, "", "", ""]


def test_the_line_names_the_tool_for_what_was_done_most() -> None:
    assert lines((GREP,), (CAT,), (GREP,))[-1] == SEARCHES_TOGETHER
    assert lines((GREP,), (CAT,), (CAT,))[-1] == READS_TOGETHER


@pytest.mark.parametrize("other", [(EDIT,), (CAT, CAT), (CAT, EDIT), ()], ids=["work", "batched", "mixed", "nothing"])
def test_any_other_turn_ends_the_stretch(other: tuple[ToolUse, ...]) -> None:
    assert lines((CAT,), (CAT,), other, (CAT,), (CAT,)) == [""] * 5
    assert lines(*[(CAT,)] * 4, other, *[(CAT,)] * 3)[-1] == READS_TOGETHER


@given(st.lists(st.sampled_from([(CAT,), (GREP,), (EDIT,), (CAT, CAT)]), max_size=40))
def test_between_two_remarks_a_stretch_has_ended(turns: list[tuple[ToolUse, ...]]) -> None:
    said = [number for number, line in enumerate(lines(*turns)) if line]

    for first, second in pairwise(said):
        assert any(turn not in ((CAT,), (GREP,)) for turn in turns[first:second])
