"""Lists of any length: each row can be reached, and a screen's worth of it is drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.lab import SHOTS, Lab, run_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LONG = """import pandas as pd, numpy as np, nexus_jupyter as nexus
ws = nexus.connect()
ws.bind(rows=pd.DataFrame({"a": np.arange(10_000_000)}))
ws.panel("long", '''<panel id="long"><view><table id="t" data="f" scroll="true"/></view>
<data><frame name="f" from="kernel:rows"/></data></panel>''')"""
#: The numbers of the rows in sight, and whether the heading is at the top.
IN_SIGHT = """(scroller) => {
  const box = scroller.getBoundingClientRect();
  const head = scroller.querySelector("thead th").getBoundingClientRect();
  const rows = [...scroller.querySelectorAll("tbody tr:not(.nx-space)")].filter((row) => { const at = row.getBoundingClientRect(); return at.top >= head.bottom - 1 && at.bottom <= box.bottom + 1; });
  return [Math.abs(head.top - box.top) < 3, ...rows.map((row) => Number(row.textContent.replace(/\\D/g, "")))];
}"""


def test_every_row_of_ten_million_is_reached_by_keys_and_by_the_wheel(page: Page, lab: Lab) -> None:
    run_notebook(page, lab, "long", LONG)
    table = page.locator('.nx-panel[data-nx="long"] [data-id="t"]').first
    scroller = table.locator(".nx-table-virtual")
    expect(table.locator("tbody")).to_contain_text("12", timeout=60_000)
    scroller.scroll_into_view_if_needed()

    def seen() -> list[int]:
        found = scroller.evaluate(IN_SIGHT)
        assert found[0], "the heading is in sight"
        rows = [int(row) for row in found[1:]]
        assert rows == list(range(rows[0], rows[0] + len(rows))) if rows else True
        return rows

    scroller.focus()
    page.keyboard.press("End")
    expect(table.locator("tbody")).to_contain_text("9,999,999")
    assert seen()[-1] == 9_999_999
    table.screenshot(path=SHOTS / "table-end.png")
    # A turn of the wheel moves the rows as far as in a short list, also where one part of the layout ends.
    before = seen()[-1]
    scroller.hover()
    for _turn in range(12):
        page.mouse.wheel(0, -280)
        page.wait_for_function(
            "([scroller, last, read]) => { const now = eval(read)(scroller); return now.length > 5 && now.at(-1) === last - 10; }",
            arg=[scroller.element_handle(), before, IN_SIGHT],
        )
        before -= 10
    page.keyboard.press("PageUp")
    page.wait_for_function(
        "([scroller, last, read]) => { const now = eval(read)(scroller); return now.length > 5 && now.at(-1) < last - 9 && now.at(-1) > last - 16; }",
        arg=[scroller.element_handle(), before, IN_SIGHT],
    )
    page.keyboard.press("Home")
    page.wait_for_function(
        "([scroller, read]) => eval(read)(scroller)[1] === 0", arg=[scroller.element_handle(), IN_SIGHT]
    )
    assert seen()[0] == 0
    # In the middle, by the bar.
    scroller.evaluate("element => { element.scrollTop = element.scrollHeight / 2; }")
    page.wait_for_function(
        "([scroller, read]) => { const [, at] = eval(read)(scroller); return at > 4_900_000 && at < 5_100_000; }",
        arg=[scroller.element_handle(), IN_SIGHT],
    )
    middle = seen()[0]
    page.mouse.wheel(0, 1120)
    page.wait_for_function(
        "([scroller, first, read]) => Math.abs(eval(read)(scroller)[1] - first - 40) < 2",
        arg=[scroller.element_handle(), middle, IN_SIGHT],
    )


MANY = """import nexus_jupyter as nexus
ws = nexus.connect()
ws.panel("many", '''<panel id="many"><view><text id="n">{n}</text><button id="more" label="More" on:press="more()"/>
<list id="l"><item id="i" for="one in all" key="one.id" title="{one.name}"/></list></view>
<data><state name="n" type="int" default="0"/><state name="all" type="list" default="[]"/></data>
<logic><action name="fill">state.all = Array.from({ length: 50000 }, (_, i) => ({ id: i, name: "Entry " + i }));</action>
<action name="more">state.n += 1; state.all[3].name = "Changed " + state.n;</action></logic></panel>''')
ws["many"].run("fill")
html = ws["many"].html
assert "Entry 999" in html and "The first 1,000 of 50,000 entries." in html and "cut here" not in html
ws["many"]"""


def test_a_list_of_fifty_thousand_draws_a_part_and_more_at_its_end(page: Page, lab: Lab) -> None:
    panel = run_notebook(page, lab, "many", MANY)
    items = panel.locator(".nx-item")
    expect(items).to_have_count(1000, timeout=60_000)
    expect(page.locator(".jp-RenderedText[data-mime-type*=stderr]")).to_have_count(0)
    note = panel.locator(".nx-cut")
    expect(note).to_contain_text("The first 1,000 of 50,000 entries.")
    panel.get_by_role("button", name="More", exact=True).click()
    expect(items.nth(3)).to_have_text("Changed 1")
    # By the keyboard, and by scrolling to the end.
    note.get_by_role("button", name="Show more").evaluate("button => button.focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    expect(note).to_contain_text("The first 2,000 of 50,000 entries.")
    panel.locator(".nx-body").evaluate("body => { body.scrollTop = body.scrollHeight; }")
    expect(note).to_contain_text("The first 3,000 of 50,000 entries.")
    panel.get_by_role("button", name="More", exact=True).click()
    expect(items.nth(3)).to_have_text("Changed 2")
    expect(items.nth(2999)).to_have_text("Entry 2999")
