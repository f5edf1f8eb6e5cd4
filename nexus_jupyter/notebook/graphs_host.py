"""Questions to the object graph, asked where the workspace lives: in this process, or behind a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.query import (
    EntityQuestion,
    Explanation,
    GraphAnswer,
    GraphContents,
    GraphQuery,
    Impact,
    NeighbourhoodQuestion,
)
from nexus_jupyter.workspace import GraphReader, WorkspaceKernel

__all__ = ["GraphsHost", "LocalGraphs", "RemoteGraphs"]

M = TypeVar("M", bound=BaseModel)
Json = dict[str, Any]  # Any: JSON


class GraphsHost(Protocol):
    """Answers questions at a rev; ``None`` is the newest."""

    def contents(self, rev: int | None) -> GraphContents:
        """Return all entities and relations."""

    def match(self, query: GraphQuery, rev: int | None) -> GraphAnswer:
        """Answer a query."""

    def impact(self, entity_id: str, rev: int | None) -> Impact:
        """Return what would be touched if an entity changed or went."""

    def explain(self, entity_id: str, rev: int | None) -> Explanation:
        """Return why an entity is what it is."""

    def neighbourhood(self, asked: NeighbourhoodQuestion, rev: int | None) -> GraphAnswer:
        """Return what is around entities."""

    def jsonld(self, rev: int | None) -> Json:
        """Return the graph as JSON-LD."""

    def json_patch(self, rev: int) -> list[Json]:
        """Return a change as an RFC 6902 patch."""


class LocalGraphs:
    """Asks the workspace kernel.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who asks.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self._kernel = kernel
        self._reader = kernel.graphs.seen_by(actor.id)

    @property
    def _graphs(self) -> GraphReader:
        self._kernel.opening.check()
        return self._reader

    def contents(self, rev: int | None) -> GraphContents:
        """Return all entities and relations."""
        return self._graphs.contents(rev)

    def match(self, query: GraphQuery, rev: int | None) -> GraphAnswer:
        """Answer a query."""
        return self._graphs.match(query, rev)

    def impact(self, entity_id: str, rev: int | None) -> Impact:
        """Return what would be touched if an entity changed or went."""
        return self._graphs.impact(entity_id, rev)

    def explain(self, entity_id: str, rev: int | None) -> Explanation:
        """Return why an entity is what it is."""
        return self._graphs.explain(entity_id, rev)

    def neighbourhood(self, asked: NeighbourhoodQuestion, rev: int | None) -> GraphAnswer:
        """Return what is around entities."""
        return self._graphs.neighbourhood(asked, rev)

    def jsonld(self, rev: int | None) -> Json:
        """Return the graph as JSON-LD."""
        return self._graphs.jsonld(rev)

    def json_patch(self, rev: int) -> list[Json]:
        """Return a change as an RFC 6902 patch."""
        return self._graphs.json_patch(rev)


class RemoteGraphs:
    """Asks the server.

    Parameters
    ----------
    call
        Makes a request, by method, path, and httpx's options, and returns the content of the answer.
    """

    def __init__(self, call: Callable[..., bytes]) -> None:
        self._call = call

    def contents(self, rev: int | None) -> GraphContents:
        """Return all entities and relations."""
        return GraphContents.model_validate_json(self._get("", rev))

    def match(self, query: GraphQuery, rev: int | None) -> GraphAnswer:
        """Answer a query."""
        return self._ask(GraphAnswer, "/match", query, rev)

    def impact(self, entity_id: str, rev: int | None) -> Impact:
        """Return what would be touched if an entity changed or went."""
        return self._ask(Impact, "/impact", EntityQuestion(id=entity_id), rev)

    def explain(self, entity_id: str, rev: int | None) -> Explanation:
        """Return why an entity is what it is."""
        return self._ask(Explanation, "/explain", EntityQuestion(id=entity_id), rev)

    def neighbourhood(self, asked: NeighbourhoodQuestion, rev: int | None) -> GraphAnswer:
        """Return what is around entities."""
        return self._ask(GraphAnswer, "/neighbourhood", asked, rev)

    def jsonld(self, rev: int | None) -> Json:
        """Return the graph as JSON-LD."""
        found: Json = json.loads(self._get("/jsonld", rev))
        return found

    def json_patch(self, rev: int) -> list[Json]:
        """Return a change as an RFC 6902 patch."""
        found: list[Json] = json.loads(self._get("/patch", rev))
        return found

    def _get(self, path: str, rev: int | None) -> bytes:
        return self._call("GET", f"workspace/graph{path}", params=_at(rev))

    def _ask(self, model: type[M], path: str, question: BaseModel, rev: int | None) -> M:
        body = question.model_dump(mode="json")
        return model.model_validate_json(self._call("POST", f"workspace/graph{path}", params=_at(rev), json=body))


def _at(rev: int | None) -> dict[str, int]:
    return {} if rev is None else {"rev": rev}
