"""``ws.nog``: the object graph as tables, questions to it, a drawing of it, and the way to other tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nexus_jupyter.nog.jsonpatch import document
from nexus_jupyter.notebook.graphpanel import graph_panel
from nexus_jupyter.notebook.graphviews import EntitiesView, ExplanationView, ImpactView, MatchView
from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.graph import EntityType, Relation
from nexus_jupyter.protocol.query import GraphContents, GraphQuery, NeighbourhoodQuestion

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["GraphFace"]


class GraphFace:
    """What exists in the workspace, what it relates to, and why it is as it is.

    Parameters
    ----------
    host
        Where the workspace lives.
    rev
        The version that it is about; always the newest when left out.
    """

    def __init__(self, host: Host, rev: int | None = None) -> None:
        self._host = host
        self._rev = rev

    @property
    def rev(self) -> int:
        """The rev of the graph that answers."""
        return self._rev if self._rev is not None else self._contents().rev

    def at(self, rev: int) -> GraphFace:
        """Return the graph as it was at a rev, with the same methods.

        Raises
        ------
        NotFoundError
            When it is asked something: if there is no such rev.
        """
        return GraphFace(self._host, rev)

    def nodes(self) -> pd.DataFrame:
        """Return all entities: id, type, parent, attrs."""
        import pandas as pd

        rows = [entity.model_dump(include={"id", "type", "parent", "attrs"}) for entity in self._contents().nodes]
        return pd.DataFrame(rows, columns=["id", "type", "parent", "attrs"]).sort_values("id", ignore_index=True)

    def edges(self) -> pd.DataFrame:
        """Return all relations, *contains* included: source, relation, target."""
        import pandas as pd

        found = self._contents()
        rows = [edge.model_dump() for edge in found.edges]
        rows += [{"source": e.parent, "relation": "contains", "target": e.id} for e in found.nodes if e.parent]
        columns = ["source", "relation", "target"]
        return pd.DataFrame(rows, columns=columns).sort_values(columns, ignore_index=True)

    def match(self, type: EntityType | None = None) -> MatchView:  # noqa: A002 - the field's name for it
        """Begin a query with the entities of a type, or with all.

        It follows at most ten relations, each to a thousand entities at most; ``truncated`` says what was cut.

        Examples
        --------
        Buttons of all panels whose label says "Save"::

            buttons = ws.nog.match("Panel").out("contains", "Element", depth=None).where(tag="button")
            buttons.where("label", "contains", "Save")
        """
        return MatchView(lambda query: self._host.graphs.match(query, self._rev), GraphQuery(type=type))

    def impact(self, entity: str) -> ImpactView:
        """Return all that would be touched if an entity changed or went, and the way there.

        Parameters
        ----------
        entity
            Its id: ``PANEL``, ``PANEL/state.NAME``, ``PANEL/NODE``, ``frame:NAME``.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        return ImpactView(self._host.graphs.impact(entity, self._rev))

    def explain(self, entity: str) -> ExplanationView:
        """Return why an entity is as it is: the changes that made it so, and what caused those; else as `impact`."""
        return ExplanationView(self._host.graphs.explain(entity, self._rev))

    def neighbourhood(
        self,
        ids: str | Sequence[str],
        budget: int = 50,
        *,
        relations: Sequence[Relation] | None = None,
        types: Sequence[EntityType] | None = None,
    ) -> EntitiesView:
        """Return what matters most around some entities, best first.

        Parameters
        ----------
        ids
            What it is about.
        budget
            How many entities at most.
        relations, types
            Which relations to follow, and which entities to go through; all when left out.
        """
        about = [ids] if isinstance(ids, str) else list(ids)
        wanted = {"relations": relations, "types": types}
        question = NeighbourhoodQuestion.model_validate({"ids": about, "budget": budget, **wanted})
        return EntitiesView(self._host.graphs.neighbourhood(question, self._rev))

    def show(self, panel: str = "graph") -> Panel:
        """Make a live panel that draws the graph; leave it as a cell's last value to see it.

        It begins with the panels and their links. Choose a box to see what its panel consists of, and why it is so.

        Parameters
        ----------
        panel
            The name of the panel that is made. It may read all panels of the workspace.
        """
        self._host.put_panel(panel, graph_panel(panel), via="cell")
        held = (grant for grant in self._host.grants() if grant.panel == panel and grant.cap == "panel.read")
        if not any(grant.target is None and grant.revoked_at is None for grant in held):
            self._host.grant(panel, "panel.read", None, None)
        return Panel(self._host, panel)

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return the graph for networkx; relations are the keys of its edges.

        Raises
        ------
        UnavailableError
            If networkx is not installed.
        """
        try:
            import networkx as nx
        except ImportError as error:
            raise UnavailableError("networkx is not installed.", hint="pip install 'nexus-jupyter[graph]'") from error
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        found = self._contents()
        for entity in found.nodes:
            graph.add_node(entity.id, type=entity.type, attrs=entity.attrs)
            if entity.parent:
                graph.add_edge(entity.parent, entity.id, key="contains")
        for edge in found.edges:
            graph.add_edge(edge.source, edge.target, key=edge.relation)
        return graph

    def to_jsonld(self) -> dict[str, Any]:  # Any: JSON-LD
        """Return the graph and the changes that led to it as JSON-LD, in the words of schema.org and PROV-O."""
        return self._host.graphs.jsonld(self._rev)

    def to_json(self) -> dict[str, Any]:  # Any: JSON
        """Return the graph as the JSON document that `json_patch` is about."""
        found = self._contents()
        return document(found.nodes, found.edges, found.rev)

    def json_patch(self, rev: int) -> list[dict[str, Any]]:  # Any: JSON
        """Return the change that made a rev as an RFC 6902 patch of the document before it (`to_json`).

        Raises
        ------
        NotFoundError
            If there is no such rev.
        """
        return self._host.graphs.json_patch(rev)

    def _contents(self) -> GraphContents:
        return self._host.graphs.contents(self._rev)
