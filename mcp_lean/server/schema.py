"""Input schemas without the parts that say nothing: bytes in a definition are paid again by every agent on every turn.

In:  an argument model.
Out: its JSON schema without titles, without null branches and null defaults, without `$defs`.
Not here: validation, which stays lenient: what the schema does not advertise (an explicit null) is still accepted.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

JsonObject = dict[str, Any]


class _Slim(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        result = super().default_schema(schema)
        if result.get("default", ...) is None:
            del result["default"]
        return result


def slim(model: type[BaseModel]) -> JsonObject:
    """The schema of a flat argument model. A recursive model would never end: keep arguments flat."""
    schema = model.model_json_schema(schema_generator=_Slim)
    definitions = schema.pop("$defs", {})
    for part in (schema, *definitions.values()):
        part.pop("title", None)
        part.pop("description", None)  # the class's docstring is for developers
    inlined: JsonObject = _inline(schema, definitions)
    return inlined


def _inline(node: Any, definitions: JsonObject) -> Any:
    if isinstance(node, list):
        return [_inline(entry, definitions) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        return {**_inline(target, definitions), **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inline(value, definitions) for key, value in node.items()}
