"""JSON text edited in place: what is put in is there, and everything else is as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.claude_code.json_edit import added, checked, parse, removed
from mcp_lean.errors import ConfigError

from .json_texts import fitting, texts, values


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"new": [1, {"x": 2}]}'),
        ('{"a":1}', '{"a":1, "new": [1, {"x": 2}]}'),
        ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "new": [\n    1,\n    {\n      "x": 2\n    }\n  ]\n}\n'),
        ('{\r\n\t"a": 1\r\n}', '{\r\n\t"a": 1,\r\n\t"new": [\r\n\t\t1,\r\n\t\t{\r\n\t\t\t"x": 2\r\n\t\t}\r\n\t]\r\n}'),
        (
            '{\n  "a": 1 // mine\n  // last\n}',
            '{\n  "a": 1, // mine\n  // last\n  "new": [\n    1,\n    {\n      "x": 2\n    }\n  ]\n}',
        ),
        (
            '{\n  "a": 1, // with a comma\n}',
            '{\n  "a": 1, // with a comma\n  "new": [\n    1,\n    {\n      "x": 2\n    }\n  ]\n}',
        ),
        ("{\n}\n", '{\n  "new": [\n    1,\n    {\n      "x": 2\n    }\n  ]\n}\n'),
    ],
)
def test_a_member_comes_last_and_looks_like_its_neighbours(before: str, after: str) -> None:
    document = parse(before)

    assert added(document, document.root, [1, {"x": 2}], "new") == after


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ('{"a": 1, "b": 2}', 1, '{"a": 1}'),
        ('{"a": 1, "b": 2}', 0, '{"b": 2}'),
        ('{\n  "a": 1, // of a\n  "b": 2\n}', 1, '{\n  "a": 1 // of a\n}'),
        ('{\n  "a": 1, // of a\n  "b": 2\n}', 0, '{\n  // of a\n  "b": 2\n}'),
        ('{\n  "a": 1,\n  "b": 2,\n}', 1, '{\n  "a": 1,\n}'),
        ('{\n  // alone\n  "a": 1\n}', 0, "{\n  // alone\n}"),
        ('{ "a": 1 }', 0, "{}"),
    ],
)
def test_a_member_goes_and_comments_stay(before: str, index: int, after: str) -> None:
    document = parse(before)

    assert removed(document, document.root, index) == after


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: not JSON at the end"),
        ("{", "line 1: not JSON at the end"),
        ('{"a": 1,,}', "line 1: not JSON at ',}'"),
        ('{"a" 1}', "line 1: not JSON at '1}'"),
        ('{\n"a": nul}', "line 2: not JSON at 'nul}'"),
        ('{"a": "\n"}', """line 1: not JSON at '"\\n"}'"""),
        ("{} {}", "line 1: not JSON at '{}'"),
        ("/* open", "line 1: not JSON at '/* open'"),
        ('{"a": "\\x"}', """line 1: not JSON at '"\\\\x"}'"""),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text)

    assert str(refused.value) == says


def test_of_two_members_with_one_name_the_last_counts() -> None:
    root = parse('{"a": {"x": 1}, "a": {"y": 2}}').root

    assert (root.value, root.at("a", "y") is not None, root.at("a", "x")) == ({"a": {"y": 2}}, True, None)


def test_an_edit_that_changed_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match="too unusual"):
        checked('{"a": 2}', {"a": 1})


@given(st.data())
def test_reading_agrees_with_the_standard_library(data: st.DataObject) -> None:
    text = data.draw(texts(data.draw(fitting())))

    document = parse(text)

    assert document.root.value == json.loads(text.removeprefix("\ufeff"))
    assert document.is_plain


@given(st.data(), values, st.booleans())
def test_adding_and_removing_a_member_leaves_every_other_value(
    data: st.DataObject, value: object, with_comments: bool
) -> None:
    original = data.draw(fitting())
    original.pop("new", None)
    document = parse(data.draw(texts(original, with_comments)))

    longer = checked(added(document, document.root, value, "new"), {**original, "new": value})
    shorter = parse(removed(longer, longer.root, len(longer.root.items) - 1))

    assert list(longer.root.keys) == [*original, "new"]
    assert shorter.root.value == original


@given(st.data())
def test_no_line_that_was_there_is_lost_by_adding(data: st.DataObject) -> None:
    """But for the comma that the last member may get."""
    text = data.draw(texts(data.draw(fitting()), with_comments=True))
    document = parse(text)

    longer = added(document, document.root, {"x": [1]}, "new")

    left = iter(longer)
    assert all(character in left for character in text)
