"""Whose a state is: everybody's, a person's, or a page's, however it is set and wherever it is read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import StateError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

PANEL = """<panel id="scopes" title="Scopes"><view>
  <input id="view_in" label="View" bind:value="view"/><input id="user_in" label="User" bind:value="user"/>
  <input id="shared_in" label="Shared" bind:value="shared"/>
  <button id="copy" label="Copy" on:press="copy()"/><button id="fill" label="Fill" on:press="fill('handler')"/>
  <text id="said">{view}|{user}|{shared}|{copied}</text>
</view><data>
  <state name="view" type="str" default="v" scope="view"/><state name="user" type="str" default="u" scope="user"/>
  <state name="shared" type="str" default="s"/><state name="copied" type="str"/><state name="effected" type="str"/>
</data><logic>
  <action name="copy">state.copied = state.view + state.user + state.shared; return state.copied;</action>
  <action name="fill" params="text: str">state.view = text; state.user = text; state.shared = text; return state.view;</action>
  <effect name="follow" on="shared == 'go'">state.effected = state.view + state.user; state.view = "effect"; state.user = "effect";</effect>
</logic></panel>"""


def test_what_the_page_of_a_person_has_is_what_their_handler_gets(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("scopes", PANEL, ann)
    kernel.set_state("scopes", {"user": "ann's"}, ann)
    kernel.set_state("scopes", {"shared": "all's"}, bob)
    run = kernel.execution.start("scopes", "copy", [], ann, seen={"view": "pasted ", "shared": "forged"})
    assert run.result().value == "pasted ann'sall's"
    assert kernel.execution.start("scopes", "copy", [], bob).result().value == "vuall's"
    with pytest.raises(StateError):
        kernel.execution.start("scopes", "copy", [], ann, seen={"view": 7}).result()


def test_a_handler_gives_the_page_its_values_and_the_workspace_the_others(
    kernel: WorkspaceKernel, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("scopes", PANEL, ann)
    record = kernel.execution.start("scopes", "fill", ["x"], ann, seen={"view": "mine"}).result()
    assert (record.value, record.seen) == ("x", {"view": "x"})
    assert [op.id for op in record.ops if op.op == "set"] == ["scopes/state.user", "scopes/state.shared"]
    assert kernel.panel("scopes", "ann").state == {
        "view": "v", "user": "x", "shared": "x", "copied": "", "effected": "",
    }  # fmt: skip
    assert kernel.panel("scopes", "bob").state["user"] == "u"


def test_an_effect_has_no_page(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("scopes", PANEL, ann)
    kernel.set_state("scopes", {"user": "ann's"}, ann)
    kernel.set_state("scopes", {"shared": "go"}, ann)
    deadline = time.monotonic() + 60
    while not kernel.panel("scopes", "ann").state["effected"] and time.monotonic() < deadline:
        time.sleep(0.01)
    state = kernel.panel("scopes", "ann").state
    assert (state["effected"], state["view"], state["user"]) == ("vann's", "v", "effect")


def test_python_has_no_value_of_a_page_and_git_gets_none(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        panel = workspace.panel("scopes", PANEL)
        assert set(panel.state) == {"user", "shared", "copied", "effected"}
        for name in ("user", "shared"):
            panel.state[name] = "python"
            assert panel.state[name] == "python"
        before = panel.rev
        with pytest.raises(StateError, match="has the scope view"):
            panel.state["view"] = "python"
        with pytest.raises(StateError, match="has the scope view"):
            panel.state["view"]
        assert panel.rev == before
        panel.run("fill", "run")
        workspace.history.commit("filled")
        kept = "".join(file.read_text() for file in (tmp_path / "ws" / "nog").rglob("*.json"))
        assert '"run"' in kept
        assert panel.nxml.count("scope=") == kept.count('"attr:scope"')
        assert kept.count('"run"') == 1  # the shared one; a person's own is personal, a page's nobody's


def test_a_value_that_an_earlier_version_kept_of_a_page_is_seen_nowhere(kernel: WorkspaceKernel, ann: Actor) -> None:
    shared = PANEL.replace(' scope="view"', "")
    kernel.put_panel("scopes", shared, ann)
    kernel.set_state("scopes", {"view": "old"}, ann)
    kernel.put_panel("scopes", PANEL, ann)
    assert kernel.panel("scopes", "ann").state["view"] == "v"
    kernel.undo("scopes", ann)
    assert kernel.panel("scopes", "ann").state["view"] == "old"
