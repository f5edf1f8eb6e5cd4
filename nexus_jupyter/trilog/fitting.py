"""Whether values fit the parts of a JSON Schema that Python's types become. Pure."""

from __future__ import annotations

import json
from typing import Any

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.telemetry import FieldSchema, TelemetryEvent

__all__ = ["described", "entry_of", "is_of_node", "is_strict", "misfit"]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
#: The same types as the database names those of JSON texts.
_NAMED = {
    "string": ["String"],
    "integer": ["Int64", "UInt64"],
    "number": ["Int64", "UInt64", "Double"],
    "boolean": ["Bool"],
    "array": ["Array"],
    "object": ["Object"],
    "null": ["Null"],
}


def entry_of(field: FieldSchema) -> Any:  # Any: a JSON Schema, or true
    """Return what an entry of a tracked field may be."""
    return field.form.get("additionalProperties", True)


def is_strict(form: Any) -> bool:  # Any: as above
    """Tell whether a schema refuses anything."""
    return isinstance(form, dict) and bool(form.keys() - {"$defs"})


def is_of_node(fact: TelemetryEvent) -> bool:
    """Tell whether a fact is about a node of a panel's text, or a pack that it names, which are as people write."""
    return fact.object_type == "Panel" and ("." in fact.field or fact.field.startswith("xmlns:"))


def described(field: FieldSchema) -> tuple[bool, list[str], list[str]]:
    """Return whether a field is tracked, and what it, or else its entries, may be.

    Returns
    -------
    tracked, types, allowed
        Types as the database names those of JSON texts, and JSON texts; an empty list for any.
    """
    form = entry_of(field) if field.tracked else field.form
    texts = [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in _enum(form)]
    return field.tracked, sorted(_types(form, field) or ()), texts


def _enum(form: Any) -> list[Any]:  # Any: as above
    found = form.get("enum") if isinstance(form, dict) else None
    return found if isinstance(found, list) else []


def _types(form: Any, field: FieldSchema) -> set[str] | None:  # Any: as above
    """Return the types that a schema allows; ``None`` for all."""
    if not isinstance(form, dict):
        return None
    if "$ref" in form:
        definitions: Any = field.form.get("$defs", {})  # Any: JSON Schema
        return _types(definitions.get(str(form["$ref"]).rsplit("/", 1)[-1]), field)
    for choices in (form.get("anyOf"), form.get("oneOf")):
        if isinstance(choices, list):
            found = [_types(one, field) for one in choices]
            return None if None in found else {name for some in found if some for name in some}
    return set(_NAMED[form["type"]]) if form.get("type") in _NAMED else None


def misfit(value: JsonValue, form: Any, field: FieldSchema) -> str | None:  # Any: a JSON Schema, or true
    """Return how a value breaks the parts of a JSON Schema that Python's types become; ``None`` when it fits."""
    if not isinstance(form, dict):
        return None
    if "$ref" in form:
        definitions: Any = field.form.get("$defs", {})  # Any: JSON Schema
        return misfit(value, definitions.get(str(form["$ref"]).rsplit("/", 1)[-1]), field)
    for choices in (form.get("anyOf"), form.get("oneOf")):
        if isinstance(choices, list):
            return None if any(misfit(value, one, field) is None for one in choices) else "fits none of its types"
    if "enum" in form and value not in form["enum"]:
        return f"is none of {', '.join(map(repr, form['enum']))}"
    name = form.get("type")
    if isinstance(name, str) and name in _TYPES:
        right = isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name in {"integer", "number"})
        if not right:
            return f"is no {name}"
    if isinstance(value, list) and "items" in form:
        return next((w for one in value if (w := misfit(one, form["items"], field)) is not None), None)
    if isinstance(value, dict):
        return _of_entries(value, form, field)
    return None


def _of_entries(value: dict[str, JsonValue], form: Any, field: FieldSchema) -> str | None:  # Any: as above
    known = form.get("properties", {})
    for name, entry in value.items():
        wrong = misfit(entry, known.get(name, form.get("additionalProperties")), field)
        if wrong is not None:
            return f"{wrong} at '{name}'"
    missing = [name for name in form.get("required", []) if name not in value]
    return f"lacks '{missing[0]}'" if missing else None
