"""Several people in the code of one action at once: a shared text (Yjs, by pycrdt), settled into ops when it rests.

The graph stays the truth. A shared text lives while somebody edits it; when nobody has typed for a moment it becomes a
`CodeOp` like any other edit, checked and journalled. What changes the code meanwhile by another way (an undo, a patch,
a checkout) is worked into the shared text.
"""

from __future__ import annotations

import base64
import binascii
import textwrap
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.coediting import CodeUpdated
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change, CodeOp, Patch
from nexus_jupyter.workspace.writer import Head

if TYPE_CHECKING:
    from pycrdt import Doc, Text

    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["CoEditing"]

#: Seconds without typing after which a text is saved.
_REST = 0.8
#: Bytes that an update may have, and characters that a text may.
_LARGEST = 1 << 20

Key = tuple[str, str]
Tell = Callable[[str], None]


@dataclass
class _Shared:
    """A text that people edit together."""

    doc: Doc[Text]
    text: Text
    #: The code as the graph has it.
    settled: str
    #: The shared text when it was last saved.
    saved: str
    epoch: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    editors: dict[str, tuple[Actor, Tell]] = field(default_factory=dict)
    last: Actor | None = None
    timer: threading.Timer | None = None


class CoEditing:
    """The shared texts of a workspace.

    Parameters
    ----------
    kernel
        The workspace.
    """

    def __init__(self, kernel: WorkspaceKernel) -> None:
        self._kernel = kernel
        self._lock = threading.RLock()
        self._texts: dict[Key, _Shared] = {}
        kernel.writer.listen(self._on_change)

    def open(self, panel: str, node: str, editor: str, actor: Actor, tell: Tell) -> tuple[str, str]:
        """Take part in editing.

        Returns
        -------
        epoch, update
            Which shared text it is, and all of it, as an update in base64.

        Raises
        ------
        NotFoundError
            If the panel has no such action or effect.
        """
        code = self._code(panel, node)
        with self._lock:
            shared = self._texts.get((panel, node))
            if shared is None:
                shared = self._texts[panel, node] = _start(code)
            shared.editors[editor] = (actor, tell)
            return shared.epoch, base64.b64encode(shared.doc.get_update()).decode()

    def update(self, panel: str, node: str, editor: str, epoch: str, update: str) -> None:
        """Take what somebody has typed, and hand it to the others.

        Raises
        ------
        NotFoundError
            If the shared text is not that of the epoch any more: it has to be opened again.
        RequestError
            If it is no update, or makes the text too long.
        """
        with self._lock:
            shared = self._texts.get((panel, node))
            if shared is None or shared.epoch != epoch or editor not in shared.editors:
                raise NotFoundError(f"Nobody edits the code of '{node}' any more.", hint="Open it again.")
            try:
                data = base64.b64decode(update, validate=True)
                if len(data) > _LARGEST:
                    raise RequestError("This is too much to type at once.")
                shared.doc.apply_update(data)
            except (binascii.Error, ValueError) as error:
                raise RequestError("This is no update of a shared text.") from error
            shared.last = shared.editors[editor][0]
            self._tell(panel, node, shared, but=editor, update=update)
            if shared.timer is not None:
                shared.timer.cancel()
            shared.timer = threading.Timer(_REST, self._settle, (panel, node))
            shared.timer.daemon = True
            shared.timer.start()

    def close(self, panel: str, node: str, editor: str) -> None:
        """Take part no longer; the last one to leave saves what is not saved."""
        with self._lock:
            shared = self._texts.get((panel, node))
            if shared is None or shared.editors.pop(editor, None) is None or shared.editors:
                return
            if shared.timer is not None:
                shared.timer.cancel()
        self._settle(panel, node)
        with self._lock:
            if not shared.editors:
                self._texts.pop((panel, node), None)

    def leave(self, editor: str) -> None:
        """Somebody has gone: take part in nothing any more."""
        with self._lock:
            mine = [key for key, shared in self._texts.items() if editor in shared.editors]
        for panel, node in mine:
            self.close(panel, node, editor)

    def shutdown(self) -> None:
        """Save all that is not saved."""
        with self._lock:
            keys = list(self._texts)
        for panel, node in keys:
            self._settle(panel, node)
        with self._lock:
            for shared in self._texts.values():
                if shared.timer is not None:
                    shared.timer.cancel()
            self._texts.clear()

    def _settle(self, panel: str, node: str) -> None:
        """Save a shared text as an edit by whoever typed last."""
        with self._lock:
            shared = self._texts.get((panel, node))
            if shared is None or shared.last is None or str(shared.text) == shared.saved:
                return
            # Said before it is done, so that the change is known as this text's own when it comes.
            text, actor, before = str(shared.text), shared.last, shared.saved
            shared.saved = text
        patch = Patch(ops=[CodeOp(id=node, text=text)])
        try:
            if len(text) > _LARGEST:
                raise RequestError("The code is too long.")
            self._kernel.edit(panel, patch, actor)
        except NexusError as error:
            with self._lock:
                shared.saved = before
                self._tell(panel, node, shared, problem=f"Not saved: {error.message}")
            return
        with self._lock:
            self._tell(panel, node, shared, saved=True)

    def _on_change(self, change: Change, head: Head) -> None:
        """Work what came by another way into the shared texts."""
        with self._lock:
            for (panel, node), shared in self._texts.items():
                if change.panel not in {panel, None} or f"{panel}/{node}" not in head.graph:
                    continue
                code = str(head.graph.entity(f"{panel}/{node}").attrs.get("text", ""))
                if code == shared.settled:
                    continue
                shared.settled = code
                wanted = _plain(code)
                if wanted != _plain(str(shared.text)) and wanted != _plain(shared.saved):
                    self._rewrite(panel, node, shared, wanted)

    def _rewrite(self, panel: str, node: str, shared: _Shared, wanted: str) -> None:
        before = shared.doc.get_state()
        _replace(shared, wanted)
        shared.saved = wanted
        update = base64.b64encode(shared.doc.get_update(before)).decode()
        self._tell(panel, node, shared, update=update, saved=True)

    def _tell(
        self,
        panel: str,
        node: str,
        shared: _Shared,
        *,
        but: str = "",
        update: str | None = None,
        saved: bool = False,
        problem: str | None = None,
    ) -> None:
        frame = CodeUpdated(panel=panel, node=node, epoch=shared.epoch, update=update, saved=saved, problem=problem)
        message = frame.model_dump_json()
        for editor, (_actor, tell) in shared.editors.items():
            if editor != but:
                tell(message)

    def _code(self, panel: str, node: str) -> str:
        self._kernel.panel(panel)
        graph, entity_id = self._kernel.head.graph, f"{panel}/{node}"
        if entity_id not in graph or graph.entity(entity_id).type not in {"Action", "Effect"}:
            raise NotFoundError(f"The panel '{panel}' has no action or effect '{node}'.")
        return str(graph.entity(entity_id).attrs.get("text", ""))


def _start(code: str) -> _Shared:
    from pycrdt import Doc, Text

    doc: Doc[Text] = Doc(allow_multithreading=True)
    text = doc.get("code", type=Text)
    plain = _plain(code)
    text += plain
    return _Shared(doc, text, settled=code, saved=plain)


def _plain(code: str) -> str:
    """Return code without the indentation that it has from its place in the panel's text."""
    return textwrap.dedent(code.strip("\n").rstrip()) if "\n" in code else code.strip()


def _replace(shared: _Shared, wanted: str) -> None:
    """Turn a shared text into another, touching only what differs, so that people keep their place in it."""
    now = str(shared.text)
    start = 0
    while start < min(len(now), len(wanted)) and now[start] == wanted[start]:
        start += 1
    end = 0
    while end < min(len(now), len(wanted)) - start and now[len(now) - 1 - end] == wanted[len(wanted) - 1 - end]:
        end += 1
    # Places in a shared text are counted in bytes of UTF-8.
    at, gone = len(now[:start].encode()), len(now[start : len(now) - end].encode())
    with shared.doc.transaction():
        if gone:
            del shared.text[at : at + gone]
        if new := wanted[start : len(wanted) - end]:
            shared.text.insert(at, new)
