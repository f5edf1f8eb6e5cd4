"""Types of the language as JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.panel import Parameter, StateDeclaration
from nexus_jupyter.protocol.types import DictType, ListType, OptionalType, RecordType, TypeSpec

__all__ = ["arguments", "schema_of", "value_of"]

_SCALARS: dict[str, dict[str, JsonValue]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "description": "A date as 2026-03-01, or with a time as 2026-03-01T14:30Z."},
    "any": {},
}


def schema_of(spec: TypeSpec) -> dict[str, JsonValue]:
    """Return the schema of a type.

    Examples
    --------
    >>> schema_of(ListType(item=OptionalType(item={"kind": "int"})))
    {'type': 'array', 'items': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}
    """
    match spec:
        case ListType():
            return {"type": "array", "items": schema_of(spec.item)}
        case DictType():
            return {"type": "object", "additionalProperties": schema_of(spec.value)}
        case OptionalType():
            return {"anyOf": [schema_of(spec.item), {"type": "null"}]}
        case RecordType():
            fields: dict[str, JsonValue] = {field.name: schema_of(field.type) for field in spec.fields}
            required: list[JsonValue] = [
                field.name for field in spec.fields if not isinstance(field.type, OptionalType)
            ]
            return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}
        case _:
            return dict(_SCALARS[spec.kind])


def arguments(parameters: Sequence[Parameter]) -> dict[str, JsonValue]:
    """Return the schema of an action's arguments, given by name."""
    properties: dict[str, JsonValue] = {}
    for parameter in parameters:
        properties[parameter.name] = schema_of(parameter.type)
        if not parameter.required and parameter.default is not None:
            properties[parameter.name] = schema_of(parameter.type) | {"default": parameter.default}
    required: list[JsonValue] = [parameter.name for parameter in parameters if parameter.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def value_of(state: StateDeclaration) -> dict[str, JsonValue]:
    """Return the schema of the argument that sets a state: ``value``."""
    schema = schema_of(state.type)
    for bound, limit in (("minimum", state.min), ("maximum", state.max)):
        if limit is not None and schema.get("type") in {"integer", "number"}:
            schema[bound] = limit
    return {"type": "object", "properties": {"value": schema}, "required": ["value"], "additionalProperties": False}
