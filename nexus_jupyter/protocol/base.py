"""What every contract has in common: frozen, closed, JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["Contract", "JsonValue"]


class Contract(BaseModel):
    """A value that crosses a border between rooms: immutable, and closed to unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="null",
        json_schema_serialization_defaults_required=True,
    )
