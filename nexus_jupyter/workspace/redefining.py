"""A panel's text is given: by a program, which replaces what is there, or by a cell, which is an edit like any other.

A cell that is run again is compared with the text that it gave last. Unchanged, it changes nothing, even when the panel
was edited elsewhere since; changed, its edit and those made elsewhere are merged.
"""

from __future__ import annotations

from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Op, SetOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.merging import Authors, merge_panel
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.replacement import replacement
from nexus_jupyter.workspace.versions import PanelText

__all__ = ["CELL", "cell_ops", "put_ops"]

#: Attribute of a panel: the text that a cell last gave.
CELL = "cell"


def put_ops(graph: Graph, build: Build, nxml: str, author: Actor) -> list[Op]:
    """Return the ops that make a text the panel's, whatever it was before."""
    name = build.id
    if name in graph and panel_view(graph, name).nxml == nxml:
        return []
    return replacement(graph, build, nxml, author=author)


def cell_ops(graph: Graph, build: Build, nxml: str, reactor: Reactor, authors: Authors, *, author: Actor) -> list[Op]:
    """Return the ops that a cell's text comes to.

    True conflicts with what was edited elsewhere become questions of the panel; until they are answered, what was
    edited elsewhere stays.
    """
    name = build.id
    remember = SetOp(id=name, attrs={CELL: nxml})
    if name not in graph:
        return [*replacement(graph, build, nxml, author=author), remember]
    last, present = graph.entity(name).attrs.get(CELL), panel_view(graph, name).nxml
    if last == nxml:
        return []
    if last is None or last == present:
        return [*put_ops(graph, build, nxml, author), remember]
    base, theirs = PanelText(str(last)), PanelText(nxml)
    merged = merge_panel(graph, reactor, name, base=base, theirs=theirs, authors=authors, values=False)
    return [*merged.ops, remember]
