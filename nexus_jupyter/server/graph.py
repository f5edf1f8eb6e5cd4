"""REST: the object graph. Queries are sent as data; ``?rev=`` asks about a past version."""

from __future__ import annotations

from typing import Any, ClassVar

from nexus_jupyter.protocol.query import (
    EntityQuestion,
    Explanation,
    GraphAnswer,
    GraphContents,
    GraphQuery,
    Impact,
    NeighbourhoodQuestion,
)
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations
from nexus_jupyter.workspace import GraphReader

__all__ = [
    "ExplainHandler",
    "GraphHandler",
    "GraphPatchHandler",
    "ImpactHandler",
    "JsonLdHandler",
    "MatchHandler",
    "NeighbourhoodHandler",
]


class _AtRev(NexusHandler):
    async def graphs(self) -> GraphReader:
        """Return the graph as the person who asks may see it."""
        return (await self.workspace()).graphs.seen_by(self.actor.id)

    @property
    def rev(self) -> int | None:
        """The rev that the request is about; the newest if it does not say."""
        return self.query_number("rev")


class GraphHandler(_AtRev):
    """The object graph."""

    operations: ClassVar[Operations] = {"get": Operation("All entities and relations", answer=GraphContents)}

    @guarded("graph.read")
    async def get(self) -> None:
        """Return the graph."""
        graphs, rev = await self.graphs(), self.rev
        self.reply(await self.work(lambda: graphs.contents(rev)))


class MatchHandler(_AtRev):
    """Queries."""

    operations: ClassVar[Operations] = {
        "post": Operation("Entities that a query finds", body=GraphQuery, answer=GraphAnswer)
    }

    @guarded("graph.read")
    async def post(self) -> None:
        """Answer a query."""
        query, rev = self.body(GraphQuery), self.rev
        graphs = await self.graphs()
        self.reply(await self.work(lambda: graphs.match(query, rev)))


class ImpactHandler(_AtRev):
    """What a change would touch."""

    operations: ClassVar[Operations] = {
        "post": Operation("What would be touched if an entity changed or went", body=EntityQuestion, answer=Impact)
    }

    @guarded("graph.read")
    async def post(self) -> None:
        """Return what would be touched."""
        asked, rev = self.body(EntityQuestion), self.rev
        graphs = await self.graphs()
        self.reply(await self.work(lambda: graphs.impact(asked.id, rev)))


class ExplainHandler(_AtRev):
    """Why something is as it is."""

    operations: ClassVar[Operations] = {
        "post": Operation("The chain of causes of an entity", body=EntityQuestion, answer=Explanation)
    }

    @guarded("graph.read")
    async def post(self) -> None:
        """Return the causes."""
        asked, rev = self.body(EntityQuestion), self.rev
        graphs = await self.graphs()
        self.reply(await self.work(lambda: graphs.explain(asked.id, rev)))


class NeighbourhoodHandler(_AtRev):
    """What is around something."""

    operations: ClassVar[Operations] = {
        "post": Operation(
            "What matters most around some entities, within a budget", body=NeighbourhoodQuestion, answer=GraphAnswer
        )
    }

    @guarded("graph.read")
    async def post(self) -> None:
        """Return the neighbourhood."""
        asked, rev = self.body(NeighbourhoodQuestion), self.rev
        graphs = await self.graphs()
        self.reply(await self.work(lambda: graphs.neighbourhood(asked, rev)))


class JsonLdHandler(_AtRev):
    """The graph for others."""

    operations: ClassVar[Operations] = {
        "get": Operation(
            "The graph and its history as JSON-LD", answer=dict[str, Any], media_type="application/ld+json"
        )
    }

    @guarded("graph.read")
    async def get(self) -> None:
        """Return the document."""
        graphs, rev = await self.graphs(), self.rev
        self.reply(await self.work(lambda: graphs.jsonld(rev)))


class GraphPatchHandler(_AtRev):
    """A change for others."""

    operations: ClassVar[Operations] = {
        "get": Operation("The change that made a rev, as an RFC 6902 patch", answer=list[dict[str, Any]])
    }

    @guarded("graph.read")
    async def get(self) -> None:
        """Return the patch."""
        graphs, rev = await self.graphs(), self.rev
        wanted = graphs.at().rev if rev is None else rev
        self.reply(await self.work(lambda: graphs.json_patch(wanted)))
