"""Sizes and digests of tool inputs and results."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.transcripts.measure import Content, as_json, content, digest, string_chars, subject, written_chars

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_written_characters_are_those_of_json_with_spaces(value: object) -> None:
    assert written_chars(value, as_json(value)) == len(json.dumps(value, ensure_ascii=False))


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=5))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))

    assert digest(as_json(value)) == digest(as_json(turned))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"description": "list", "command": "ls"}, "ls"),
        ({"pattern": "x", "path": "/src"}, "x"),
        ({"file_path": "", "path": "/src"}, "/src"),
        ({"file_path": 7, "limit": 3}, '{"file_path":7,"limit":3}'),
        ({"items": ["a.py", "b.py"]}, '{"items":["a.py","b.py"]}'),
        ({"command": "x" * 300}, "x" * 200),
        ({"items": "\N{ROCKET}" * 300}, '{"items":"' + "\N{ROCKET}" * 190),
        ({}, ""),
    ],
)
def test_a_call_is_about_its_most_telling_argument(arguments: dict[str, object], expected: str) -> None:
    assert subject(arguments, as_json(arguments)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", Content("plain", 0)),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], Content("a\nb", 0)),
        ([{"type": "image", "source": {"data": "AAAA"}}, {"type": "document"}], Content("", 2, 4)),
        ([{"type": "tool_reference", "tool_name": "X"}], Content('{"tool_name":"X","type":"tool_reference"}', 0)),
        ([None, 7, "x", {}], Content("", 0)),
        ([{"type": "text", "text": 7}], Content("", 0)),
        (None, Content("", 0)),
        ({"type": "text"}, Content("", 0)),
    ],
)
def test_content_is_text_and_images(value: object, expected: Content) -> None:
    assert content(value) == expected


def test_strings_are_counted_at_any_depth_without_keys() -> None:
    assert string_chars({"key": ["ab", {"k": "cde"}, 7, None], "x": "f"}) == 6
