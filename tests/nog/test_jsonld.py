"""The graph as JSON-LD, read by a JSON-LD processor that has never heard of Nexus."""

from __future__ import annotations

import json

import rdflib
from rdflib import namespace as ns

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.jsonld import to_jsonld
from nexus_jupyter.protocol.graph import RELATION_ENDS, Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, InsertOp, LinkOp, Op, Origin, SetOp

NEXUS = "urn:nexus:vocabulary#"
BASE = "urn:nexus:workspace:my%20work:"
ANN = Actor(id="ann", name="Ann")


def history() -> tuple[Graph, list[Change]]:
    patches: list[tuple[Cause, list[Op]]] = [
        (
            Cause(kind="create", via="cell"),
            [
                InsertOp(entity=Entity(id="user:ann", type="User", attrs={"name": "Ann"})),
                InsertOp(entity=Entity(id="p", type="Panel", attrs={"title": "Sales", "nxml": "<panel/>"})),
                InsertOp(entity=Entity(id="p/view", type="Element", parent="p", attrs={"tag": "view"})),
                InsertOp(entity=Entity(id="p/ü 1", type="Element", parent="p/view", attrs={"text": "Hello"})),
                InsertOp(
                    entity=Entity(id="p/state.n", type="State", parent="p/view", attrs={"value": {"a": [1, None]}})
                ),
                InsertOp(entity=Entity(id="p/computed.c", type="Computed", parent="p/view")),
                LinkOp(source="p", relation="authoredBy", target="user:ann"),
                LinkOp(source="p/computed.c", relation="derivedFrom", target="p/state.n"),
                LinkOp(source="p/ü 1", relation="shows", target="p/computed.c"),
            ],
        ),
        (
            Cause(kind="run", via="effect", action="effect:e", run="1-e", parent=Origin(rev=1)),
            [SetOp(id="p/state.n", attrs={"value": 2})],
        ),
    ]
    graph, changes = Graph(), list[Change]()
    for rev, (cause, ops) in enumerate(patches, 1):
        done = apply(graph, ops, rev=rev)
        graph = done.graph
        ts = 1_700_000_000_000_000_000 + rev * 1_500_000
        changes.append(
            Change(
                workspace="my work",
                rev=rev,
                ts=ts,
                actor=ANN,
                cause=cause,
                panel="p",
                ops=done.ops,
                inverse=done.inverse,
            )
        )
    return graph, changes


def read() -> rdflib.Graph:
    graph, changes = history()
    text = json.dumps(to_jsonld(graph, changes, "my work"))
    assert "http" not in json.loads(text)["@context"].get("@import", ""), "nothing has to be fetched"
    return rdflib.Graph().parse(data=text, format="json-ld")


def iri(entity: str) -> rdflib.URIRef:
    return rdflib.URIRef(BASE + entity)


def test_entities_have_parts_names_and_types_in_the_words_of_schema_org() -> None:
    found = read()
    assert (iri("p"), ns.RDF.type, ns.SDO.CreativeWork) in found
    assert (iri("p"), ns.SDO.name, rdflib.Literal("Sales")) in found
    assert (iri("p"), ns.SDO.hasPart, iri("p/view")) in found
    assert (rdflib.URIRef(BASE), ns.SDO.hasPart, iri("p")) in found
    assert (iri("p/%C3%BC%201"), ns.SDO.text, rdflib.Literal("Hello")) in found
    assert (iri("p/%C3%BC%201"), rdflib.URIRef(f"{NEXUS}shows"), iri("p/computed.c")) in found
    value = found.value(iri("p/state.n"), rdflib.URIRef(f"{NEXUS}value"))
    assert isinstance(value, rdflib.Literal)
    assert json.loads(str(value)) == 2


def test_provenance_is_in_the_words_of_prov_o() -> None:
    found = read()
    ann, second = iri("user:ann"), iri("change:2")
    assert (iri("p/computed.c"), ns.PROV.wasDerivedFrom, iri("p/state.n")) in found
    assert (iri("p"), ns.PROV.wasAttributedTo, ann) in found
    assert (ann, ns.RDF.type, ns.PROV.Person) in found
    assert (second, ns.RDF.type, ns.PROV.Activity) in found
    assert (second, ns.PROV.wasAssociatedWith, ann) in found
    assert (second, ns.PROV.wasInformedBy, iri("change:1")) in found
    assert (iri("p/state.n"), ns.PROV.wasGeneratedBy, second) in found
    when = found.value(second, ns.PROV.startedAtTime)
    assert when == rdflib.Literal("2023-11-14T22:13:20.003000Z", datatype=ns.XSD.dateTime)


def test_a_question_in_sparql_finds_who_made_what_a_value_comes_from() -> None:
    rows = read().query(
        """
        PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX schema: <https://schema.org/>
        SELECT ?name WHERE { ?value prov:wasDerivedFrom / prov:wasGeneratedBy / prov:wasAssociatedWith / schema:name ?name }
        """
    )
    assert {str(row[0]) for row in rows} == {"Ann"}


def test_every_relation_has_a_term_whose_values_are_iris() -> None:
    graph, changes = history()
    context = to_jsonld(graph, changes, "w")["@context"]
    assert all(context[relation]["@type"] == "@id" for relation in RELATION_ENDS)
