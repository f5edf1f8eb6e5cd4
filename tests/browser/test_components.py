"""The components in a real JupyterLab: the gallery, in both themes; forms; long tables; panels that are being written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.browser.test_lab import Shot
from tests.lab import Lab, allow, run_notebook, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
GALLERY = '.nx-panel[data-nx="gallery"]'
TABS = ["Layout", "Text", "Input", "Data", "Others"]


@pytest.fixture(scope="module")
def gallery(browser: Browser, lab: Lab) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    run_notebook(page, lab, "gallery", "import nexus_jupyter as nexus\nnexus.gallery()")
    page.locator(GALLERY).first.wait_for(timeout=60_000)
    yield page
    page.close()


def violations(page: Page) -> list[Any]:
    page.add_script_tag(path=AXE)
    # What belongs to JupyterLab around the panel is not judged here.
    found = page.evaluate(
        f"axe.run(document.querySelector('{GALLERY}'), {{ rules: {{ region: {{ enabled: false }} }} }})"
    )
    return [
        (one["id"], node["target"], node["failureSummary"][:200])
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


def theme(page: Page, name: str) -> None:
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text=name).first.click()
    light = "false" if "Dark" in name else "true"
    page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_gallery_is_accessible_and_shows_every_component(gallery: Page, shot: Shot, name: str) -> None:
    theme(gallery, name)
    panel = gallery.locator(GALLERY).first
    found: list[Any] = []
    for tab in TABS:
        panel.get_by_role("tab", name=tab, exact=True).click()
        if tab == "Text":
            expect(panel.locator(".nx-math math").first).to_be_attached(timeout=15_000)
        if tab == "Data":
            expect(panel.locator(".nx-vega-view canvas").first).to_be_attached(timeout=15_000)
        if tab == "Input":
            expect(panel.locator(".cm-editor").first).to_be_attached(timeout=15_000)
        gallery.wait_for_timeout(300)
        found += violations(gallery)
        expect(panel.locator(".nx-failure")).to_have_count(0)
        panel.screenshot(
            path=Path(__file__).parents[2] / "test-results" / f"gallery-{name[-5:].strip().lower()}-{tab.lower()}.png"
        )
    assert found == []


def test_a_dialog_opens_takes_the_focus_and_closes_by_escape(gallery: Page) -> None:
    panel = gallery.locator(GALLERY).first
    panel.get_by_role("tab", name="Layout", exact=True).click()
    panel.get_by_label("Open the dialog").click()
    dialog = panel.locator("dialog.nx-dialog")
    expect(dialog).to_be_visible()
    assert gallery.evaluate("document.activeElement.closest('dialog') !== null")
    gallery.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(panel.get_by_label("Open the dialog")).not_to_be_checked()


FORM = """<panel id="form" title="Form">
  <view>
    <form id="f" submit="Send" on:submit="send()">
      <input id="name" label="Name" bind:value="name" required="true"/>
      <input id="code" label="Code" bind:value="code" pattern="??-###" message="Two letters, a hyphen, three digits."/>
      <number id="n" label="Count" bind:value="n" min="1" max="9"/>
      <radio id="size" label="Size" bind:value="size" options="['s', 'm']" required="true"/>
      <multiselect id="tags" label="Tags" bind:value="tags" options="['a', 'b', 'c']"/>
      <date id="day" label="Day" bind:value="day"/>
      <file id="up" label="Data" bind:value="files" accept=".csv" max-size="0.001"/>
    </form>
    <text id="sent">{sent}</text>
  </view>
  <data>
    <state name="name" type="str"/><state name="code" type="str"/><state name="n" type="int" default="1"/><state name="size" type="str"/>
    <state name="tags" type="list[str]"/><state name="day" type="date?"/><state name="files" type="list"/><state name="sent" type="str"/>
  </data>
  <logic><action name="send">state.sent = [state.name, state.code, state.n, state.size, state.tags.join("+"), state.day, state.files.map((f) => f.path)].join("|");</action></logic>
</panel>"""


def test_a_form_says_what_is_missing_and_sends_when_nothing_is(
    page: Page, lab: Lab, shot: Shot, tmp_path: Path
) -> None:
    panel = run_notebook(
        page, lab, "form", f"import nexus_jupyter as nexus\nnexus.connect().panel('form', '''{FORM}''')"
    )
    send = panel.get_by_role("button", name="Send")
    panel.get_by_label("Code").fill("abc")
    send.click()
    expect(panel.locator('[data-id="name"] .nx-fault')).to_have_text("Fill this in.")
    expect(panel.locator('[data-id="code"] .nx-fault')).to_have_text("Two letters, a hyphen, three digits.")
    expect(panel.locator('[data-id="size"] .nx-fault')).to_have_text("Fill this in.")
    assert page.evaluate("document.activeElement.closest('[data-id]').dataset.id") == "name"
    shot(page, "08-form")
    panel.get_by_label("Name").fill("Ada")
    panel.get_by_label("Code").fill("ab-123")
    panel.get_by_label("m", exact=True).check()
    panel.get_by_label("b", exact=True).check()
    panel.get_by_label("c", exact=True).check()
    panel.get_by_label("Day").fill("2026-03-09")
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_text("x" * 2000)
    small.write_text("a,b\n1,2\n")
    panel.locator("input[type=file]").set_input_files(large)
    expect(panel.locator('[data-id="up"] .nx-fault')).to_contain_text("at most 0.001 MB")
    panel.locator("input[type=file]").set_input_files(small)
    expect(panel.locator('[data-id="up"] .nx-file-list')).to_have_text("small.csv (8 bytes)")
    send.click()
    expect(panel.locator('[data-id="sent"]')).to_have_text("Ada|ab-123|1|m|b+c|2026-03-09|uploads/form/small.csv")
    assert (lab.folder / "nexus-workspace" / "files" / "uploads" / "form" / "small.csv").read_text() == "a,b\n1,2\n"


LONG = """import numpy as np, pandas as pd, nexus_jupyter as nexus
ws = nexus.connect()
n = 1_000_000
ws.bind(long=pd.DataFrame({"i": np.arange(n), "v": np.sin(np.arange(n) / 5000) * 100}))
ws.panel("long", '''<panel id="long"><view>
  <chart id="c" data="long" x="i" y="v" title="A million points"/>
  <table id="t" data="long" scroll="true"/>
</view><data><frame name="long" from="kernel:long"/></data></panel>''')"""


def test_a_table_and_a_chart_of_a_million_rows_stay_fluid(page: Page, lab: Lab, shot: Shot) -> None:
    panel = run_notebook(page, lab, "long", LONG)
    expect(panel.locator(".nx-pager [role=status]")).to_have_text("1,000,000 rows", timeout=60_000)
    expect(panel.locator("svg path.nx-line")).to_have_count(1, timeout=30_000)
    scroller = panel.locator(".nx-table-virtual")
    assert panel.locator("tbody tr").count() < 300
    scroller.evaluate("element => { element.scrollTop = element.scrollHeight / 2; }")
    expect(panel.locator("tbody tr:not(.nx-space) td").first).to_contain_text(re.compile(r"^(499|500),"))
    scroller.evaluate("element => { element.scrollTop = element.scrollHeight; }")
    expect(panel.locator("tbody")).to_contain_text("999,999")
    assert panel.locator("tbody tr").count() < 300
    panel.locator("th button", has_text="v").click()
    scroller.evaluate("element => { element.scrollTop = 0; }")
    expect(panel.locator("th[aria-sort=descending]")).to_have_count(1)
    # The rows of the new order come, from its beginning.
    expect(panel.locator("tbody tr:not(.nx-space) td").nth(1)).to_have_text("100.0")
    panel.scroll_into_view_if_needed()
    shot(page, "09-million")


STREAM = """import time, nexus_jupyter as nexus
ws = nexus.connect()
text = '''<panel xmlns="urn:nexus:nxml:1" id="arriving" title="Arriving">
  <view><heading id="h">Hello</heading><text id="t">{word}</text><button id="b" label="Go" on:press="go()"/></view>
  <data><state name="word" type="str" default="ready"/></data>
  <logic><action name="go">state.word = "went";</action></logic>
</panel>'''
display({"application/vnd.nexus.panel.v1+json": {"panel": "arriving"}}, raw=True)"""
WRITE = """with ws.stream("arriving") as stream:
    for i in range(0, len(text), 7):
        stream.write(text[i:i + 7]); time.sleep(0.06)"""


def test_a_panel_is_seen_while_it_is_written_and_lives_when_it_is_done(page: Page, lab: Lab, shot: Shot) -> None:
    write_notebook(lab, "stream.ipynb", STREAM, WRITE)
    open_notebook(page, lab.url, "stream.ipynb")
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="arriving"]').first
    expect(panel.locator(".nx-heading")).to_have_text("Hello", timeout=30_000)
    expect(panel.locator('[data-id="t"].nx-skeleton')).to_be_visible()
    expect(panel.locator(".nx-banner").first).to_contain_text("being written")
    shot(page, "10-arriving")
    expect(panel.locator('[data-id="t"]')).to_have_text("ready", timeout=30_000)
    panel.get_by_role("button", name="Go").click()
    expect(panel.locator('[data-id="t"]')).to_have_text("went")
    expect(panel.locator(".nx-banner")).to_have_count(0)


FRAMES = """import time, pandas as pd, nexus_jupyter as nexus
ws = nexus.connect()
@ws.expose
def search(term: str, wait: float = 0) -> pd.DataFrame:
    time.sleep(wait)
    return pd.DataFrame({"word": [term + str(i) for i in range(3)]})
ws.panel("finder", '''<panel id="finder"><view>
  <search id="s" label="Term" bind:value="term"/><number id="w" label="Wait" bind:value="wait"/><table id="t" data="hits"/>
</view><data><state name="term" type="str" default="a"/><state name="wait" type="float" default="0"/>
  <frame name="hits" from="kernel:search(term, wait=wait)"/></data>
<logic><uses cap="kernel.call" target="search" why="to look for words"/></logic></panel>''')"""


def test_a_frame_follows_what_is_typed_through_a_function_of_the_notebook(page: Page, lab: Lab, shot: Shot) -> None:
    panel = run_notebook(page, lab, "finder", FRAMES)
    allow(panel.get_by_role("button", name="Always here"))
    expect(panel.locator("tbody tr").first).to_have_text("a0")
    panel.get_by_label("Term").fill("zeta")
    expect(panel.locator("tbody tr").first).to_have_text("zeta0")
    panel.get_by_label("Wait").fill("2")
    panel.get_by_label("Wait").press("Tab")
    expect(panel.locator(".nx-waiting")).to_contain_text("Waiting for Python")
    expect(panel.locator(".nx-table[data-stale]")).to_have_count(1)
    shot(page, "11-waiting")
    expect(panel.locator(".nx-waiting")).to_have_count(0)
    expect(panel.locator("tbody tr").first).to_have_text("zeta0")


DIAGRAM = """<panel id="plan" title="Plan"><view>
  <diagram id="d" editable="true" nodes="nodes" edges="edges" on:move="move($event.id, $event.x, $event.y)" on:connect="connect($event.from, $event.to)" on:disconnect="cut($event.from, $event.to)"/>
  <kanban id="k" label="Work" columns="['todo', 'done']" cards="cards" on:move="card($event.id, $event.to)"/>
</view><data>
  <state name="nodes" type="list" default='[{"id": "a", "title": "First"}, {"id": "b", "title": "Second"}, {"id": "c", "title": "Third"}]'/>
  <state name="edges" type="list" default='[{"from": "a", "to": "b"}]'/>
  <state name="cards" type="list" default='[{"id": 1, "title": "Measure", "column": "todo"}]'/>
</data><logic>
  <action name="move" params="id: str, x: float, y: float">Object.assign(state.nodes.find((n) =&gt; n.id === id), { x, y });</action>
  <action name="connect" params="from: str, to: str">state.edges.push({ from, to });</action>
  <action name="cut" params="from: str, to: str">state.edges = state.edges.filter((e) => e.from !== from || e.to !== to);</action>
  <action name="card" params="id: int, to: str">state.cards.find((c) => c.id === id).column = to;</action>
</logic></panel>""".replace("&gt;", ">")


def test_a_diagram_is_edited_by_mouse_and_keyboard_and_cards_move(page: Page, lab: Lab, shot: Shot) -> None:
    panel = run_notebook(
        page, lab, "plan", f"import nexus_jupyter as nexus\nnexus.connect().panel('plan', r'''{DIAGRAM}''')"
    )
    first, third = panel.locator('[data-node="a"]'), panel.locator('[data-node="c"]')
    box = third.locator("rect").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 18)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 98, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "x => Math.abs(document.querySelector('[data-node=c] rect').getBoundingClientRect().x - x) < 3",
        arg=box["x"] + 100,
    )
    # Until the change has come back from the server and the diagram stands still.
    page.wait_for_timeout(600)
    handle, target = first.locator(".nx-node-handle").bounding_box(), third.locator("rect").bounding_box()
    assert handle
    assert target
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + 15, steps=5)
    page.mouse.up()
    expect(panel.locator("path.nx-edge")).to_have_count(2)
    panel.locator('[data-node="b"]').focus()
    page.keyboard.press("c")
    third.focus()
    page.keyboard.press("c")
    expect(panel.locator("path.nx-edge")).to_have_count(3)
    before = first.get_attribute("transform")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(first).not_to_have_attribute("transform", before or "")
    panel.locator(".nx-edge-hit").first.focus()
    page.keyboard.press("Delete")
    expect(panel.locator("path.nx-edge")).to_have_count(2)
    panel.locator(".nx-lane .nx-item").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(panel.locator(".nx-lane", has_text="done (1)").locator(".nx-item")).to_be_focused()
    shot(page, "13-plan")
