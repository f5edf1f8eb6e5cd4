"""The Nexus Object Graph: records, versions, patches, questions."""

from nexus_jupyter.nog.explain import explain
from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.nog.order import between, spread
from nexus_jupyter.nog.panels import PanelEntities, difference, entities, tree
from nexus_jupyter.nog.patches import Applied, apply
from nexus_jupyter.nog.personal import change_seen_by, is_personal, own_attr, seen_by, shared
from nexus_jupyter.nog.query import Match, Pattern, match
from nexus_jupyter.nog.reach import Neighbourhood, impact, neighbourhood, reach
from nexus_jupyter.nog.recompute import cycle, recompute_order

__all__ = [
    "Applied",
    "Graph",
    "Match",
    "Neighbourhood",
    "PanelEntities",
    "Pattern",
    "Record",
    "apply",
    "between",
    "change_seen_by",
    "cycle",
    "difference",
    "entities",
    "explain",
    "impact",
    "is_personal",
    "match",
    "neighbourhood",
    "own_attr",
    "reach",
    "recompute_order",
    "seen_by",
    "shared",
    "spread",
    "tree",
]
