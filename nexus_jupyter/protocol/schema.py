"""JSON Schema of all contracts, from which the TypeScript types are generated.

``python -m nexus_jupyter.protocol.schema FILE`` writes the schema; ``make protocol`` then writes the types.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from nexus_jupyter.protocol import (
    adoption,
    ai,
    asking,
    capability,
    coediting,
    conflict,
    graph,
    identity,
    pages,
    panel,
    past,
    patch,
    presence,
    problem,
    run,
    stream,
    telemetry,
    versions,
)
from nexus_jupyter.protocol.ai import AskEvent
from nexus_jupyter.protocol.stream import ClientFrame, ServerFrame

__all__ = ["schema", "schema_text"]

_MODULES = (
    adoption,
    ai,
    asking,
    capability,
    coediting,
    conflict,
    graph,
    identity,
    pages,
    panel,
    past,
    patch,
    presence,
    problem,
    run,
    stream,
    telemetry,
    versions,
)


def schema() -> dict[str, object]:
    """Return one JSON Schema (2020-12) whose ``$defs`` name every contract, and the two frame unions."""
    models: list[type[BaseModel]] = []
    for module in _MODULES:
        models += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
        ]
    _, definitions = models_json_schema([(model, "serialization") for model in models], ref_template="#/$defs/{model}")
    merged: dict[str, object] = dict(definitions["$defs"])
    frames: dict[str, Any] = {
        "AskEvent": AskEvent,
        "ClientFrame": ClientFrame,
        "ServerFrame": ServerFrame,
    }  # unions are no classes
    for name, union in frames.items():
        adapter: TypeAdapter[object] = TypeAdapter(union)
        whole = adapter.json_schema(mode="serialization", ref_template="#/$defs/{model}")
        whole.pop("$defs")
        merged[name] = whole
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "NexusProtocol",
        "description": f"Contracts of Nexus for Jupyter, protocol version {stream.PROTOCOL_VERSION}.",
        "$defs": dict(sorted(merged.items())),
    }


def schema_text() -> str:
    """Return the schema as the text that is kept in ``js/protocol``."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
