"""What a handler says to the person: a message while it goes on, or its end, in a notebook and in an exported page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_lab import Shot
from tests.lab import Lab, show, show_exported

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PANEL = """<panel id="says" title="Says">
  <view>
    <row id="r"><button id="on" label="Go on" on:press="act('on')"/><button id="caught" label="Caught" on:press="act('caught')"/><button id="fail" label="Fail" on:press="act('fail')"/></row>
    <text id="said">{n}|{busy}</text>
  </view>
  <data><state name="n" type="int" default="0"/><state name="busy" type="bool" default="false"/></data>
  <logic>
    <action name="act" params="how: str">
      state.n += 1;
      state.busy = true;
      try {
        if (how === "on") nx.error("No ink, but it goes on.");
        if (how === "caught") await nx.kernel.call("absent");
        if (how === "fail") nx.fail("No paper.");
      } catch (error) {
        if (how === "fail") throw error;
        nx.error("Caught.");
      } finally {
        state.busy = false;
      }
    </action>
    <uses cap="kernel.call" why="to try"/>
  </logic>
</panel>"""


def walk(page: Page) -> None:
    panel = page.locator('.nx-panel[data-nx="says"]').first
    said = panel.locator('[data-id="said"]')
    shown = panel.locator('.nx-banner[data-kind="error"][role="alert"]')

    def press(name: str) -> None:
        panel.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")

    press("Go on")
    expect(shown.filter(has_text="No ink, but it goes on.")).to_be_visible()
    expect(said).to_have_text("1|false")
    press("Caught")
    expect(shown.filter(has_text="Caught.")).to_be_visible()
    expect(said).to_have_text("2|false")
    press("Fail")
    expect(panel.locator('[data-id="fail"] .nx-problem')).to_contain_text("No paper.")
    expect(said).to_have_text("2|false")


def test_a_message_is_shown_and_the_handler_goes_on_in_a_notebook(page: Page, lab: Lab, shot: Shot) -> None:
    show(page, lab, "says", PANEL)
    walk(page)
    shot(page, "words-messages")


def test_a_message_is_shown_and_the_handler_goes_on_in_an_exported_page(page: Page, tmp_path: Path) -> None:
    show_exported(page, tmp_path, "says", PANEL)
    walk(page)
