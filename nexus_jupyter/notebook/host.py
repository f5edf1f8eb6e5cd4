"""Where a workspace lives, as seen from Python: in this process, or behind a server. Both answer the same calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from nexus_jupyter.notebook.ai_host import AiHost
from nexus_jupyter.notebook.exposed import ExposedFunctions
from nexus_jupyter.notebook.graphs_host import GraphsHost
from nexus_jupyter.notebook.trilog_host import TriLogHost
from nexus_jupyter.notebook.upkeep_host import UpkeepHost
from nexus_jupyter.notebook.versions_host import VersionsHost
from nexus_jupyter.protocol.api import DashboardBody, ExportInfo, PanelInfo, ReplayInfo, RevInfo, RunInfo, ValuesInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.capability import Grant
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, Patch
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.trilog import TriLogQuestion

__all__ = ["ChangeListener", "Host"]

#: Called with a panel's name and rev after each of its changes.
ChangeListener = Callable[[str, int], None]


class Host(Protocol):
    """What `Workspace` and `Panel` ask of the place where the workspace lives. Errors are those of the protocol."""

    #: ``server`` or ``kernel``, as the widget's front end needs it.
    kind: str
    #: One line that says where the workspace is.
    description: str
    #: Commits, branches, merges and their questions.
    versions: VersionsHost
    #: Calls about the journal itself.
    upkeep: UpkeepHost
    #: The past, and what is recorded for it.
    trilog: TriLogHost
    #: Wishes to language models.
    ai: AiHost

    @property
    def graphs(self) -> GraphsHost:
        """Questions to the object graph."""

    @property
    def name(self) -> str:
        """The workspace's name."""

    @property
    def closed(self) -> bool:
        """Whether the workspace cannot be used any more."""

    def panels(self) -> list[str]:
        """Return the names of all panels."""

    def panel(self, name: str) -> PanelInfo:
        """Return a panel."""

    def values(self, name: str) -> ValuesInfo:
        """Return the values that a panel's expressions read."""

    def rows(self, name: str, query: str) -> pa.Table:
        """Return all rows of a panel's query or frame."""

    def build(self, name: str) -> Build:
        """Return the build of a panel's text."""

    def put_panel(self, name: str, nxml: str, *, via: str) -> PanelInfo:
        """Create or replace a panel."""

    def put_dashboard(self, name: str, wish: DashboardBody) -> PanelInfo:
        """Make a panel that shows a bound frame."""

    def export_html(self, names: list[str], title: str | None, beside: str) -> ExportInfo:
        """Return panels as one page; all when none is named."""

    def table(self, name: str) -> pa.Table:
        """Return all rows of a bound frame."""

    def draft(self, name: str, nxml: str | None) -> None:
        """Show a text that is still arriving; ``None`` when that is over."""

    def delete(self, name: str) -> RevInfo:
        """Delete a panel."""

    def set_state(self, name: str, values: Mapping[str, JsonValue]) -> RevInfo:
        """Set states of a panel."""

    def run(self, name: str, action: str, args: Sequence[JsonValue] | Mapping[str, JsonValue]) -> RunRecord:
        """Run an action."""

    def edit(self, name: str, patch: Patch | str) -> RevInfo:
        """Apply a patch; text is the XML form."""

    def undo(self, name: str, *, redo: bool) -> RevInfo:
        """Undo or redo."""

    def grant(self, panel: str, cap: str, target: str | None, seconds: float | None) -> Grant:
        """Allow a panel something."""

    def revoke(self, panel: str, cap: str | None, target: str | None) -> int:
        """Take back what a panel was allowed."""

    def grants(self) -> list[Grant]:
        """Return all grants there ever were."""

    def runs(self) -> list[RunInfo]:
        """Return the newest recorded runs."""

    def replay(self, run: str) -> ReplayInfo:
        """Run a recorded run again."""

    def expose(self, exposed: ExposedFunctions) -> None:
        """Offer functions of this process to panels."""

    def html(self, name: str) -> str:
        """Return the panel as static HTML."""

    def bind(self, name: str, table: pa.Table) -> RevInfo:
        """Bind a frame."""

    def changes(self) -> list[Change]:
        """Return the journal."""

    def journal(self) -> pa.Table:
        """Return the journal as a table, without ops."""

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Ask TriLog."""

    def listen(self, panel: str, listener: ChangeListener) -> Callable[[], None]:
        """Be told of a panel's changes; returns what ends it."""

    def check(self, nxml: str) -> Build:
        """Check a text."""

    def components(self) -> list[dict[str, Any]]:  # Any: a table's cells
        """Return the component registry."""

    def close(self) -> None:
        """Let go of the workspace."""
