"""A saved notebook shows its panels as they were when it was saved; a panel that is mounted late has what it links to."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CELL = """import pandas as pd, nexus_jupyter as nexus
ws = nexus.connect()
ws.bind(saved=pd.DataFrame({"a": range(40)}))
ws.panel("taking", '''<panel id="taking"><view><progress id="p" label="Level" value="{level}" max="100"/><text id="level">{level}</text></view>
<data><link name="level" from="giving.level"/></data></panel>''')
ws.panel("giving", '''<panel id="giving" title="Giving"><view><button id="more" label="More" on:press="more()"/><input id="word" label="Word" bind:value="word"/>
<text id="n">{n} of {f | len}</text><text id="w">{word}</text><table id="t" data="f"/></view>
<data><state name="n" type="int" default="0"/><state name="word" type="str" default="" scope="view"/><frame name="f" from="kernel:saved"/></data>
<logic><export name="level" expr="n * 2"/><action name="more">state.n += 7;</action></logic></panel>''')"""


def test_a_saved_notebook_shows_panels_as_they_were_when_it_was_saved(page: Page, lab: Lab) -> None:
    write_notebook(lab, "saved.ipynb", CELL, 'ws["taking"]')
    open_notebook(page, lab.url, "saved.ipynb")
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="giving"]').first
    expect(panel.locator('[data-id="n"]')).to_have_text("0 of 40", timeout=60_000)
    taking = page.locator('.nx-panel[data-nx="taking"]').first
    expect(taking.locator('[data-id="level"]')).to_have_text("0")
    for count in (7, 14, 21):
        panel.get_by_role("button", name="More").click()
        expect(panel.locator('[data-id="n"]')).to_have_text(f"{count} of 40")
    expect(taking.locator('[data-id="level"]')).to_have_text("42")
    panel.get_by_role("button", name="Next page").click()
    expect(panel.locator(".nx-pager [role=status]")).to_contain_text("11–20")
    panel.evaluate("element => { element.known = true; }")
    panel.get_by_label("Word").click()
    page.keyboard.type("seen")
    page.keyboard.press("Control+s")
    file = lab.folder / "saved.ipynb"

    def picture(cell: int) -> str:
        outputs = json.loads(file.read_text(encoding="utf-8"))["cells"][cell]["outputs"]
        return "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)

    for _try in range(100):
        if "21 of 40" in picture(0):
            break
        page.wait_for_timeout(100)
    assert "21 of 40" in picture(0)
    assert ">seen<" in picture(0)
    assert ">42<" in picture(1)
    assert "nx-picture" in picture(0)
    # What is live is still the same, with the person in it.
    assert panel.evaluate("element => element.known") is True
    expect(panel.get_by_label("Word")).to_be_focused()
    # A panel that comes into the page after the other one has changed.
    page.locator(".jp-Notebook .jp-Cell").last.click()
    page.keyboard.press("Escape")
    page.locator(".jp-Notebook .jp-Cell").last.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    late = page.locator('.nx-panel[data-nx="taking"]').last
    expect(late.locator('[data-id="level"]')).to_have_text("42")
    page.reload()
    again = page.locator('.nx-panel[data-nx="taking"]').first
    expect(again.locator('[data-id="level"]')).to_have_text("42", timeout=60_000)
