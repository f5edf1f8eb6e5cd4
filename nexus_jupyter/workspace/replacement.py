"""From a build to the ops that make the graph hold it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from nexus_jupyter.nog import Graph, difference, entities, is_personal
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import StateError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build, StateDeclaration
from nexus_jupyter.protocol.patch import Op
from nexus_jupyter.workspace.authorship import author_of
from nexus_jupyter.workspace.panels import check_state, state_id

__all__ = ["replacement"]


def replacement(
    graph: Graph,
    build: Build,
    nxml: str,
    values: dict[str, JsonValue] | None = None,
    *,
    author: Actor | None = None,
) -> list[Op]:
    """Return the ops that create a panel, or turn the one in the graph into this version.

    Parameters
    ----------
    graph
        The graph that the ops are for.
    build
        The build of ``nxml``, without errors.
    nxml
        The panel's text, kept as written.
    values
        Values of states by name. A state that is not named keeps its value where it was changed from its default and
        still fits its type; else it gets its default.
    author
        Who makes the edit, if it is theirs.
    """
    new = entities(build, [entity.id for entity in graph.of_type("Panel")])
    declarations = {state_id(build.id, declaration.name): declaration for declaration in build.state}
    own: list[Entity] = []
    for entity in new.own:
        extra: dict[str, JsonValue] = {}
        if entity.id == build.id:
            extra = {"nxml": nxml}
        elif entity.id in declarations:
            declaration = declarations[entity.id]
            extra = {"value": _value(graph, build, declaration, values or {}), "default": declaration.default}
            extra |= _personal(graph, build, declaration)
        own.append(entity.model_copy(update={"attrs": {**entity.attrs, **extra}}) if extra else entity)
    people, authored = author_of(build.id, author)
    return difference(graph, replace(new, own=own, shared=[*new.shared, *people], edges=[*new.edges, *authored]))


def _personal(graph: Graph, build: Build, declaration: StateDeclaration) -> dict[str, JsonValue]:
    """Return the values that people have for themselves, as far as they still fit."""
    entity_id = state_id(build.id, declaration.name)
    if declaration.scope != "user" or entity_id not in graph:
        return {}
    kept: dict[str, JsonValue] = {}
    for key, value in graph.entity(entity_id).attrs.items():
        if is_personal(key):
            with suppress(StateError):
                check_state(build, declaration.name, value)
                kept[key] = value
    return kept


def _value(graph: Graph, build: Build, declaration: StateDeclaration, values: dict[str, JsonValue]) -> JsonValue:
    name, entity_id = declaration.name, state_id(build.id, declaration.name)
    if declaration.scope == "view":
        return declaration.default
    if name in values:
        kept = values[name]
    elif entity_id in graph:
        old = graph.entity(entity_id).attrs
        if old.get("value") == old.get("default"):
            return declaration.default
        kept = old.get("value")
    else:
        return declaration.default
    try:
        check_state(build, name, kept)
    except StateError:
        return declaration.default  # the type changed: no other value fits
    return kept
