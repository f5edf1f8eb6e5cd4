"""One client of the stream protocol, whatever carries it (a WebSocket, a comm, a test).

A session reads frames and hands them on: what is asked for to `Requests`, the panels that are followed to `Following`.
It never lets a slow client cost more memory than a bounded queue: one that falls behind gets a fresh snapshot in place
of what it missed.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.coediting import CodeClose, CodeUpdate, CodeUpdated
from nexus_jupyter.protocol.errors import NexusError, PermissionDeniedError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import TableAnswer
from nexus_jupyter.protocol.presence import Focus
from nexus_jupyter.protocol.rights import ALL_RIGHTS, REQUESTS, Right, frame_rights, refusal
from nexus_jupyter.protocol.stream import (
    PROTOCOL_VERSION,
    Answer,
    Cancel,
    ClientFrame,
    Hello,
    Notice,
    Ping,
    Pong,
    ServerFrame,
    Subscribe,
    Unsubscribe,
    Welcome,
)
from nexus_jupyter.workspace.following import Following
from nexus_jupyter.workspace.kernel import WorkspaceKernel
from nexus_jupyter.workspace.lane import Lane
from nexus_jupyter.workspace.outbox import Message, Outbox
from nexus_jupyter.workspace.requests import Requests

__all__ = ["ReceivedTable", "SessionFrame", "StreamSession"]

_CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)
#: Frames of a client that may wait to be done.
_LANE = 256


@dataclass(frozen=True, slots=True)
class ReceivedTable:
    """A binary message: the table that a function of the client's notebook returned, not decoded yet."""

    call: int
    stream: memoryview
    type: Literal["answer"] = "answer"

    @classmethod
    def read(cls, message: bytes) -> Self:
        """Return what a message holds; raises `ValueError` or `struct.error` when its header is not valid."""
        (length,) = struct.unpack_from(">I", message)
        answer = TableAnswer.model_validate_json(message[4 : 4 + length])
        return cls(answer.call, memoryview(message)[4 + length :])


#: What a client sends.
SessionFrame = ClientFrame | ReceivedTable


class StreamSession:
    """The server's side of one connection.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who is at the other end, as authenticated by the transport.
    host
        Where the workspace lives, told to the client.
    wake
        Called, from any thread, when messages wait; the transport then calls `take` until it gives ``None``.
    viewer
        Whether somebody looks at the panels that are followed; a notebook that listens for changes does not.
    """

    def __init__(
        self, kernel: WorkspaceKernel, actor: Actor, host: str, wake: Callable[[], None], *, viewer: bool = True
    ) -> None:
        self._kernel = kernel
        self._actor = actor
        self._host = host
        self._id = uuid.uuid4().hex[:16]
        self._lane = Lane(kernel.submit)
        self._outbox = Outbox(wake)
        self._requests = Requests(kernel, actor, self._id, self._lane, self._outbox)
        kernel.recorder.connected(self._id, actor, "page" if viewer else "notebook")
        self._following = Following(kernel, actor, self._id if viewer else None, self._lane, self._outbox)

    def close(self) -> None:
        """End the session; what was asked for and not yet answered is dropped."""
        self._following.close()
        self._kernel.recorder.disconnected(self._id, self._actor)
        self._lane.put(lambda: self._kernel.coediting.leave(self._id))
        self._requests.close()
        self._outbox.clear()

    @property
    def full(self) -> bool:
        """Whether the client should be listened to no further: it leaves unread, or asks faster than is answered."""
        return self._outbox.full or len(self._lane) > _LANE

    @property
    def overrun(self) -> bool:
        """Whether the client left so much unread that the connection should end."""
        return self._outbox.overrun

    def take(self) -> Message | None:
        """Return the next message for the client: text is JSON, bytes are a page."""
        message = self._outbox.take()
        if message is None:
            self._following.refresh()
        return message

    def receive(self, message: str | bytes | JsonValue, rights: frozenset[Right] = ALL_RIGHTS) -> None:
        """Handle a message from the client; answers come through `take`. Safe to call on an event loop."""
        frame = self.read(message)
        if frame is not None:
            self.handle(frame, rights)

    def read(self, message: str | bytes | JsonValue) -> SessionFrame | None:
        """Return the frame that a message is; what is none is answered by what is wrong with it."""
        parsed: JsonValue = None
        try:
            if isinstance(message, bytes):
                return ReceivedTable.read(message)
            # Unlike `json.loads`, this refuses half of a surrogate pair, which could be neither kept nor sent on.
            parsed = from_json(message if isinstance(message, str) else json.dumps(message))
            return _CLIENT.validate_python(parsed)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            self._refuse(parsed, RequestError(f"The message cannot be understood: {where}: {first['msg']}."))
        except (ValueError, RecursionError, struct.error):
            self._send(Notice(level="error", message="The message is no JSON.", code=RequestError.code))
        return None

    def handle(self, frame: SessionFrame, rights: frozenset[Right]) -> None:
        """Do what a frame asks for, as far as the person has the rights at this moment."""
        needed = frame_rights(frame.type)[0]
        if needed not in rights:
            self._deny(frame, refusal(needed))
            return
        match frame:
            case Ping():
                self._send(Pong(id=frame.id))
            case Hello():
                self._hello(frame)
            case Subscribe():
                runs = REQUESTS["panel.lifecycle"] in rights
                self._lane.put(lambda: self._following.subscribe(frame, lifecycle=runs))
            case Unsubscribe():
                self._lane.put(lambda: self._following.unsubscribe(frame.panel))
            case Focus():
                self._following.focus(frame.panel, frame.element)
            case CodeUpdate():
                self._lane.put(lambda: self._type(frame))
            case CodeClose():
                self._lane.put(lambda: self._kernel.coediting.close(frame.panel, frame.node, self._id))
            case Cancel():
                self._requests.cancel(frame.id)
            case Answer():
                self._requests.settle(frame)
            case ReceivedTable():
                self._lane.put(lambda: self._settle_table(frame))
            case _:
                self._requests.take(frame)

    def _hello(self, frame: Hello) -> None:
        if frame.version != PROTOCOL_VERSION:
            text = f"This page speaks protocol {frame.version}, the server {PROTOCOL_VERSION}: reload the page."
            self._send(Notice(level="error", message=text, code="version"))
            return
        self._send(
            Welcome.model_validate(
                {
                    "version": PROTOCOL_VERSION,
                    "workspace": self._kernel.name,
                    "rev": self._kernel.head.rev,
                    "user": self._actor,
                    "host": self._host,
                    "viewer": self._id,
                    "foreign": self._kernel.adoption.foreign,
                }
            )
        )

    def _type(self, frame: CodeUpdate) -> None:
        try:
            self._kernel.coediting.update(frame.panel, frame.node, self._id, frame.epoch, frame.update)
        except NexusError as error:
            self._send(CodeUpdated(panel=frame.panel, node=frame.node, epoch=frame.epoch, problem=error.message))

    def _settle_table(self, frame: ReceivedTable) -> None:
        self._requests.settle_table(frame.call, frame.stream)

    def _deny(self, frame: SessionFrame, error: PermissionDeniedError) -> None:
        """Answer a frame that the person may not send."""
        if isinstance(frame, CodeUpdate):
            self._send(CodeUpdated(panel=frame.panel, node=frame.node, epoch=frame.epoch, problem=error.message))
        elif (request := getattr(frame, "id", None)) is not None and not isinstance(frame, Ping):
            self._requests.fail(request, error)
        else:
            self._send(Notice(level="error", message=error.message, code=error.code))

    def _refuse(self, parsed: JsonValue, error: RequestError) -> None:
        """Answer what is no valid frame: as a result if it at least had an id, else as a notice."""
        request = parsed.get("id") if isinstance(parsed, dict) else None
        if isinstance(request, str):
            self._requests.fail(request, error)
        else:
            self._send(Notice(level="error", message=error.message, code=error.code))

    def _send(self, frame: ServerFrame) -> None:
        self._outbox.put(frame.model_dump_json())
