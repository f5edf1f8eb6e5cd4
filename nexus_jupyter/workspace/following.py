"""The panels that one client follows: what it is sent of them, and how it catches up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.conflict import Conflicts
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change, SetOp
from nexus_jupyter.protocol.stream import (
    DraftFrame,
    EffectFrame,
    FrameChanged,
    Gone,
    Grants,
    Links,
    ServerFrame,
    Snapshot,
    Subscribe,
)
from nexus_jupyter.workspace.conflicts import open_conflicts, touches_conflicts
from nexus_jupyter.workspace.effects import Effect
from nexus_jupyter.workspace.lane import Lane
from nexus_jupyter.workspace.linkfollower import LinkFollower
from nexus_jupyter.workspace.outbox import Outbox
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.writer import Head

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["Following"]

#: Missed changes that are sent one by one on resume; more are sent as a snapshot.
_RESUME = 200


class Following:
    """Sends a client the changes of the panels that it follows, each once and in order of rev.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who the client is.
    viewer
        The client's id among those who look at panels; ``None`` if nobody looks, as with a notebook that listens.
    lane
        Where what waits is done, one after the other.
    outbox
        What goes to the client.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor, viewer: str | None, lane: Lane, outbox: Outbox) -> None:
        self._kernel = kernel
        self._actor = actor
        self._viewer = viewer
        self._lane = lane
        self._outbox = outbox
        self._lock = threading.Lock()
        self._panels: dict[str, int] = {}  # panel -> newest rev sent
        self._stale: set[str] = set()
        self._running: set[str] = set()  # panels whose lifecycle this view keeps going
        self._closed = False
        self._linked = LinkFollower(
            kernel, actor.id, lambda panel, values: self._send(Links(panel=panel, values=values))
        )
        _, stop = kernel.writer.listen(self._on_change)
        self._stops: list[Callable[[], None]] = [
            stop,
            kernel.permissions.store.listen(self._on_grants),
            kernel.effects.listen(self._on_effect),
            kernel.drafts.listen(self._on_draft),
            kernel.graphs.follow(self._panels, self._send),
        ]

    def close(self) -> None:
        """Follow nothing any more."""
        for stop in self._stops:
            stop()
        with self._lock:
            self._closed = True
            left = list(self._panels)
            self._panels.clear()
        for panel in left:
            self._left(panel)

    def subscribe(self, frame: Subscribe, *, lifecycle: bool = True) -> None:
        """Follow a panel from now on, or from the rev that the client has.

        Without ``lifecycle``, the view runs nothing: its person may not run actions.
        """
        with self._lock:
            if self._closed:
                return
            new = frame.panel not in self._panels
        self._catch_up(frame)
        self._linked.send(frame.panel, again=True)
        draft = self._kernel.drafts.of(frame.panel)
        if draft is not None:
            self._send(DraftFrame(panel=frame.panel, nxml=draft))
        if self._viewer is not None and new:
            if lifecycle:
                self._running.add(frame.panel)
                self._kernel.lifecycle.enter(frame.panel, self._actor)
            self._kernel.presence.enter(frame.panel, self._viewer, self._actor, self._outbox.put)
            if self._closed:  # meanwhile
                self._left(frame.panel)

    def unsubscribe(self, panel: str) -> None:
        """Follow a panel no longer."""
        with self._lock:
            known = self._panels.pop(panel, None)
            self._linked.forget(panel)
        if known is not None:
            self._left(panel)

    def focus(self, panel: str, element: str | None) -> None:
        """Tell the others where in a panel the person is."""
        if self._viewer is not None:
            self._kernel.presence.focus(panel, self._viewer, element)

    def refresh(self) -> bool:
        """Make a snapshot of one of the panels that have fallen behind; tell whether there was one."""
        with self._lock:
            stale = self._stale.pop() if self._stale else None
        if stale is None:
            return False
        self._lane.put(lambda: self._snapshot(stale))
        return True

    def _left(self, panel: str) -> None:
        if self._viewer is not None:
            if panel in self._running:
                self._running.discard(panel)
                self._kernel.lifecycle.leave(panel)
            self._kernel.presence.leave(panel, self._viewer)

    def _catch_up(self, frame: Subscribe) -> None:
        # While nothing is written: a change that came between would be told of before those missed, or not at all.
        with self._kernel.writer.paused() as head:
            missed = self._missed(frame)
            if missed is not None:
                with self._lock:
                    known = self._panels.get(frame.panel)
                    self._panels[frame.panel] = max(known or 0, frame.rev or 0)
                for change in missed:
                    self._on_change(change, head)
        if missed is None:
            self._snapshot(frame.panel)

    def _missed(self, frame: Subscribe) -> list[Change] | None:
        """Return the changes that a client which was away has missed; ``None`` when it needs a snapshot."""
        if frame.rev is None or frame.rev > self._kernel.head.rev or frame.panel not in self._kernel.head.graph:
            return None
        if self._kernel.head.rev - frame.rev > _RESUME or frame.rev < self._kernel.journal.base.rev:
            return None
        missed = [c for c in self._kernel.journal.read(after=frame.rev) if c.panel in (frame.panel, None)]
        return None if any(change.panel is None for change in missed) else missed

    def _snapshot(self, panel: str) -> None:
        # The head is read with the lock held, so that a change is either in it or sent after it.
        with self._lock:
            head = self._kernel.head
            try:
                view = panel_view(head.graph, panel, self._actor.id)
            except NotFoundError:
                frame: ServerFrame = Gone(panel=panel, rev=head.rev)
            else:
                frame = Snapshot(panel=panel, rev=head.rev, nxml=view.nxml, state=view.state)
            if not self._closed:
                self._panels[panel] = head.rev
            self._stale.discard(panel)
            self._outbox.keep(frame.model_dump_json())
        self._outbox.wake()
        self._on_grants(panel)
        if isinstance(frame, Snapshot) and (conflicts := open_conflicts(head.graph, panel)):
            self._send(Conflicts(panel=panel, conflicts=conflicts))

    # What is told of

    def _on_grants(self, panel: str) -> None:
        if panel in self._panels:
            permissions = self._kernel.permissions
            active, changed = permissions.active(panel), permissions.changed(panel)
            self._send(Grants(panel=panel, grants=active, changed=changed, code=permissions.digest(panel)))

    def _on_effect(self, effect: Effect) -> None:
        """Pass on what a run of a followed panel wants; the clipboard is that of the person who started it."""
        if effect.panel not in self._panels or (effect.kind == "clipboard" and effect.actor != self._actor.id):
            return
        self._send(EffectFrame(kind=effect.kind, panel=effect.panel, name=effect.name, data=effect.data))

    def _on_draft(self, panel: str, nxml: str, done: bool) -> None:
        if panel in self._panels:
            self._send(DraftFrame(panel=panel, nxml=nxml, done=done))

    def _on_change(self, change: Change, head: Head) -> None:
        if not self._panels:
            return
        if self._linked.concerns(change):
            self._lane.put(lambda: self._linked.follow(change, list(self._panels)))
        with self._lock:
            messages = self._messages(change, head)
            if messages and not self._outbox.offer(messages):
                # What waits is replaced by snapshots once the client takes messages again.
                self._stale |= set(self._panels)
        if messages:
            self._outbox.wake()

    def _messages(self, change: Change, head: Head) -> list[str]:
        if change.cause.kind == "bind":
            name = next((op.id for op in change.ops if isinstance(op, SetOp)), None)
            name = name or next((op.entity.id for op in change.ops if op.op == "insert"), "")
            return [FrameChanged(name=name.removeprefix("frame:"), rev=change.rev).model_dump_json()]
        messages: list[str] = []
        for panel in [change.panel] if change.panel is not None else list(self._panels):
            if panel in self._stale or self._panels.get(panel, change.rev) >= change.rev:
                continue  # a snapshot will have it, or it is not followed, or was sent already
            self._panels[panel] = change.rev
            messages.append(self._kernel.texts.text(panel, change, head, self._actor.id))
            if touches_conflicts(change) and panel in head.graph:
                messages.append(Conflicts(panel=panel, conflicts=open_conflicts(head.graph, panel)).model_dump_json())
        return messages

    def _send(self, frame: ServerFrame) -> None:
        self._outbox.put(frame.model_dump_json())
