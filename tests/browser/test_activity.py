"""The ready panel of what goes on, in JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import menu, open_notebook, run_cell
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SHOTS = Path(__file__).parents[2] / "test-results" / "components"

START = """
import nexus_jupyter as nexus
ws = nexus.Workspace.open('own-activity')
for name in ('orders', 'stock'):
    ws.panel(name, f'''<panel id="{name}"><view><button id="b" label="Go" on:press="go()"/></view>
      <data><state name="n" type="int" default="0"/></data>
      <logic><action name="go">state.n += 1;</action><action name="bad">throw new Error('no');</action></logic></panel>''')
    for _ in range(5):
        ws[name].run('go')
try:
    ws['stock'].run('bad')
except nexus.HandlerError:
    pass
ws.commit('the beginning')
ws.trilog.dashboard()
"""
LATER = "ws['orders'].run('go').rev"


def test_the_dashboard_shows_what_went_on_and_goes_on_doing_so(page: Page, lab: Lab) -> None:
    write_notebook(lab, "activity.ipynb", START, LATER)
    open_notebook(page, lab.url, "activity.ipynb")
    run_cell(page, 0)
    panel = page.locator('.nx-panel[data-nx="activity"]').first
    ran = panel.locator('[data-id="ran"] .nx-metric-value')
    expect(ran).to_have_text("11", timeout=60_000)
    expect(panel.locator('[data-id="failed"] .nx-metric-value')).to_have_text("1")
    expect(panel.locator('[data-id="failures"] tbody tr')).to_have_count(1)
    expect(panel.locator('[data-id="how-long"] svg .nx-bar-mark')).not_to_have_count(0)
    changed = int(panel.locator('[data-id="changed"] .nx-metric-value').inner_text())
    run_cell(page, 1)
    expect(panel.locator('[data-id="changed"] .nx-metric-value')).not_to_have_text(str(changed), timeout=30_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("Light", "Dark"):
        menu(page, "Settings", "Theme", f"JupyterLab {theme}")
        page.wait_for_function(f"document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        panel.scroll_into_view_if_needed()
        panel.screenshot(path=SHOTS / f"activity-{theme.lower()}.png")
    menu(page, "Settings", "Theme", "JupyterLab Light")
