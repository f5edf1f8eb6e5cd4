"""What is moved by Alt and an arrow key keeps the focus, and the browser never takes the key for going back a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.lab import EXAMPLES, Lab, show

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

KANBAN = """<panel id="lanes" title="Lanes"><view>
  <kanban id="k" label="Tasks" columns="['todo', 'done']" cards="{cards}" on:move="move($event)"/>
</view><data><state name="cards" type="list" default='[{"id": "a", "title": "Measure", "column": "todo"}]'/></data>
<logic><action name="move" params="to: any">
  state.cards = state.cards.map((card) => (card.id === to.id ? { ...card, column: to.to } : card));
</action></logic></panel>"""


def test_an_item_is_followed_by_the_focus_and_stays_where_there_is_nowhere_to_go(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "board", (EXAMPLES / "panels" / "board.nxml").read_text())
    item = panel.locator(".nx-item[draggable=true]").first
    said = item.locator(".nx-item-title").text_content()
    moved = panel.locator(".nx-item[draggable=true]", has_text=said or "")
    lane = panel.locator("[data-drop]")
    item.focus()
    where = page.url
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Alt+ArrowRight")
    expect(lane.nth(1).locator(".nx-item", has_text=said or "")).to_have_count(1)
    expect(moved).to_be_focused()
    page.keyboard.press("Alt+ArrowRight")
    expect(lane.nth(2).locator(".nx-item", has_text=said or "")).to_have_count(1)
    expect(moved).to_be_focused()
    page.keyboard.press("Alt+ArrowRight")
    assert page.url == where


def test_a_card_in_the_first_lane_does_not_take_the_page_back(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "lanes", KANBAN)
    card = panel.locator("[data-card]")
    card.click()
    where = page.url
    for key in ("Alt+ArrowLeft", "Alt+ArrowUp", "Alt+ArrowRight"):
        page.keyboard.press(key)
    expect(panel.locator(".nx-lane").nth(1).locator("[data-card]")).to_be_focused()
    page.keyboard.press("Alt+ArrowRight")
    assert page.url == where
