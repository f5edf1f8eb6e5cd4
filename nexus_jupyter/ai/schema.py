"""The form in which models answer: few kinds of edits, each addressed by id, and the JSON Schema that says so.

It is smaller than the patch language. Relations follow from the text and are nobody's to write; a value is text as it
stands in NXML. The schema keeps to what all servers understand: every key required, nothing further, enumerations,
constants and ``anyOf``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from nexus_jupyter.protocol.base import JsonValue

__all__ = [
    "Code",
    "Insert",
    "ModelEdit",
    "Move",
    "Remove",
    "Replace",
    "Set",
    "Unset",
    "Where",
    "answer_schema",
    "read_edit",
]

#: Into something as its last child, or before or after a sibling.
Where = Literal["into", "before", "after"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Set(_Form):
    """Give an attribute a value; ``text`` is what stands between the tags."""

    op: Literal["set"]
    id: str
    attr: str
    value: str


class Unset(_Form):
    """Take an attribute away."""

    op: Literal["unset"]
    id: str
    attr: str


class Insert(_Form):
    """Add elements or declarations, as NXML."""

    op: Literal["insert"]
    where: Where
    at: str
    nxml: str


class Remove(_Form):
    """Remove something with all that is in it."""

    op: Literal["remove"]
    id: str


class Move(_Form):
    """Put something elsewhere."""

    op: Literal["move"]
    id: str
    where: Where
    at: str


class Replace(_Form):
    """Replace the one occurrence of a piece of a text or of code."""

    op: Literal["replace"]
    id: str
    old: str
    new: str


class Code(_Form):
    """Replace the code of an action or effect."""

    op: Literal["code"]
    id: str
    text: str


ModelEdit = Annotated[Set | Unset | Insert | Remove | Move | Replace | Code, Field(discriminator="op")]
_EDIT: TypeAdapter[ModelEdit] = TypeAdapter(ModelEdit)


class _Changes(_Form):
    say: str
    ops: list[ModelEdit]


class _Either(_Form):
    say: str
    ops: list[ModelEdit]
    panel: str


def read_edit(value: object) -> ModelEdit:
    """Return an edit from JSON; raises pydantic's ``ValidationError`` when it is none."""
    return _EDIT.validate_python(value)


def answer_schema(*, either: bool = False) -> dict[str, JsonValue]:
    """Return the JSON Schema of a change; with ``either``, of a change or a new panel."""
    described = (_Either if either else _Changes).model_json_schema()
    found = _portable(described, described.get("$defs", {}))
    assert isinstance(found, dict)
    return found


def _portable(part: Any, definitions: dict[str, Any]) -> Any:  # Any: JSON Schema
    """Return a schema without references, titles and what not every server knows."""
    if isinstance(part, list):
        return [_portable(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _portable(definitions[part["$ref"].rpartition("/")[2]], definitions)
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key == "properties":
            made[key] = {name: _portable(one, definitions) for name, one in value.items()}
        elif key == "oneOf":
            made["anyOf"] = _portable(value, definitions)
        elif key not in {"$defs", "title", "description", "discriminator", "default"}:
            made[key] = _portable(value, definitions)
    if "const" in made:
        made = {"type": "string", "enum": [made["const"]]}
    return made
