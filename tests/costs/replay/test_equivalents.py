"""Calls of ours in place of recorded ones: only where they say the same, and written so that they can be copied."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from costs.runs import call, result
from mcp_lean.costs.replay.policies.equivalents import one_turn, ours
from mcp_lean.transcripts.model import ToolCall

SHOP = "/home/me/shop"


def said(name: str, **arguments: object) -> ToolCall:
    return replace(call("c", name, subject="", returned=result(90)), input_json=json.dumps(arguments))


@pytest.mark.parametrize(
    ("recorded", "becomes"),
    [
        (said("Read", file_path="/home/me/shop/a.py"), 'read_many(items=["a.py"])'),
        (said("Read", file_path="a.py", offset=10, limit=71), 'read_many(items=["a.py:10-80"])'),
        (said("Read", file_path="a.py", offset="10"), 'read_many(items=["a.py:10-"])'),
        (said("Read", file_path="a.py", limit=5), 'read_many(items=["a.py:1-5"])'),
        (said("Read", file_path="/etc/hosts"), None),
        (said("Read", file_path="a.pdf", pages="1-3"), None),
        (replace(said("Read", file_path="a.png"), result=result(0, images=1)), None),
        (said("LS", path="/home/me/shop/src"), 'read_many(items=["src"])'),
        (said("Glob", pattern="**/*.css"), None),
        (said("Grep", pattern="x"), None),
        (said("Grep", pattern="x", output_mode="count"), None),
        (said("Grep", pattern="x", output_mode="content", type="py"), None),
        (said("Grep", pattern="x", output_mode="content"), 'grep_and_read(patterns=["x"])'),
        (said("Grep", pattern="x", output_mode="content", path=SHOP), 'grep_and_read(patterns=["x"])'),
        (
            said("Grep", pattern="x", output_mode="content", path="lib/", glob="*.py", **{"-i": True}),
            'grep_and_read(patterns=["(?i)x"], paths=["lib/**/*.py"])',
        ),
        (said("Bash", command="cat -n a.py b.py 2>/dev/null"), 'read_many(items=["a.py","b.py"])'),
        (said("Bash", command="head -n 20 a.py"), 'read_many(items=["a.py:1-20"])'),
        (said("Bash", command="head -5 a.py"), 'read_many(items=["a.py:1-5"])'),
        (said("Bash", command="head a.py"), 'read_many(items=["a.py:1-10"])'),
        (said("Bash", command="sed -n '1,20p' a.py"), 'read_many(items=["a.py:1-20"])'),
        (said("Bash", command="sed -n '/x/p' a.py"), None),
        (said("Bash", command="tail -5 a.py"), None),
        (said("Bash", command="ls src"), 'read_many(items=["src"])'),
        (said("Bash", command="ls -la src"), None),
        (said("Bash", command="ls a.py"), None),
        (said("Bash", command="cat ../other/a.py"), None),
        (said("Bash", command="cat $HOME/a.py"), None),
        (said("Bash", command="cat a.py | head"), None),
        (said("Bash", command="cat a.py\nrm b.py"), None),
        (said("Bash", command="cat 'unclosed"), None),
        (said("Bash", command="git log"), None),
        (said("Bash", command="rg -in total src"), 'grep_and_read(patterns=["(?i)total"], paths=["src"])'),
        (said("Bash", command=r'grep -rn "a\|b" src'), 'grep_and_read(patterns=["a|b"], paths=["src"])'),
        (said("Bash", command='grep "a(b" src'), None),
        (said("Bash", command="grep -A 10 total a.py"), 'grep_and_read(patterns=["total"], paths=["a.py"])'),
        (said("Bash", command="grep -l total src"), None),
        (said("Bash", command="grep total"), None),
    ],
)
def test_a_call_of_ours_says_the_same_or_there_is_none(recorded: ToolCall, becomes: str | None) -> None:
    found = ours(recorded, SHOP)

    assert (str(found) if found else None) == becomes


def test_one_turn_holds_our_calls_and_those_that_we_have_none_for() -> None:
    calls = [
        said("Read", file_path="a.py"),
        said("Glob", pattern="**/*.css", description="styles"),
        said("Read", file_path="b.py"),
        said("Grep", pattern="x", output_mode="content", path="lib"),
        said("Grep", pattern="y", output_mode="content", path="lib"),
        said("Grep", pattern="z", output_mode="content"),
        call("g", "Bash", subject="git log"),
    ]

    assert one_turn(calls, SHOP).split(" and ") == [
        'read_many(items=["a.py","b.py"])',
        'grep_and_read(patterns=["x","y"], paths=["lib"])',
        'grep_and_read(patterns=["z"])',
        'Glob(pattern="**/*.css")',
        "Bash(git log)",
    ]
