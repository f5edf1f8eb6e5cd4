"""``ws.trilog.dashboard()``: a ready panel that shows what goes on in the workspace."""

from __future__ import annotations

from importlib.resources import files
from xml.sax.saxutils import quoteattr

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.panel import Panel

__all__ = ["dashboard"]


def dashboard(host: Host, panel: str) -> Panel:
    """Make the panel under a name, and let it read what goes on in all panels."""
    text = files("nexus_jupyter.notebook").joinpath("dashboard.nxml").read_text(encoding="utf-8")
    host.put_panel(panel, text.replace('id="activity"', f"id={quoteattr(panel)}", 1), via="cell")
    held = (grant for grant in host.grants() if grant.panel == panel and grant.cap == "panel.read")
    if not any(grant.target is None and grant.revoked_at is None for grant in held):
        host.grant(panel, "panel.read", None, None)
    return Panel(host, panel)
