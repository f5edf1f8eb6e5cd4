"""Why things are as they are: causes across panels and effects, and who made a panel."""

from __future__ import annotations

import time

from nexus_jupyter.nog import explain
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.protocol.query import Explanation
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.versions import version_files

BOB = Actor(id="bob", name="Bob")
PLAIN = '<panel id="p" title="{title}"><view><text id="t">Hello</text></view></panel>'
SENDER = """<panel id="sender" title="Sender">
  <view><button id="go" label="Go" on:press="send()"/></view>
  <logic><uses cap="panel.send" target="receiver.take" why="to hand on"/>
    <action name="send">await nx.send('receiver', 'take', {{ n: 3 }});</action></logic>
</panel>""".replace("{{", "{").replace("}}", "}")
RECEIVER = """<panel id="receiver" title="Receiver">
  <data><state name="n" type="int" default="0"/><state name="twice" type="int" default="0"/></data>
  <logic><action name="take" params="n: int">state.n = n;</action>
    <effect name="doubled" on="n">state.twice = state.n * 2;</effect></logic>
</panel>"""


def files(kernel: WorkspaceKernel) -> dict[str, bytes]:
    texts = [kernel.panel(name).nxml for name in kernel.panels()]
    return version_files(kernel.head.graph, {text: kernel.reactor.format(text) for text in texts})


def explained(kernel: WorkspaceKernel, entity: str) -> Explanation:
    head = kernel.head
    return explain(
        head.graph,
        entity,
        lambda revs: {change.rev: change for change in kernel.journal.read() if change.rev in revs},
        rev=head.rev,
    )


def authors(kernel: WorkspaceKernel, panel: str) -> list[str]:
    return sorted(kernel.head.graph.record(panel).out.get("authoredBy", ()))


def test_a_value_is_explained_from_the_effect_through_another_panel_to_the_click(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("sender", SENDER, ann)
    kernel.put_panel("receiver", RECEIVER, ann)
    kernel.permissions.grant("sender", "panel.send", "receiver.take", ann)
    kernel.execution.start("sender", "send", [], ann, via="click", element="go").result()
    end = time.monotonic() + 10
    while kernel.panel("receiver").state["twice"] != 6:
        assert time.monotonic() < end
        time.sleep(0.01)
    why = explained(kernel, "receiver/state.twice")
    latest = why.causes[0]
    assert latest.attrs == ["value"]
    assert [(link.kind, link.via, link.panel, link.action, link.element) for link in latest.chain] == [
        ("run", "effect", "receiver", "effect:doubled", None),
        ("run", "system", "receiver", "take", None),
        ("run", "click", "sender", "send", "go"),
    ]
    assert latest.chain[0].rev == kernel.head.rev
    assert latest.chain[1].rev == kernel.head.rev - 1
    assert latest.chain[2].rev is None, "the run in the sender changed nothing, and is still named"
    assert latest.chain[2].text == "The action 'send' in 'sender', started by a click on 'go' of Ann"
    made = why.causes[-1]
    assert "default" in made.attrs
    assert made.chain[0].kind == "create"


def test_an_undo_is_explained_by_what_it_took_back(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("receiver", RECEIVER, ann)
    kernel.set_state("receiver", {"twice": 4}, ann, via="input", element="field")
    kernel.undo("receiver", ann)
    chain = explained(kernel, "receiver/state.twice").causes[0].chain
    assert [(link.kind, link.of) for link in chain] == [("undo", 2), ("set", None)]
    assert chain[1].text == "Ann set the state in 'receiver', by an input on 'field'"


def test_a_panel_is_authored_by_all_who_edited_it_and_undo_takes_nobody_away(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("p", PLAIN.format(title="One"), ann)
    kernel.put_panel("q", PLAIN.replace('id="p"', 'id="q"').format(title="Q"), ann)
    assert authors(kernel, "p") == ["user:ann"]
    kernel.put_panel("p", PLAIN.format(title="Two"), BOB)
    kernel.edit("q", Patch(ops=[SetOp(id="q", attrs={"title": "Q2"})]), BOB)
    assert authors(kernel, "p") == authors(kernel, "q") == ["user:ann", "user:bob"]
    assert kernel.head.graph.entity("user:bob").attrs == {"name": "Bob", "kind": "user"}
    kernel.undo("p", BOB)
    assert kernel.panel("p").title == "One"
    assert authors(kernel, "p") == authors(kernel, "q") == ["user:ann", "user:bob"], "bob has edited both"
    kernel.undo("p", BOB, redo=True)
    assert kernel.panel("p").title == "Two"
    assert kernel.put_panel("p", kernel.panel("p").nxml, ann) is None, "the same text again changes nothing"


def test_authors_are_not_among_a_versions_files_and_stay_when_it_is_checked_out(
    kernel: WorkspaceKernel, ann: Actor
) -> None:
    kernel.put_panel("p", PLAIN.format(title="One"), ann)
    before = files(kernel)
    version = kernel.versions.commit("first", ann)
    kernel.put_panel("p", PLAIN.format(title="Two"), BOB)
    kernel.versions.checkout(version.id, ann)
    assert files(kernel) == before
    assert b"user:" not in b"".join(before.values())
    assert authors(kernel, "p") == ["user:ann", "user:bob"]
