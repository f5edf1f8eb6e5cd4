"""A graph as bytes, for checkpoints: MessagePack, compressed, with a version and a checksum in front.

The same graph always gives the same bytes, whatever changes led to it, so that two graphs can be compared by them.
What follows from the entities (children, types, the other end of a relation) is not stored but made again.
"""

from __future__ import annotations

import gc
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import msgpack
from immutables import Map

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.graph import Entity, EntityType, Relation

__all__ = ["dump", "load"]

_MAGIC = b"NXG"
#: Raised whenever `load` could not read what `dump` wrote before.
_VERSION = 1
_CHECKSUM = 16
_HEAD = len(_MAGIC) + 2 + _CHECKSUM
#: How the body is written. JSON only where MessagePack cannot: it has no integers of more than 64 bits.
_MSGPACK, _JSON = 0, 1
#: Level 1 takes a fifth of the time of the default, for a tenth more bytes.
_LEVEL = 1


def dump(graph: Graph) -> bytes:
    """Return a graph as bytes, the revs of its attributes (`Record.touched`) included."""
    strings: dict[str, int] = {}
    records = [_packed(graph.records[entity_id], strings) for entity_id in sorted(graph.records)]
    body: list[Any] = [list(strings), records]  # Any: JSON
    try:
        form, raw = _MSGPACK, msgpack.packb(body, unicode_errors="surrogatepass")
    except OverflowError:
        form, raw = _JSON, json.dumps(body, separators=(",", ":")).encode()
    compressed = zlib.compress(raw, _LEVEL)
    head = _MAGIC + bytes([_VERSION, form])
    return head + _checksum(head, compressed) + compressed


def load(data: bytes, near: Graph | None = None) -> Graph:
    """Return the graph that `dump` made bytes of.

    Parameters
    ----------
    data
        The bytes.
    near
        A version of the same graph, whose records are taken where they are the same: of a version of long ago, only
        what is different takes time and memory.

    Raises
    ------
    StorageError
        If the bytes are damaged, or of a newer version.
    """
    head, checksum, compressed = data[: len(_MAGIC) + 2], data[len(_MAGIC) + 2 : _HEAD], data[_HEAD:]
    if head[: len(_MAGIC)] != _MAGIC or len(data) < _HEAD:
        raise StorageError("The bytes are no snapshot of a graph.")
    if head[len(_MAGIC)] != _VERSION:
        raise StorageError(
            f"The snapshot is of version {head[len(_MAGIC)]}, this Nexus reads {_VERSION}.",
            hint="Update nexus-jupyter.",
        )
    if _checksum(head, compressed) != checksum:
        raise StorageError("The snapshot is damaged: its checksum does not fit.")
    raw = zlib.decompress(compressed)
    with _no_collection():
        if head[-1] == _MSGPACK:
            strings, rows = msgpack.unpackb(raw, unicode_errors="surrogatepass", strict_map_key=False)
        else:
            strings, rows = json.loads(raw)
        return _graph(strings, rows, near or Graph())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector out: all that is made stays, and looking through it again and again takes longer."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _checksum(head: bytes, body: bytes) -> bytes:
    return blake2b(head + body, digest_size=_CHECKSUM).digest()


def _packed(record: Record, strings: dict[str, int]) -> list[Any]:  # Any: JSON
    """Return a record as a list; names that come again and again become numbers, which is faster and smaller."""
    entity = record.entity

    def number(name: str) -> int:
        return strings.setdefault(name, len(strings))

    attrs = [part for name, value in entity.attrs.items() for part in (number(name), value)]
    touched = [part for name in sorted(record.touched) for part in (number(name), record.touched[name])]
    edges = [part for relation in sorted(record.out) for part in (number(relation), sorted(record.out[relation]))]
    return [entity.id, number(entity.type), entity.parent, entity.order, attrs, touched, edges]


def _graph(strings: list[str], rows: list[list[Any]], near: Graph) -> Graph:  # Any: JSON
    out: dict[str, Map[Relation, Map[str, None]]] = {}
    into: dict[str, dict[Relation, dict[str, None]]] = {}
    below: dict[str, list[tuple[str, str]]] = {}
    for entity_id, _, parent, order, _, _, edges in rows:
        if parent is not None:
            below.setdefault(parent, []).append((order, entity_id))
        if edges:
            out[entity_id] = _edges(entity_id, strings, edges, into)
    records: dict[str, Record] = {}
    types: dict[EntityType, dict[str, None]] = {}
    empty: Map[Relation, Map[str, None]] = Map()
    make: Callable[..., Entity] = Entity.model_construct  # the checksum vouches for what was checked once
    for entity_id, kind, parent, order, attrs, touched, _ in rows:
        named = {strings[attrs[i]]: attrs[i + 1] for i in range(0, len(attrs), 2)}
        revs = {strings[touched[i]]: touched[i + 1] for i in range(0, len(touched), 2)}
        entity_type: EntityType = strings[kind]
        types.setdefault(entity_type, {})[entity_id] = None
        children = tuple(child for _, child in sorted(below[entity_id])) if entity_id in below else ()
        around = (
            out.get(entity_id, empty),
            Map({relation: Map(ids) for relation, ids in into[entity_id].items()}) if entity_id in into else empty,
        )
        known = near.records.get(entity_id)
        if known is not None and (known.children, (known.out, known.into)) == (children, around):
            one = known.entity
            placed = (one.type, one.parent, one.order) == (entity_type, parent, order)
            if placed and _alike(one.attrs, named) and dict(known.touched.items()) == revs:
                records[entity_id] = known
                continue
        entity = make(id=entity_id, type=entity_type, parent=parent, order=order, attrs=named)
        records[entity_id] = Record(entity, children, *around, touched=Map(revs))
    return Graph(Map(records), Map({kind: Map(ids) for kind, ids in types.items()}))


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:  # Any: JSON
    """Whether attributes are the same to the last bit: 1 is neither true nor 1.0."""
    if one.keys() != other.keys():
        return False
    for name, value in one.items():
        again = other[name]
        if value is again:
            continue
        if type(value) is not type(again):
            return False
        if value != again if isinstance(value, str | int) else repr(value) != repr(again):
            return False
    return True


def _edges(
    source: str, strings: list[str], edges: list[Any], into: dict[str, dict[Relation, dict[str, None]]]
) -> Map[Relation, Map[str, None]]:  # Any: JSON
    """Return the relations from an entity, and note them at their targets."""
    found: dict[Relation, Map[str, None]] = {}
    for i in range(0, len(edges), 2):
        relation: Relation = strings[edges[i]]
        found[relation] = Map(dict.fromkeys(edges[i + 1]))
        for target in edges[i + 1]:
            into.setdefault(target, {}).setdefault(relation, {})[source] = None
    return Map(found)
