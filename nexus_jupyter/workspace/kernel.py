"""The workspace kernel: one workspace, open in this process, for any number of users and threads.

Every change takes the same way, forward only: check -> ops -> `Writer` (journal) -> listeners.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nexus_jupyter.arrow import ArrowDecoder
from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore, Page
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.api import ReplayInfo, ValuesInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import AggregateRequest, Marks
from nexus_jupyter.protocol.panel import Build, LifecycleDeclaration, Ordering
from nexus_jupyter.protocol.patch import Cause, Change, Op, Patch, RemoveOp
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.stream import StatePlace
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.sandbox import Databases, Files, Network, Operations, Sandbox, timers
from nexus_jupyter.trilog import Recorder, TriLog
from nexus_jupyter.workspace.activity import own_tables
from nexus_jupyter.workspace.adoption import Adoptions, withdrawn
from nexus_jupyter.workspace.alerting import Alerts
from nexus_jupyter.workspace.binding import binding
from nexus_jupyter.workspace.calls import FrameCalls
from nexus_jupyter.workspace.changes import ChangeTexts
from nexus_jupyter.workspace.coediting import CoEditing
from nexus_jupyter.workspace.desk import Desk
from nexus_jupyter.workspace.drafts import Drafts
from nexus_jupyter.workspace.effects import Effects
from nexus_jupyter.workspace.execution import Execution
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.functions import Functions
from nexus_jupyter.workspace.graphs import GraphReader
from nexus_jupyter.workspace.lifecycle import Lifecycle, arguments
from nexus_jupyter.workspace.links import PanelLinks
from nexus_jupyter.workspace.opening import Opening
from nexus_jupyter.workspace.operations import workspace_operations
from nexus_jupyter.workspace.options import WorkspaceOptions
from nexus_jupyter.workspace.panels import (
    PanelView,
    check_state,
    panel_names,
    panel_view,
    placed,
    refuse_errors,
    refuse_misnamed,
    refuse_taken,
    state_op,
    view_scoped,
)
from nexus_jupyter.workspace.past import Past
from nexus_jupyter.workspace.patches import edit_ops
from nexus_jupyter.workspace.permissions import Permissions
from nexus_jupyter.workspace.pictures import InlinePictures
from nexus_jupyter.workspace.presence import PresenceBoard
from nexus_jupyter.workspace.reactions import Reactions
from nexus_jupyter.workspace.redefining import cell_ops, put_ops
from nexus_jupyter.workspace.rendering import Renderer
from nexus_jupyter.workspace.replay import replay
from nexus_jupyter.workspace.seal import seal
from nexus_jupyter.workspace.store import WorkspaceStore
from nexus_jupyter.workspace.subscriptions import note_quotas
from nexus_jupyter.workspace.undoing import Undoing, Undone
from nexus_jupyter.workspace.values import panel_rows, panel_values
from nexus_jupyter.workspace.versioning import Versioning
from nexus_jupyter.workspace.writer import Draft, Head

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WorkspaceKernel"]

T = TypeVar("T")
#: Threads that wait for disk, git and DuckDB; JavaScript has its own.
_THREADS = 8


class _EditedMeanwhile(Exception):
    """The panel's text is not what the edit was prepared for."""


class WorkspaceKernel:
    """A workspace folder, opened.

    Parameters
    ----------
    folder
        The workspace's folder; made when missing.
    engine
        The JavaScript engine; one per process is shared when left out.
    options
        Limits of runs and what they may reach; the defaults when left out.

    Raises
    ------
    StorageError
        If the folder cannot be written, is open elsewhere, or its journal is damaged.
    """

    def __init__(self, folder: Path, *, engine: Engine | None = None, options: WorkspaceOptions | None = None) -> None:
        options = options or WorkspaceOptions()
        self._closed = False
        #: Asks language models, where there is somebody who does.
        self.desk: Desk | None = None
        with ExitStack() as undo:
            self.folder = WorkspaceFolder(folder)
            undo.callback(self.folder.release)
            self.store = WorkspaceStore(self.folder, options)
            undo.callback(self.store.close)
            self._open(engine or Engine.shared(), options)
            undo.pop_all()

    def _open(self, engine: Engine, options: WorkspaceOptions) -> None:
        self.engine = engine
        self.reactor = Reactor(engine)
        self.journal, self.writer, self.runs = self.store.journal, self.store.writer, self.store.runs
        left = withdrawn(self.folder, self.store)
        self.frames = FrameStore(self.folder.frames)
        self.arrow = ArrowDecoder(options.frame_bytes)
        self.trilog = TriLog(self.store.url, self.folder.trilog, workspace=self.store.key, server=options.trilog_url)
        self.recorder = Recorder(self.store.key, store=self.trilog)
        self.alerts = Alerts(self.trilog, Network(options.private_origins), self.folder.private, self.name)
        self.versions = Versioning(
            self.folder,
            self.writer,
            self.journal,
            self.reactor,
            self.recorder,
            file_limit=options.versioned_file_limit,
            refuse=lambda graph, build: self.links.refuse_circle(graph, build),  # noqa: PLW0108 - the links come later
        )
        self.permissions = Permissions(self.store.grants, self.build)
        self.functions = Functions()
        self.effects = Effects()
        self.databases = Databases(options.connections)
        self.sandbox = Sandbox(engine, options.run_limits, self._operations(options), pooled=options.pooled)
        self.execution = Execution(
            self.sandbox, self.reactor, self.writer, recorder=self.recorder, grants=self.permissions, runs=self.runs
        )
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="nexus-workspace")
        self.drafts = Drafts()
        self.presence = PresenceBoard()
        self.texts = ChangeTexts()
        self.coediting = CoEditing(self)
        self._undoing = Undoing(self.journal, self.writer, self.reactor)
        self.renderer = Renderer(self.reactor, self.frames, lambda: InlinePictures(self.files))
        self.links = PanelLinks(self.reactor, self.renderer, lambda: self.head.graph)
        self.graphs = GraphReader(self.writer, self.journal, self.name)
        self.past = Past(self)
        self.calls = FrameCalls(
            self.functions, self.frames, self.renderer, self.permissions, own_tables(self, self.graphs, options)
        )
        self.lifecycle = Lifecycle(self.build, self._start_lifecycle)
        reactions = Reactions(self.execution, self.links, self.renderer, self.effects, self.submit)
        self.writer.listen(reactions.on_change)
        self.writer.listen(self._tell_grants)
        note_quotas(self.recorder, self.name, self.folder.private, options.quotas)
        self.versions.adopt()
        self.adoption = Adoptions(self, left)

    def _operations(self, options: WorkspaceOptions) -> Operations:
        self.files = Files(self.folder.files, options.files_quota, options.quotas.files)
        own = {**workspace_operations(self), **Network(options.private_origins).operations()}
        return {**own, **self.files.operations(), **self.databases.operations(), **timers()}

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self.folder.name

    @property
    def opening(self) -> Opening:
        """Refuses what comes after closing, and from forked processes."""
        return self.store.opening

    @property
    def head(self) -> Head:
        """The newest graph and its rev."""
        return self.writer.head

    def close(self) -> None:
        """Stop the processes and let other processes open the folder. Nothing needs saving: every change is.

        Whatever is called afterwards is refused. In a forked process nothing is done: the workspace is the parent's.
        """
        if self._closed or not self.opening.here:
            return
        self._closed = True
        if self.desk is not None:
            self.desk.close()
        self.lifecycle.close()
        self.presence.close()
        self.coediting.shutdown()
        self._pool.shutdown()
        self.databases.close()
        self.sandbox.close()
        self.alerts.close()
        self.recorder.close()
        self.trilog.close()
        self.arrow.close()
        self.frames.close()
        seal(self.folder, self.store)
        self.store.close()
        self.folder.release()

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Run a function that may wait, on a thread of the workspace's own.

        JavaScript runs on the engine's threads, which are few: nothing that waits may be put there.
        """
        return self._pool.submit(task)

    # Panels

    def panels(self) -> list[str]:
        """Return the names of all panels."""
        return panel_names(self.head.graph)

    def panel(self, name: str, user: str | None = None) -> PanelView:
        """Return a panel's text and state, as one person has it; raises `NotFoundError`."""
        return panel_view(self.head.graph, name, user)

    def build(self, name: str) -> Build:
        """Return the build of a panel's present text."""
        return self.reactor.check(self.panel(name).nxml)

    def put_panel(
        self, name: str, nxml: str, actor: Actor, *, via: str = "api", prompt: str | None = None
    ) -> Change | None:
        """Create a panel, or replace its text. Values of states that stay, with their type, are kept.

        A text of a cell (``via="cell"``) is merged with what was edited elsewhere; see `cell_ops`. One of a model, with
        the id of the exchange (``prompt``), makes a new panel or none.

        Raises
        ------
        NXMLError
            If the text has errors; the panel stays as it was.
        """
        with self.recorder.span("panel.create", panel=name, prompt=prompt) as span:
            build = self.reactor.check(nxml)
            before: list[str] = []  # the text that was replaced
            refuse_misnamed(name, build)
            refuse_errors(name, build)

            def prepare(graph: Graph) -> tuple[list[Op], str]:
                self.links.refuse_circle(graph, build)
                kind = "edit" if name in graph else "create"
                before[:] = [panel_view(graph, name).nxml] if name in graph else []
                refuse_taken(name, kind, prompt)
                awaited = list(self.links.awaited(graph, build)) if kind == "create" else []
                if via != "cell":
                    return [*put_ops(graph, build, nxml, actor), *awaited], kind
                authors = self.versions.incoming.authors(graph, (actor.name or actor.id, time.time_ns()))
                return [*cell_ops(graph, build, nxml, self.reactor, authors, author=actor), *awaited], kind

            def draft(ops: list[Op], kind: str) -> Draft:
                cause = Cause.model_validate({"kind": "prompt" if prompt else kind, "via": via, "ref": prompt})
                return Draft(ops, actor, cause, name, span.trace_id, span.span_id)

            change, kind = self.versions.incoming.change(prepare, draft)
        self.drafts.end(name)
        if change is not None and before and prompt is None:
            self._carry_grants(name, before[0], change, actor)
        if change is not None and kind == "create":
            self.lifecycle.created(name)
        # Running the cell again is how people say that a function has changed.
        self.calls.forget(name)
        self.execution.prepare(build)
        return change

    def draft(self, name: str, nxml: str | None) -> None:
        """Show a text that is still arriving to those who look at its panel; ``None`` when that is over."""
        if nxml is None:
            self.drafts.end(name)
        else:
            self.drafts.update(name, nxml)

    def edit(self, name: str, patch: Patch, actor: Actor, *, prompt: str | None = None) -> Change | None:
        """Edit a panel by a patch whose ids are those of the panel's nodes; ``prompt`` is the exchange it came from.

        Raises
        ------
        PatchError
            If an op does not apply, or the panel would have errors.
        ConflictError
            If somebody else edited the same thing after the patch's rev.
        """
        with self.recorder.span("panel.edit", panel=name, prompt=prompt) as span:
            # The new text is made outside the writer's lock, and again if somebody edited the panel meanwhile.
            while True:
                graph = self.head.graph
                before = panel_view(graph, name).nxml
                ops, build = edit_ops(graph, name, patch, self.reactor, author=actor)

                def draw(newest: Graph, ops: list[Op] = ops, before: str = before, build: Build = build) -> Draft:
                    if panel_view(newest, name).nxml != before:
                        raise _EditedMeanwhile
                    self.links.refuse_circle(newest, build)
                    cause = Cause(kind="prompt" if prompt else "edit", ref=prompt)
                    return Draft(ops, actor, cause, name, span.trace_id, span.span_id)

                try:
                    change = self.writer.submit(draw)
                except _EditedMeanwhile:
                    continue
                if change is not None and prompt is None:
                    self._carry_grants(name, before, change, actor)
                self.execution.prepare(self.build(name))
                return change

    def _tell_grants(self, change: Change, _head: Head) -> None:
        """Tell who looks what grants are worth after a change, away from the writer, which the reactor may hold up."""
        for panel in self.permissions.touched(change):
            self.submit(partial(self.permissions.store.tell, panel))

    def _carry_grants(self, name: str, before: str, change: Change, actor: Actor) -> None:
        """Keep the grants of a person who edited a panel's code themselves; see `Permissions.carry`."""
        graph = self.head.graph
        # Where somebody has edited it since, the person has not seen the newest code: they are asked again.
        if name in graph and graph.record(name).touched.get("nxml") == change.rev:
            self.permissions.carry(name, self.reactor.check(before), actor)
            self.permissions.store.tell(name)

    def delete(self, name: str, actor: Actor) -> Change | None:
        """Delete a panel; its history stays."""

        def draw(graph: Graph) -> Draft:
            panel_view(graph, name)
            return Draft([RemoveOp(id=name)], actor, Cause(kind="delete"), name)

        with self.recorder.span("panel.delete", panel=name):
            change = self.writer.submit(draw)
        # A panel of the same name that somebody makes later is another panel.
        self.permissions.revoke(name, None, None, actor)
        return change

    def undo(self, name: str, actor: Actor, *, redo: bool = False) -> Undone:
        """Take back the last change that this person made to a panel, or do it again; see `Undoing.undo`."""
        with self.recorder.span("panel.undo", panel=name):
            return self._undoing.undo(name, actor, redo=redo)

    # State and actions

    def set_state(
        self,
        name: str,
        values: dict[str, JsonValue],
        actor: Actor,
        *,
        via: str = "api",
        element: str | None = None,
        at: StatePlace | None = None,
        call: str | None = None,
    ) -> Change | None:
        """Give states values, all or none; with ``at``, give a field of an item of each.

        All that one ``call`` of a notebook's function sets is one step of undo.

        Raises
        ------
        StateError
            If one does not fit its type.
        ConflictError
            If the item is not there any more.
        """
        with self.recorder.span("state.set", panel=name) as span:

            def draw(graph: Graph) -> Draft:
                build = self.reactor.check(panel_view(graph, name).nxml)
                # The rest of the list is as it is at this moment, whatever the page saw.
                there = panel_view(graph, name, actor.id).state if at else {}
                given = {key: placed(key, there.get(key), at, value) if at else value for key, value in values.items()}
                for key, value in given.items():
                    check_state(build, key, value)
                ops: list[Op] = [state_op(build, key, value, actor.id) for key, value in given.items()]
                cause = Cause.model_validate({"kind": "set", "via": via, "element": element, "run": call})
                return Draft(ops, actor, cause, name, span.trace_id, span.span_id)

            return self.writer.submit(draw)

    def replay(self, run: str) -> ReplayInfo:
        """Run a recorded run again, with the same clock, chance and answers, and compare; nothing is changed."""
        return replay(self.sandbox, self.runs.load(run))

    # Frames

    def bind_frame(self, name: str, table: pa.Table, actor: Actor) -> Change | None:
        """Keep a table under a name that panels read as ``kernel:NAME``; the same rows again change nothing."""
        info = self.frames.put(name, table)
        with self.recorder.span("frame.bind", frame=name):
            return self.writer.submit(lambda graph: binding(graph, name, info, actor))

    def page_state(self, name: str, values: dict[str, JsonValue], user: str) -> dict[str, JsonValue]:
        """Return what a panel's queries depend on: states, links, and the states that only the view knows."""
        return {**self.links.state(name, user), **view_scoped(self.build(name), values)}

    def await_rows(self, name: str, query: str, state: dict[str, JsonValue]) -> Future[None] | None:
        """Call the function of the notebook that a query's rows come from, if they do; see `FrameCalls.ensure`."""
        nxml = self.panel(name).nxml
        return self.calls.ensure(self.reactor.check(nxml), nxml, query, state)

    def page(
        self,
        name: str,
        query: str,
        state: dict[str, JsonValue],
        *,
        offset: int = 0,
        limit: int = 100,
        order: Sequence[Ordering] = (),
        aggregates: Sequence[AggregateRequest] = (),
        marks: Marks | None = None,
    ) -> tuple[Page, int]:
        """Return rows of a panel's query, and the rev of the panel that it was answered with.

        Raises
        ------
        FrameError
            If the frame is not bound, or the query does not fit it.
        """
        head = self.head
        build = self.reactor.check(panel_view(head.graph, name).nxml)
        page = self.frames.page(
            build, query, state, offset=offset, limit=limit, order=order, aggregates=aggregates, marks=marks
        )
        return page, head.rev

    def rows(self, name: str, query: str, user: str) -> Future[pa.Table]:
        """Return all rows of a panel's query or frame; see `panel_rows`."""
        return panel_rows(self, name, query, user)

    def values(self, name: str, user: str) -> Future[ValuesInfo]:
        """Return the values that a panel's expressions read, as one person has them; see `panel_values`."""
        return panel_values(self, name, user)

    def html(self, name: str, user: str | None = None) -> str:
        """Return the panel as it is now as self-contained HTML, for saved notebooks."""
        return self.renderer.html(self.panel(name).nxml, self.links.state(name, user))

    def _start_lifecycle(
        self, panel: str, one: LifecycleDeclaration, index: int, actor: Actor
    ) -> Future[RunRecord] | None:
        try:
            nxml = self.panel(panel).nxml
            values = self.renderer.values(nxml, "lifecycle", self.links.state(panel, actor.id)) if one.run.args else {}
            return self.execution.start(panel, one.run.action, arguments(values, index), actor, via="lifecycle")
        except NexusError:
            return None  # the panel has gone meanwhile
