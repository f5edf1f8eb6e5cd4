"""The same panels in Jupyter Notebook 7."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import jupyterlab, menu
from tests.lab import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_the_first_notebook_runs_and_its_panels_live(
    page: Page, tmp_path: Path, shot: Callable[[Page, str], None]
) -> None:
    folder = tmp_path / "root"
    shutil.copytree(EXAMPLES, folder)
    with jupyterlab(folder, app="notebook") as (url, _):
        page.goto(url.replace("/tree?", "/notebooks/01-first-panel.ipynb?"))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # The toolbar shows the kernel's state once there is one.
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        page.wait_for_function("document.querySelector('.jp-KernelName')?.textContent.includes('Python 3')")
        page.wait_for_timeout(2000)
        menu(page, "Run", "Run All Cells")
        # Later cells change the counter too.
        page.locator(".jp-Notebook .jp-Cell").last.locator(".jp-OutputArea-output").wait_for(timeout=120_000)
        counter = page.locator('.nx-panel[data-nx="counter"]').first
        counter.locator('[data-id="plus"] button').wait_for(timeout=60_000)
        before = int(counter.locator('[data-id="value"]').text_content() or "")
        counter.locator('[data-id="plus"] button').click()
        expect(counter.locator('[data-id="value"]')).to_have_text(str(before + 1))
        counter.hover()
        counter.get_by_role("button", name="History").click()
        expect(counter.locator(".nx-timebar-tick").nth(1)).to_be_attached()
        counter.get_by_role("slider", name="Moment").press("ArrowLeft")
        counter.get_by_role("slider", name="Moment").press("ArrowLeft")
        expect(counter.locator(".nx-past")).to_contain_text("As it was on")
        expect(counter.locator('[data-id="value"]')).to_have_text(str(before))
        page.keyboard.press("Escape")
        for panel in ("board", "weather"):
            expect(page.locator(f'.nx-panel[data-nx="{panel}"]').first).to_be_visible(timeout=60_000)
        counter.scroll_into_view_if_needed()
        shot(page, "14-notebook7")
