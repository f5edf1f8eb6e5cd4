"""Two people in the code of one action: nothing typed is lost, and it becomes an edit like any other."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Text

from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import CodeOp, Patch
from nexus_jupyter.workspace import WorkspaceKernel
from tests.workspace.test_session import Client

NODE = "action.add"


class Editor:
    """A page with the code of an action open, as Yjs has it."""

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self.client = Client(kernel, actor)
        self.frames: list[Any] = []
        self.open()

    def open(self) -> None:
        self.doc: Doc[Text] = Doc()
        self.text = self.doc.get("code", type=Text)
        self.client.send(type="code.open", id="open", panel="counter", node=NODE)
        answer = self.client.until(lambda frame: frame["type"] == "result")["value"]
        self.epoch = answer["epoch"]
        self.doc.apply_update(base64.b64decode(answer["update"]))

    def type(self, at: int, what: str) -> None:
        before = self.doc.get_state()
        self.text.insert(at, what)
        update = base64.b64encode(self.doc.get_update(before)).decode()
        self.client.send(type="code.update", panel="counter", node=NODE, epoch=self.epoch, update=update)

    def until(self, wanted: Callable[[], bool]) -> Any:
        """Take what comes until something is so."""
        while not wanted():
            frame = self.client.next()
            if frame["type"] == "code":
                self.frames.append(frame)
                if frame["update"]:
                    self.doc.apply_update(base64.b64decode(frame["update"]))

    def saved(self) -> bool:
        return bool(self.frames) and self.frames[-1]["saved"]


@pytest.fixture
def editors(kernel: WorkspaceKernel, ann: Actor, bob: Actor, counter: str) -> tuple[Editor, Editor]:
    kernel.put_panel("counter", counter, ann)
    return Editor(kernel, ann), Editor(kernel, bob)


def test_what_both_type_at_once_is_there_for_both_and_is_saved(
    editors: tuple[Editor, Editor], kernel: WorkspaceKernel, bob: Actor
) -> None:
    ann, two = editors
    assert str(ann.text) == "state.count += by; return state.count;"
    ann.type(0, "// größer 😀\n")
    two.type(0, "// first\n")
    for editor in editors:
        editor.until(lambda editor=editor: "größer" in str(editor.text) and "first" in str(editor.text))  # type: ignore[misc]  # a loop's own variable
        editor.until(editor.saved)
    assert str(ann.text) == str(two.text)
    assert kernel.panel("counter").nxml.count("first") == 1
    assert "😀" in kernel.panel("counter").nxml
    assert kernel.execution.start("counter", "add", [2], bob).result().value == 2
    newest = list(kernel.journal.read())[-2]
    assert (newest.cause.kind, newest.actor.id) == ("edit", "bob")


def test_an_edit_by_another_way_comes_into_the_open_text(
    editors: tuple[Editor, Editor], kernel: WorkspaceKernel, bob: Actor
) -> None:
    ann, _ = editors
    kernel.edit("counter", Patch(ops=[CodeOp(id=NODE, text="state.count += 2 * by; return state.count;")]), bob)
    ann.until(lambda: "2 * by" in str(ann.text))
    ann.frames.clear()
    ann.type(0, "// mine\n")
    ann.until(ann.saved)
    assert "// mine" in kernel.panel("counter").nxml
    assert "2 * by" in kernel.panel("counter").nxml


def test_code_that_the_checker_refuses_is_kept_open_and_said(
    editors: tuple[Editor, Editor], kernel: WorkspaceKernel
) -> None:
    ann, _ = editors
    before = kernel.panel("counter").nxml
    ann.type(0, "state.cuont = 1;\n")
    ann.until(lambda: bool(ann.frames) and bool(ann.frames[-1]["problem"]))
    assert "cuont" in ann.frames[-1]["problem"]
    assert kernel.panel("counter").nxml == before
    ann.type(0, "// still here\n")
    ann.until(lambda: len(ann.frames) > 1 and bool(ann.frames[-1]["problem"]))
    assert str(ann.text).startswith("// still here\nstate.cuont")


def test_the_last_one_to_leave_saves_what_was_typed(editors: tuple[Editor, Editor], kernel: WorkspaceKernel) -> None:
    ann, two = editors
    two.client.session.close()
    edited = threading.Event()
    kernel.writer.listen(lambda change, _head: edited.set() if change.cause.kind == "edit" else None)
    ann.type(0, "// parting words\n")
    ann.client.session.close()
    assert edited.wait(60)
    assert "parting words" in kernel.panel("counter").nxml


def test_nonsense_and_old_texts_are_refused_with_a_sentence(
    editors: tuple[Editor, Editor], kernel: WorkspaceKernel
) -> None:
    ann, _ = editors
    ann.client.send(type="code.update", panel="counter", node=NODE, epoch=ann.epoch, update="Z2FyYmFnZQ==")
    ann.until(lambda: bool(ann.frames) and "no update" in str(ann.frames[-1]["problem"]))
    ann.client.send(type="code.update", panel="counter", node=NODE, epoch="older", update="")
    ann.until(lambda: "Nobody edits" in str(ann.frames[-1]["problem"]))
    ann.client.send(type="code.open", id="x", panel="counter", node="value")
    assert "no action" in ann.client.until(lambda frame: frame["type"] == "result")["problem"]["detail"]
