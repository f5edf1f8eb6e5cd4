"""In which order values are worked out: cycles, and topological order."""

from __future__ import annotations

from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter

from nexus_jupyter.nog.graph import Graph
from nexus_jupyter.protocol.graph import Relation

__all__ = ["cycle", "recompute_order"]

_VALUES: tuple[Relation, ...] = ("derivedFrom", "reads")
#: What is worked out, rather than set or run.
_WORKED_OUT = frozenset({"Computed", "Query", "Frame", "Resource"})


def cycle(graph: Graph, relations: Collection[Relation] = _VALUES) -> list[str]:
    """Return the ids along a cycle of relations, the first one again at the end; empty if there is none."""
    try:
        TopologicalSorter(_inputs(graph, graph.records, relations)).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def recompute_order(graph: Graph, changed: Collection[str] | None = None) -> list[str]:
    """Return the values that are worked out from others, inputs first.

    Parameters
    ----------
    graph
        Where to look.
    changed
        Ids of entities that have changed: only what depends on them, directly or not. All values when left out.

    Raises
    ------
    ValueError
        If values depend on each other in a circle; the message names it.
    """
    concerned = {entity_id for entity_id, record in graph.records.items() if record.entity.type in _WORKED_OUT}
    if changed is not None:
        concerned &= _dependents(graph, changed)
    try:
        order = list(TopologicalSorter(_inputs(graph, sorted(concerned), _VALUES)).static_order())
    except CycleError as error:
        raise ValueError(f"Values depend on each other in a circle: {' -> '.join(error.args[1])}.") from error
    return [entity_id for entity_id in order if entity_id in concerned]


def _inputs(graph: Graph, ids: Collection[str], relations: Collection[Relation]) -> dict[str, list[str]]:
    return {
        entity_id: [
            target for relation in relations for target in sorted(graph.records[entity_id].out.get(relation, ()))
        ]
        for entity_id in ids
    }


def _dependents(graph: Graph, changed: Collection[str]) -> set[str]:
    found, waiting = set[str](), [entity_id for entity_id in changed if entity_id in graph]
    while waiting:
        into = graph.records[waiting.pop()].into
        for relation in _VALUES:
            for source in into.get(relation, ()):
                if source not in found and graph.records[source].entity.type in _WORKED_OUT:
                    found.add(source)
                    waiting.append(source)
    return found
