"""What is pressed in a panel stays there: no key of a notebook's command mode acts on the notebook from a control."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from tests.browser.test_components import GALLERY, TABS
from tests.keys.shortcuts import command_mode
from tests.lab import Lab, show, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

#: Shortcuts without Ctrl; those with it are the page's also in a control that writes nothing.
PLAIN = {name: keys for name, keys in command_mode().items() if not any("Control" in key for key in keys)}

CONTROLS = """<panel id="keys" title="Keys"><view>
  <textarea id="story" label="Story" bind:value="story"/>
  <slider id="size" label="Size" bind:value="size" min="0" max="10"/>
  <select id="city" label="City" options="['Oslo', 'Bergen', 'Bodo']" bind:value="city"/>
  <radio id="kind" label="Kind" options="['a', 'b', 'c']" bind:value="kind"/>
  <toggle id="dark" label="Dark" bind:value="dark"/>
  <input id="word" label="Word" bind:value="word" on:enter="count()"/>
  <button id="more" label="More" on:press="count()"/>
  <text id="said">{story} | {size} | {city} | {kind} | {dark} | {word} | {times}</text>
</view><data>
  <state name="story" type="str" default=""/><state name="size" type="int" default="5"/>
  <state name="city" type="str" default="Oslo"/><state name="kind" type="str" default="a"/>
  <state name="dark" type="bool" default="false"/><state name="word" type="str" default=""/>
  <state name="times" type="int" default="0"/>
</data><logic><action name="count">state.times += 1;</action></logic></panel>"""

#: The notebook as far as its keys change it.
NOTEBOOK = """() => ({
  cells: [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map((cell) => [
    [...cell.classList].filter((name) => /^jp-(Code|Markdown|Raw)Cell$|^jp-mod-(active|selected|multiSelected)$/.test(name)).sort().join(" "),
    cell.querySelector(".jp-InputArea-editor")?.textContent ?? "",
    cell.querySelectorAll(".jp-OutputArea-output").length,
    cell.querySelectorAll(".jp-cell-outputCollapser, .jp-OutputPlaceholder").length,
  ]),
  numbers: document.querySelectorAll(".jp-Notebook .jp-InputArea-editor .cm-lineNumbers").length,
  dialogs: document.querySelectorAll(".jp-Dialog").length,
})"""

#: What in the panel can have the focus, the first of each kind, by what it is called here.
FOCUSABLE = """
  const focusable = (panel) => {
    const found = new Map();
    for (const one of panel.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex], [contenteditable=true]")) {
      if (one.tabIndex < 0 || one.disabled || !one.checkVisibility() || one.closest("dialog")) continue;
      const name = [one.localName, one.type ?? "", one.getAttribute("role") ?? "", one.className?.baseVal ?? one.className];
      if (!found.has(name.join(" "))) found.set(name.join(" "), one);
    }
    return found;
  };"""
KINDS = f"(panel) => {{ {FOCUSABLE} return [...focusable(panel).keys()]; }}"
#: Put the focus on the one of a kind, unless it has it; whether there is one.
FOCUS = f"""(panel, kind) => {{ {FOCUSABLE}
  const one = focusable(panel).get(kind);
  if (one && one !== document.activeElement) {{ one.scrollIntoView({{ block: "center" }}); one.focus(); }}
  return one !== undefined;
}}"""


@pytest.fixture(scope="module")
def gallery(browser: Browser, lab: Lab) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    write_notebook(
        lab, "keys-gallery.ipynb", "before = 1", "import nexus_jupyter as nexus\nnexus.gallery()", "after = 1"
    )
    open_notebook(page, lab.url, "keys-gallery.ipynb")
    run_all(page)
    page.locator(GALLERY).first.wait_for(timeout=60_000)
    yield page
    page.close()


def test_the_keys_of_the_command_mode_are_known() -> None:
    assert {"notebook:delete-cell d d", "notebook:insert-cell-below b", "notebook:cut-cell x"} <= PLAIN.keys()
    assert len(PLAIN) >= 30


@pytest.mark.parametrize("tab", TABS)
def test_no_key_of_the_command_mode_acts_on_the_notebook_from_a_control(gallery: Page, tab: str) -> None:
    panel = gallery.locator(GALLERY).first
    panel.get_by_role("tab", name=tab, exact=True).click()
    if tab == "Input":
        expect(panel.locator(".cm-editor").first).to_be_attached(timeout=15_000)
    gallery.wait_for_timeout(300)
    kinds: list[str] = panel.evaluate(KINDS)
    pressed = 0
    for kind in kinds:
        # What an earlier one has taken away is not there any more.
        if not panel.evaluate(FOCUS, kind):
            continue
        before = gallery.evaluate(NOTEBOOK)
        for name, keys in PLAIN.items():
            # Enter opens what is closed, and follows a link.
            if keys == ["Enter"]:
                continue
            panel.evaluate(FOCUS, kind)
            for key in keys:
                gallery.keyboard.press(key)
            pressed += 1
            after = gallery.evaluate(NOTEBOOK)
            assert after == before, f"{name} from {kind}"
    sys.stdout.write(f"\n{tab}: {len(kinds)} kinds of controls, {pressed} shortcuts pressed\n")
    assert len(kinds) >= 3


def test_a_control_does_what_its_keys_mean(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "keys", CONTROLS)
    said = panel.locator('[data-id="said"]')
    panel.get_by_role("textbox", name="Story").click()
    for key in ["o", "n", "e", "Enter", "d", "d", "Enter", "x"]:
        page.keyboard.press(key)
    expect(panel.get_by_role("textbox", name="Story")).to_have_value("one\ndd\nx")
    page.keyboard.press("Control+z")
    expect(panel.get_by_role("textbox", name="Story")).not_to_have_value("one\ndd\nx")
    slider = panel.get_by_label("Size")
    slider.click(position={"x": 2, "y": 5})
    page.keyboard.press("Home")
    for key in ["ArrowRight", "ArrowUp", "d", "d", "b", "ArrowDown", "ArrowRight"]:
        page.keyboard.press(key)
    expect(said).to_contain_text("| 2 |")
    # Back and forth, faster than the server answers: what is seen at last is what the workspace has.
    for key in ["ArrowRight", "ArrowLeft"] * 20 + ["ArrowRight"]:
        page.keyboard.press(key)
    expect(said).to_contain_text("| 3 |")
    page.wait_for_timeout(1_000)
    expect(slider).to_have_value("3")
    expect(said).to_contain_text("| 3 |")
    page.keyboard.press("Tab")
    for key in ["ArrowDown", "ArrowDown", "ArrowUp"]:
        page.keyboard.press(key)
    expect(said).to_contain_text("| Bergen |")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("| c |")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(said).to_contain_text("| true |")
    page.keyboard.press("Tab")
    page.keyboard.type("adx")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("| adx | 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("| adx | 2")
    page.keyboard.press("Space")
    expect(said).to_contain_text("| adx | 3")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(1)


def test_shortcuts_with_ctrl_are_the_pages_and_escape_goes_back_to_the_notebook(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "keys", CONTROLS)
    slider = panel.get_by_label("Size")
    for control in (slider, panel.get_by_role("textbox", name="Story")):
        control.focus()
        page.keyboard.press("Control+Shift+c")
        palette = page.locator(".jp-ModalCommandPalette, #modal-command-palette")
        expect(palette).to_be_visible()
        page.keyboard.press("Escape")
        expect(palette).to_be_hidden()
    slider.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".jp-Notebook .jp-Cell.jp-mod-active")).to_be_focused()
    page.keyboard.press("b")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)


def test_keys_of_an_input_method_are_not_the_controls(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "composed", CONTROLS.replace('id="keys"', 'id="composed"'))
    word = panel.get_by_label("Word")
    word.click()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Input.imeSetComposition", {"text": "nihon", "selectionStart": 5, "selectionEnd": 5})
    for kind in ("rawKeyDown", "keyUp"):
        # What the browser tells of a key that the input method has taken, and of one during the composition.
        for code in (229, 13):
            devtools.send(
                "Input.dispatchKeyEvent", {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": code}
            )
    devtools.send("Input.insertText", {"text": "日本"})
    page.keyboard.press("Enter")
    expect(panel.locator('[data-id="said"]')).to_contain_text("| 日本 | 1")
