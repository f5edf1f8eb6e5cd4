"""Types of state, parameters and columns, and the check of a JSON value against them."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import StateError

__all__ = [
    "DictType",
    "ListType",
    "OptionalType",
    "RecordField",
    "RecordType",
    "ScalarType",
    "TypeSpec",
    "check_value",
    "spell",
]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?")
#: Largest integer that JavaScript and JSON readers keep exactly (ECMA-262, Number.MAX_SAFE_INTEGER).
MAX_SAFE_INTEGER = 2**53 - 1
#: Characters of a value that a message shows; bits of a whole number that it shows in decimal digits.
_EXCERPT, _BITS = 60, 4096


class ScalarType(Contract):
    """A plain value. ``date`` is an ISO 8601 date or date-time as text; ``any`` is any JSON value."""

    kind: Literal["str", "int", "float", "bool", "date", "any"]


class ListType(Contract):
    """``list[item]``."""

    kind: Literal["list"] = "list"
    item: TypeSpec


class DictType(Contract):
    """``dict[value]``: text keys, values of one type."""

    kind: Literal["dict"] = "dict"
    value: TypeSpec


class OptionalType(Contract):
    """``T?``: the type or null."""

    kind: Literal["optional"] = "optional"
    item: TypeSpec


class RecordField(Contract):
    """One field of a declared record type."""

    name: str
    type: TypeSpec


class RecordType(Contract):
    """A type declared by ``<type>``: exactly these fields; optional ones may be left out."""

    kind: Literal["record"] = "record"
    name: str
    fields: list[RecordField]


TypeSpec = TypeAliasType(
    "TypeSpec",
    Annotated[ScalarType | ListType | DictType | OptionalType | RecordType, Field(discriminator="kind")],
)

for _model in (ListType, DictType, OptionalType, RecordField, RecordType):
    _model.model_rebuild()


def spell(spec: TypeSpec) -> str:
    """Write a type as people write it in NXML.

    >>> spell(ListType(item=ScalarType(kind="str")))
    'list[str]'
    """
    match spec:
        case ListType():
            return f"list[{spell(spec.item)}]"
        case DictType():
            return f"dict[{spell(spec.value)}]"
        case OptionalType():
            return f"{spell(spec.item)}?"
        case RecordType():
            return spec.name
        case _:
            return spec.kind


def check_value(spec: TypeSpec, value: JsonValue, where: str) -> None:
    """Raise unless a JSON value is of a type.

    Parameters
    ----------
    spec
        The declared type.
    value
        The value to check.
    where
        How to name the value in the error, for example ``state.count``.

    Raises
    ------
    StateError
        Naming the innermost place that does not fit.
    """
    match spec:
        case OptionalType():
            if value is not None:
                check_value(spec.item, value, where)
        case ListType():
            if not isinstance(value, list):
                raise _mismatch(spec, value, where)
            for index, item in enumerate(value):
                check_value(spec.item, item, f"{where}[{index}]")
        case DictType():
            if not isinstance(value, dict):
                raise _mismatch(spec, value, where)
            for key, item in value.items():
                check_value(spec.value, item, f"{where}.{key}")
        case RecordType():
            _check_record(spec, value, where)
        case _:
            _refuse_rounded(value, where, whole=spec.kind == "int")
            if not _is_scalar(spec.kind, value):
                raise _mismatch(spec, value, where)


def _refuse_rounded(value: JsonValue, where: str, *, whole: bool) -> None:
    """Raise `StateError` for a whole number that JavaScript would make another of, wherever it stands in a value.

    ``whole`` is for a state of whole numbers: beyond 2**53, some of them have no neighbours, so that counting stops.
    """
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER and (whole or not _is_exact(value)):
            raise StateError(
                f"{where} is {_shown(value)}, which JavaScript would round: whole numbers go up to {MAX_SAFE_INTEGER}.",
                hint='Keep the digits as text, in a state of type="str".',
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, (str, float)):
                _refuse_rounded(item, f"{where}[{index}]", whole=False)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(item, (str, float)):
                _refuse_rounded(item, f"{where}.{key}", whole=False)


def _is_exact(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _check_record(spec: RecordType, value: JsonValue, where: str) -> None:
    if not isinstance(value, dict):
        raise _mismatch(spec, value, where)
    fields = {field.name: field.type for field in spec.fields}
    for key in value:
        if key not in fields:
            msg = f"{where} has a field '{key}' that the type {spec.name} does not have."
            raise StateError(msg, hint=f"Fields of {spec.name}: {', '.join(fields)}.")
    for name, field_type in fields.items():
        if name in value:
            check_value(field_type, value[name], f"{where}.{name}")
        elif not isinstance(field_type, OptionalType):
            msg = f"{where} lacks the field '{name}' of the type {spec.name}."
            raise StateError(msg)


def _is_scalar(kind: str, value: JsonValue) -> bool:
    match kind:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            return abs(value) <= MAX_SAFE_INTEGER and float(value).is_integer()
        case "float":
            return not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)
        case "date":
            return isinstance(value, str) and _DATE.fullmatch(value) is not None
        case _:
            return True


def _mismatch(spec: TypeSpec, value: JsonValue, where: str) -> StateError:
    return StateError(f"{where} must be {spell(spec)}, not {_shown(value)}.")


def _shown(value: JsonValue) -> str:
    """Return a readable excerpt."""
    shown = hex(value) if isinstance(value, int) and not isinstance(value, bool) and _is_huge(value) else repr(value)
    return shown if len(shown) <= _EXCERPT else f"{shown[: _EXCERPT - 3]}..."


def _is_huge(value: int) -> bool:
    return value.bit_length() > _BITS  # Python refuses to write thousands of decimal digits
