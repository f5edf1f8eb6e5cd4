"""The product's five jobs where a model has a part in them, by answers that were written by hand and are replayed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import HandlerError

TRANSCRIPTS = Path(__file__).parent / "transcripts"
INVOICE = """<panel xmlns="urn:nexus:nxml:1" id="invoice" title="Invoice">
  <view>
    <column id="all">
      <slider id="hours" label="Hours" bind:value="hours" min="0" max="80"/>
      <metric id="total" label="Total" value="{total}" unit="EUR"/>
    </column>
  </view>
  <data>
    <state name="hours" type="int" default="40" min="0"/>
    <computed name="net" expr="hours * 90"/>
    <computed name="total" expr="net * 1.2"/>
  </data>
</panel>
"""


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("NEXUS_AI_TRANSCRIPTS", str(TRANSCRIPTS))
    with Workspace.open(tmp_path / "w") as workspace:
        yield workspace


def test_a_dataframe_and_a_sentence_become_a_dashboard(ws: Workspace) -> None:
    months = pd.date_range("2026-01-01", periods=6, freq="MS")
    ws.bind(orders=pd.DataFrame({"month": months.repeat(2), "shop": ["a", "b"] * 6, "amount": range(12)}))
    edit = ws.ask("A dashboard of the orders: choose a shop, see the sum, and a line by month", create="orders")
    assert "orders" not in ws.panels
    panel = edit.accept()
    assert not panel.diagnostics
    panel.state["shop"] = "b"
    assert "36" in panel.html  # 1 + 3 + 5 + 7 + 9 + 11


def test_of_three_changes_two_are_taken_and_one_of_them_undone(ws: Workspace) -> None:
    panel = ws.panel("invoice", INVOICE)
    edit = ws.ask("Call it Invoice 7, show the net, and allow 100 hours", panel="invoice")
    assert [op.index for op in edit.ops] == [0, 1, 2]
    edit.accept(ops=[1, 2])
    assert 'title="Invoice"' in panel.nxml
    assert 'id="net"' in panel.nxml
    edit.undo(2)
    assert 'max="80"' in panel.nxml
    assert 'id="net"' in panel.nxml


def test_what_a_model_would_let_a_panel_do_is_asked_for_and_not_given(ws: Workspace) -> None:
    panel = ws.panel("invoice", INVOICE)
    edit = ws.ask("Load the hourly rate from https://rates.example.org when a button is pressed", panel="invoice")
    (use,) = edit.proposal.asks
    assert (use.cap, use.allowed) == ("net.http", False)
    edit.accept()
    assert ws.grants.empty
    with pytest.raises(HandlerError, match=r"needs the capability net\.http"):
        panel.run("load")


def test_a_wrong_number_is_traced_to_the_prompt_and_that_op_alone_taken_back(ws: Workspace) -> None:
    panel = ws.panel("invoice", INVOICE)
    edit = ws.ask("There is a discount of ten percent, and the total should say so", panel="invoice")
    edit.accept()
    panel.state["hours"] = 41
    assert 'expr="net * 0.12"' in panel.nxml  # a tenth of what was meant
    change = ws.journal.query("cause == 'prompt'").iloc[-1]
    assert "There is a discount of ten percent" in str(ws.trilog.cause(int(change["rev"])))
    assert "asked a model" in str(ws.nog.explain("invoice/computed.total"))
    wrong = next(op.index for op in edit.ops if "total" in op.words and "expr" in op.words)
    edit.undo(wrong)
    assert 'expr="net * 1.2"' in panel.nxml
    assert "with 10 % off" in panel.nxml
    assert panel.state["hours"] == 41


def test_two_accepted_edits_on_two_branches_leave_one_question(ws: Workspace) -> None:
    panel = ws.panel("invoice", INVOICE)
    ws.commit("the beginning")
    ws.history.branch("ann")
    ws.history.switch("ann")
    ws.ask("Call the total Sum, and the hours Time", panel="invoice").accept()
    ws.commit("ann's")
    ws.history.switch("main")
    ws.ask("Call the total Amount due, and allow 100 hours", panel="invoice").accept()
    ws.commit("ours")
    ws.history.merge("ann")
    (question,) = panel.conflicts
    assert {str(question.ours.value), str(question.theirs.value)} == {"Amount due", "Sum"}
    assert 'label="Time"' in panel.nxml
    assert 'max="100"' in panel.nxml
    assert "<<<<" not in panel.nxml
