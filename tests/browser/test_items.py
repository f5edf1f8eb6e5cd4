"""A to-do list: each item of a list state has its own controls, in a notebook and in an exported page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_lab import Shot
from tests.keys.test_entries import enter
from tests.lab import Lab, show, show_exported
from tests.words.test_items import TODO

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def walk(page: Page) -> None:
    panel = page.locator('.nx-panel[data-nx="todo"]').first
    left = panel.locator('[data-id="open"]')
    expect(left).to_have_text("1 open")
    panel.get_by_label("One").focus()
    page.keyboard.press("Space")
    expect(left).to_have_text("0 open")
    panel.get_by_label("Two").focus()
    page.keyboard.press("Space")
    expect(left).to_have_text("1 open")
    title = panel.get_by_label("Title").first
    enter(page, title, "Eins")
    page.keyboard.press("Enter")
    expect(panel.get_by_label("Eins")).to_be_checked()
    expect(title).to_be_focused()
    # What does not hold stays in the control, marked; the item keeps what it had.
    hours = panel.get_by_label("Hours").first
    enter(page, hours, "abc")
    page.keyboard.press("Tab")
    expect(panel.locator('[data-id^="hours"] .nx-fault').first).to_be_visible()
    hours.focus()
    page.keyboard.press("Escape")
    expect(hours).to_have_value("1")
    enter(page, hours, "3")
    page.keyboard.press("Enter")
    panel.locator(".nx-icon[title=Undo]").focus()
    page.keyboard.press("Enter")
    expect(hours).to_have_value("1")
    expect(panel.get_by_label("Eins")).to_be_checked()


def test_items_of_a_list_are_edited_one_by_one_in_a_notebook(page: Page, lab: Lab, shot: Shot) -> None:
    show(page, lab, "todo", TODO)
    walk(page)
    shot(page, "words-items")


def test_items_of_a_list_are_edited_one_by_one_in_an_exported_page(page: Page, tmp_path: Path) -> None:
    show_exported(page, tmp_path, "todo", TODO)
    walk(page)
