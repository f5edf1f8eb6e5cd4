"""REST: workspaces, frames, the journal, and this API itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

from tornado import web

from nexus_jupyter.nog import change_seen_by
from nexus_jupyter.protocol.api import ExportBody, ExportInfo, RevInfo, TextInfo
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.rights import REQUESTS
from nexus_jupyter.protocol.stream import PROTOCOL_VERSION
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import ARROW, Operation, Operations, arrow_stream
from nexus_jupyter.workspace import export_html

__all__ = [
    "ExportHandler",
    "FrameHandler",
    "HealthHandler",
    "JournalHandler",
    "JournalTableHandler",
    "RefreshHandler",
    "WorkspacesHandler",
]


class HealthHandler(NexusHandler):
    """Whether the extension is there and what it speaks."""

    operations: ClassVar[Operations] = {
        "get": Operation("Versions and state of the extension", answer=dict[str, object])
    }

    @guarded("server.read")
    async def get(self) -> None:
        """Return versions and the engine's state."""
        _ = self.xsrf_token  # sets the cookie, which pages other than JupyterLab's may lack
        self.reply(
            {
                "version": version("nexus-jupyter"),
                "protocol": PROTOCOL_VERSION,
                "workspaces": self.room.names(),
                "engine": self.room.engine.status(),
            }
        )


class WorkspacesHandler(NexusHandler):
    """The workspaces of this server."""

    operations: ClassVar[Operations] = {"get": Operation("List the workspaces", answer=list[dict[str, object]])}

    @guarded("workspace.read")
    async def get(self) -> None:
        """List the workspaces."""
        kernel = await self.workspace()
        self.reply([{"name": kernel.name, "rev": kernel.head.rev, "panels": kernel.panels()}])


class ExportHandler(NexusHandler):
    """Panels as a page."""

    operations: ClassVar[Operations] = {
        "post": Operation("Panels as one self-contained HTML page", body=ExportBody, answer=ExportInfo)
    }

    @guarded("workspace.export")
    async def post(self) -> None:
        """Make the page; it travels inside JSON, as a picture of a panel does."""
        body = self.body(ExportBody)
        kernel = await self.workspace()
        page = await self.work(
            lambda: export_html(kernel, body.panels, self.actor.id, title=body.title, beside=body.beside)
        )
        self.reply(ExportInfo(html=page.html, cut=page.cut))


class JournalHandler(NexusHandler):
    """The journal."""

    operations: ClassVar[Operations] = {"get": Operation("List the changes, oldest first", answer=list[Change])}

    @guarded("journal.read")
    async def get(self) -> None:
        """List the changes after the rev in ``after``; readers see no values that others have for themselves."""
        kernel = await self.workspace()
        after = self.query_number("after", 0) or 0
        whole, user = await self.access.may(REQUESTS["journal.export"]), self.actor.id

        def changes() -> list[Change]:
            found = kernel.journal.read(after=after)
            return list(found) if whole else [change_seen_by(change, user) for change in found]

        self.reply(await self.work(changes))


class JournalTableHandler(NexusHandler):
    """The journal as a table."""

    operations: ClassVar[Operations] = {
        "get": Operation("List the changes without their ops, as an Arrow stream", media_type=ARROW)
    }

    @guarded("journal.read")
    async def get(self) -> None:
        """List the changes; there are no values in it."""
        kernel = await self.workspace()
        table = await self.work(kernel.journal.table)
        self.finish(arrow_stream(table), set_content_type=ARROW)


class FrameHandler(NexusHandler):
    """A bound frame."""

    operations: ClassVar[Operations] = {
        "get": Operation("The rows of a bound frame as an Arrow stream", media_type=ARROW),
        "put": Operation("Bind a frame: the body is an Arrow stream", answer=RevInfo),
    }

    @guarded("frame.read")
    async def get(self, name: str) -> None:
        """Return a frame's rows."""
        kernel = await self.workspace()
        table = await self.work(lambda: kernel.frames.table(name))
        self.finish(arrow_stream(table), set_content_type=ARROW)

    @guarded("frame.bind")
    async def put(self, name: str) -> None:
        """Bind a frame."""
        kernel = await self.workspace()
        change = await self.work(lambda: kernel.bind_frame(name, kernel.arrow.decode(self.request.body), self.actor))
        self.reply(RevInfo(rev=change.rev if change else kernel.head.rev, changed=change is not None))


class RefreshHandler(NexusHandler):
    """Renewal of kernel tokens."""

    takes_expired_tokens = True

    operations: ClassVar[Operations] = {"post": Operation("Exchange a kernel token for a new one", answer=TextInfo)}

    @guarded("token.renew")
    async def post(self) -> None:
        """Return a new token for the one that the request was made with."""
        if self.claims is None:
            raise NotFoundError("Only kernel tokens can be renewed.")
        self.reply(TextInfo(text=self.room.tokens.mint(self.claims.sub)))


class NotFoundHandler(NexusHandler):
    """Everything else below the API's path."""

    @guarded("server.read")
    async def get(self, *_path: str) -> None:
        """Say that there is nothing here."""
        raise web.HTTPError(404, "There is no such call; openapi.json lists all.")
