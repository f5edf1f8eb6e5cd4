"""A workspace in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import AssistantDesk
from nexus_jupyter.identity import owner
from nexus_jupyter.notebook.ai_host import AiHost, LocalAi
from nexus_jupyter.notebook.callbacks import Callbacks
from nexus_jupyter.notebook.exposed import ExposedFunctions, current_call
from nexus_jupyter.notebook.graphs_host import LocalGraphs
from nexus_jupyter.notebook.host import ChangeListener
from nexus_jupyter.notebook.trilog_host import LocalTriLog, TriLogHost
from nexus_jupyter.notebook.upkeep_host import LocalUpkeep, UpkeepHost
from nexus_jupyter.notebook.versions_host import LocalVersions, VersionsHost
from nexus_jupyter.protocol.api import DashboardBody, ExportInfo, PanelInfo, ReplayInfo, RevInfo, RunInfo, ValuesInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.capability import Grant
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, Patch
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.trilog import TriLogQuestion
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, export_html, put_dashboard

__all__ = ["LocalHost"]

T = TypeVar("T")


class LocalHost:
    """Calls the workspace kernel directly.

    Parameters
    ----------
    folder
        The workspace's folder; made when missing.
    options
        Limits of runs and what they may reach; the defaults when left out.
    """

    kind = "kernel"

    def __init__(self, folder: Path, options: WorkspaceOptions | None = None) -> None:
        #: What the workspace is open with.
        self.options = options or WorkspaceOptions()
        self._kernel = WorkspaceKernel(folder, options=self.options)
        self._callbacks = Callbacks()
        self._exposed: ExposedFunctions | None = None
        name = owner()
        self.actor = Actor(id=name, name=name, kind="kernel")
        self.upkeep: UpkeepHost = LocalUpkeep(self.kernel, self.actor)
        self.graphs = LocalGraphs(self.kernel, self.actor)
        self.versions: VersionsHost = LocalVersions(self.kernel, self.actor)
        self.trilog: TriLogHost = LocalTriLog(self.kernel, self.actor)
        desk = AssistantDesk(self.kernel, Router.from_environment)
        self.kernel.desk = desk
        self.ai: AiHost = LocalAi(desk, self.actor, self.kernel.opening)
        self.description = f"embedded in this process, folder {self.kernel.folder.root}"

    @property
    def kernel(self) -> WorkspaceKernel:
        """The workspace; raises `StorageError` when it was closed, and in forked processes."""
        self._kernel.opening.check()
        return self._kernel

    @property
    def closed(self) -> bool:
        """Whether the workspace cannot be used any more."""
        return self._kernel.opening.closed or not self._kernel.opening.here

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self.kernel.name

    def panels(self) -> list[str]:
        """Return the names of all panels."""
        return self.kernel.panels()

    def panel(self, name: str) -> PanelInfo:
        """Return a panel."""
        view = self.kernel.panel(name, self.actor.id)
        return PanelInfo(
            name=name,
            title=view.title,
            nxml=view.nxml,
            state=view.kept,
            rev=self.kernel.head.rev,
            conflicts=self.kernel.versions.conflicts(name),
        )

    def values(self, name: str) -> ValuesInfo:
        """Return the values that a panel's expressions read."""
        return self._serve(self.kernel.values(name, self.actor.id))

    def rows(self, name: str, query: str) -> pa.Table:
        """Return all rows of a panel's query or frame."""
        return self._serve(self.kernel.rows(name, query, self.actor.id))

    def build(self, name: str) -> Build:
        """Return the build of a panel's text."""
        return self.kernel.build(name)

    def put_panel(self, name: str, nxml: str, *, via: str) -> PanelInfo:
        """Create or replace a panel."""
        self.kernel.put_panel(name, nxml, self.actor, via=via)
        return self.panel(name)

    def put_dashboard(self, name: str, wish: DashboardBody) -> PanelInfo:
        """Make a panel that shows a bound frame."""
        put_dashboard(self.kernel, name, wish, self.actor)
        return self.panel(name)

    def export_html(self, names: list[str], title: str | None, beside: str) -> ExportInfo:
        """Return panels as one page."""
        page = export_html(self.kernel, names, self.actor.id, title=title, beside=beside)
        return ExportInfo(html=page.html, cut=page.cut)

    def table(self, name: str) -> pa.Table:
        """Return all rows of a bound frame."""
        return self.kernel.frames.table(name)

    def draft(self, name: str, nxml: str | None) -> None:
        """Show a text that is still arriving."""
        self.kernel.draft(name, nxml)

    def delete(self, name: str) -> RevInfo:
        """Delete a panel."""
        return self._rev(self.kernel.delete(name, self.actor))

    def set_state(self, name: str, values: Mapping[str, JsonValue]) -> RevInfo:
        """Set states of a panel."""
        return self._rev(self.kernel.set_state(name, dict(values), self.actor, call=current_call()))

    def run(self, name: str, action: str, args: Sequence[JsonValue] | Mapping[str, JsonValue]) -> RunRecord:
        """Run an action."""
        given = dict(args) if isinstance(args, Mapping) else list(args)
        run = self.kernel.execution.start(name, action, given, self.actor)
        return self._serve(run)

    def edit(self, name: str, patch: Patch | str) -> RevInfo:
        """Apply a patch; text is the XML form."""
        parsed = self.kernel.reactor.patch(patch) if isinstance(patch, str) else patch
        return self._rev(self.kernel.edit(name, parsed, self.actor))

    def undo(self, name: str, *, redo: bool) -> RevInfo:
        """Undo or redo."""
        undone = self.kernel.undo(name, self.actor, redo=redo)
        return self._rev(undone.change).model_copy(update={"notes": undone.notes})

    def grant(self, panel: str, cap: str, target: str | None, seconds: float | None) -> Grant:
        """Allow a panel something."""
        return self.kernel.permissions.allow(panel, cap, target, self.actor, seconds=seconds)

    def revoke(self, panel: str, cap: str | None, target: str | None) -> int:
        """Take back what a panel was allowed."""
        return self.kernel.permissions.revoke(panel, cap, target, self.actor)

    def grants(self) -> list[Grant]:
        """Return all grants there ever were."""
        return self.kernel.permissions.all()

    def runs(self) -> list[RunInfo]:
        """Return the newest recorded runs."""
        return [RunInfo.model_validate(run) for run in self.kernel.runs.newest()]

    def replay(self, run: str) -> ReplayInfo:
        """Run a recorded run again."""
        return self.kernel.replay(run)

    def expose(self, exposed: ExposedFunctions) -> None:
        """Offer functions of this process to panels."""
        self._exposed = exposed
        self.kernel.functions.expose(self, exposed.described(), exposed.call)

    def html(self, name: str) -> str:
        """Return the panel as static HTML."""
        return self.kernel.html(name, self.actor.id)

    def bind(self, name: str, table: pa.Table) -> RevInfo:
        """Bind a frame."""
        return self._rev(self.kernel.bind_frame(name, table, self.actor))

    def changes(self) -> list[Change]:
        """Return the journal."""
        return list(self.kernel.journal.read())

    def journal(self) -> pa.Table:
        """Return the journal as a table, without ops."""
        return self.kernel.journal.table()

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Ask TriLog."""
        return self.kernel.trilog.ask(question)

    def listen(self, panel: str, listener: ChangeListener) -> Callable[[], None]:
        """Be told of a panel's changes; returns what ends it."""

        def tell(change: Change, _head: object) -> None:
            # With the writer's lock held: what people wrote runs elsewhere, and may change the workspace.
            if change.panel in (panel, None):
                self._callbacks.call(partial(listener, panel, change.rev))

        _, stop = self.kernel.writer.listen(tell)
        return stop

    def check(self, nxml: str) -> Build:
        """Check a text."""
        return self.kernel.reactor.check(nxml)

    def components(self) -> list[dict[str, Any]]:  # Any: a table's cells
        """Return the component registry."""
        return self.kernel.reactor.components()

    def close(self) -> None:
        """Close the workspace."""
        if self._kernel.opening.here:
            self._callbacks.close()
            self._kernel.close()

    def _serve(self, until: Future[T]) -> T:
        """Wait for what may call functions of this very process, which nobody else would serve meanwhile."""
        return self._exposed.serve(until) if self._exposed is not None else until.result()

    def _rev(self, change: Change | None) -> RevInfo:
        return RevInfo(rev=change.rev if change else self.kernel.head.rev, changed=change is not None)
