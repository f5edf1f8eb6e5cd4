"""The drawing of the object graph, for a workspace of a hundred panels: in JupyterLab, over the server and embedded."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.browser.test_lab import Shot
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = Path(__file__).parents[2] / "test-results" / "components"

CODE = """
import nexus_jupyter as nexus
ws = {open}
for i in range({count}):
    source = f'<link name="before" from="p{{i - 1}}.out"/>' if i % 4 else ''
    ws.panel(f'p{{i}}', f'''<panel id="p{{i}}" title="Panel {{i}}">
      <view><button id="go" label="Go" on:press="grow()"/><text id="t">{{{{n}}}}</text></view>
      <data><state name="n" type="int" default="0"/>{{source}}</data>
      <logic><export name="out" expr="n"/><action name="grow">state.n += 1;</action></logic></panel>''')
ws.nog.show()
"""
LATER = "ws['p7'].run('grow').rev"


@pytest.mark.parametrize("where", ["server", "embedded"])
def test_the_graph_shows_panels_first_then_what_is_chosen_and_why_it_is_so(
    page: Page, lab: Lab, shot: Shot, where: str
) -> None:
    opened, count = ("nexus.connect()", 100) if where == "server" else ("nexus.Workspace.open('own-graph')", 12)
    name = f"graph-{where}.ipynb"
    write_notebook(lab, name, CODE.format(open=opened, count=count), LATER)
    open_notebook(page, lab.url, name)
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="graph"]').first
    panel.wait_for(timeout=120_000)
    drawing = panel.locator('[data-id="drawing"]')
    expect(drawing.locator('[data-node="p7"]')).to_be_visible(timeout=30_000)
    assert drawing.locator("[data-node]").count() >= count, "all panels, and what else has no panel around it"
    assert drawing.locator('[data-node="p7/go"]').count() == 0, "what panels consist of is not drawn at first"
    expect(panel.locator('[data-id="help"]')).to_contain_text("Choose a box")

    drawing.locator('[data-node="p7"]').click()
    expect(drawing.locator('[data-node="p7/state.n"]')).to_be_visible(timeout=15_000)
    expect(drawing.locator('[data-node="p7"]')).to_have_attribute("aria-pressed", "true")
    expect(drawing.locator('[data-node="p9"]')).to_have_count(0)
    expect(drawing.locator('[data-node="p6"]')).to_be_visible()
    drawing.locator('[data-node="p7/state.n"]').click()
    about = panel.locator('[data-id="about"]')
    expect(about).to_contain_text("p7/state.n")
    # The last cell has run the action meanwhile, or will: the view follows.
    expect(about.locator('[data-id="causes"]')).to_contain_text(
        "The action 'grow' in 'p7', started by a call", timeout=60_000
    )
    about.get_by_role("tab", name="Attributes").click()
    row = about.locator("tbody tr", has_text="value")
    expect(row).to_contain_text("1")
    about.get_by_role("tab", name="Why").click()
    panel.scroll_into_view_if_needed()
    panel.screenshot(path=SHOTS / f"graph-{where}.png")

    expect(drawing.locator('[data-node="p7/link.before"]')).to_have_count(1)
    panel.get_by_text("What is drawn").click()
    panel.get_by_label("Computed").uncheck()
    expect(drawing.locator('[data-node="p7/link.before"]')).to_have_count(0)
    chosen = drawing.locator('[data-node="p7/state.n"]')
    chosen.focus()
    page.keyboard.press("Enter")
    expect(drawing.locator('[data-node="p9"]')).to_have_count(1)
    expect(panel.locator('[data-id="about"]')).to_have_count(0)
