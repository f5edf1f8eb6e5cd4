"""One client of the stream protocol, whatever carries it (a WebSocket, a comm, a test).

A session answers requests in the order they came, follows panels, and never lets a slow client cost more memory than a
bounded queue: one that falls behind gets a fresh snapshot in place of what it missed.
"""

from __future__ import annotations

import json
import struct
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, PermissionDeniedError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import TableAnswer
from nexus_jupyter.protocol.patch import Change, SetOp
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.stream import (
    PROTOCOL_VERSION,
    Answer,
    Cancel,
    ClientFrame,
    DraftFrame,
    EffectFrame,
    Expose,
    FrameChanged,
    FramePage,
    Gone,
    GrantRequest,
    Grants,
    Hello,
    Links,
    Notice,
    Ping,
    Pong,
    Result,
    RevokeRequest,
    ServerFrame,
    SetState,
    Snapshot,
    Subscribe,
    Trigger,
    Undo,
    Unsubscribe,
    Upload,
    Welcome,
)
from nexus_jupyter.workspace.changes import change_frame
from nexus_jupyter.workspace.effects import Effect
from nexus_jupyter.workspace.functions import FunctionError, PendingCalls
from nexus_jupyter.workspace.kernel import WorkspaceKernel
from nexus_jupyter.workspace.lane import Lane
from nexus_jupyter.workspace.linkfollower import LinkFollower
from nexus_jupyter.workspace.paging import Paging
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.uploads import Uploads
from nexus_jupyter.workspace.writer import Head

__all__ = ["StreamSession"]

_CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)
#: Messages that may wait for a slow client before they are replaced by snapshots.
_QUEUE = 512
#: Missed changes that are sent one by one on resume; more are sent as a snapshot.
_RESUME = 200

Message = str | bytes


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
        self._wake = wake
        self._lane = Lane(kernel.submit)
        self._lock = threading.Lock()
        self._outbox = deque[Message]()
        self._panels: dict[str, int] = {}  # panel -> newest rev sent
        self._stale: set[str] = set()
        self._viewer = viewer
        self._runs: dict[str, str] = {}  # trigger -> run
        self._linked = LinkFollower(
            kernel, actor.id, lambda panel, values: self._send(Links(panel=panel, values=values))
        )
        self._uploads = Uploads(kernel.files)
        self._paging = Paging(kernel, actor.id, self._lane, send=self._push, fail=self._fail)
        self._calls = PendingCalls(self._send)
        _, stop = kernel.writer.listen(self._on_change)
        self._stops = [
            stop,
            kernel.permissions.store.listen(self._on_grants),
            kernel.effects.listen(self._on_effect),
            kernel.drafts.listen(self._on_draft),
        ]

    def close(self) -> None:
        """End the session; what was asked for and not yet answered is dropped."""
        for stop in self._stops:
            stop()
        self._kernel.functions.forget(self)
        self._calls.abandon()
        self._paging.close()
        with self._lock:
            self._outbox.clear()
            left, self._panels = list(self._panels), {}
        if self._viewer:
            for panel in left:
                self._kernel.lifecycle.leave(panel)

    def take(self) -> Message | None:
        """Return the next message for the client: text is JSON, bytes are a page."""
        with self._lock:
            if self._outbox:
                return self._outbox.popleft()
            stale = self._stale.pop() if self._stale else None
        if stale is not None:
            self._lane.put(lambda: self._snapshot(stale))
        return None

    def receive(self, message: str | bytes) -> None:
        """Handle a message from the client; answers come through `take`. Safe to call on an event loop."""
        try:
            if isinstance(message, bytes):
                self._receive_table(message)
                return
            parsed = json.loads(message)
        except (ValueError, struct.error, pa.ArrowException):
            self._send(Notice(level="error", message="The message is no JSON.", code=RequestError.code))
            return
        self.receive_frame(parsed)

    def receive_frame(self, parsed: JsonValue) -> None:
        """Handle a message that is parsed already; else as `receive`."""
        try:
            frame = _CLIENT.validate_python(parsed)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            self._refuse(parsed, RequestError(f"The message cannot be understood: {where}: {first['msg']}."))
            return
        match frame:
            case Ping():
                self._send(Pong(id=frame.id))
            case Hello():
                self._hello(frame)
            case Unsubscribe():
                self._unsubscribe(frame.panel)
            case Subscribe():
                self._lane.put(lambda: self._subscribe(frame))
            case Cancel():
                self._paging.cancel(frame.id)
                run = self._runs.get(frame.id)
                if run is not None:
                    self._kernel.execution.cancel(run)
            case Answer():
                failed = FunctionError(frame.error) if frame.error is not None else None
                self._calls.settle(frame.call, frame.value, failed)
            case Trigger() | SetState() | FramePage() | Undo() | GrantRequest() | RevokeRequest() | Expose() | Upload():
                self._lane.put(lambda: self._answer(frame))

    # Requests

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
                }
            )
        )

    def _answer(
        self, frame: Trigger | SetState | FramePage | Undo | GrantRequest | RevokeRequest | Expose | Upload
    ) -> None:
        try:
            match frame:
                case Trigger():
                    self._runs[frame.id] = uuid.uuid4().hex
                    run = self._kernel.execution.start(
                        frame.panel,
                        frame.action,
                        frame.args,
                        self._actor,
                        event=frame.event,
                        via="click",
                        element=frame.element,
                        run=self._runs[frame.id],
                    )
                    run.add_done_callback(lambda done: self._finish_run(frame.id, done))
                case SetState():
                    values = {frame.name: frame.value}
                    change = self._kernel.set_state(
                        frame.panel, values, self._actor, via="input", element=frame.element
                    )
                    self._send(Result(id=frame.id, rev=change.rev if change else self._kernel.head.rev))
                case FramePage():
                    self._paging.answer(frame)
                case Undo():
                    undone = self._kernel.undo(frame.panel, self._actor, redo=frame.redo)
                    self._send(Result(id=frame.id, rev=undone.rev if undone else self._kernel.head.rev))
                case GrantRequest():
                    allow = self._kernel.permissions.grant
                    allow(frame.panel, frame.cap, frame.target, self._actor, seconds=frame.seconds)
                    self._send(Result(id=frame.id, rev=self._kernel.head.rev))
                case RevokeRequest():
                    ended = self._kernel.permissions.revoke(frame.panel, frame.cap, frame.target, self._actor)
                    self._send(Result(id=frame.id, rev=self._kernel.head.rev, value=ended))
                case Expose():
                    self._expose(frame)
                case Upload():
                    self._kernel.panel(frame.panel)
                    kept = self._uploads.take(frame)
                    self._send(Result(id=frame.id, rev=self._kernel.head.rev, value=kept))
        except NexusError as error:
            self._fail(frame.id, error)

    def _expose(self, frame: Expose) -> None:
        if self._actor.kind != "kernel":
            raise PermissionDeniedError("Only a notebook's kernel can expose functions.")
        self._kernel.functions.expose(self, frame.functions, self._calls.call)
        self._send(Result(id=frame.id, rev=self._kernel.head.rev))

    def _finish_run(self, request: str, run: Future[RunRecord]) -> None:
        self._runs.pop(request, None)
        error = run.exception()
        if isinstance(error, NexusError):
            self._fail(request, error)
        elif error is not None:
            self._fail(request, RequestError(f"The action could not be run: {error}."))
            raise error
        else:
            record = run.result()
            self._send(Result(id=request, rev=record.rev, value=record.value, profile=record.profile))

    def _fail(self, request: str, error: NexusError) -> None:
        self._send(Result(id=request, rev=self._kernel.head.rev, problem=Problem.of(error)))

    def _refuse(self, parsed: JsonValue, error: RequestError) -> None:
        """Answer what is no valid frame: as a result if it at least had an id, else as a notice."""
        request = parsed.get("id") if isinstance(parsed, dict) else None
        if isinstance(request, str):
            self._fail(request, error)
        else:
            self._send(Notice(level="error", message=error.message, code=error.code))

    # Following panels

    def _receive_table(self, message: bytes) -> None:
        """Take a table that a function of the client's notebook gave."""
        (length,) = struct.unpack_from(">I", message)
        answer = TableAnswer.model_validate_json(message[4 : 4 + length])
        self._calls.settle(answer.call, pa.ipc.open_stream(pa.py_buffer(message[4 + length :])).read_all(), None)

    def _unsubscribe(self, panel: str) -> None:
        with self._lock:
            known = self._panels.pop(panel, None)
            self._linked.forget(panel)
        if known is not None and self._viewer:
            self._kernel.lifecycle.leave(panel)

    def _subscribe(self, frame: Subscribe) -> None:
        new = frame.panel not in self._panels
        self._catch_up(frame)
        self._linked.send(frame.panel, again=True)
        draft = self._kernel.drafts.of(frame.panel)
        if draft is not None:
            self._send(DraftFrame(panel=frame.panel, nxml=draft))
        if new and self._viewer:
            self._kernel.lifecycle.enter(frame.panel, self._actor)

    def _catch_up(self, frame: Subscribe) -> None:
        missed = self._missed(frame)
        if missed is None:
            self._snapshot(frame.panel)
            return
        with self._lock:
            known = self._panels.get(frame.panel)
            self._panels[frame.panel] = max(known or 0, frame.rev or 0)
        for change in missed:
            self._on_change(change, self._kernel.head)

    def _missed(self, frame: Subscribe) -> list[Change] | None:
        """Return the changes that a client which was away has missed; ``None`` when it needs a snapshot."""
        if frame.rev is None or frame.rev > self._kernel.head.rev or frame.panel not in self._kernel.head.graph:
            return None
        if self._kernel.head.rev - frame.rev > _RESUME or frame.rev < self._kernel.journal.base.rev:
            return None
        missed = [c for c in self._kernel.journal.read(after=frame.rev) if c.panel in (frame.panel, None)]
        return None if any(change.panel is None for change in missed) else missed

    def _snapshot(self, panel: str) -> None:
        # The head is read with the session's lock held, so that a change is either in it or sent after it.
        with self._lock:
            head = self._kernel.head
            try:
                view = panel_view(head.graph, panel, self._actor.id)
            except NotFoundError:
                self._panels[panel] = head.rev
                frame: ServerFrame = Gone(panel=panel, rev=head.rev)
            else:
                self._panels[panel] = head.rev
                frame = Snapshot(panel=panel, rev=head.rev, nxml=view.nxml, state=view.state)
            self._stale.discard(panel)
            self._outbox.append(frame.model_dump_json())
        self._wake()
        self._on_grants(panel)

    def _on_grants(self, panel: str) -> None:
        if panel in self._panels:
            self._send(Grants(panel=panel, grants=self._kernel.permissions.store.active(panel)))

    def _on_effect(self, effect: Effect) -> None:
        """Pass on what a run of a followed panel wants; the clipboard is that of the person who started it."""
        if effect.panel not in self._panels or (effect.kind == "clipboard" and effect.actor != self._actor.id):
            return
        self._send(EffectFrame(kind=effect.kind, panel=effect.panel, name=effect.name, data=effect.data))

    def _on_draft(self, panel: str, nxml: str, done: bool) -> None:
        if panel in self._panels:
            self._send(DraftFrame(panel=panel, nxml=nxml, done=done))

    def _on_change(self, change: Change, head: Head) -> None:
        if self._panels and self._linked.concerns(change):
            self._lane.put(lambda: self._linked.follow(change, list(self._panels)))
        with self._lock:
            frames = list(self._frames(change, head))
            if not frames:
                return
            if len(self._outbox) + len(frames) > _QUEUE:
                self._collapse()
            else:
                self._outbox.extend(frame.model_dump_json() for frame in frames)
        self._wake()

    def _frames(self, change: Change, head: Head) -> list[ServerFrame]:
        if change.cause.kind == "bind":
            name = next((op.id for op in change.ops if isinstance(op, SetOp)), None)
            name = name or next((op.entity.id for op in change.ops if op.op == "insert"), "")
            return [FrameChanged(name=name.removeprefix("frame:"), rev=change.rev)] if self._panels else []
        touched = [change.panel] if change.panel is not None else list(self._panels)
        frames: list[ServerFrame] = []
        for panel in touched:
            if panel in self._stale or self._panels.get(panel, change.rev) >= change.rev:
                continue  # a snapshot will have it, or it is not followed, or was sent already
            self._panels[panel] = change.rev
            frames.append(change_frame(panel, change, head, self._actor.id))
        return frames

    def _collapse(self) -> None:
        """Drop what waits: results stay, changes are replaced by snapshots once the client takes messages again."""
        kept = [message for message in self._outbox if isinstance(message, bytes) or '"type":"result"' in message[:20]]
        self._outbox = deque(kept[-_QUEUE // 2 :])
        self._stale |= set(self._panels)

    # Sending

    def _send(self, frame: ServerFrame) -> None:
        self._push(frame.model_dump_json())

    def _push(self, message: Message) -> None:
        with self._lock:
            self._outbox.append(message)
        self._wake()
