from __future__ import annotations

import json
from enum import Enum
from typing import Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from mcp_lean.server.registry import TOOLS
from mcp_lean.server.schema import slim
from mcp_lean.tools.base import Arguments, Strings, Tool


class Colour(Enum):
    RED = "red"


class Part(BaseModel):
    """Words for developers."""

    title: str = "a field of this name, and a default"
    size: int | None = None


class Sample(Arguments):
    """Words for developers."""

    items: Strings
    mode: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    note: str | None = None
    part: Part | None = Field(default=None, description="words for the model")


def test_only_what_a_model_needs_is_left() -> None:
    assert slim(Sample) == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": {"type": "string"}},
            "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "colour": {"type": "string", "enum": ["red"], "default": "red"},
            "note": {"type": "string"},
            "part": {
                "type": "object",
                "description": "words for the model",
                "properties": {
                    "title": {"type": "string", "default": "a field of this name, and a default"},
                    "size": {"type": "integer"},
                },
            },
        },
        "required": ["items"],
    }


def test_no_arguments_are_an_empty_closed_object() -> None:
    """The form that the protocol's revision 2026-07-28 recommends, with the properties that some clients ask for."""
    assert slim(Arguments) == {"type": "object", "additionalProperties": False, "properties": {}}


def test_a_null_that_is_not_advertised_is_accepted_all_the_same() -> None:
    assert Sample.model_validate({"items": ["a"], "note": None}).note is None


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_schemas_are_schemas(tool: Tool) -> None:
    schema = slim(tool.arguments)

    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
