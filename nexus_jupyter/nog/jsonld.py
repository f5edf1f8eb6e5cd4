"""The graph and its history as JSON-LD, in the words of schema.org and PROV-O.

The context is inline, so that nothing has to be fetched to read it. Entities, people and changes have IRIs below one
base; changes are activities of PROV-O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Relation
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change

__all__ = ["to_jsonld"]

Json = dict[str, Any]  # Any: JSON
_NEXUS = "urn:nexus:vocabulary#"
#: Terms of relations; the others are of the vocabulary of Nexus itself, by their own names.
_TERMS: dict[Relation, str] = {
    "contains": "schema:hasPart",
    "derivedFrom": "prov:wasDerivedFrom",
    "authoredBy": "prov:wasAttributedTo",
    "links": "schema:isBasedOn",
    "requires": "schema:requirements",
    "instanceOf": "schema:exampleOfWork",
}
_AGENTS = {
    "user": "prov:Person",
    "kernel": "prov:Person",
    "model": "prov:SoftwareAgent",
    "system": "prov:SoftwareAgent",
}
_CONTEXT: Json = {
    "@vocab": _NEXUS,
    "nexus": _NEXUS,
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "name": "schema:name",
    "text": "schema:text",
    "attrs": {"@id": "nexus:attrs", "@type": "@json"},
    "value": {"@id": "nexus:value", "@type": "@json"},
    "startedAt": {"@id": "prov:startedAtTime", "@type": "xsd:dateTime"},
    "agent": {"@id": "prov:wasAssociatedWith", "@type": "@id"},
    "informedBy": {"@id": "prov:wasInformedBy", "@type": "@id"},
    "generatedBy": {"@id": "prov:wasGeneratedBy", "@type": "@id"},
    **{
        relation: {"@id": f"nexus:{relation}", "@type": "@id"}
        for relation in ("reads", "writes", "triggers", "binds", "shows", "grants", "realises")
    },
    **{relation: {"@id": term, "@type": "@id"} for relation, term in _TERMS.items()},
}


def to_jsonld(graph: Graph, changes: Iterable[Change], workspace: str) -> Json:
    """Return a graph, and the changes that led to it, as a JSON-LD document.

    Parameters
    ----------
    graph
        The graph.
    changes
        Changes of the journal, in order; those that last touched an entity are what generated it.
    workspace
        The workspace's name; part of all IRIs.

    Examples
    --------
    >>> to_jsonld(Graph(), [], "work")["@graph"][0]["@type"]
    ['nexus:Workspace', 'schema:Collection']
    """
    base = f"urn:nexus:workspace:{quote(workspace, safe='')}:"
    tops = sorted(entity_id for entity_id, record in graph.records.items() if record.entity.parent is None)
    nodes: list[Json] = [
        {
            "@id": base,
            "@type": ["nexus:Workspace", "schema:Collection"],
            "name": workspace,
            "contains": [_iri(base, entity_id) for entity_id in tops if graph.entity(entity_id).type != "User"],
        }
    ]
    known, agents = set[int](), dict[str, Actor]()
    activities: list[Json] = []
    for change in changes:
        known.add(change.rev)
        agents.setdefault(change.actor.id, change.actor)
        activities.append(_activity(base, change))
    nodes += [_entity(base, graph.records[entity_id], known) for entity_id in sorted(graph.records)]
    nodes += [
        {"@id": _iri(base, f"user:{actor.id}"), "@type": _AGENTS[actor.kind], "name": actor.name or actor.id}
        for actor in agents.values()
    ]
    return {"@context": _CONTEXT, "@graph": nodes + activities}


def _iri(base: str, entity_id: str) -> str:
    return base + quote(entity_id, safe="/:")


def _change_iri(base: str, rev: int) -> str:
    return f"{base}change:{rev}"


def _entity(base: str, record: Record, known: set[int]) -> Json:
    entity = record.entity
    node: Json = {"@id": _iri(base, entity.id), "@type": [f"nexus:{entity.type}", "prov:Entity"]}
    if entity.type == "Panel":
        node["@type"] = ["nexus:Panel", "prov:Entity", "schema:CreativeWork"]
    elif entity.type == "User":
        node["@type"] = ["nexus:User"]
    elif entity.type == "Frame":
        node["@type"] = ["nexus:Frame", "prov:Entity", "schema:Dataset"]
    if name := next(_names(entity.attrs), None):
        node["name"] = name
    if isinstance(text := entity.attrs.get("text"), str) and text:
        node["text"] = text
    # Text is exported; the whole of a panel's NXML follows from the rest.
    attrs = {key: value for key, value in sorted(entity.attrs.items()) if key not in {"text", "nxml", "value"}}
    if attrs:
        node["attrs"] = attrs
    if "value" in entity.attrs:
        node["value"] = entity.attrs["value"]
    if record.children:
        node["contains"] = [_iri(base, child) for child in record.children]
    for relation, ends in sorted(record.out.items()):
        node[relation] = [_iri(base, end) for end in sorted(ends)]
    if revs := sorted({rev for rev in record.touched.values() if rev in known}):
        node["generatedBy"] = [_change_iri(base, rev) for rev in revs]
    return node


def _names(attrs: dict[str, JsonValue]) -> Iterator[str]:
    for key in ("title", "attr:name", "name", "attr:label", "attr:title"):
        value = attrs.get(key)
        if isinstance(value, str) and value:
            yield value


def _activity(base: str, change: Change) -> Json:
    cause = change.cause
    when = datetime.fromtimestamp(change.ts // 10**9, UTC).replace(microsecond=change.ts // 1000 % 10**6)
    node: Json = {
        "@id": _change_iri(base, change.rev),
        "@type": ["prov:Activity", "nexus:Change"],
        "rev": change.rev,
        "startedAt": when.isoformat().replace("+00:00", "Z"),
        "agent": _iri(base, f"user:{change.actor.id}"),
        "kind": cause.kind,
        "via": cause.via,
    }
    node |= {key: value for key in ("element", "action", "run", "ref") if (value := getattr(cause, key)) is not None}
    before = cause.parent.rev if cause.parent is not None else cause.of
    if before is not None:
        node["informedBy"] = _change_iri(base, before)
    return node
