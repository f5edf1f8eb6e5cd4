"""A bound frame becomes a dashboard: its text is made by rules, and put in its place as any text is."""

from __future__ import annotations

from nexus_jupyter.dashboards import dashboard
from nexus_jupyter.protocol.api import DashboardBody
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["put_dashboard"]


def put_dashboard(kernel: WorkspaceKernel, name: str, wish: DashboardBody, actor: Actor) -> Change | None:
    """Create a panel that shows a frame, or merge a new one with what was edited since; see `put_panel`.

    Raises
    ------
    FrameError
        If nothing is bound under the frame's name.
    NXMLError
        If the panel's name cannot be one.
    """
    table = kernel.frames.table(wish.frame)
    text, _ = kernel.reactor.assemble(dashboard(name, wish.frame, table, called=wish.called, omitted=wish.omitted))
    return kernel.put_panel(name, text, actor, via=wish.via)
