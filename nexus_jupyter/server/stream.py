"""The WebSocket of the stream protocol: one per page, all panels on it."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import User
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nexus_jupyter.protocol.errors import NexusError, PermissionDeniedError
from nexus_jupyter.server.handler import NexusHandler, actor_of
from nexus_jupyter.server.room import ServerRoom
from nexus_jupyter.server.tokens import KernelClaims
from nexus_jupyter.workspace import StreamSession

__all__ = ["StreamHandler"]

#: Largest message from a client, in bytes; state values are small.
_MESSAGE_LIMIT = 2 * 2**20


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """A connection of a page, or of a kernel that listens for changes."""

    auth_resource = NexusHandler.auth_resource
    claims: KernelClaims | None = None
    _session: StreamSession | None = None

    @property
    def room(self) -> ServerRoom:
        """What the extension keeps for its handlers."""
        room = self.settings["nexus"]
        assert isinstance(room, ServerRoom)
        return room

    async def prepare(self, **_kwargs: Any) -> None:  # Any: Jupyter's own signature
        """Authenticate by a kernel token if there is one, else as Jupyter does."""
        bearer = self.request.headers.get("Authorization", "")
        if not bearer.startswith("Bearer "):
            await ensure_async(super().prepare())
            return
        try:
            self.claims = self.room.tokens.verify(bearer.removeprefix("Bearer "))
        except PermissionDeniedError as error:
            self.room.authenticated("", "kernel token", accepted=False)
            raise web.HTTPError(403, error.message) from error
        self.current_user = self._jupyter_current_user = User(username=self.claims.sub)

    @ws_authenticated
    async def get(self, *args: str, **kwargs: str) -> None:
        """Upgrade to a WebSocket, for those who may use panels."""
        if self.claims is None:
            user = self.current_user
            if not await ensure_async(self.authorizer.is_authorized(self, user, "execute", self.auth_resource)):
                raise web.HTTPError(403, "You may not use panels on this server.")
        try:
            self._kernel = await self.room.workspace(self.get_query_argument("workspace", None))
        except NexusError as error:
            raise web.HTTPError(error.status, error.message) from error
        await super().get(*args, **kwargs)

    def open(self, *args: str, **kwargs: str) -> None:
        """Start the session."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)  # else Nagle's algorithm and delayed acknowledgements cost 40 ms per answer
        loop = asyncio.get_running_loop()
        self._waiting = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(self._waiting.set)

        actor = actor_of(self)
        self.room.authenticated(actor.id, "jupyter" if self.claims is None else "kernel token", accepted=True)
        self._session = StreamSession(self._kernel, actor, "server", wake, viewer=self.claims is None)
        self._sender = asyncio.create_task(self._send_all())

    def on_message(self, message: str | bytes) -> None:
        """Hand a message to the session."""
        if self._session is not None:
            self._session.receive(message)

    def on_close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._sender.cancel()
            self._session = None
        super().on_close()

    def get_compression_options(self) -> None:
        """Leave compression off: messages are small, and it would cost each connection 64 kB and each click time."""
        return

    async def _send_all(self) -> None:
        """Send what the session has, waiting for slow clients instead of filling memory."""
        try:
            while self._session is not None:
                await self._waiting.wait()
                self._waiting.clear()
                while self._session is not None and (message := self._session.take()) is not None:
                    await self.write_message(message, binary=isinstance(message, bytes))
        except (WebSocketClosedError, StreamClosedError):
            pass  # the client is gone; on_close ends the session

    @property
    def max_message_size(self) -> int:
        """Largest message taken from a client, in bytes."""
        return _MESSAGE_LIMIT
