"""What every contract has in common: frozen, closed, JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = ["Contract", "JsonValue", "well_formed"]


class Contract(BaseModel):
    """A value that crosses a border between rooms: immutable, and closed to unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="null",
        json_schema_serialization_defaults_required=True,
    )


def well_formed(text: str) -> str:
    """Return a text with U+FFFD for halves of characters, which names of files can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
