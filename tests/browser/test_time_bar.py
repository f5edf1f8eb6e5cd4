"""The time bar, in JupyterLab: over the server, and embedded in the kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from nexus_jupyter.benchmarks.lab import menu, open_notebook, run_all, run_cell
from tests.browser.test_lab import Shot
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = Path(__file__).parents[2] / "test-results" / "components"

START = """
import pandas as pd
import nexus_jupyter as nexus
ws = {open}
began = pd.Timestamp.now('UTC')
for name in ('first', 'second'):
    ws.panel(name, f'''<panel id="{name}" title="The {name}">
      <view><number id="price" label="Price" bind:value="price"/><text id="total">Total {{price * 2}}</text>
        <button id="more" label="More" on:press="more()"/></view>
      <data><state name="price" type="int" default="10"/></data>
      <logic><action name="more">state.price += 1;</action></logic></panel>''')
for price in (20, 30, 40):
    ws['first'].state['price'] = price
ws['second'].state['price'] = 5
ws.trilog.timebar()
"""
SHOW = "ws['first']"
OTHER = "ws['second']"
PLAY = "ws.trilog.replay(began, speed=600).play()"
LATER = "ws['second'].state['price'] = 6"


def go(bar: Locator, key: str, times: int = 1) -> None:
    bar.get_by_role("slider").focus()
    for _ in range(times):
        bar.page.keyboard.press(key)


@pytest.mark.parametrize("where", ["server", "embedded"])
def test_the_bar_takes_all_panels_back_and_one_change_is_reverted(page: Page, lab: Lab, shot: Shot, where: str) -> None:
    opened = "nexus.connect()" if where == "server" else "nexus.Workspace.open('own-past')"
    write_notebook(lab, f"past-{where}.ipynb", START.replace("{open}", opened), SHOW, OTHER, PLAY)
    open_notebook(page, lab.url, f"past-{where}.ipynb")
    run_all(page)
    bar = page.locator(".nx-timebar").first
    first = page.locator('.nx-panel[data-nx="first"]').first
    second = page.locator('.nx-panel[data-nx="second"]').first
    expect(first.locator('[data-id="total"]')).to_have_text("Total 80", timeout=45_000)
    expect(second.locator('[data-id="total"]')).to_have_text("Total 10", timeout=30_000)
    expect(bar.locator(".nx-timebar-tick").nth(5)).to_be_attached()

    go(bar, "ArrowLeft")
    expect(second.locator(".nx-past")).to_contain_text("price: 10 \u2192 5")
    go(bar, "ArrowLeft", 2)
    expect(first.locator(".nx-past")).to_contain_text("As it was on")
    expect(first.locator(".nx-past")).to_contain_text("price: 20 \u2192 30")
    expect(first.locator('[data-id="total"]')).to_have_text("Total 60")
    expect(first.get_by_label("Price")).to_be_disabled()
    expect(first.get_by_role("button", name="More")).to_be_disabled()
    expect(first.get_by_role("button", name="Undo")).to_be_disabled()
    expect(second.locator('[data-id="total"]')).to_have_text("Total 20")
    expect(bar.get_by_role("slider")).to_have_attribute(
        "aria-valuetext", re.compile("price: 20 \u2192 30.*2 changes since")
    )
    page.locator(".jp-Notebook").first.evaluate("element => element.scrollTop = 0")
    shot(page, f"15-past-{where}")

    # The change that followed is taken back: one step on, and the button.
    go(bar, "ArrowRight")
    expect(first.locator('[data-id="total"]')).to_have_text("Total 80")
    box = page.locator(".nx-timebar-foot").first
    box.get_by_role("button", name="Revert this change").click()
    expect(first.locator(".nx-past")).to_be_hidden()
    expect(first.locator('[data-id="total"]')).to_have_text("Total 60")
    expect(second.locator('[data-id="total"]')).to_have_text("Total 10")
    expect(first.get_by_label("Price")).to_be_enabled()

    # The past is played from its beginning, and ends at now.
    box = page.locator(".nx-timebar").last.locator("xpath=..")
    expect(box.get_by_label("How fast the past is played")).to_have_value("600")
    box.get_by_role("button", name="Play").click()
    expect(first.locator(".nx-past")).to_be_visible()
    expect(box.get_by_role("button", name="Play")).to_be_visible(timeout=20_000)
    expect(first.locator(".nx-past")).to_be_hidden()
    expect(first.locator('[data-id="total"]')).to_have_text("Total 60")


def test_a_panels_own_bar_counts_what_comes_meanwhile_and_a_branch_begins_there(
    page: Page, lab: Lab, shot: Shot
) -> None:
    write_notebook(lab, "past-own.ipynb", START.replace("{open}", "nexus.connect()"), OTHER, LATER)
    open_notebook(page, lab.url, "past-own.ipynb")
    for index in (0, 1):
        run_cell(page, index)
    panel = page.locator('.nx-panel[data-nx="second"]').first
    expect(panel.locator('[data-id="total"]')).to_have_text("Total 10", timeout=45_000)
    panel.hover()
    panel.get_by_role("button", name="History").click()
    bar = panel.locator(".nx-timebar")
    expect(bar.locator(".nx-timebar-tick").last).to_be_attached()
    track = bar.locator(".nx-timebar-track")
    box = track.bounding_box()
    assert box is not None
    ticks = bar.locator(".nx-timebar-tick")
    target = ticks.nth(ticks.count() - 2).bounding_box()
    assert target is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(target["x"] + target["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    band = panel.locator(".nx-past")
    expect(band).to_contain_text("As it was on")
    before = panel.locator('[data-id="total"]').inner_text()
    run_cell(page, 2)
    expect(band).to_contain_text("1 change since")
    expect(panel.locator('[data-id="total"]')).to_have_text(before)
    band.get_by_role("button", name="Branch from here").click()
    band.get_by_label("What to call the new branch").fill("before-it-happened")
    page.keyboard.press("Enter")
    expect(panel.locator(".nx-messages")).to_contain_text(
        "The branch 'before-it-happened' holds the panels as they were"
    )
    panel.screenshot(path=SHOTS / "past-light.png")
    menu(page, "Settings", "Theme", "JupyterLab Dark")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    panel.screenshot(path=SHOTS / "past-dark.png")
    menu(page, "Settings", "Theme", "JupyterLab Light")
    bar.get_by_role("slider").focus()
    page.keyboard.press("Escape")
    expect(band).to_be_hidden()
    expect(panel.locator('[data-id="total"]')).to_have_text("Total 12")


def test_in_the_example_a_wrong_number_is_found_and_put_right_by_dragging(page: Page, lab: Lab, shot: Shot) -> None:
    open_notebook(page, lab.url, "04-what-happened.ipynb")
    for index in (1, 3, 5, 7):
        run_cell(page, index)
    invoice = page.locator('.nx-panel[data-nx="invoice"]').first
    total = invoice.locator('[data-id="total"] .nx-metric-value')
    expect(total).to_have_text("3,553", timeout=45_000)
    bar = page.locator(".nx-timebar").first
    # The mark of the change that the tax is owed to: that of the effect, which the marks say when one points at them.
    cause = bar.locator('.nx-timebar-tick[title*="vat: 20 \u2192 2"]')
    expect(cause).to_have_attribute("title", re.compile("The effect 'seasonal' in 'invoice', set off by a change"))
    thumb = bar.get_by_role("slider")
    page.locator(".nx-timebar-track").first.scroll_into_view_if_needed()
    start, target = thumb.bounding_box(), cause.bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(target["x"] + target["width"] / 2, target["y"] + target["height"] / 2, steps=10)
    page.mouse.up()
    band = invoice.locator(".nx-past")
    expect(band).to_contain_text("The effect 'seasonal' in 'invoice', set off by a change (vat: 20 \u2192 2)")
    expect(total).to_have_text("3,470")
    thumb.press("ArrowLeft")
    expect(invoice.locator('[data-id="tax"] .nx-metric-value')).to_have_text("20")
    thumb.press("ArrowRight")
    expect(total).to_have_text("3,470")
    for theme in ("Light", "Dark"):
        menu(page, "Settings", "Theme", f"JupyterLab {theme}")
        page.wait_for_function(f"document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        shot(page, f"16-what-happened-{theme.lower()}")
    menu(page, "Settings", "Theme", "JupyterLab Light")
    page.locator(".nx-timebar-foot").get_by_role("button", name="Revert this change").click()
    expect(band).to_be_hidden()
    expect(total).to_have_text("4,180")
    expect(invoice.get_by_label("Hours")).to_have_value("43")
