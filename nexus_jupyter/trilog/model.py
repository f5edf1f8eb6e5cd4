"""The language that twins are modelled in: objects with fields, and processes with steps.

Examples
--------
>>> class Sensor(TwinObject):
...     title: str
...     readings: dict[str, float] = tracked()
...     owner: Ref["User"]
...     serial: str = pii()
>>> class Calibration(TwinProcess):
...     steps = step("requested") >> step("measured") >> (step("accepted") | step("rejected"))
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.telemetry import FieldSchema, ProcessStep, TwinRecord, TwinSchema

__all__ = ["Flow", "Ref", "TwinObject", "TwinProcess", "pii", "step", "tracked"]

T = TypeVar("T")
_TRACKED, _PII = "nexus-tracked", "nexus-pii"


class Ref(str, Generic[T]):
    """The id of another twin: ``owner: Ref[User]``."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # Any: pydantic's
        kinds = getattr(source, "__args__", ())
        name = str(getattr(kinds[0], "__name__", getattr(kinds[0], "__forward_arg__", kinds[0]))) if kinds else ""
        return core_schema.str_schema(metadata={"nexus-ref": name})

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        metadata = cast("dict[str, Any]", schema.get("metadata") or {})
        return {**found, "nexus-ref": metadata.get("nexus-ref", "")}


def tracked(**options: Any) -> Any:  # Any: as pydantic's own Field
    """Return a field whose entries are recorded one by one, as ``FIELD.KEY``; it is an empty mapping when left out."""
    return Field(default_factory=dict, json_schema_extra={_TRACKED: True}, **options)


def pii(default: Any = None, **options: Any) -> Any:  # Any: as pydantic's own Field
    """Return a field with something private, which never leaves the process that holds the object."""
    return Field(default=default, repr=False, exclude=True, json_schema_extra={_PII: True}, **options)


class Flow:
    """Steps of a process and which may follow which. ``a >> b`` says that b follows a, ``a | b`` that either comes.

    Parameters
    ----------
    starts, ends
        Steps that begin and end it.
    edges
        The steps that may follow each.
    """

    def __init__(self, starts: frozenset[str], ends: frozenset[str], edges: dict[str, frozenset[str]]) -> None:
        self.starts = starts
        self.ends = ends
        self.edges = edges

    def __rshift__(self, other: Flow | str) -> Flow:
        following = step(other) if isinstance(other, str) else other
        edges = _joined(self.edges, following.edges)
        return Flow(self.starts, following.ends, _joined(edges, dict.fromkeys(self.ends, following.starts)))

    def __or__(self, other: Flow | str) -> Flow:
        either = step(other) if isinstance(other, str) else other
        return Flow(self.starts | either.starts, self.ends | either.ends, _joined(self.edges, either.edges))

    @property
    def names(self) -> list[str]:
        """All steps, in the order in which they are reached."""
        found = sorted(self.starts)
        for name in found:
            found += [after for after in sorted(self.edges.get(name, ())) if after not in found]
        return found

    def transitions(self) -> dict[str, list[str]]:
        """Return the steps that may follow each; those after the empty name begin it."""
        return {"": sorted(self.starts)} | {name: sorted(self.edges.get(name, ())) for name in self.names}

    def __repr__(self) -> str:
        return f"Flow({' '.join(self.names)})"


def step(name: str) -> Flow:
    """Return a process of one step."""
    return Flow(frozenset({name}), frozenset({name}), {})


class _Twin(BaseModel):
    model_config = ConfigDict(extra="forbid")
    #: Counts up when fields are renamed or change their type; `upgrade` then reads older ones.
    version: ClassVar[int] = 1

    id: str

    @classmethod
    def upgrade(cls, version: int, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the fields of an older version as this one has them; the same when it is not overridden.

        Parameters
        ----------
        version
            Which one they are of.
        fields
            By name; entries of a tracked field are mappings.
        """
        del version
        return fields

    @classmethod
    def _form(cls) -> tuple[dict[str, FieldSchema], list[str]]:
        """Return the schemas of the fields that may be recorded, and the names of those that may not."""
        described = cls.model_json_schema()
        definitions = described.get("$defs", {})
        fields, private = {}, []
        for name, form in described.get("properties", {}).items():
            if form.get(_PII):
                private.append(name)
            elif name not in {"id", "step", "panel", "actor"} or (issubclass(cls, TwinObject) and name != "id"):
                ref = form.pop("nexus-ref", None)
                kept = {key: value for key, value in form.items() if key not in {_TRACKED, "title", "default"}}
                if definitions:
                    kept["$defs"] = definitions
                fields[name] = FieldSchema(form=kept, tracked=bool(form.get(_TRACKED)), ref=ref)
        return fields, private


class TwinObject(_Twin):
    """An object of the running system: subclass it, give it fields, register it, and record what it is like."""

    @classmethod
    def schema_of(cls) -> TwinSchema:
        """Return the schema that the registry keeps."""
        fields, private = cls._form()
        return TwinSchema(kind=cls.__name__, version=cls.version, role="object", fields=fields, private=private)

    def record(self, ts: int, **known: str) -> TwinRecord:
        """Return what is to be recorded: the fields that were given, without private ones."""
        given = self.model_dump(mode="json", include=self.model_fields_set - {"id"})
        return TwinRecord(kind=type(self).__name__, id=self.id, fields=given, ts=ts, version=self.version, **known)


class TwinProcess(_Twin):
    """A process of the running system: subclass it and say which ``steps`` follow which."""

    steps: ClassVar[Flow]

    step: str
    panel: str = ""
    actor: str = ""

    @classmethod
    def schema_of(cls) -> TwinSchema:
        """Return the schema that the registry keeps."""
        fields, private = cls._form()
        return TwinSchema(
            kind=cls.__name__,
            version=cls.version,
            role="process",
            fields=fields,
            private=private,
            transitions=cls.steps.transitions(),
        )

    def record(self, ts: int, **known: str) -> ProcessStep:
        """Return what is to be recorded: the step and the further fields that were given, as texts."""
        given = self.model_dump(mode="json", include=self.model_fields_set - {"id", "step", "panel", "actor"})
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        actor = self.actor or known.pop("actor", "")
        return ProcessStep(
            process=type(self).__name__,
            instance=self.id,
            step=self.step,
            panel=self.panel,
            actor=actor,
            attributes=texts,
            ts=ts,
            version=self.version,
            trace_id=known.get("trace_id", ""),
        )


def _joined(one: dict[str, frozenset[str]], other: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: one.get(name, frozenset()) | other.get(name, frozenset()) for name in one.keys() | other.keys()}
