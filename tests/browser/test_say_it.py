"""The example about the assistant, as a new user sees it: offline, in JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.browser.test_lab import Shot
from tests.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"


def test_a_sentence_becomes_a_change_that_is_taken_in_parts(page: Page, lab: Lab, shot: Shot) -> None:
    open_notebook(page, lab.url, "06-say-it.ipynb")
    run_all(page)
    cells = page.locator(".jp-Notebook .jp-Cell")
    expect(cells.last.locator(".jp-OutputArea-output").last).to_be_visible(timeout=120_000)
    expect(page.locator(ERRORS)).to_have_count(0)
    # The wish of a whole cell waits for a decision; the first one was decided in Python, and says so.
    wish = cells.nth(12).locator(".jp-OutputArea-output").last
    expect(wish).to_contain_text("A sentence above the charts")
    wish.scroll_into_view_if_needed()
    shot(page, "17-say-it")
    wish.get_by_role("button", name="Accept").click()
    sales = page.locator('.nx-panel[data-nx="sales"]').first
    expect(sales.locator('[data-id="said"]')).to_contain_text("The filters leave 36 rows")
    returns = page.locator('.nx-panel[data-nx="returns"]').first
    expect(returns.locator('[data-id="total"]')).to_contain_text("3")
    returns.get_by_role("button", name="Note it").click()
    expect(returns.locator('[data-id="total"]')).to_contain_text("4")
    cells.nth(3).scroll_into_view_if_needed()
    shot(page, "18-say-it-decided")
