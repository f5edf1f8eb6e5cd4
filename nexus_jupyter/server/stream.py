"""The WebSocket of the stream protocol: one per page, all panels on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
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
from nexus_jupyter.protocol.rights import frame_rights, refusal
from nexus_jupyter.server.access import RESOURCE, Access
from nexus_jupyter.server.handler import actor_of
from nexus_jupyter.server.room import ServerRoom
from nexus_jupyter.server.tokens import KernelClaims
from nexus_jupyter.workspace import SessionFrame, StreamSession

__all__ = ["StreamHandler"]

#: Codes that a connection is closed with: the client may try again; the person lost their rights (as HTTP 403).
_TRY_AGAIN, _NO_LONGER = 1013, 4403
#: Seconds between two looks whether a client that asks too fast has been answered.
_PAUSE = 0.02
#: Largest message from a client, in bytes; state values are small.
_MESSAGE_LIMIT = 2 * 2**20


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """A connection of a page, or of a kernel that listens for changes."""

    auth_resource = RESOURCE
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
        """Upgrade to a WebSocket, for those who may look at panels."""
        self._access = Access(self, self.claims)
        if not await self._access.may("read"):
            raise web.HTTPError(403, refusal("read").message)
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
        self._tasks = [asyncio.create_task(self._send_all()), asyncio.create_task(self._watch())]

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Hand a message to the session, as far as the person has the right to it now.

        What is returned is awaited before the next message is read.
        """
        session = self._session
        frame = session.read(message) if session is not None else None
        if session is None or frame is None:
            return None
        # Mostly there is nothing to wait for; a task for each message would cost a round of the event loop.
        rights = self._access.rights_at_once(frame_rights(frame.type))
        if rights is None:
            return self._handle_later(session, frame)
        session.handle(frame, rights)
        return self._wait(session) if session.full else None

    async def _handle_later(self, session: StreamSession, frame: SessionFrame) -> None:
        session.handle(frame, await self._access.rights(frame_rights(frame.type)))
        await self._wait(session)

    async def _wait(self, session: StreamSession) -> None:
        """Wait until the client has read, or was answered: whoever leaves answers unread is not listened to."""
        while session.full and self._session is session:  # noqa: ASYNC110 - threads empty it; an event would be set often
            await asyncio.sleep(_PAUSE)

    def on_close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            for task in self._tasks:
                task.cancel()
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
                if self._session is not None and self._session.overrun:
                    self.close(_TRY_AGAIN, "Too much was left unread.")
        except (WebSocketClosedError, StreamClosedError):
            pass  # the client is gone; on_close ends the session

    async def _watch(self) -> None:
        """Look from time to time whether the person may still be here."""
        while self._session is not None:
            await asyncio.sleep(self.room.recheck_seconds)
            try:
                stands = await self._access.stands()
            except Exception:
                # Such as a Hub that does not answer. Whoever connects again is asked who they are.
                self.log.exception("Whether an open connection may stay could not be found out; it is closed.")
                self.close(_TRY_AGAIN, "The server could not find out whether you are still signed in.")
                return
            if not stands:
                self.close(_NO_LONGER, "You may no longer look at panels on this server.")
                return

    @property
    def max_message_size(self) -> int:
        """Largest message taken from a client, in bytes; a notebook's functions give tables."""
        return _MESSAGE_LIMIT if self.claims is None else self.room.message_bytes
