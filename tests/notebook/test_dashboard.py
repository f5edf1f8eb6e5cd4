"""`ws.panel(name, df)`, the same in this process and through a server."""

from __future__ import annotations

import pandas as pd
import pytest

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import FrameError


def orders(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"region": ["north", "south"] * (rows // 2), "sales": range(rows)})


def test_a_dataframe_gives_a_panel_that_can_be_edited_and_shows_new_rows(ws: Workspace) -> None:
    panel = ws.panel("made_of_rows", orders(40))
    assert nexus.check(panel.nxml) == []
    assert nexus.format(panel.nxml) == panel.nxml
    assert [tool.name for tool in panel.tools] == ["filter_region"]
    panel.edit('<patch><set id="count" label="Orders"/></patch>')
    panel.state["region"] = "north"
    again = ws.panel("made_of_rows", orders(60))
    assert 'label="Orders"' in again.nxml
    assert again.state["region"] == "north"
    assert again.conflicts == []
    assert ">30<" in again.html


def test_what_is_no_table_is_refused_in_a_sentence(ws: Workspace) -> None:
    with pytest.raises(FrameError, match="neither the text of a panel nor a table"):
        ws.panel("made_of_rows", 3)
