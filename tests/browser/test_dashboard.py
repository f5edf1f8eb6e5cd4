"""A DataFrame becomes a dashboard in JupyterLab: filters move every part of it, also while a cell runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nexus_jupyter.benchmarks.lab import menu, open_notebook, run_cell
from tests.lab import SHOTS, Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SALES = """
import numpy as np, pandas as pd
chance, rows = np.random.default_rng(0), 100_000
df = pd.DataFrame({
    'date': pd.date_range('2024-01-01', '2025-12-31', periods=rows).normalize(),
    'region': chance.choice(['north', 'south', 'east', 'west'], rows, p=[0.4, 0.3, 0.2, 0.1]),
    'product': chance.choice([f'Product {chr(65 + i)}' for i in range(18)], rows),
    'sales_eur': chance.gamma(2, 50, rows).round(2),
    'discount_pct': chance.integers(0, 40, rows),
})
"""


@pytest.fixture(scope="module")
def dashboard(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A notebook whose second cell makes the dashboard; the third one keeps the kernel busy."""
    write_notebook(
        lab,
        "dashboard.ipynb",
        f"import nexus_jupyter as nexus\nws = nexus.connect(){SALES}",
        "ws.panel('sales', df)",
        "import time; time.sleep(15)",
    )
    page = browser.new_page(viewport={"width": 2000, "height": 2600})
    open_notebook(page, lab.url, "dashboard.ipynb")
    for index in (0, 1):
        run_cell(page, index)
    panel(page).locator("svg").first.wait_for(timeout=60_000)
    yield page
    page.close()


def panel(page: Page) -> Locator:
    return page.locator('.nx-panel[data-nx="sales"]').first


def count(page: Page) -> Locator:
    return panel(page).locator('[data-id="count"] .nx-metric-value')


def test_a_dataframe_becomes_a_dashboard(dashboard: Page) -> None:
    expect(count(dashboard)).to_have_text("100,000")
    expect(panel(dashboard).locator("figure svg")).to_have_count(4)
    expect(panel(dashboard).locator("tbody tr").first).to_be_visible()
    expect(panel(dashboard).locator(".nx-problem")).to_have_count(0)


def test_one_filter_moves_count_chart_and_number_together(dashboard: Page) -> None:
    line = panel(dashboard).locator('[data-id="over_time"] path.nx-line')
    sum_of = panel(dashboard).locator('[data-id="metric_sales_eur"] .nx-metric-value')
    before, total = line.get_attribute("d"), sum_of.text_content()
    panel(dashboard).get_by_label("Region", exact=True).select_option(label="west")
    expect(count(dashboard)).not_to_have_text("100,000")
    expect(sum_of).not_to_have_text(total or "")
    expect(line).not_to_have_attribute("d", before or "")
    expect(panel(dashboard).locator('[data-id="by_category"] rect.nx-bar-mark')).to_have_count(1)
    panel(dashboard).get_by_label("Date from").fill("2025-01-01")
    panel(dashboard).get_by_label("Date from").press("Enter")
    panel(dashboard).get_by_role("button", name="Reset filters").click()
    expect(count(dashboard)).to_have_text("100,000")


def test_while_a_cell_runs_the_filters_go_on(dashboard: Page) -> None:
    run_cell(dashboard, 2)
    dashboard.wait_for_selector("[data-status='busy']")
    panel(dashboard).get_by_label("Product", exact=True).select_option(label="Product A")
    expect(count(dashboard)).not_to_have_text("100,000")
    expect(dashboard.locator("[data-status='busy']").first).to_be_attached()
    panel(dashboard).get_by_role("button", name="Reset filters").click()
    expect(count(dashboard)).to_have_text("100,000")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_looks_right_at_every_width(dashboard: Page, theme: str) -> None:
    expect(count(dashboard)).to_have_text("100,000")
    menu(dashboard, "Settings", "Theme", f"JupyterLab {theme}")
    dashboard.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'")
    SHOTS.mkdir(exist_ok=True)
    for width in (480, 840, 1200):
        panel(dashboard).evaluate("(node, width) => { node.style.width = `${width}px`; }", width)
        expect(panel(dashboard).locator('[data-id="over_time"] path.nx-line')).to_be_visible()
        assert panel(dashboard).evaluate("(node) => node.scrollWidth <= node.clientWidth + 1")
        panel(dashboard).screenshot(path=SHOTS / f"dashboard-{theme.lower()}-{width}.png")
    panel(dashboard).evaluate("(node) => { node.style.width = ''; }")
