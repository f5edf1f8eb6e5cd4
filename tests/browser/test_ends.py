"""What a person sees when rows, runs and functions end badly: said once, where the data would be, until it works again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.lab import SHOTS, Lab, run_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FAILING = """import pandas as pd, nexus_jupyter as nexus
ws = nexus.connect()
@ws.expose
def hits(low: int) -> pd.DataFrame:
    if low == 1:
        raise ValueError("the probe is cold")
    return pd.DataFrame({"a": range(low, low + 3)})
ws.panel("failing", '''<panel id="failing"><view>
  <slider id="low" label="Low" bind:value="low" min="0" max="2"/>
  <table id="t" data="f"/><table id="u" data="f"/><chart id="c" data="f" x="a" y="a" kind="bar"/><text id="n">{f | len}!</text>
</view><data><state name="low" type="int" default="0"/><frame name="f" from="kernel:hits(low)" debounce="0"/></data>
<logic><uses cap="kernel.call" target="hits" why="to look"/></logic></panel>''')
ws.grant("failing", "kernel.call", target="hits")
ws["failing"]"""


def test_a_function_that_fails_is_said_once_where_the_rows_are_until_it_works(page: Page, lab: Lab) -> None:
    panel = run_notebook(page, lab, "failing", FAILING)
    table, number = panel.locator('[data-id="t"]'), panel.locator('[data-id="n"]')
    expect(table.locator("tbody tr").first).to_have_text("0", timeout=60_000)
    expect(number).to_have_text("3!")
    said = panel.get_by_text("the probe is cold")
    panel.get_by_label("Low").focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_have_count(1)
    expect(panel.locator(".nx-problem")).to_contain_text("'hits' raised ValueError: the probe is cold")
    for name in ("t", "u", "c"):
        expect(panel.locator(f'[data-id="{name}"][data-stale]')).to_have_count(1)
    expect(table.locator("tbody tr").first).to_have_text("0")
    expect(number).to_have_text("!")
    panel.screenshot(path=SHOTS / "rows-failed.png")
    page.keyboard.press("ArrowRight")
    expect(table.locator("tbody tr").first).to_have_text("2")
    expect(said).to_have_count(0)
    expect(number).to_have_text("3!")
    for name in ("t", "u", "c"):
        expect(panel.locator(f'[data-id="{name}"][data-stale]')).to_have_count(0)


STRICT = """() => {
  const { clipboard } = navigator;
  const write = clipboard.write.bind(clipboard);
  // As WebKit does: only what begins in the gesture itself may write.
  const refused = () => Promise.reject(new DOMException("not allowed", "NotAllowedError"));
  const pressed = () => window.event?.isTrusted && window.event.type === "click";
  clipboard.writeText = (text) => (pressed() ? write([new ClipboardItem({ "text/plain": new Blob([text], { type: "text/plain" }) })]) : refused());
  clipboard.write = (items) => (window.noPromises || !pressed() ? refused() : write(items));
}"""
COPYING = """import nexus_jupyter as nexus
ws = nexus.connect()
ws.panel("copying", '''<panel id="copying"><view><button id="b" label="Copy it" on:press="copy()"/><text id="n">{n}</text></view>
<data><state name="n" type="int" default="0"/></data>
<logic><uses cap="clipboard" why="to copy"/>
<action name="copy">state.n += 1; await new Promise((done) => setTimeout(done, 50)); await nx.clipboard("text " + state.n);</action></logic></panel>''')
ws.grant("copying", "clipboard")
ws["copying"]"""


def test_a_handler_copies_where_only_what_begins_at_the_click_may(page: Page, lab: Lab) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = run_notebook(page, lab, "copying", COPYING)
    page.evaluate(STRICT)
    button = panel.get_by_role("button", name="Copy it")
    button.click()
    expect(panel.locator(".nx-banner")).to_have_text("Copied to the clipboard.")
    assert page.evaluate("navigator.clipboard.readText()") == "text 1"
    # Without promises in the clipboard, a button copies what came.
    page.evaluate("window.noPromises = true")
    button.click()
    offer = panel.locator(".nx-banner", has_text="asked for by a click")
    page.evaluate("window.noPromises = false")
    offer.get_by_role("button", name="Copy").click()
    expect(offer).to_have_count(0)
    # The words of the first copy may still be there: it is the clipboard that tells.
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === 'text 2')")


ENDING = """import nexus_jupyter as nexus, threading
ws = nexus.connect()
hold = threading.Event()
@ws.expose
async def slow(how: str) -> str:
    import asyncio
    panel = ws["ending"]
    if how == "fail":
        await asyncio.sleep(1.5)
        raise ValueError("the pump is off")
    while how == "wait" and not hold.is_set():
        await asyncio.sleep(0.05)
    return how
ws.panel("ending", '''<panel id="ending"><view>
  <button id="done" label="Done" on:press="call('done')"/><button id="fail" label="Fail" on:press="call('fail')"/>
  <button id="wait" label="Wait" on:press="call('wait')"/><button id="spin" label="Spin" on:press="spin()"/><text id="n">{n}</text>
</view><data><state name="n" type="int" default="0"/></data>
<logic><uses cap="kernel.call" target="slow" why="to end"/>
<action name="call" params="how: str">state.n += 1; await nx.kernel.call("slow", { how });</action>
<action name="spin">state.n += 100; for (;;) {}</action></logic></panel>''')
ws.grant("ending", "kernel.call", target="slow")
ws["ending"]"""


def test_nothing_stays_busy_however_a_run_ends(page: Page, lab: Lab) -> None:
    panel = run_notebook(page, lab, "ending", ENDING)
    number = panel.locator('[data-id="n"]')

    def at_rest() -> None:
        expect(panel.locator('[aria-busy="true"]')).to_have_count(0)
        expect(panel.locator(".nx-banner", has_text="still running")).to_have_count(0)

    def press(name: str) -> None:
        panel.get_by_role("button", name=name).click()

    expect(number).to_have_text("0", timeout=60_000)
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    press("Done")
    expect(number).to_have_text("1")
    at_rest()
    press("Fail")
    expect(panel.locator('[data-id="fail"] [aria-busy="true"]')).to_have_count(1)
    expect(panel.locator('[data-id="fail"] .nx-problem')).to_contain_text("the pump is off")
    at_rest()
    press("Wait")
    panel.locator(".nx-banner", has_text="still running").get_by_role("button", name="Cancel").click()
    expect(panel.locator('[data-id="wait"] .nx-problem')).to_contain_text("cancelled")
    at_rest()
    press("Spin")
    expect(panel.locator('[data-id="spin"] .nx-problem')).to_be_visible()
    at_rest()
    # The page goes while something runs, and comes back; then the kernel goes.
    press("Wait")
    expect(panel.locator('[data-id="wait"] [aria-busy="true"]')).to_have_count(1)
    page.reload()
    expect(number).to_have_text("1", timeout=60_000)
    at_rest()
    press("Wait")
    expect(panel.locator('[data-id="wait"] [aria-busy="true"]')).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text="Shut Down Kernel").first.click()
    expect(panel.locator('[data-id="wait"] .nx-problem')).to_contain_text("gone")
    at_rest()
    expect(number).to_have_text("1")
    panel.get_by_title("Undo").click(force=True)
    expect(number).to_have_text("0")
    at_rest()
