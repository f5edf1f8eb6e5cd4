"""One click in the browser is followed to its spans, its changes and its error, by one question."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_cell
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

START = """
import nexus_jupyter as nexus
ws = nexus.connect()
ws.panel('kiosk-till', '''<panel id="kiosk-till" title="Till"><view><button id="sell" label="Sell" on:press="sell()"/><text id="left">{stock}</text></view>
  <data><state name="stock" type="int" default="1"/><state name="checked" type="int" default="0"/></data>
  <logic><action name="sell">state.stock -= 1; </action>
    <effect name="check" on="stock &lt; 1">throw new Error('nothing left to sell');</effect></logic></panel>''')
"""
ASK = """
log = ws.trilog
found = log.sql("SELECT TraceId FROM otel_traces WHERE StatusMessage LIKE '%nothing left to sell%' ORDER BY Timestamp DESC LIMIT 1")
tree = log.cause(found.loc[0, 'TraceId'])
print('TRACE', found.loc[0, 'TraceId'])
print(' > '.join(tree.path()))
print(tree)
"""


def test_a_click_is_followed_to_the_error_that_came_of_it(page: Page, lab: Lab) -> None:
    sent: list[str] = []

    def follow(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame if isinstance(frame, str) else ""))

    page.on("websocket", follow)
    write_notebook(lab, "cause.ipynb", START, ASK)
    open_notebook(page, lab.url, "cause.ipynb")
    run_cell(page, 0)
    panel = page.locator('.nx-panel[data-nx="kiosk-till"]').first
    expect(panel.locator('[data-id="left"]')).to_have_text("1", timeout=60_000)
    panel.get_by_role("button", name="Sell").click()
    expect(panel.locator('[data-id="left"]')).to_have_text("0")
    expect(panel.locator(".nx-messages")).to_contain_text("nothing left to sell")
    run_cell(page, 1)
    output = page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea-output").last
    expect(output).to_contain_text("TRACE", timeout=60_000)
    text = output.inner_text()
    # The trace that the page began with the click is the one that the server followed to the end.
    (trigger,) = (frame for frame in map(json.loads, filter(None, sent)) if frame.get("type") == "trigger")
    begun = trigger["traceparent"].split("-")[1]
    assert re.search(rf"TRACE {begun}\b", text), text
    way = next(line for line in text.splitlines() if " > " in line)
    assert re.match(r"click on 'sell' of 'kiosk-till' by .+ > ", way), text
    assert way.endswith("nothing left to sell")
    for part in ("run sell", "effect:check", "change: ", "error: "):
        assert part in text, text
