"""The Nexus Object Graph: records, versions, patches."""

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.nog.order import between, spread
from nexus_jupyter.nog.panels import PanelEntities, difference, entities, tree
from nexus_jupyter.nog.patches import Applied, apply

__all__ = [
    "Applied",
    "Graph",
    "PanelEntities",
    "Record",
    "apply",
    "between",
    "difference",
    "entities",
    "spread",
    "tree",
]
