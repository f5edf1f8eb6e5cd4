"""REST: panels, their state, their actions, patches."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from nexus_jupyter.protocol.api import (
    CheckBody,
    DashboardBody,
    DraftBody,
    HistoryBody,
    PanelBody,
    PanelInfo,
    PatchBody,
    RevInfo,
    RunBody,
    StateBody,
    TextInfo,
    ValuesInfo,
)
from nexus_jupyter.protocol.errors import PatchError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import ARROW, Operation, Operations, arrow_stream
from nexus_jupyter.workspace import WorkspaceKernel, put_dashboard

__all__ = [
    "BuildHandler",
    "CheckHandler",
    "ComponentsHandler",
    "DashboardHandler",
    "DraftHandler",
    "FixHandler",
    "FormatHandler",
    "HtmlHandler",
    "PanelHandler",
    "PanelsHandler",
    "PatchHandler",
    "RowsHandler",
    "RunHandler",
    "StateHandler",
    "UndoHandler",
    "ValuesHandler",
]


def _info(kernel: WorkspaceKernel, name: str, actor: Actor) -> PanelInfo:
    view = kernel.panel(name, actor.id)
    return PanelInfo(
        name=name,
        title=view.title,
        nxml=view.nxml,
        state=view.kept,
        rev=kernel.head.rev,
        conflicts=kernel.versions.conflicts(name),
    )


def _rev(kernel: WorkspaceKernel, change: Change | None) -> RevInfo:
    return RevInfo(rev=change.rev if change else kernel.head.rev, changed=change is not None)


class PanelsHandler(NexusHandler):
    """All panels."""

    operations: ClassVar[Operations] = {
        "get": Operation("List the panels", answer=list[PanelInfo]),
        "post": Operation("Create or replace a panel", body=PanelBody, answer=PanelInfo),
    }

    @guarded("panel.read")
    async def get(self) -> None:
        """List the panels."""
        kernel = await self.workspace()
        self.reply([_info(kernel, name, self.actor) for name in kernel.panels()])

    @guarded("panel.put")
    async def post(self) -> None:
        """Create or replace a panel."""
        body = self.body(PanelBody)
        if body.name is None:
            raise RequestError("The name of the panel is missing.")
        kernel = await self.workspace()
        name = body.name
        self.refuse_stale(kernel, name)
        await self.work(lambda: kernel.put_panel(name, body.nxml, self.actor, via=body.via))
        self.reply(_info(kernel, name, self.actor), 201)


class PanelHandler(NexusHandler):
    """One panel."""

    operations: ClassVar[Operations] = {
        "get": Operation("Read a panel", answer=PanelInfo),
        "put": Operation("Create or replace a panel", body=PanelBody, answer=PanelInfo),
        "delete": Operation("Delete a panel", answer=RevInfo),
    }

    @guarded("panel.read")
    async def get(self, name: str) -> None:
        """Read a panel."""
        self.reply(_info(await self.workspace(), name, self.actor))

    @guarded("panel.put")
    async def put(self, name: str) -> None:
        """Create or replace a panel."""
        body = self.body(PanelBody)
        kernel = await self.workspace()
        self.refuse_stale(kernel, name)
        await self.work(lambda: kernel.put_panel(name, body.nxml, self.actor, via=body.via))
        self.reply(_info(kernel, name, self.actor))

    @guarded("panel.delete")
    async def delete(self, name: str) -> None:
        """Delete a panel."""
        kernel = await self.workspace()
        self.refuse_stale(kernel, name)
        self.reply(_rev(kernel, await self.work(lambda: kernel.delete(name, self.actor))))


class DashboardHandler(NexusHandler):
    """A dashboard of a frame."""

    operations: ClassVar[Operations] = {
        "post": Operation("Make a panel that shows a bound frame", body=DashboardBody, answer=PanelInfo)
    }

    @guarded("panel.put")
    async def post(self, name: str) -> None:
        """Make the panel."""
        body = self.body(DashboardBody)
        kernel = await self.workspace()
        await self.work(lambda: put_dashboard(kernel, name, body, self.actor))
        self.reply(_info(kernel, name, self.actor))


class DraftHandler(NexusHandler):
    """A text that is still arriving."""

    operations: ClassVar[Operations] = {
        "post": Operation("Show a panel's text while it arrives", body=DraftBody, answer=RevInfo)
    }

    @guarded("panel.put")
    async def post(self, name: str) -> None:
        """Show what has arrived."""
        body = self.body(DraftBody)
        kernel = await self.workspace()
        kernel.draft(name, body.nxml)
        self.reply(_rev(kernel, None))


class StateHandler(NexusHandler):
    """The state of a panel."""

    operations: ClassVar[Operations] = {"put": Operation("Set states of a panel", body=StateBody, answer=RevInfo)}

    @guarded("state.set")
    async def put(self, name: str) -> None:
        """Set states."""
        body = self.body(StateBody)
        kernel = await self.workspace()
        self.reply(
            _rev(kernel, await self.work(lambda: kernel.set_state(name, body.values, self.actor, call=body.call)))
        )


class RunHandler(NexusHandler):
    """An action of a panel."""

    operations: ClassVar[Operations] = {
        "post": Operation("Run an action in the sandbox", body=RunBody, answer=RunRecord)
    }

    @guarded("panel.run")
    async def post(self, name: str, action: str) -> None:
        """Run an action."""
        body = self.body(RunBody)
        kernel = await self.workspace()
        run = kernel.execution.start(name, action, body.args, self.actor, event=body.event)
        record = await asyncio.wrap_future(run)
        self.reply(record)


class UndoHandler(NexusHandler):
    """Undo and redo."""

    operations: ClassVar[Operations] = {
        "post": Operation("Undo or redo your last change of a panel", body=HistoryBody, answer=RevInfo)
    }

    @guarded("panel.undo")
    async def post(self, name: str) -> None:
        """Undo or redo."""
        body = self.body(HistoryBody)
        kernel = await self.workspace()
        undone = await self.work(lambda: kernel.undo(name, self.actor, redo=body.redo))
        self.reply(_rev(kernel, undone.change).model_copy(update={"notes": undone.notes}))


class HtmlHandler(NexusHandler):
    """A panel as HTML."""

    operations: ClassVar[Operations] = {"get": Operation("The panel as static HTML", answer=TextInfo)}

    @guarded("panel.read")
    async def get(self, name: str) -> None:
        """Draw the panel as it is now.

        The HTML travels inside JSON: served as a page it would be a document of this origin.
        """
        kernel = await self.workspace()
        self.reply(TextInfo(text=await self.work(lambda: kernel.html(name, self.actor.id))))


class ValuesHandler(NexusHandler):
    """The values that a panel's expressions read."""

    operations: ClassVar[Operations] = {
        "get": Operation("States, links and computed values of a panel", answer=ValuesInfo)
    }

    @guarded("panel.read")
    async def get(self, name: str) -> None:
        """Return the values."""
        kernel = await self.workspace()
        found = await self.work(lambda: kernel.values(name, self.actor.id))
        self.reply(await asyncio.wrap_future(found))


class RowsHandler(NexusHandler):
    """All rows of a query."""

    operations: ClassVar[Operations] = {
        "get": Operation("The rows of a panel's query or frame as an Arrow stream", media_type=ARROW)
    }

    @guarded("frame.read")
    async def get(self, name: str) -> None:
        """Return the rows of the query, or frame, in ``query``."""
        kernel, query = await self.workspace(), self.get_query_argument("query", "")
        found = await self.work(lambda: kernel.rows(name, query, self.actor.id))
        table = await asyncio.wrap_future(found)
        self.finish(await self.work(lambda: arrow_stream(table)), set_content_type=ARROW)


class BuildHandler(NexusHandler):
    """What follows from a panel's text."""

    operations: ClassVar[Operations] = {
        "get": Operation("The panel's build: declarations, diagnostics, facts", answer=Build)
    }

    @guarded("panel.read")
    async def get(self, name: str) -> None:
        """Return the build."""
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.build(name)))


class PatchHandler(NexusHandler):
    """Edits by id."""

    operations: ClassVar[Operations] = {"post": Operation("Edit a panel by a patch", body=PatchBody, answer=RevInfo)}

    @guarded("panel.edit")
    async def post(self) -> None:
        """Apply a patch."""
        body = self.body(PatchBody)
        kernel = await self.workspace()
        patch = body.patch
        if patch is None:
            if body.xml is None:
                raise PatchError("The patch is missing: give `patch` (JSON) or `xml`.")
            text = body.xml
            patch = await self.work(lambda: kernel.reactor.patch(text))
        if patch.rev is None and self.if_match() is not None:
            patch = patch.model_copy(update={"rev": self.if_match()})
        self.reply(_rev(kernel, await self.work(lambda: kernel.edit(body.panel, patch, self.actor))))


class CheckHandler(NexusHandler):
    """Checking without creating."""

    operations: ClassVar[Operations] = {"post": Operation("Check a text", body=CheckBody, answer=Build)}

    @guarded("language.check")
    async def post(self) -> None:
        """Check a text."""
        body = self.body(CheckBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.reactor.check(body.nxml)))


class FormatHandler(NexusHandler):
    """The canonical printer."""

    operations: ClassVar[Operations] = {"post": Operation("Print a text canonically", body=CheckBody, answer=TextInfo)}

    @guarded("language.check")
    async def post(self) -> None:
        """Format a text."""
        body = self.body(CheckBody)
        kernel = await self.workspace()
        self.reply(TextInfo(text=await self.work(lambda: kernel.reactor.format(body.nxml))))


class FixHandler(NexusHandler):
    """Automatic fixes."""

    operations: ClassVar[Operations] = {
        "post": Operation("Apply all automatic fixes to a text", body=CheckBody, answer=TextInfo)
    }

    @guarded("language.check")
    async def post(self) -> None:
        """Fix a text."""
        body = self.body(CheckBody)
        kernel = await self.workspace()
        self.reply(TextInfo(text=await self.work(lambda: kernel.reactor.fix(body.nxml))))


class ComponentsHandler(NexusHandler):
    """The component registry."""

    operations: ClassVar[Operations] = {"get": Operation("List the components", answer=list[dict[str, object]])}

    @guarded("language.check")
    async def get(self) -> None:
        """List the components."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.reactor.components))
