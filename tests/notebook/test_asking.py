"""A wish in words: what would change is shown, and only what a person accepts is changed."""

from __future__ import annotations

import json
import threading

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import (
    ConflictError,
    HandlerError,
    ModelError,
    NotFoundError,
    RequestError,
    UnavailableError,
)
from tests.ai.scripted import Models, Step

PANEL = """<panel xmlns="urn:nexus:nxml:1" id="till" title="Till">
  <view>
    <column id="c">
      <text id="left">{stock} left</text>
      <button id="sell" label="Sell" on:press="sell()"/>
    </column>
  </view>
  <data><state name="stock" type="int" default="9"/></data>
  <logic><action name="sell">state.stock -= 1;</action></logic>
</panel>
"""
THREE = json.dumps(
    {
        "say": "A clearer button, a warning, and a title.",
        "ops": [
            {"op": "set", "id": "sell", "attr": "label", "value": "Sell one"},
            {
                "op": "insert",
                "where": "after",
                "at": "left",
                "nxml": "<text id='low' if='{stock &lt; 3}'>Few left</text>",
            },
            {"op": "set", "id": "till", "attr": "title", "value": "The till"},
        ],
    }
)


@pytest.fixture
def model(models: Models, monkeypatch: pytest.MonkeyPatch) -> Models:
    # The embedded workspace reads the environment when it is first asked; the server was given it as options.
    monkeypatch.setenv("NEXUS_AI_URL", models.url)
    monkeypatch.setenv("NEXUS_AI_MODEL", "script-1")
    return models


def test_three_ops_are_shown_two_accepted_one_undone(ws: Workspace, model: Models) -> None:
    ws.panel("till", PANEL)
    model.will(THREE)
    edit = ws.ask("Make selling clearer, warn when there is little left, and call it The till", panel="till")
    assert ws["till"].nxml == PANEL, "nothing is changed before somebody decides"
    assert edit.say == "A clearer button, a warning, and a title."
    assert len(edit.ops) == 3
    assert "Sell one" in edit.ops[0].words
    assert '+      <text id="low"' in edit.preview()
    assert {"name", "tokens", "reason"} <= set(edit.context.columns)
    assert "Sell one" in repr(edit)
    assert "Sell one" in edit._repr_html_()
    panel = edit.accept(ops=[0, 1])
    assert 'label="Sell one"' in panel.nxml
    assert "Few left" in panel.nxml
    assert 'title="Till"' in panel.nxml
    change = ws.journal.iloc[-1]
    assert change["cause"] == "prompt"
    edit.undo(0)
    assert 'label="Sell"' in panel.nxml
    assert "Few left" in panel.nxml
    edit.undo()
    assert "Few left" not in panel.nxml


def test_a_rejected_proposal_changes_nothing_and_cannot_be_decided_again(ws: Workspace, model: Models) -> None:
    ws.panel("till", PANEL)
    model.will(THREE)
    edit = ws.ask("Improve it", panel="till")
    edit.reject()
    assert ws["till"].nxml == PANEL
    with pytest.raises(RequestError, match="rejected already"):
        edit.accept()
    with pytest.raises(RequestError, match="Nothing of this proposal"):
        edit.undo()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(ws: Workspace, model: Models) -> None:
    panel = ws.panel("till", PANEL)
    model.will(THREE)
    edit = ws.ask("Improve it", panel="till")
    panel.edit('<patch><set id="sell" label="Take one"/></patch>')
    with pytest.raises(ConflictError):
        edit.accept()
    assert 'label="Take one"' in panel.nxml
    assert 'title="Till"' in panel.nxml
    edit.accept(ops=[2])
    assert 'title="The till"' in panel.nxml


def test_a_new_panel_is_made_when_it_is_accepted(ws: Workspace, model: Models) -> None:
    model.will(PANEL.replace("till", "kiosk"))
    edit = ws.ask("A till for the kiosk", create="kiosk")
    assert "kiosk" not in ws.panels
    assert edit.accept().state["stock"] == 9
    assert ws["kiosk"].run("sell").rev


def test_a_model_that_makes_no_sense_changes_nothing_and_says_so(ws: Workspace, model: Models) -> None:
    ws.panel("till", PANEL)
    model.will(*["I would rather not."] * 4)
    with pytest.raises(ModelError) as caught:
        ws.ask("Improve it", panel="till")
    assert "till" not in caught.value.message or caught.value.message
    assert ws["till"].nxml == PANEL


def test_every_exchange_can_be_looked_up(ws: Workspace, model: Models) -> None:
    ws.panel("till", PANEL)
    model.will(THREE)
    ws.ask("Improve it, my key is sk-abcdefghijklmnopqrstuvwxyz123456", panel="till").accept(ops=[0])
    row = ws.trilog.ai().iloc[0]
    assert (row["outcome"], row["panel"], row["model"], list(row["accepted"])) == ("accepted", "till", "script-1", [0])
    assert "sk-abcdef" not in ws.trilog.ai().to_string()
    assert "prompt" in str(ws.trilog.cause(int(row["rev"])))


def test_what_is_given_up_leaves_nothing_behind(ws: Workspace, model: Models) -> None:
    ws.panel("till", PANEL)
    model.will(Step(text=THREE, hold_after=2))
    from nexus_jupyter.protocol.ai import AskBody

    events = ws._host.ai.ask(AskBody(text="Improve it", panel="till"))
    assert next(events).kind == "context"
    while next(events).kind != "text":
        pass
    events.close()
    gone = threading.Event()
    for _ in range(400):
        if model.server.left.is_set():
            gone.set()
            break
        threading.Event().wait(0.02)
    assert gone.is_set(), "the model's server sees that nobody waits any more"
    assert ws["till"].nxml == PANEL
    model.release()


def test_proposals_belong_to_who_asked(ws: Workspace, model: Models) -> None:
    from nexus_jupyter.protocol.ai import DecideBody

    with pytest.raises(NotFoundError):
        ws._host.ai.decide("0" * 32, DecideBody())


def test_without_a_model_one_sentence_says_how_to_get_one(tmp_path) -> None:  # noqa: ANN001
    with Workspace.open(tmp_path / "none") as ws, pytest.raises(UnavailableError, match="NEXUS_AI_URL"):
        ws.ask("Anything")


def test_a_handler_asks_a_model_once_it_may(ws: Workspace, model: Models) -> None:
    ws.panel(
        "poet",
        """<panel id="poet"><view><text>{line}</text></view><data><state name="line" type="str" default=""/></data>
        <logic><uses cap="ai.complete" why="to write a line"/>
        <action name="write">state.line = await nx.ai('A line about ' + 'rain');</action></logic></panel>""",
    )
    with pytest.raises(HandlerError, match=r"needs the capability ai\.complete"):
        ws["poet"].run("write")
    ws.grant("poet", "ai.complete")
    model.will("It rains.")
    run = ws["poet"].run("write")
    spans = ws.trilog.cause(run).frame.query("kind == 'span'").set_index("id")
    asked = spans[spans["text"].str.startswith("model.ask")].iloc[0]
    assert spans.loc[asked["parent"], "text"].startswith("action.run write")
    assert ws["poet"].state["line"] == "It rains."
    row = ws.trilog.ai().iloc[0]
    assert (row["task"], row["panel"], row["answer"]) == ("complete", "poet", "It rains.")
    model.will(*[Step(finish="content_filter")] * 4)
    with pytest.raises(HandlerError):
        ws["poet"].run("write")
    assert ws["poet"].state["line"] == "It rains."


def test_an_op_that_brings_several_things_is_undone_with_all_of_them_and_not_before_what_needs_it(
    ws: Workspace, model: Models
) -> None:
    ws.panel("till", PANEL)
    ops = [
        {"op": "set", "id": "sell", "attr": "label", "value": "Sell"},  # as it is: this one is left out
        {
            "op": "insert",
            "where": "into",
            "at": "data",
            "nxml": '<state name="limit" type="int" default="3"/><state name="tips" type="int" default="0"/>',
        },
        {
            "op": "insert",
            "where": "into",
            "at": "c",
            "nxml": '<card id="box"><text id="a">{limit}</text></card><text id="b">{tips}</text>',
        },
        {"op": "set", "id": "till", "attr": "title", "value": "The till"},
    ]
    model.will(json.dumps({"say": "A limit and tips.", "ops": ops}))
    edit = ws.ask("Show a limit and tips", panel="till")
    assert [op.needs for op in edit.ops] == [[], [0], []]
    panel = edit.accept()
    with pytest.raises(RequestError, match="Op 1 needs op 0"):
        edit.undo(0)
    edit.undo(1)
    assert 'id="box"' not in panel.nxml
    assert 'id="b"' not in panel.nxml
    assert 'name="tips"' in panel.nxml
    edit.undo(0)
    assert "limit" not in panel.nxml
    assert "tips" not in panel.nxml
    assert 'title="The till"' in panel.nxml
    edit.undo()
    assert 'title="The till"' not in panel.nxml
    with pytest.raises(RequestError, match="taken back already"):
        edit.undo()
