"""``ws.nog``: the object graph as tables, and for networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.protocol.errors import UnavailableError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["GraphFace"]


class GraphFace:
    """What exists in the workspace, and what reads, writes and contains what."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def nodes(self) -> pd.DataFrame:
        """Return all entities: id, type, parent, attrs."""
        import pandas as pd

        entities, _ = self._host.graph()
        rows = [{"id": e.id, "type": e.type, "parent": e.parent, "attrs": e.attrs} for e in entities]
        return pd.DataFrame(rows, columns=["id", "type", "parent", "attrs"]).sort_values("id", ignore_index=True)

    def edges(self) -> pd.DataFrame:
        """Return all relations, *contains* included: source, relation, target."""
        import pandas as pd

        entities, edges = self._host.graph()
        rows = [{"source": e.source, "relation": e.relation, "target": e.target} for e in edges]
        rows += [{"source": e.parent, "relation": "contains", "target": e.id} for e in entities if e.parent]
        return pd.DataFrame(rows, columns=["source", "relation", "target"])

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
        entities, edges = self._host.graph()
        for entity in entities:
            graph.add_node(entity.id, type=entity.type, attrs=entity.attrs)
            if entity.parent:
                graph.add_edge(entity.parent, entity.id, key="contains")
        for edge in edges:
            graph.add_edge(edge.source, edge.target, key=edge.relation)
        return graph
