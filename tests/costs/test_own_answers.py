"""Answers of our tools, taken apart again; held against the tools that write them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mcp_lean.costs.own_answers import Answer, answer_of, is_same_file, items_of, path_of

ANSWER = """\
== src/app.py (3 lines)
more: not an item, a row
== nor a heading (9 lines)
error: a row too
== src/db.py:10-11 of 340 (#Session, CRLF)
10	def commit():
    ...
more: src/db.py:12-340
== src (2 entries)
app.py
db.py
== src/min.js:1+2000
rest of a line
error: gone.py: no such file
note: src/app.py is already in this answer
note: src/api.py:1-30 unchanged since you read it; ask again for the text
more: items 6-9 of this call"""


def test_rows_are_counted_and_everything_else_is_frame() -> None:
    frame = [line for line in ANSWER.split("\n") if line.startswith(("== s", "more: s", "more: items", "note"))]
    frame.append("error: gone.py: no such file")

    assert answer_of(ANSWER) == Answer(
        shown=("src/app.py", "src/db.py", "src/min.js"),
        cut=("src/db.py:12-340",),
        unchanged=("src/api.py:1-30",),
        failed=1,
        unserved=4,
        frame_chars=sum(len(line) + 1 for line in frame),
    )


def test_an_answer_of_a_search() -> None:
    text = "== src/app.py:10-11  App.start  (retry x3, backoff)\n10\tretry\nretry\nmore: src/net.py:17\nhits there: 1"

    assert answer_of(text) == Answer(
        shown=("src/app.py",), cut=("src/net.py:17",), frame_chars=len(text) + 1 - len("10\tretry\nretry\n")
    )


@pytest.mark.parametrize("text", ["", "nothing of ours", "== ", "== x", "== x (1 lines) y", "== x:9-3", "more: "])
def test_a_text_that_is_no_answer_has_no_files_and_is_all_frame(text: str) -> None:
    assert (answer_of(text).shown, answer_of(text).frame_chars) == (("x",) if text == "== x:9-3" else (), len(text))


@pytest.mark.parametrize(
    ("arguments", "items"),
    [
        ({"items": ["a.py", "b.py:1-3"]}, ("a.py", "b.py:1-3")),
        ({"items": '["a.py", "b.py"]'}, ("a.py", "b.py")),
        ({"items": "a.py"}, ("a.py",)),
        ({"items": "[ab]*.py"}, ("[ab]*.py",)),
        ({"items": []}, None),
        ({"items": 7}, None),
        ({}, None),
        ([1], None),
    ],
)
def test_items_are_read_as_the_tools_read_them(arguments: object, items: tuple[str, ...] | None) -> None:
    assert items_of(json.dumps(arguments), "items") == items


def test_arguments_that_are_no_json_have_no_items() -> None:
    assert items_of("{", "items") is None


@pytest.mark.parametrize(
    ("item", "path"),
    [("a.py:1-3", "a.py"), ("./a.py#f", "a.py"), ("more: a.py:4-", "a.py"), ("src/", "src/"), ("a.py:9-3", "a.py:9-3")],
)
def test_the_path_of_an_item(item: str, path: str) -> None:
    assert path_of(item) == path


def test_native_paths_are_absolute_and_ours_are_below_the_project() -> None:
    assert is_same_file("/home/me/shop/src/app.py", "src/app.py")
    assert is_same_file("/home/me/shop/src/app.py", "/home/me/shop/src/app.py")
    assert not is_same_file("/home/me/shop/src/my_app.py", "app.py")


def test_what_the_tool_really_answers_is_understood(tmp_path: Path) -> None:
    """Format: packing/render.py. A change there that this reading does not follow fails here."""
    from mcp_lean.repo.workspace import Workspace
    from mcp_lean.tools.base import Context
    from mcp_lean.tools.read_many import TOOL

    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "long.py").write_text("".join(f"value_{n} = {n} * {n}\n" for n in range(900)), encoding="utf-8")
    (tmp_path / "short.py").write_text("== x (9 lines)\nmore: y\n", encoding="utf-8")
    arguments = TOOL.arguments.model_validate({"items": ["short.py", "gone.py", "long.py"], "budget": 2_000})
    text = TOOL.run(arguments, Context(Workspace(str(tmp_path), {})))

    answer = answer_of(text)

    assert (answer.shown, answer.failed) == (("short.py", "long.py"), 1)
    assert [path_of(item) for item in answer.cut] == ["long.py"]
    assert 0 < answer.frame_chars < 300
