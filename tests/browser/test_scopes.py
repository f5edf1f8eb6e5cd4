"""What a person sees of a page's own state is what their handler gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fidelity.test_scopes import PANEL
from tests.keys.test_entries import enter
from tests.lab import Lab, show, show_exported

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def walk(page: Page) -> None:
    """Type into the page's own state, and press: the handler gets what is seen, and what it sets is seen."""
    panel = page.locator('.nx-panel[data-nx="scopes"]').first
    said = panel.locator('[data-id="said"]')
    enter(page, panel.get_by_label("View"), "pasted")
    panel.get_by_role("button", name="Copy").click()
    expect(said).to_have_text("pasted|u|s|pastedus")
    panel.get_by_role("button", name="Fill").click()
    expect(said).to_have_text("handler|handler|handler|pastedus")
    expect(panel.get_by_label("View")).to_have_value("handler")


def test_a_pasted_text_reaches_the_handler_in_a_notebook_and_no_other_page(page: Page, lab: Lab) -> None:
    show(page, lab, "scopes", PANEL)
    walk(page)
    # Another page has its own value; the others are those of before.
    panel = show(page, lab, "scopes", PANEL)
    expect(panel.locator('[data-id="said"]')).to_have_text("v|handler|handler|pastedus", timeout=60_000)


def test_a_pasted_text_reaches_the_handler_in_an_exported_page(page: Page, tmp_path: Path) -> None:
    show_exported(page, tmp_path, "scopes", PANEL)
    walk(page)
