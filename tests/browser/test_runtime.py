"""What a person must not lose: their place in a panel that others edit, what they typed, a view that does not jump."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.browser.test_components import GALLERY, TABS, gallery, theme
from tests.browser.test_lab import Shot
from tests.lab import Lab, run_notebook, show

__all__ = ["gallery"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = Path(__file__).parents[2] / "test-results" / "components"

PLACE = """<panel id="place" title="Place">
  <view><tabs id="tabs">
    <tab id="one" label="One"><text id="t">First</text></tab>
    <tab id="two" label="Two"><input id="word" label="Word" bind:value="word"/><table id="rows" data="[{a: 1}, {a: 2}, {a: 3}]" page="1"/></tab>
  </tabs></view>
  <data><state name="word" type="str" default="" max="8"/></data>
</panel>"""


def put(lab: Lab, name: str, nxml: str) -> None:
    base, _, token = lab.url.partition("lab?token=")
    answer = httpx.put(
        f"{base}nexus/api/panels/{name}",
        json={"nxml": nxml},
        headers={"Authorization": f"token {token}"},
        trust_env=False,
        timeout=30,
    )
    answer.raise_for_status()


def test_a_person_keeps_their_place_when_somebody_edits_the_panel(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "place", PLACE)
    panel.get_by_role("tab", name="Two").click()
    panel.locator(".nx-step[title='Next page']").click()
    word = panel.get_by_label("Word")
    word.click()
    page.keyboard.type("abcdef")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    put(
        lab,
        "place",
        PLACE.replace('title="Place"', 'title="Edited"').replace("<tabs ", '<heading id="new">New</heading><tabs '),
    )
    expect(panel.locator(".nx-title")).to_have_text("Edited")
    expect(panel.locator(".nx-heading")).to_have_text("New")
    expect(panel.get_by_role("tab", name="Two")).to_have_attribute("aria-selected", "true")
    expect(panel.locator(".nx-pager [role=status]")).to_have_text("2–2 of 3")
    expect(word).to_be_focused()
    expect(word).to_have_value("abcdef")
    assert word.evaluate("field => [field.selectionStart, field.selectionEnd]") == [4, 6]
    page.keyboard.type("X")
    page.keyboard.press("Tab")
    expect(word).to_have_value("abcdX")


def test_what_is_being_typed_while_somebody_edits_the_panel_is_sent_when_it_is_done(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "place", PLACE)
    panel.get_by_role("tab", name="Two").click()
    word = panel.get_by_label("Word")
    word.fill("typing")
    put(lab, "place", PLACE.replace('title="Place"', 'title="Edited again"'))
    expect(panel.locator(".nx-title")).to_have_text("Edited again")
    word.press("Tab")
    base, _, token = lab.url.partition("lab?token=")
    for _try in range(50):
        answer = httpx.get(
            f"{base}nexus/api/panels/place", headers={"Authorization": f"token {token}"}, trust_env=False
        ).json()
        if answer["state"]["word"] == "typing":
            break
        page.wait_for_timeout(100)
    assert answer["state"]["word"] == "typing"


def test_an_input_that_does_not_hold_stays_with_a_sentence_and_is_taken_back_by_escape(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "held", PLACE.replace('"place"', '"held"'))
    panel.get_by_role("tab", name="Two").click()
    word = panel.get_by_label("Word")
    word.click()
    page.keyboard.type("fine")
    page.keyboard.press("Tab")
    expect(word).to_have_value("fine")
    word.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("much too long")
    page.keyboard.press("Tab")
    expect(panel.locator('[data-id="word"] .nx-fault')).to_contain_text("at most 8")
    expect(word).to_have_value("much too long")
    expect(word).to_have_attribute("aria-invalid", "true")
    word.press("Escape")
    expect(word).to_have_value("fine")
    expect(panel.locator('[data-id="word"] .nx-fault')).to_have_count(0)


def test_a_cut_connection_is_said_and_what_was_missed_comes_after(page: Page, lab: Lab, shot: Shot) -> None:
    connections: list[WebSocketRoute] = []
    refused: list[bool] = []

    def route(socket: WebSocketRoute) -> None:
        if refused:
            socket.close()
            return
        connections.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/nexus/api/stream**", route)
    panel = show(page, lab, "cut", PLACE.replace('"place"', '"cut"').replace("First", "{word} first"))
    expect(panel.locator('[data-id="t"]')).to_have_text("first")
    refused.append(True)
    connections[-1].close()
    expect(panel.locator(".nx-banner")).to_contain_text("Reconnecting")
    shot(page, "15-offline")
    base, _, token = lab.url.partition("lab?token=")
    httpx.put(
        f"{base}nexus/api/panels/cut/state",
        json={"values": {"word": "missed"}},
        headers={"Authorization": f"token {token}"},
        trust_env=False,
    ).raise_for_status()
    refused.clear()
    expect(panel.locator('[data-id="t"]')).to_have_text("missed first", timeout=30_000)
    expect(panel.locator(".nx-banner")).to_have_count(0)


def test_nothing_jumps_while_rows_come_and_change(page: Page, lab: Lab) -> None:
    open_notebook(page, lab.url, "01-first-panel.ipynb")
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="weather"]').first
    expect(panel.locator(".nx-pager [role=status]")).to_contain_text("of 1,461", timeout=60_000)
    page.evaluate(
        """() => { window.shifts = []; new PerformanceObserver((list) => { for (const entry of list.getEntries())
           for (const source of entry.sources ?? []) if (source.node?.closest?.('[data-nx=weather]')) window.shifts.push(entry.value); })
           .observe({ type: 'layout-shift', buffered: false }); }"""
    )
    tops = "() => [...document.querySelectorAll('[data-nx=weather] [data-id]')].map((e) => Math.round(e.getBoundingClientRect().top - document.querySelector('[data-nx=weather]').getBoundingClientRect().top))"
    before = page.evaluate(tops)
    for kind in ("sun", "rain", "all"):
        panel.locator("select").select_option(label=kind)
        page.wait_for_timeout(400)
    panel.locator(".nx-step[title='Next page']").click()
    page.wait_for_timeout(300)
    assert page.evaluate(tops) == before
    assert sum(page.evaluate("window.shifts")) < 0.01


@pytest.mark.parametrize("name", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_component_is_drawn_in_both_themes(gallery: Page, name: str) -> None:
    theme(gallery, name)
    SHOTS.mkdir(parents=True, exist_ok=True)
    panel = gallery.locator(GALLERY).first
    taken = 0
    for tab in TABS:
        panel.get_by_role("tab", name=tab, exact=True).click()
        gallery.wait_for_timeout(400)
        for card in panel.locator('[data-id$="-card"]').all():
            component = (card.get_attribute("data-id") or "").removesuffix("-card")
            picture = card.screenshot(path=SHOTS / f"{component}-{name.split()[1].lower()}.png")
            box = card.bounding_box()
            assert box
            assert box["height"] > 60, component
            assert len(picture) > 1500, f"{component} is blank"
            taken += 1
    assert taken >= 55


ISLAND = """<panel id="isle"><view><island id="i" name="echo" props="{ word: word }" on:emit="take($event)"/></view>
<data><state name="word" type="str" default="one"/></data><logic><action name="take" params="what: str">state.word = what;</action></logic></panel>"""
REGISTER = """async () => {
  const url = performance.getEntriesByType("resource").map((one) => one.name).find((name) => name.includes("static/runtime.js"));
  const { reactIsland, registerIsland } = await import(url);
  const react = { createElement: (component, props) => component(props) };
  const dom = { createRoot: (element) => ({ render: (node) => element.replaceChildren(node), unmount: () => element.replaceChildren() }) };
  const Echo = ({ word, emit }) => { const button = document.createElement("button"); button.textContent = `echo ${word}`; button.onclick = () => emit("two"); return button; };
  registerIsland("echo", reactIsland(react, dom, Echo));
}"""


def test_an_island_of_another_extension_gets_values_and_gives_events(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "isle", ISLAND)
    expect(panel.locator('[data-id="i"]')).to_contain_text("No extension of this page has registered 'echo'")
    page.evaluate(REGISTER)
    button = panel.get_by_role("button", name="echo one")
    button.click()
    expect(panel.get_by_role("button", name="echo two")).to_be_visible()


EMBEDDED = """import tempfile, nexus_jupyter as nexus
ws = nexus.Workspace.open(tempfile.mkdtemp())
ws.panel("inside", '''<panel id="inside"><view><math id="m">a^2</math><editor id="e" label="Code" lang="python" bind:value="code"/><text id="t">{code}</text></view>
<data><state name="code" type="str" default="x = 1"/></data></panel>''')"""


def test_what_is_loaded_late_comes_by_comm_where_there_is_no_server(page: Page, lab: Lab) -> None:
    panel = run_notebook(page, lab, "inside", EMBEDDED)
    expect(panel.locator(".nx-math math")).to_be_attached(timeout=60_000)
    editor = panel.locator(".cm-content")
    expect(editor).to_have_text("x = 1", timeout=30_000)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("23")
    page.keyboard.press("Control+Enter")
    expect(panel.locator('[data-id="t"]')).to_have_text("x = 123")
