from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from mcp_lean.server.explain import SHOWN_CHARS, explain, short
from mcp_lean.tools.base import Arguments, Context, Strings, Tool


class Inner(BaseModel):
    first: int


class Everything(Arguments):
    items: Strings
    mode: Literal["a", "b"] = "a"
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    count: int = 1


def unused(args: Everything, ctx: Context) -> str:
    raise NotImplementedError


TOOL = Tool("everything", "", Everything, unused)
BARE = Tool("bare", "", Arguments, unused)


def error(arguments: object, tool: Tool = TOOL) -> str:
    with pytest.raises(ValidationError) as found:
        tool.arguments.model_validate(arguments)
    return explain(tool, found.value)


TAKES = "everything takes items, mode, inner, inners, count"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({}, f"items: required; {TAKES}"),
        ({"items": ["a"], "item": 1}, f"item: unknown argument; {TAKES}"),
        ({"items": ["a", 1]}, "items[1]: expected a valid string, got 1"),
        ({"items": ["a"], "mode": "c"}, "mode: expected 'a' or 'b', got 'c'"),
        ({"items": ["a"], "inner": {}}, f"inner.first: required; {TAKES}"),
        (
            {"items": ["a"], "inners": [{"first": 1}, {"first": "x"}]},
            "inners[1].first: expected a valid integer, unable to parse string as an integer, got 'x'",
        ),
        ({"items": ["a"], "count": None}, "count: expected a valid integer, got None"),
        ([], "arguments: expected a valid dictionary or instance of Everything, got []"),
    ],
    ids=str,
)
def test_the_first_wrong_argument_is_named(arguments: object, line: str) -> None:
    assert error(arguments) == line


def test_a_tool_without_arguments_says_so() -> None:
    assert error({"x": 1}, BARE) == "x: unknown argument; bare takes no arguments"


def test_a_value_that_contains_itself_can_be_shown() -> None:
    value: list[object] = []
    value.append(value)

    assert short(value) == "[[[...]]]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FEW = settings(max_examples=50, deadline=None)


@FEW
@given(JSON)
def test_whatever_comes_is_shown_short_on_one_line_and_can_be_sent(value: object) -> None:
    text = short(value)

    assert len(text) <= SHOWN_CHARS
    assert len(text.splitlines()) <= 1
    text.encode()


@FEW
@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_any_arguments_give_a_short_line_or_none(arguments: dict[str, object]) -> None:
    try:
        Everything.model_validate(arguments)
    except ValidationError as found:
        line = explain(TOOL, found)
        assert len(line) < 300
        assert len(line.splitlines()) == 1
