"""A workspace: panels, runs, undo, versions, and that all of it is there after a restart."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import (
    ConflictError,
    HandlerError,
    HistoryError,
    NotFoundError,
    NXMLError,
    PatchError,
    RequestError,
    StateError,
    StorageError,
)
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.workspace import WorkspaceKernel


def run(kernel: WorkspaceKernel, actor: Actor, *args: int) -> object:
    return kernel.execution.start("counter", "add", list(args), actor).result().value


def test_an_action_changes_the_state_and_the_journal(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    record = kernel.execution.start("counter", "add", {"by": 3}, ann).result()
    assert record.value == 3
    assert kernel.panel("counter").state == {"count": 3}
    change = list(kernel.journal.read())[-1]
    assert (change.rev, change.cause.kind, change.cause.action, change.actor) == (record.rev, "run", "add", ann)
    assert change.trace_id == record.trace_id
    assert len(change.trace_id) == 32


def test_everything_is_there_after_closing_and_opening(
    tmp_path: Path, engine: Engine, ann: Actor, counter: str
) -> None:
    first = WorkspaceKernel(tmp_path / "ws", engine=engine)
    first.put_panel("counter", counter, ann)
    run(first, ann, 5)
    graph = first.head.graph
    first.close()
    second = WorkspaceKernel(tmp_path / "ws", engine=engine)
    assert second.panel("counter").state == {"count": 5}
    assert {k: r.entity for k, r in second.head.graph.records.items()} == {
        k: r.entity for k, r in graph.records.items()
    }
    second.close()


def test_clicks_at_the_same_time_all_count(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    runs = [kernel.execution.start("counter", "add", [1], ann) for _ in range(60)]
    assert sorted(run.result().value for run in runs) == list(range(1, 61))
    assert [change.rev for change in kernel.journal.read()] == list(range(1, kernel.head.rev + 1))


def test_writers_in_many_threads_get_dense_revs(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    for name in "abcd":
        kernel.put_panel(name, counter.replace('id="counter"', f'id="{name}"'), ann)
    seen: list[int] = []
    kernel.writer.listen(lambda change, _head: seen.append(change.rev))

    def write(name: str) -> None:
        for value in range(1, 40):
            kernel.set_state(name, {"count": value}, ann)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(5, kernel.head.rev + 1)), "listeners are told in order, of each change once"
    assert [change.rev for change in kernel.journal.read()] == list(range(1, kernel.head.rev + 1))


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("throw new Error('boo')", "threw", "boo"),
        ("const a = []; for (;;) a.push(new Array(1000).fill(7));", "memory", "128 MB"),
        ("function f() { return f() + 1; } f();", "stack", "too deeply"),
        ("state.count = 'x'", None, "state.count must be int"),
        ("state.nope = 1", "threw", "no state 'nope'"),
        ("state.count = 1; throw new Error('late')", "threw", "late"),
        ("await new Promise(() => {})", "never", "never comes"),
        ("nx['fetch']('https://example.org')", "denied", "net.http"),
    ],
)
def test_a_handler_that_fails_changes_nothing_and_the_next_click_works(
    kernel: WorkspaceKernel, ann: Actor, counter: str, body: str, kind: str | None, says: str
) -> None:
    good = '<action name="good">state.count += 1;</action>'
    text = counter.replace(
        "<logic>", f'<logic>{good}<action name="bad">{body.replace("state.nope", "state . nope")}</action>'
    )
    text = text.replace("state . nope", "state['nope']")
    kernel.put_panel("counter", text, ann)
    rev = kernel.head.rev
    with pytest.raises((HandlerError, StateError), match=says) as caught:
        kernel.execution.start("counter", "bad", [], ann).result()
    if kind is not None:
        assert isinstance(caught.value, HandlerError)
        assert caught.value.kind == kind
        assert caught.value.span is not None
        assert caught.value.span.line == text[: text.index('name="bad"')].count("\n") + 1
    assert kernel.head.rev == rev
    kernel.execution.start("counter", "good", [], ann).result()
    assert kernel.panel("counter").state == {"count": 1}


def test_a_loop_without_end_is_stopped_and_others_go_on_meanwhile(
    kernel: WorkspaceKernel, ann: Actor, counter: str
) -> None:
    kernel.put_panel(
        "loop", counter.replace('id="counter"', 'id="loop"').replace("state.count += by;", "for (;;) {}"), ann
    )
    kernel.put_panel("counter", counter, ann)
    stuck = kernel.execution.start("loop", "add", [1], ann)
    assert run(kernel, ann, 1) == 1
    assert not stuck.done(), "another panel answered while this one was stuck"
    with pytest.raises(HandlerError, match="longer than 5 s") as caught:
        stuck.result()
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(
    ("broken", "code", "line"),
    [
        ("<view><row id='r'></view>", "NX1002", 2),
        ("<view><buton id='b' label='x'/></view>", "NX2002", 2),
        ("<view><text id='t'>{cuont}</text></view>", "NX3003", 2),
        ("<view><button id='b' label='x' onclick='add()'/></view>", "NX6001", 2),
        ("<view><link id='l' href='javascript:alert(1)'>x</link></view>", "NX6002", 2),
    ],
)
def test_a_text_with_errors_leaves_the_panel_as_it_was(
    kernel: WorkspaceKernel, ann: Actor, counter: str, broken: str, code: str, line: int
) -> None:
    kernel.put_panel("counter", counter, ann)
    rev = kernel.head.rev
    text = f'<panel id="counter">\n  {broken}\n  <data><state name="count" type="int"/></data>\n</panel>'
    with pytest.raises(NXMLError) as caught:
        kernel.put_panel("counter", text, ann)
    found = next(d for d in caught.value.diagnostics if d.code == code)
    assert found.span.line == line
    assert found.span.col > 0
    assert found.fix is not None
    # What is only a suggestion is left to people.
    left = code in {d.code for d in kernel.reactor.check(kernel.reactor.fix(text)).diagnostics}
    assert left is not found.fix.certain
    assert kernel.head.rev == rev
    assert kernel.panel("counter").nxml == counter


def test_a_new_text_keeps_the_values_of_states_that_stay(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    run(kernel, ann, 7)
    kernel.put_panel("counter", counter.replace('label="+1"', 'label="one more"'), ann)
    assert kernel.panel("counter").state == {"count": 7}
    other_type = counter.replace('type="int" default="0" min="0" max="1000000"', 'type="str" default="x"').replace(
        "state.count += by;", ""
    )
    kernel.put_panel("counter", other_type, ann)
    assert kernel.panel("counter").state == {"count": "x"}
    assert kernel.put_panel("counter", other_type, ann) is None, "the same text again changes nothing"


def test_undo_is_per_person_and_never_over_what_others_did(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor, counter: str
) -> None:
    kernel.put_panel("counter", counter, ann)
    run(kernel, ann, 1)
    run(kernel, ann, 1)
    kernel.undo("counter", ann)
    kernel.undo("counter", ann)
    assert kernel.panel("counter").state == {"count": 0}
    kernel.undo("counter", ann, redo=True)
    assert kernel.panel("counter").state == {"count": 1}
    run(kernel, bob, 10)
    with pytest.raises(ConflictError, match="Bob"):
        kernel.undo("counter", ann)
    kernel.undo("counter", bob)
    kernel.undo("counter", ann)
    assert kernel.panel("counter").state == {"count": 0}
    with pytest.raises(NotFoundError, match="nothing of yours to undo"):
        kernel.undo("counter", ann)


def test_an_edit_by_id_changes_the_text_and_can_be_undone(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    kernel.edit("counter", Patch(ops=[SetOp(id="plus", attrs={"label": "More"})]), ann)
    assert 'label="More"' in kernel.panel("counter").nxml
    xml = '<patch panel="counter"><insert after="plus"><badge id="b">new</badge></insert><move id="value" before="plus"/></patch>'
    kernel.edit("counter", kernel.reactor.patch(xml), ann)
    text = kernel.panel("counter").nxml
    assert text.index('id="value"') < text.index('id="plus"') < text.index('id="b"')
    kernel.undo("counter", ann)
    kernel.undo("counter", ann)
    assert kernel.panel("counter").nxml == counter


TWO = """<panel xmlns="urn:nexus:nxml:1" id="two" title="Two">
  <view>
    <button id="go" label="Go" on:press="go()"/>
    <text id="said">{said}</text>
  </view>
  <data><state name="a" type="int" default="0"/><state name="b" type="int" default="0"/><state name="said" type="str" default=""/></data>
  <logic><action name="go">state.a += 1; state.b += 1;</action></logic>
</panel>
"""


def test_undo_leaves_what_others_have_changed_since_and_says_so(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("two", TWO, ann)
    kernel.set_state("two", {"said": "first"}, ann)
    kernel.execution.start("two", "go", [], ann).result()
    kernel.set_state("two", {"a": 7}, bob)
    undone = kernel.undo("two", ann)
    assert kernel.panel("two").state == {"a": 7, "b": 0, "said": "first"}
    assert undone.notes == [f"'a' was left as it is: Bob has changed it since (rev {kernel.head.rev - 1})."]
    kernel.undo("two", ann, redo=True)
    assert kernel.panel("two").state == {"a": 7, "b": 1, "said": "first"}


def test_undo_passes_over_what_others_have_overtaken_as_a_whole(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("two", TWO, ann)
    kernel.set_state("two", {"said": "first"}, ann)
    kernel.set_state("two", {"a": 1}, ann)
    kernel.set_state("two", {"a": 7}, bob)
    assert "Bob" in kernel.undo("two", ann).notes[0]
    assert kernel.panel("two").state == {"a": 7, "b": 0, "said": ""}
    kernel.undo("two", ann, redo=True)
    assert kernel.panel("two").state == {"a": 7, "b": 0, "said": "first"}
    kernel.undo("two", bob)
    assert kernel.panel("two").state == {"a": 1, "b": 0, "said": "first"}


def test_an_edit_is_taken_back_though_others_have_edited_beside_it(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("two", TWO, ann)
    kernel.edit("two", Patch(ops=[SetOp(id="go", attrs={"label": "Start"})]), ann)
    xml = '<patch panel="two"><insert after="go"><badge id="b">new</badge></insert></patch>'
    kernel.edit("two", kernel.reactor.patch(xml), bob)
    assert kernel.undo("two", ann).notes == []
    text = kernel.panel("two").nxml
    assert 'label="Go"' in text
    assert 'id="b"' in text
    kernel.undo("two", bob)
    assert 'id="b"' not in kernel.panel("two").nxml
    assert kernel.reactor.check(kernel.panel("two").nxml).ok


def test_an_insert_that_others_have_built_upon_is_not_taken_back(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("two", TWO, ann)
    xml = '<patch panel="two"><insert after="go"><row id="r"><badge id="b">new</badge></row></insert></patch>'
    kernel.edit("two", kernel.reactor.patch(xml), ann)
    kernel.edit("two", kernel.reactor.patch('<patch panel="two"><set id="b" kind="success"/></patch>'), bob)
    with pytest.raises(ConflictError, match="'r' was left as it is: Bob"):
        kernel.undo("two", ann)


def test_undo_does_not_reach_over_a_checkout(kernel: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    kernel.put_panel("two", TWO, ann)
    version = kernel.versions.commit(None, ann)
    kernel.set_state("two", {"a": 1}, ann)
    kernel.versions.checkout(version.id, bob)
    with pytest.raises(ConflictError, match="Bob has changed it since"):
        kernel.undo("two", ann)


def test_an_edit_that_would_break_the_panel_is_refused(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    rev = kernel.head.rev
    with pytest.raises(PatchError, match="NX3003"):
        kernel.edit("counter", Patch(ops=[SetOp(id="value", attrs={"text": "{nothing}"})]), ann)
    with pytest.raises(PatchError, match="nothing with the id"):
        kernel.edit("counter", Patch(ops=[SetOp(id="missing", attrs={"label": "x"})]), ann)
    kernel.put_panel("counter", counter.replace("+1", "+2"), ann)
    with pytest.raises(ConflictError):
        kernel.edit("counter", Patch(rev=rev, ops=[SetOp(id="plus", attrs={"label": "x"})]), ann)


def test_a_checkout_brings_texts_and_values_back_as_one_change(
    kernel: WorkspaceKernel, ann: Actor, counter: str
) -> None:
    kernel.put_panel("counter", counter, ann)
    run(kernel, ann, 4)
    first = kernel.versions.commit(None, ann)
    assert first.message == "add counter"
    run(kernel, ann, 1)
    kernel.put_panel("other", counter.replace('id="counter"', 'id="other"'), ann)
    second = kernel.versions.commit(None, ann)
    assert "count value 4 -> 5" in second.message
    assert "add other" in second.message
    rev = kernel.head.rev
    kernel.versions.checkout(first.id, ann)
    assert kernel.head.rev == rev + 1
    assert kernel.panels() == ["counter"]
    assert kernel.panel("counter").state == {"count": 4}
    kernel.versions.checkout("HEAD", ann)
    assert kernel.panels() == ["counter", "other"]
    assert kernel.panel("counter").state == {"count": 5}
    assert [version.id for version in kernel.versions.store.log()] == [second.id, first.id]
    with pytest.raises(NotFoundError):
        kernel.versions.checkout("0123456", ann)
    with pytest.raises(HistoryError):
        kernel.versions.checkout("--upload-pack=x", ann)


def test_a_folder_that_is_open_is_refused_with_the_name_of_its_owner(kernel: WorkspaceKernel, engine: Engine) -> None:
    with pytest.raises(StorageError, match="open already in this process"):
        WorkspaceKernel(kernel.folder.root, engine=engine)


def test_wrong_calls_say_what_is_there(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    with pytest.raises(NotFoundError, match="Panels here: counter"):
        kernel.panel("conter")
    with pytest.raises(NotFoundError, match="Its actions: add"):
        kernel.execution.start("counter", "sub", [], ann).result()
    with pytest.raises(RequestError, match="has no parameter 'of'"):
        kernel.execution.start("counter", "add", {"of": 1}, ann).result()
    with pytest.raises(StateError, match="at most 1e"):
        kernel.set_state("counter", {"count": 2_000_000}, ann)
    with pytest.raises(RequestError, match="given the name 'other'"):
        kernel.put_panel("other", counter, ann)


def test_opening_and_closing_a_drawer_is_no_step_of_undo(kernel: WorkspaceKernel, ann: Actor) -> None:
    text = (
        '<panel id="p"><view><drawer id="d" title="More" bind:open="open"/><toggle id="t" label="T" bind:value="on"/></view>'
        '<data><state name="open" type="bool" default="false"/><state name="on" type="bool" default="false"/></data></panel>'
    )
    kernel.put_panel("p", text, ann)
    kernel.set_state("p", {"on": True}, ann, via="input", element="t")
    kernel.set_state("p", {"open": True}, ann, via="input", element="d")
    kernel.set_state("p", {"open": False}, ann, via="input", element="d")
    kernel.undo("p", ann)
    assert kernel.panel("p", "ann").state == {"on": False, "open": False}
