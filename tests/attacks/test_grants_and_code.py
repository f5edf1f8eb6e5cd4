"""A grant that was given to one text is used by another.

Attacker: the author of a panel, who changes its code after a person has allowed it something: by an edit, a model's
proposal, a checkout, a panel of the same name after the first one was deleted; or between the moment when the person is
asked and the moment when they answer.

What must hold: a grant holds for the code that it was given to. Other code is refused, and the person is asked again with
the difference. Only the person who gave the grant keeps it by editing the code themselves. Titles and layout are free.
"""

from __future__ import annotations

import json

import pytest

from nexus_jupyter.protocol.errors import ConflictError, HandlerError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.consent import code_of
from tests.workspace.test_session import Client

PANEL = """<panel id="teller" title="Teller">
  <view><button id="b" label="Tell" on:press="tell()"/></view>
  <data><state name="n" type="int" default="0"/></data>
  <logic>
    <uses cap="notify" why="to tell you"/>
    <action name="tell">await nx.notify("hello"); return 1;</action>
  </logic>
</panel>"""
EVIL = PANEL.replace('"hello"', '"evil"')


@pytest.fixture
def granted(kernel: WorkspaceKernel, ann: Actor) -> WorkspaceKernel:
    """A panel that Ann has allowed to notify her."""
    kernel.put_panel("teller", PANEL, ann)
    kernel.permissions.grant("teller", "notify", None, ann)
    assert tell(kernel, ann) == 1
    return kernel


def tell(kernel: WorkspaceKernel, actor: Actor) -> object:
    return kernel.execution.start("teller", "tell", [], actor).result(60).value


def refused(kernel: WorkspaceKernel, actor: Actor) -> None:
    with pytest.raises(HandlerError, match="needs the capability notify"):
        tell(kernel, actor)


def test_code_that_somebody_else_changed_has_no_grant(granted: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    granted.put_panel("teller", EVIL, bob)
    refused(granted, ann)
    (changed,) = granted.permissions.changed("teller")
    assert changed.difference.splitlines() == [
        '-  await nx.notify("hello"); return 1;',
        '+  await nx.notify("evil"); return 1;',
    ]
    assert [grant.stale for grant in granted.permissions.all()] == [True]
    granted.put_panel("teller", PANEL, bob)
    assert tell(granted, ann) == 1, "it is the code that was allowed again"


def test_code_of_a_model_has_no_grant_though_its_person_accepted_it(granted: WorkspaceKernel, ann: Actor) -> None:
    granted.edit(
        "teller", granted.reactor.patch('<patch panel="teller"><set id="b" label="Say"/></patch>'), ann, prompt="p"
    )
    assert tell(granted, ann) == 1, "a label is no code"
    body = '<patch panel="teller"><set id="action.tell">await nx.notify(1); return 1;</set></patch>'
    granted.edit("teller", granted.reactor.patch(body), ann, prompt="p")
    refused(granted, ann)


def test_who_gave_a_grant_keeps_it_by_their_own_edits_and_others_do_not(
    granted: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    granted.permissions.grant("teller", "clipboard", None, bob)
    granted.put_panel("teller", PANEL.replace('"hello"', '"hello, Ann"'), ann)
    assert tell(granted, ann) == 1
    assert {grant.cap for grant in granted.permissions.active("teller")} == {"notify"}
    granted.put_panel("teller", EVIL, bob)
    granted.put_panel("teller", EVIL.replace("return 1", "return 2"), ann)
    refused(granted, ann)  # Bob's code was never shown to her with the question


def test_a_checkout_brings_code_back_without_its_grant(granted: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    granted.put_panel("teller", EVIL, bob)
    evil = granted.versions.commit("evil", bob)
    granted.put_panel("teller", PANEL, bob)
    granted.versions.commit("good", bob)
    assert tell(granted, ann) == 1
    granted.versions.checkout(evil.id, bob)
    refused(granted, ann)


def test_a_panel_of_the_same_name_inherits_nothing(granted: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    granted.delete("teller", bob)
    granted.put_panel("teller", PANEL, bob)
    refused(granted, ann)


def test_an_answer_to_a_question_about_other_code_is_refused(kernel: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    kernel.put_panel("teller", PANEL, ann)
    client = Client(kernel, ann)
    client.send(type="subscribe", panel="teller", rev=None)
    shown = client.until(lambda frame: frame["type"] == "grants")["code"]
    assert shown == kernel.permissions.code("teller").digest
    kernel.put_panel("teller", EVIL, bob)  # while she reads
    client.send(type="grant", id="g", panel="teller", cap="notify", target=None, seconds=None, code=shown)
    assert client.until(lambda frame: frame.get("id") == "g")["problem"]["code"] == ConflictError.code
    assert kernel.permissions.all() == []


def test_who_looks_is_told_when_code_changes(granted: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    client = Client(granted, ann)
    client.send(type="subscribe", panel="teller", rev=None)
    first = client.until(lambda frame: frame["type"] == "grants")
    assert ([one["cap"] for one in first["grants"]], first["changed"]) == (["notify"], [])
    granted.put_panel("teller", EVIL, bob)
    then = client.until(lambda frame: frame["type"] == "grants")
    assert then["grants"] == []
    assert "evil" in then["changed"][0]["difference"]


ACTS = {
    "an action": ('"hello"', '"other"'),
    "a parameter": ('name="tell"', 'name="tell" params="x: int = 1"'),
    "a reason": ("to tell you", "to sell you"),
    "a capability": ("<uses cap", '<uses cap="clipboard" why="to copy"/><uses cap'),
    "a lifecycle": ("</logic>", '<lifecycle on="mount" run="tell()"/></logic>'),
    "an effect": ("</logic>", '<effect name="e" on="n > 1">state.n = 0;</effect></logic>'),
    "a picture": ("<button", '<image src="https://evil.example/{n}" alt="x"/><button'),
}
FREE = {
    "a label": ('label="Tell"', 'label="Say"'),
    "a title": ('title="Teller"', 'title="Another"'),
    "layout": ('label="Tell"', 'label="Tell" grow="1"'),
    "the order of indentation": ("    <action", "  <action"),
}


@pytest.mark.parametrize("what", [*ACTS, *FREE])
def test_what_acts_is_part_of_the_code_and_what_does_not_is_not(kernel: WorkspaceKernel, what: str) -> None:
    old, new = {**ACTS, **FREE}[what]
    assert old in PANEL
    before, after = (kernel.reactor.check(text) for text in (PANEL, PANEL.replace(old, new)))
    assert (code_of(before) != code_of(after)) == (what in ACTS)
    assert json.dumps(code_of(after).text)
