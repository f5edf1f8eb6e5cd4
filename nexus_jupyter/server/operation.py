"""What a verb of a route takes and gives; OpenAPI is generated from these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from nexus_jupyter.protocol.problem import Problem

__all__ = ["ARROW", "Operation", "Operations", "arrow_stream", "openapi"]

#: The media type of rows.
ARROW = "application/vnd.apache.arrow.stream"

_REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb: a sentence, the body it takes, and what it answers with (types, for their schemas)."""

    summary: str
    body: Any = None  # Any: a model, or a union of models
    answer: Any = None  # Any: a model, or a list of them
    media_type: str = "application/json"


#: Operations of a route by verb, in lower case.
Operations = Mapping[str, Operation]


def arrow_stream(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def openapi(routes: Iterable[tuple[str, type]], base: str) -> dict[str, Any]:  # Any: an OpenAPI document
    """Describe routes as an OpenAPI 3.1 document.

    Parameters
    ----------
    routes
        Pattern and handler class; the class's ``operations`` maps verbs to `Operation`.
    base
        The URL path below which the routes lie.
    """
    schemas: dict[str, JsonSchemaValue] = {}
    paths: dict[str, dict[str, Any]] = {}
    for pattern, handler in routes:
        operations: Operations = getattr(handler, "operations", {})
        if operations:
            path, parameters = _path(pattern)
            paths[path] = {verb: _operation(op, schemas, parameters) for verb, op in operations.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Nexus for Jupyter", "version": version("nexus-jupyter")},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _path(pattern: str) -> tuple[str, list[dict[str, Any]]]:
    names: list[str] = []

    def take(group: re.Match[str]) -> str:
        names.append(group.group(1))
        return "{" + group.group(1) + "}"

    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", take, pattern)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return f"/{path}", parameters


def _operation(op: Operation, schemas: dict[str, JsonSchemaValue], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": op.summary,
        "parameters": parameters,
        "responses": {
            "2XX": {"description": "Done", "content": {op.media_type: {"schema": _schema(op.answer, schemas)}}},
            "default": {
                "description": "Refused",
                "content": {"application/problem+json": {"schema": _schema(Problem, schemas)}},
            },
        },
    }
    if op.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(op.body, schemas)}},
        }
    return described


def _schema(model: Any, schemas: dict[str, JsonSchemaValue]) -> JsonSchemaValue:  # Any: what a TypeAdapter takes
    if model is None:
        return {}
    schema = TypeAdapter(model).json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    if isinstance(model, type) and issubclass(model, BaseModel):
        schemas[model.__name__] = schema
        return {"$ref": _REF.format(model=model.__name__)}
    return schema
