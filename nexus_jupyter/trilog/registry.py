"""The schemas of all twins, by kind and version, and whether what is recorded fits them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.telemetry import ProcessSteps, TelemetryEvent, TwinRecord, TwinSchema
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.fitting import entry_of, is_of_node, is_strict, misfit
from nexus_jupyter.trilog.tables import fields_table

__all__ = ["Registry", "facts"]

#: Courses of processes whose last step is remembered.
_COURSES = 50_000


class Registry:
    """Knows the schemas, which the database keeps.

    Parameters
    ----------
    database
        Where they are kept.
    workspace
        Whose they are.
    built_in
        Those that always are there.
    """

    def __init__(self, database: Database, workspace: str, built_in: list[TwinSchema]) -> None:
        self._database = database
        self._workspace = workspace
        self._schemas: dict[tuple[str, int], TwinSchema] = {}
        self._steps = OrderedDict[tuple[str, str], str]()
        kept = "SELECT schema FROM twin_schemas WHERE workspace_id = {w:String}"
        for (text,) in database.rows(kept, {"w": workspace}):
            schema = TwinSchema.model_validate_json(text)
            self._schemas[schema.kind, schema.version] = schema
        self._own = {schema.kind: schema for schema in built_in}
        described = "SELECT DISTINCT kind, version FROM twin_fields WHERE workspace_id = {w:String}"
        known = {(str(kind), int(version)) for kind, version in database.rows(described, {"w": workspace})}
        for key, schema in self._schemas.items():
            if key not in known:  # registered before fields were described
                self._describe(schema)
        for schema in built_in:
            self.add(schema)

    def add(self, schema: TwinSchema) -> None:
        """Take in a schema; the same one again changes nothing."""
        if self._schemas.get((schema.kind, schema.version)) == schema:
            return
        self._schemas[schema.kind, schema.version] = schema
        self._describe(schema)
        values = {"w": self._workspace, "k": schema.kind, "v": schema.version, "s": schema.model_dump_json()}
        self._database.command(
            "INSERT INTO twin_schemas (workspace_id, kind, version, schema) "
            "VALUES ({w:String}, {k:String}, {v:UInt16}, {s:String})",
            values,
        )

    def _describe(self, schema: TwinSchema) -> None:
        """Write down what the fields of objects may be, for what meets only the database on its way."""
        if schema.role != "object":
            return
        rows = fields_table(self._workspace, schema)
        if len(rows):
            self._database.insert("twin_fields", rows, token=f"{self._workspace}:fields:{schema.model_dump_json()}")

    def newest(self, kind: str) -> TwinSchema | None:
        """Return the newest version of a kind."""
        versions = [version for name, version in self._schemas if name == kind]
        return self._schemas[kind, max(versions)] if versions else None

    def processes(self) -> list[TwinSchema]:
        """Return the newest version of each process."""
        found = [self.newest(kind) for kind in dict.fromkeys(name for name, _ in self._schemas)]
        return [schema for schema in found if schema is not None and schema.role == "process"]

    def refusal(self, twin: TwinRecord) -> str | None:
        """Return why a record does not fit its schema; ``None`` when it does."""
        schema = self._schemas.get((twin.kind, twin.version))
        if schema is None:
            return f"There is no kind of twin named '{twin.kind}' in version {twin.version}."
        if schema.role != "object":
            return f"'{twin.kind}' is a process: record its steps."
        for name in (*twin.fields, *twin.removed):
            if name in schema.private:
                return f"'{name}' is private and must not be recorded."
            if name not in schema.fields:
                return f"'{twin.kind}' has no field '{name}'."
        for name, value in twin.fields.items():
            wrong = misfit(value, schema.fields[name].form, schema.fields[name])
            if wrong is not None:
                return f"'{name}' {wrong}."
        return None

    def fact_refusal(self, fact: TelemetryEvent) -> str | None:
        """Return why a fact of the journal does not fit Nexus's own model; ``None`` when it does."""
        schema = self._own.get(fact.object_type)
        if schema is None:
            return f"There is no kind of twin named '{fact.object_type}' in version {fact.version}."
        head, dot, _ = fact.field.partition(".")
        field = schema.fields.get(head)
        if field is None:
            return None if is_of_node(fact) else f"'{fact.object_type}' has no field '{fact.field}'."
        form = entry_of(field) if field.tracked and dot else field.form
        wrong = misfit(json.loads(fact.value), form, field) if fact.op == "set" and is_strict(form) else None
        return f"'{fact.field}' {wrong}." if wrong is not None else None

    def step_refusals(self, steps: ProcessSteps) -> dict[int, str]:
        """Return why steps cannot be, by their index. Those that can are the last of their courses."""
        found: dict[int, str] = {}
        rows = zip(steps.process, steps.instance, steps.step, steps.version, steps.attributes, strict=True)
        for index, (process, instance, step, version, attributes) in enumerate(rows):
            schema = self._schemas.get((process, version))
            if schema is None or schema.role != "process":
                reason: str | None = f"There is no process named '{process}' in version {version}."
            else:
                reason = self._attributes_refusal(schema, attributes) if attributes else None
                reason = reason or self._order_refusal(schema, (process, instance), step)
            if reason is not None:
                found[index] = reason
        while len(self._steps) > _COURSES:
            self._steps.popitem(last=False)
        return found

    @staticmethod
    def _attributes_refusal(schema: TwinSchema, attributes: dict[str, str]) -> str | None:
        for name in attributes:
            if name in schema.private:
                attributes.clear()
                return f"'{name}' is private and must not be recorded."
            if name not in schema.fields:
                return f"'{schema.kind}' has no field '{name}'."
        return None

    def _order_refusal(self, schema: TwinSchema, key: tuple[str, str], step: str) -> str | None:
        transitions = schema.transitions
        if step not in transitions:
            return f"'{key[0]}' has no step '{step}'."
        before = self._steps.get(key)
        if before is None:
            if step not in transitions.get("", []) and self._began_here(key):
                return f"'{key[0]}' cannot begin with '{step}'."
        elif step not in transitions[before] if before in transitions else True:
            return f"'{step}' cannot follow '{before}'."
        self._steps[key] = step
        if before is not None:
            self._steps.move_to_end(key)
        return None

    def shown(self, twin: TwinRecord) -> dict[str, Any]:  # Any: JSON
        """Return a refused record without what its newest schema calls private; of an unknown kind, only the names."""
        schema = self._schemas.get((twin.kind, twin.version)) or self.newest(twin.kind)
        shown = twin.model_dump(mode="json")
        if schema is None:
            shown["fields"] = dict.fromkeys(twin.fields, None)
        else:
            shown["fields"] = {k: v for k, v in twin.fields.items() if k in schema.fields}
        return shown

    def _began_here(self, key: tuple[str, str]) -> bool:
        """Tell whether a course that is not remembered never began, rather than having been forgotten."""
        found = "SELECT count() FROM process_steps WHERE workspace_id = {w:String} AND process = {p:String} "
        found += "AND instance = {i:String}"
        known = self._database.rows(found, {"w": self._workspace, "p": key[0], "i": key[1]})
        return int(known[0][0]) == 0


def facts(twin: TwinRecord, schema: TwinSchema | None) -> Iterator[tuple[str, str | None]]:
    """Yield the fields of a record as field and JSON text; ``None`` for one that ceased to be."""
    for name, value in twin.fields.items():
        one_by_one = schema is not None and name in schema.fields and schema.fields[name].tracked
        if one_by_one and isinstance(value, dict):
            yield from ((f"{name}.{key}", _text(entry)) for key, entry in value.items())
        else:
            yield name, _text(value)
    yield from ((name, None) for name in twin.removed)


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
