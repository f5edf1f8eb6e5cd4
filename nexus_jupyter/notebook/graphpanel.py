"""The panel that `ws.nog.show` makes: a drawing of the object graph, and what is known of the chosen entity."""

from __future__ import annotations

from importlib.resources import files
from xml.sax.saxutils import quoteattr

__all__ = ["graph_panel"]


def graph_panel(name: str) -> str:
    """Return the text of the panel, under a name."""
    text = files("nexus_jupyter.notebook").joinpath("graph.nxml").read_text(encoding="utf-8")
    return text.replace('id="graph"', f"id={quoteattr(name)}", 1)
