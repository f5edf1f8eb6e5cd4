"""Values that panels take from each other: `<link>` in one, `<export>` in another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError, NXMLError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import LinkOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.rendering import Renderer

__all__ = ["PanelLinks", "exported_action", "exports_values"]

_log = logging.getLogger(__name__)


def exports_values(build: Build) -> bool:
    """Tell whether a panel exports values; one that exports none hides none."""
    return any(export.expr is not None for export in build.exports)


def exported_action(build: Build, name: str) -> str:
    """Return the action that other panels run by a name; a panel that exports no actions hides none.

    Raises
    ------
    NotFoundError
        If the panel exports actions, and none by this name.
    """
    exported = {export.name: export.action for export in build.exports if export.action is not None}
    if exported and name not in exported:
        raise NotFoundError(
            f"The panel '{build.id}' exports no action '{name}'.", hint=f"It exports: {', '.join(exported)}."
        )
    return exported.get(name) or name


class PanelLinks:
    """Follows links through the panels of a workspace.

    Parameters
    ----------
    reactor, renderer
        Those of the workspace.
    graph
        Returns the newest graph.
    """

    def __init__(self, reactor: Reactor, renderer: Renderer, graph: Callable[[], Graph]) -> None:
        self._reactor = reactor
        self._renderer = renderer
        self._graph = graph

    def state(self, panel: str, user: str | None) -> dict[str, JsonValue]:
        """Return the values of a panel's states and links, as one person has them."""
        return self._state(self._graph(), panel, user, ())

    def values(self, panel: str, user: str | None) -> dict[str, JsonValue]:
        """Return the values of a panel's links; one whose panel or export is missing is null."""
        return self._values(self._graph(), panel, user, ())

    def exports(self, panel: str, user: str | None) -> dict[str, JsonValue]:
        """Return what a panel exports."""
        return self._exports(self._graph(), panel, user, ())

    def state_in(self, graph: Graph, panel: str, user: str | None) -> dict[str, JsonValue]:
        """Return the values of a panel's states and links in a graph, as one person has them."""
        return self._state(graph, panel, user, ())

    def dependents(self, graph: Graph, panel: str) -> list[str]:
        """Return the panels that take values from a panel, by way of others too, each after those it takes from."""
        found: list[str] = []
        waiting = [(panel, False)]
        seen = {panel}
        while waiting:
            name, done = waiting.pop()
            if done:
                found.append(name)
                continue
            waiting.append((name, True))
            takers = graph.record(name).into.get("links", ()) if name in graph else ()
            for taker in sorted(takers):
                if taker not in seen:
                    seen.add(taker)
                    waiting.append((taker, False))
        return [name for name in reversed(found) if name != panel]

    def awaited(self, graph: Graph, build: Build) -> Iterator[LinkOp]:
        """Yield the relations of panels that linked to a panel before there was one."""
        for entity in graph.of_type("Panel"):
            if f"{build.id}." not in str(entity.attrs.get("nxml", "")):
                continue
            facts = self._reactor.check(str(entity.attrs["nxml"])).facts
            if any(fact.relation == "links" and fact.target == f"panel:{build.id}" for fact in facts):
                yield LinkOp(source=entity.id, relation="links", target=build.id)

    def sources(self, panel: str) -> set[str]:
        """Return the panels that a panel takes values from, by way of others too."""
        graph, found = self._graph(), set[str]()
        waiting = [panel]
        while waiting:
            for source in _sources(self._build(graph, waiting.pop())):
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return found

    def refuse_circle(self, graph: Graph, build: Build) -> None:
        """Raise `NXMLError` if a panel would take values from itself, by way of others."""
        for path in self._paths(graph, build, (build.id,)):
            if path[-1] == build.id:
                raise NXMLError(
                    f"The links of panels go in a circle: {' -> '.join(path)}.",
                    hint="Take one of them out, or keep the value in one of the panels.",
                )

    def _paths(self, graph: Graph, build: Build | None, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for source in sorted(_sources(build)):
            longer = (*path, source)
            yield longer
            if source not in path:
                yield from self._paths(graph, self._build(graph, source), longer)

    def _build(self, graph: Graph, panel: str) -> Build | None:
        if panel not in graph or graph.entity(panel).type != "Panel":
            return None
        return self._reactor.check(panel_view(graph, panel).nxml)

    def _state(self, graph: Graph, panel: str, user: str | None, seen: tuple[str, ...]) -> dict[str, JsonValue]:
        return {**panel_view(graph, panel, user).state, **self._values(graph, panel, user, seen)}

    def _values(self, graph: Graph, panel: str, user: str | None, seen: tuple[str, ...]) -> dict[str, JsonValue]:
        build = self._build(graph, panel)
        if build is None or not build.links:
            return {}
        known: dict[str, dict[str, JsonValue]] = {}
        for link in build.links:
            # A checkout can bring back panels that go in a circle: a value from there is unknown.
            if link.panel not in known and link.panel not in seen:
                known[link.panel] = self._exports(graph, link.panel, user, (*seen, panel))
        return {link.name: known.get(link.panel, {}).get(link.value) for link in build.links}

    def _exports(self, graph: Graph, panel: str, user: str | None, seen: tuple[str, ...]) -> dict[str, JsonValue]:
        build = self._build(graph, panel)
        if build is None or not exports_values(build):
            return {}
        nxml = panel_view(graph, panel).nxml
        worked = self._renderer.worked(nxml, "exports", self._state(graph, panel, user, (*seen, panel)))
        for name, problem in worked.problems.items():
            _log.warning("'%s.%s' has no value. %s", panel, name, problem)
        return worked.values


def _sources(build: Build | None) -> set[str]:
    return {link.panel for link in build.links} if build is not None else set()
